from __future__ import annotations

import math

import pytest

from minigen.evaluation.rows import loss_name, score_name
from minigen.training.epoch_table import clock, heading, line, number, numbers

ROW = {
    "loss": "loss",
    "train": {"loss": 110.0, "reconstruction": 90.0, "kl": 20.0, "gradient_norm": 3.0},
    "score": "negative_elbo",
    "validation": {"reconstruction": 91.0, "negative_elbo": 112.0},
}


def test_shows_all_of_training_and_the_score_of_validation() -> None:
    assert numbers(ROW) == {
        "loss": 110.0,
        "reconstruction": 90.0,
        "kl": 20.0,
        "gradient norm": 3.0,
        "valid negative elbo": 112.0,
    }
    assert list(numbers({"train": {"loss": 1.0}})) == ["loss"]


def test_a_row_written_before_the_names_were_has_loss_and_score_first() -> None:
    old = {"train": {"d_loss": 1.0, "d_real": 0.5}, "validation": {"mse": 2.0, "psnr": 20.0}}
    assert (loss_name(old), score_name(old)) == ("d_loss", "mse")
    named = old | {"loss": "d_real", "score": "psnr"}
    assert (loss_name(named), score_name(named)) == ("d_real", "psnr")


def test_headings_are_stacked_to_fit_a_terminal() -> None:
    assert heading(list(numbers(ROW))) == [
        "                                                        valid",
        "                                           gradient  negative",
        "epoch      loss  reconstruction        kl      norm      elbo samples/s     left",
    ]
    assert heading(["loss"]) == ["epoch      loss samples/s     left"]


VALUES = [0.0, 1e-9, 0.05, -0.0999999, 0.5, 12.5, -999.99999, 1e3, -99999.999, 1e5, 1e7, -1.5e12, 9.999e99]


@pytest.mark.parametrize("value", [*VALUES, math.nan, math.inf, -math.inf])
def test_columns_stay_aligned_and_apart_however_wide_the_numbers(value: float) -> None:
    shown = dict.fromkeys(numbers(ROW), value)
    head = heading(list(shown))
    text = line(12345, shown, 9_876_543.0, 100 * 3600.0)
    assert len(text) == len(head[-1])
    end = 5
    for name in shown:
        width = max(10, 2 + max(map(len, name.split())))
        cell = text[end : end + width]
        assert cell.startswith(" "), "a space between columns"
        assert cell.strip() == number(value)
        end += width


@pytest.mark.parametrize(
    ("value", "text"),
    [
        *[(0.0, "0.000000"), (0.0123456, "0.012346"), (0.123456, "0.1235"), (110.27512, "110.2751")],
        *[(1234.567, "1234.57"), (-434.2307, "-434.2307"), (123456.0, "1.23e+05"), (math.nan, "nan")],
    ],
)
def test_numbers_have_the_digits_that_matter(value: float, text: str) -> None:
    assert number(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0:00"), (65.9, "1:05"), (3599, "59:59"), (3600, "1:00:00"), (360000, "100:00:00")]
)
def test_time_left_is_hours_minutes_and_seconds(seconds: float, text: str) -> None:
    assert clock(seconds) == text

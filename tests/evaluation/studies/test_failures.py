"""A failed training says so: each sign stands on one side of its threshold and not on the other."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from minigen import rng
from minigen.data import Dataset, Split, load
from minigen.evaluation.studies.failures import dead_units, mean_example_error, signs_of_failure
from minigen.models import MODELS
from minigen.models.tied import TiedAutoencoder, TiedConfig

DIGITS = dataclasses.replace(load("mnist5k"), test=load("mnist5k").test.take(range(200)))
SHARE = np.bincount(DIGITS.test.labels).max() / 200


def signs(name: str, result: dict[str, float], data: Dataset = DIGITS, **options: Any) -> list[str]:
    rng.manual_seed(0)
    model = MODELS[name](MODELS[name].config_type(**options), data.input_shape, len(data.classes))
    return signs_of_failure(model, data, result)


@pytest.mark.parametrize(("warmup", "advice"), [(0, "--lr, more epochs or --warmup 200"), (200, "--lr or more epochs")])
def test_no_flag_is_advised_that_is_set(warmup: int, advice: str) -> None:
    (line,) = signs("ae", {"mse": 0.066}, warmup=warmup)
    assert line.endswith(advice)


@pytest.mark.parametrize(
    ("name", "failed", "fine", "words"),
    [
        ("vae", {"kl": 0.03}, {"kl": 0.7}, ["unused", "posterior collapse", "0.03 nats", "0.69"]),
        ("conv-vae", {"kl": 0.69}, {"kl": 12.0}, ["unused"]),
        ("ae", {"mse": 0.066}, {"mse": 0.05}, ["mean example", "0.0660", "--lr"]),
        ("conv-ae", {"bce": 0.2, "mse": 0.1}, {"bce": 0.2, "mse": 0.01}, ["mean example"]),
        ("sae", {"bce": 0.1, "mse": 0.01, "accuracy": 0.1}, {"mse": 0.01, "accuracy": 0.9}, ["accuracy 0.100"]),
        ("cnn", {"accuracy": SHARE + 0.01}, {"accuracy": SHARE + 0.1}, ["most frequent class", "0.1"]),
        ("ddnet", {"ddnet_accuracy": 0.9, "cnn_accuracy": 0.1}, {"cnn_accuracy": 0.9}, ["cnn accuracy 0.100"]),
        ("deconv", {"psnr": 14.5, "bicubic_psnr": 14.6}, {"psnr": 18.0, "bicubic_psnr": 14.6}, ["bicubic: 14.50 dB"]),
    ],
)
def test_a_failed_training_is_said(name: str, failed: dict, fine: dict, words: list[str]) -> None:
    (line,) = signs(name, failed)
    assert line.startswith("warning: ")
    assert "\n" not in line
    assert all(word in line for word in words)
    assert signs(name, fine) == []


def test_dead_units_are_counted() -> None:
    model = TiedAutoencoder(TiedConfig(latent=8), DIGITS.input_shape, 10)
    model.encoder.bias.data[:5] = -1e3  # relu gives 0
    assert dead_units(model, DIGITS.test) == 5
    (line,) = signs_of_failure(model, DIGITS, {})
    assert "5 of the code's 8 units" in line
    model.encoder.bias.data[4] = 10.0
    assert signs_of_failure(model, DIGITS, {}) == []


def test_the_mean_example_of_sequences_leaves_out_their_padding() -> None:
    x = np.array([[[1.0], [0.0]], [[0.0], [0.5]]], np.float32)
    split = Split(x, np.zeros(2, np.int64), np.array([1, 2]))
    assert mean_example_error(split, split) == pytest.approx((0.25 + (0.25 + 0) / 2) / 2)


@pytest.mark.parametrize("name", ["ae", "sae", "vae", "conv-ae", "gan", "deconv", "cnn"])
@pytest.mark.parametrize("level", [0, 255])
@pytest.mark.parametrize("count", [1, 8])
def test_pictures_that_are_all_the_same_give_finite_numbers(
    name: str, level: int, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("minigen.evaluation.generator_measures.SAMPLES", 20)
    monkeypatch.setattr("minigen.evaluation.studies.few_labels.STEPS", 2)
    monkeypatch.setattr("minigen.evaluation.studies.few_labels.FINE_STEPS", 2)
    same = Split(np.full((count, 1, 28, 28), level, np.uint8), np.zeros(count, np.int64))
    data = Dataset("same", same, same, ("a", "b"), "")
    rng.manual_seed(0)
    model = MODELS[name](MODELS[name].config_type(), data.input_shape, 2)
    finding = model.study(data, same)
    assert all(np.isfinite(value) for value in finding.numbers.values())
    signs_of_failure(model, data, {"mse": 0.1, "accuracy": 1.0, "kl": 1.0})

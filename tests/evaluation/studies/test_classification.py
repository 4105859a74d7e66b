"""What is said and drawn of a classifier, against numbers computed by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from minigen import Tensor, nn, rng
from minigen.data import Dataset, Split
from minigen.evaluation.studies import classification as study
from minigen.models import MODELS
from minigen.models.config import Config


@pytest.mark.parametrize(
    ("right", "count", "low", "high"),
    [(0, 10, 0, 0.2775), (10, 10, 0.7225, 1), (8, 10, 0.4902, 0.9433), (95, 100, 0.8882, 0.9785)],
)
def test_the_interval_is_wilsons(right: int, count: int, low: float, high: float) -> None:
    assert study.wilson_interval(right, count) == pytest.approx((low, high), abs=5e-5)


def test_confusion_counts_true_classes_in_rows() -> None:
    found = study.confusion(named=np.array([0, 2, 2, 1, 2]), labels=np.array([0, 0, 0, 1, 1]), classes=3)
    assert found.tolist() == [[1, 0, 2], [0, 1, 1], [0, 0, 0]]


CHANCES = np.array([[0.95, 0.05], [0.05, 0.95], [0.15, 0.85], [0.55, 0.45], [0, 1]])
LABELS = np.array([0, 0, 1, 0, 1])


def test_calibration_compares_confidence_with_accuracy_bin_by_bin() -> None:
    found = study.calibration(CHANCES, LABELS)
    assert found.counts.tolist() == [0, 0, 0, 0, 0, 1, 0, 0, 1, 3], "certainty belongs to the last bin"
    np.testing.assert_allclose(found.confidence[[5, 8, 9]], [0.55, 0.85, 2.9 / 3])
    np.testing.assert_allclose(found.accuracy[[5, 8, 9]], [1, 1, 2 / 3])
    assert found.error == pytest.approx(0.45 / 5 + 0.15 / 5 + (2.9 / 3 - 2 / 3) * 3 / 5)


def test_the_calibration_is_drawn_as_measured() -> None:
    upper, lower = study.draw_calibration(study.calibration(CHANCES, LABELS)).axes
    measured = upper.lines[1]
    np.testing.assert_allclose(measured.get_xdata(), [0.55, 0.85, 2.9 / 3])
    np.testing.assert_allclose(measured.get_ydata(), [1, 1, 2 / 3])
    bars = upper.collections[0].get_segments()  # type: ignore[attr-defined]
    np.testing.assert_allclose(bars[2][:, 1], study.wilson_interval(2, 3))
    assert lower.patches[0].get_data().values.tolist() == [0] * 5 + [1, 0, 0, 1, 3]  # type: ignore[attr-defined]


def test_the_confusion_is_drawn_as_shares_of_the_true_class() -> None:
    axes = study.draw_confusion(np.array([[1, 3], [0, 0]]), ["cat", "dog"]).axes[0]
    np.testing.assert_allclose(np.asarray(axes.images[0].get_array()), [[0.25, 0.75], [0, 0]])
    assert {(*text.get_position(), text.get_text()) for text in axes.texts} == {(0, 0, "1"), (1, 0, "3")}
    assert [label.get_text() for label in axes.get_yticklabels()] == ["cat", "dog"]
    assert axes.get_title() == "1 of 4 right"


def test_a_confusion_of_many_classes_has_no_numbers_and_no_names() -> None:
    axes = study.draw_confusion(np.eye(50, dtype=int), [f"class {number}" for number in range(50)]).axes[0]
    assert not axes.texts
    assert "class" not in "".join(label.get_text() for label in axes.get_yticklabels())


def test_a_kernel_finds_the_part_of_each_image_that_answers_most() -> None:
    images = np.zeros((3, 1, 6, 7), np.float32)
    images[0, 0, 1:3, 2:5] = [[0.5, 0, 0], [0, 0, 0.5]]
    images[2, 0, 4:, 4:] = [[1, 0, 0], [0, 0, 1]]
    kernels = np.array([[[[1, -1, -1], [-1, -1, 1]]]], np.float32)
    parts = study.strongest_parts(kernels, images, count=2, margin=1)
    assert parts.shape == (1, 2, 1, 4, 5)
    beyond = np.pad(images[2, 0, 4:, 4:], [(0, 1), (0, 1)])
    np.testing.assert_array_equal(parts[0, 0, 0, 1:, 1:], beyond, "the strongest, black beyond the edge")
    np.testing.assert_array_equal(parts[0, 1, 0], images[0, 0, :4, 1:6])


def test_kernels_are_drawn_above_what_they_respond_to() -> None:
    test = Split(np.arange(4 * 9, dtype=np.uint8).reshape(4, 1, 3, 3), np.zeros(4, np.int64))
    kernels = np.stack([np.ones((1, 3, 3)), -np.ones((1, 3, 3))])  # as large as the image: a dense layer's
    (axes,) = study.draw_kernels(kernels, test).axes
    drawn = np.asarray(axes.images[0].get_array()).reshape(4, 5, 2, 5)[:, 1:4, :, 1:4].swapaxes(1, 2)
    np.testing.assert_array_equal(drawn[0], [np.ones((3, 3)), np.zeros((3, 3))])
    for kernel, order in enumerate(([3, 2, 1], [0, 1, 2])):
        np.testing.assert_allclose(drawn[1:, kernel], test.inputs[order, 0] / 255, atol=1e-6)


class ByFirstPixel(nn.Module):
    """Says class 0 with the probability that the first pixel is, so that everything can be computed by hand."""

    config = Config()

    def __init__(self) -> None:
        rng.manual_seed(0)
        self.seen = nn.Conv2d(1, 2, 3)

    def classify(self, x: Tensor) -> Tensor:
        chance = x[:, 0, 0, :1].clip(1e-6, 1 - 1e-6)
        return Tensor(np.concatenate([np.log(chance.data), np.log(1 - chance.data)], axis=1))


def dataset(levels: list[int], labels: list[int]) -> Dataset:
    images = np.tile(np.array(levels, np.uint8)[:, None, None, None], (1, 1, 4, 4))
    split = Split(images, np.array(labels, np.int64))
    return Dataset("levels", split, split, ("light", "dark"), "drawn")


def test_a_classifier_is_judged_by_its_test_set() -> None:
    data = dataset([255, 76, 204, 0], [0, 0, 1, 1])  # probabilities 1, 0.3, 0.8, 0 of "light"
    found = study.judge_classifier(ByFirstPixel(), data, data.test)  # type: ignore[arg-type]
    assert list(found.figures) == ["confusion", "calibration", "mistakes", "kernels"]
    assert found.remarks == ["classified: accuracy 0.5000 of 4 (95 % interval 0.1500 to 0.8500)"]
    assert found.numbers["calibration_error"] == pytest.approx((1 - 76 / 255 + 0.8) / 4, abs=1e-5)
    titles = [axes.get_title() for axes in found.figures["mistakes"].axes]
    assert titles == ["light 0.80\ntrue: dark", "dark 0.70\ntrue: light"]


def test_without_mistakes_none_are_drawn() -> None:
    data = dataset([255, 0], [0, 1])
    assert "mistakes" not in study.judge_classifier(ByFirstPixel(), data, data.test).figures  # type: ignore[arg-type]


@pytest.mark.parametrize("labels", [None, np.array([0, 1])])
def test_a_title_tells_the_true_class_or_the_next_best(labels: Any) -> None:
    titles = study.titled(np.array([[0.2, 0.5, 0.3], [0.9, 0.04, 0.06]]), ["a", "b", "c"], labels)
    below = ["c 0.30", "c 0.06"] if labels is None else ["true: a", "true: b"]
    assert titles == [f"b 0.50\n{below[0]}", f"a 0.90\n{below[1]}"]
    assert study.titled(np.ones((1, 1)), ["only"]) == ["only 1.00"]


@pytest.mark.parametrize(("name", "shape"), [("cnn", (32, 3, 3, 3)), ("ddnet", (32, 3, 3, 3)), ("sae", (32, 3, 8, 8))])
def test_every_classifier_has_kernels_that_see_the_image(name: str, shape: tuple[int, ...]) -> None:
    model = MODELS[name](MODELS[name].config_type(), (3, 8, 8), 2)
    assert study.first_kernels(model, (3, 8, 8)).shape == shape

"""The convolutional classifier: shapes for every image data set, its measures, and that it learns."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from minigen import Tensor, random
from minigen.data import Batch
from minigen.models import ConfigError
from minigen.models.classification import classification_loss
from minigen.models.cnn import CNN, CNNConfig

SHAPES = [(1, 28, 28), (3, 32, 32), (3, 64, 64), (1, 12, 20)]


def make(shape: tuple[int, ...] = (1, 8, 8), classes: int = 10, **options: Any) -> CNN:
    random.manual_seed(3)
    return CNN(CNNConfig(**({"hidden": 16} | options)), shape, classes)


def batch_of(count: int, shape: tuple[int, ...] = (1, 8, 8), classes: int = 10) -> Batch:
    generator = np.random.default_rng(4)
    x = generator.random((count, *shape), dtype=np.float32)
    return Batch(x, generator.integers(0, classes, count), None, np.arange(count))


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_reads_channels_sizes_and_classes_from_the_data(shape: tuple[int, ...]) -> None:
    logits = make(shape, classes=7).classify(Tensor(batch_of(2, shape).inputs))
    assert logits.shape == (2, 7)


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((28, 28), r"--data mnist5k holds sequences \(T, D\) = \(28, 28\), cnn needs images"),
        ((1, 30, 28), "--data mnist5k holds images of 30 × 28, cnn needs multiples of 4"),
    ],
)
def test_refuses_what_it_cannot_halve_twice(shape: tuple[int, ...], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        make(shape)


def test_the_measures_are_the_cross_entropy_in_nats_and_the_part_that_is_right() -> None:
    logits = np.array([[2.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 3.0], [1.0, 0.0, 0.0]])
    terms = classification_loss(Tensor(logits), np.array([0, 1, 0, 0])).terms
    right = [2 - math.log(math.e**2 + 2), 1 - math.log(math.e + 2), -math.log(math.e**3 + 2), 1 - math.log(math.e + 2)]
    assert list(terms) == ["cross_entropy", "accuracy"]
    assert terms["cross_entropy"].item() == pytest.approx(-sum(right) / 4, rel=1e-12)
    assert terms["accuracy"].item() == 0.75


def test_dropout_is_for_training_only() -> None:
    model, batch = make(dropout=0.5), batch_of(4)
    assert model.evaluate(batch).value.item() != model.evaluate(batch).value.item()
    model.eval()
    assert model.evaluate(batch).value.item() == model.evaluate(batch).value.item()

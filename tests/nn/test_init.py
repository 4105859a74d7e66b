"""Initialisers: the distribution that each names, and the seed."""

from __future__ import annotations

import math

import numpy as np
import pytest

import minigen
from minigen import nn
from minigen.nn import init

SHAPE = (300, 200)
BOUNDS = {
    "torch_default": (lambda: init.torch_default(SHAPE, 200), 1 / math.sqrt(200)),
    "kaiming_uniform": (lambda: init.kaiming_uniform(SHAPE, 200), math.sqrt(6 / 200)),
    "xavier_uniform": (lambda: init.xavier_uniform(SHAPE, 200, 300), math.sqrt(6 / 500)),
    "uniform": (lambda: init.uniform(SHAPE, 0.3), 0.3),
}


@pytest.mark.parametrize("name", BOUNDS)
def test_uniform_within_its_bound(name: str) -> None:
    minigen.manual_seed(0)
    draw, bound = BOUNDS[name]
    weights = draw()
    assert (weights.shape, weights.dtype) == (SHAPE, "float32")
    assert np.abs(weights).max() <= np.float32(bound)
    assert np.abs(weights).max() == pytest.approx(bound, rel=1e-3)
    assert weights.mean() == pytest.approx(0, abs=0.02 * bound)
    assert weights.std() == pytest.approx(bound / math.sqrt(3), rel=0.02)


def test_normal() -> None:
    minigen.manual_seed(0)
    weights = init.normal(SHAPE, 0.02)
    assert weights.dtype == "float32"
    assert weights.mean() == pytest.approx(0, abs=0.0005)
    assert weights.std() == pytest.approx(0.02, rel=0.02)


def test_orthogonal() -> None:
    minigen.manual_seed(0)
    draws = [init.orthogonal(20) for _ in range(50)]
    for matrix in draws:
        assert matrix.dtype == "float32"
        np.testing.assert_allclose(matrix.T @ matrix, np.eye(20), atol=1e-5)
    diagonals = np.array([matrix.diagonal() for matrix in draws])
    assert diagonals.mean() == pytest.approx(0, abs=0.03), "an even draw favours no direction"


def test_same_seed_same_bits() -> None:
    def weights() -> np.ndarray:
        minigen.manual_seed(3)
        return nn.Linear(5, 4).weight.data

    np.testing.assert_array_equal(weights(), weights())


@pytest.mark.parametrize("make", [lambda: nn.Linear(0, 3), lambda: nn.Conv2d(0, 3, 2), lambda: nn.LSTM(2, 0)])
def test_a_layer_without_inputs_has_bias_zero(make) -> None:
    assert all(not p.data.any() for p in make().parameters())
    assert not init.kaiming_uniform((0, 3), 0).size
    assert not init.xavier_uniform((0, 0), 0, 0).size

"""Losses: values written out, reductions, stability at logits of ±1e4."""

from __future__ import annotations

import math

import numpy as np
import pytest
from support import to_device, to_numpy, to_tensor

from minigen import ops

GENERATOR = np.random.default_rng(0)
X, TARGET, LOG_VAR = (GENERATOR.standard_normal((3, 4)) for _ in range(3))
PROBABILITY = GENERATOR.random((3, 4))
LABELS = np.array([2, 0, 3])


def probabilities(logits: np.ndarray) -> np.ndarray:
    e = np.exp(logits)
    return e / e.sum(1, keepdims=True)


SIGMA = 1 / (1 + np.exp(-X))
EXPECTED = {
    "mse_loss": (X - TARGET) ** 2,
    "l1_loss": np.abs(X - TARGET),
    "binary_cross_entropy_with_logits": -PROBABILITY * np.log(SIGMA) - (1 - PROBABILITY) * np.log(1 - SIGMA),
    "cross_entropy": -np.log(probabilities(X)[np.arange(3), LABELS]),
    "gaussian_nll_loss": -np.log(
        np.exp(-((X - TARGET) ** 2) / (2 * np.exp(LOG_VAR))) / np.sqrt(2 * np.pi * np.exp(LOG_VAR))
    ),
}


def loss(name: str, device: str, reduction: str):
    x = to_tensor(X, device)
    others = {
        "binary_cross_entropy_with_logits": (to_device(PROBABILITY, device),),
        "cross_entropy": (to_device(LABELS, device),),
        "gaussian_nll_loss": (to_device(TARGET, device), to_tensor(LOG_VAR, device)),
    }.get(name, (to_device(TARGET, device),))
    return getattr(ops, name)(x, *others, reduction=reduction)


@pytest.mark.parametrize("name", EXPECTED)
def test_value_and_reductions(name: str, device: str) -> None:
    elements = EXPECTED[name]
    np.testing.assert_allclose(to_numpy(loss(name, device, "none")), elements, rtol=1e-12)
    np.testing.assert_allclose(to_numpy(loss(name, device, "sum")), elements.sum(), rtol=1e-12)
    np.testing.assert_allclose(to_numpy(loss(name, device, "mean")), elements.mean(), rtol=1e-12)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_binary_cross_entropy_is_finite_and_right_for_every_logit(dtype: str, device: str) -> None:
    logits = np.array([-1e4, -100.0, -30.0, -1.0, 0.0, 1.0, 30.0, 100.0, 1e4])
    for t in (0.0, 0.3, 1.0):
        x = to_tensor(logits.astype(dtype), device)
        value = ops.binary_cross_entropy_with_logits(x, to_device(np.full(9, t, dtype), device), "none")
        value.sum().backward()
        expected = np.logaddexp(0, logits) - t * logits
        slope = np.exp(-np.logaddexp(0, -logits)) - t
        tolerance = 1e-14 if dtype == "float64" else 2e-7
        np.testing.assert_allclose(to_numpy(value), expected, rtol=tolerance, atol=tolerance)
        np.testing.assert_allclose(to_numpy(x.grad), slope, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_cross_entropy_is_finite_and_right_for_every_logit(dtype: str, device: str) -> None:
    logits = np.array([[1e4, -1e4, 0.0], [1e4, -1e4, 0.0], [1e4, 1e4, -1e4], [1.0, 2.0, 3.0]])
    labels = np.array([0, 1, 1, 2])
    x = to_tensor(logits.astype(dtype), device)
    value = ops.cross_entropy(x, to_device(labels, device), "none")
    value.sum().backward()
    tolerance = 1e-14 if dtype == "float64" else 2e-7
    last = np.exp([-2.0, -1.0, 0.0])
    expected = [0, 2e4, math.log(2), math.log(last.sum())]
    np.testing.assert_allclose(to_numpy(value), expected, rtol=tolerance, atol=tolerance)
    slope = [[0, 0, 0], [1, -1, 0], [0.5, -0.5, 0], last / last.sum() - [0, 0, 1]]
    np.testing.assert_allclose(to_numpy(x.grad), slope, rtol=tolerance, atol=tolerance)


def test_gaussian_nll_is_the_density_of_a_standard_normal_at_zero(device: str) -> None:
    zero = to_tensor([0.0], device)
    assert ops.gaussian_nll_loss(zero, to_device([0.0], device), zero).item() == pytest.approx(
        0.9189385332046727, rel=1e-15
    )


@pytest.mark.parametrize("name", EXPECTED)
def test_of_no_examples_the_sum_is_zero_and_the_mean_is_nan(name: str, device: str) -> None:
    x = to_tensor(np.zeros((0, 3)), device)
    others = {"cross_entropy": [to_device(np.zeros(0, "int64"), device)], "gaussian_nll_loss": [x, x]}.get(name, [x])
    assert getattr(ops, name)(x, *others, reduction="sum").item() == 0
    assert math.isnan(getattr(ops, name)(x, *others).item())

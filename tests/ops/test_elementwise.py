"""Functions of single elements and softmax: closed forms, ends of intervals, ties, NaN, and finite far from zero."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from support import Draw, assert_close, draws, shapes, to_device, to_numpy, to_tensor

from minigen import ops


def logistic(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


FUNCTIONS = {
    "exp": (np.exp, np.exp),
    "log": (np.log, np.reciprocal),
    "sqrt": (np.sqrt, lambda x: 0.5 / np.sqrt(x)),
    "abs": (np.abs, np.sign),
    "relu": (lambda x: np.maximum(x, 0), lambda x: np.where(x > 0, 1.0, 0.0)),
    "leaky_relu": (lambda x: np.where(x > 0, x, 0.01 * x), lambda x: np.where(x > 0, 1.0, 0.01)),
    "sigmoid": (logistic, lambda x: logistic(x) * logistic(-x)),
    "tanh": (np.tanh, lambda x: 1 - np.tanh(x) ** 2),
    "softplus": (lambda x: np.log(1 + np.exp(x)), logistic),
}
FAR = [-1e4, -800.0, -90.0, 0.0, 90.0, 800.0, 1e4]


@pytest.mark.parametrize("name", FUNCTIONS)
@given(draw=draws(), shape=shapes())
def test_value_and_derivative(name: str, draw: Draw, shape, device: str) -> None:
    value, derivative = FUNCTIONS[name]
    (array,) = draw.positive(shape) if name in ("log", "sqrt") else draw.normal(shape)
    x = to_tensor(array, device, draw.layout)
    y = getattr(ops, name)(x)
    y.sum().backward()
    assert_close(y, value(array.astype("float64")), draw.tolerance)
    assert_close(x.grad, derivative(array.astype("float64")), draw.tolerance)


@pytest.mark.parametrize(
    ("low", "high", "values", "slopes"),
    [
        (-1, 1, [-1, -1, 0.5, 1, 1], [0, 1, 1, 1, 0]),
        (0, None, [0, 0, 0.5, 1, 1.5], [0, 0, 1, 1, 1]),
        (None, 1, [-2, -1, 0.5, 1, 1], [1, 1, 1, 1, 0]),
    ],
)
def test_clip_holds_values_in_the_interval_and_stops_the_gradient_outside(
    low: float | None, high: float | None, values: list[float], slopes: list[float], device: str
) -> None:
    x = to_tensor([-2.0, -1.0, 0.5, 1.0, 1.5], device)
    y = ops.clip(x, low, high)
    y.sum().backward()
    assert to_numpy(y).tolist() == values
    assert to_numpy(x.grad).tolist() == slopes


def test_maximum_gives_ties_half_each(device: str) -> None:
    a, b = to_tensor([1.0, 2.0, 3.0], device), to_tensor([2.0, 2.0, 2.0], device)
    ops.maximum(a, b).sum().backward()
    assert to_numpy(a.grad).tolist() == [0, 0.5, 1]
    assert to_numpy(b.grad).tolist() == [1, 0.5, 0]


def test_where_lets_no_nan_through_from_the_side_not_taken(device: str) -> None:
    a, b = to_tensor([1.0, np.nan], device), to_tensor([np.inf, 2.0], device)
    y = ops.where(to_device([True, False], device), a, b)
    y.sum().backward()
    assert to_numpy(y).tolist() == [1, 2]
    assert to_numpy(a.grad).tolist() == [1, 0]
    assert to_numpy(b.grad).tolist() == [0, 1]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("name", "values", "slopes"),
    [
        ("sigmoid", [0, 0, 0, 0.5, 1, 1, 1], [0, 0, 0, 0.25, 0, 0, 0]),
        ("tanh", [-1, -1, -1, 0, 1, 1, 1], [0, 0, 0, 1, 0, 0, 0]),
        ("softplus", [0, 0, 0, np.log(2), 90, 800, 1e4], [0, 0, 0, 0.5, 1, 1, 1]),
    ],
)
def test_finite_far_from_zero(name: str, values, slopes, dtype: str, device: str) -> None:
    x = to_tensor(np.array(FAR, dtype), device)
    y = getattr(ops, name)(x)
    y.sum().backward()
    np.testing.assert_allclose(to_numpy(y), values, rtol=1e-6, atol=1e-12)
    np.testing.assert_allclose(to_numpy(x.grad), slopes, rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_softmax_and_log_softmax_are_finite_far_from_zero(dtype: str, device: str) -> None:
    x = to_tensor(np.array([[1e4, -1e4, 0.0], [-1e4, -1e4, -1e4]], dtype), device)
    np.testing.assert_allclose(to_numpy(ops.softmax(x)), [[1, 0, 0], [1 / 3] * 3], rtol=1e-6)
    expected = [[0, -2e4, -1e4], [-np.log(3)] * 3]
    np.testing.assert_allclose(to_numpy(ops.log_softmax(x)), expected, rtol=1e-6)
    (ops.log_softmax(x) * ops.softmax(x)).sum().backward()
    assert np.isfinite(to_numpy(x.grad)).all()

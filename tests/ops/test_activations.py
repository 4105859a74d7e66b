"""relu, leaky_relu, sigmoid, tanh, softplus, softmax, log_softmax: closed forms, and finite far from zero."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from support import Draw, assert_close, draws, shapes, to_numpy, to_tensor

from minigen import grad, ops


def logistic(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


FUNCTIONS = {
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
    (array,) = draw.normal(shape)
    x = to_tensor(array, device, draw.layout)
    y = getattr(ops, name)(x)
    y.sum().backward()
    assert str(y.dtype) == str(x.grad.dtype) == draw.dtype
    assert_close(y, value(array.astype("float64")), draw.tolerance)
    assert_close(x.grad, derivative(array.astype("float64")), draw.tolerance)


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


@given(draw=draws(), shape=shapes(min_dims=1, min_side=1))
def test_softmax_sums_to_one_and_is_blind_to_a_shift(draw: Draw, shape, device: str) -> None:
    (array,) = draw.normal(shape)
    for dim in range(len(shape)):
        y = ops.softmax(to_tensor(array, device, draw.layout), dim)
        assert_close(y.sum(dim), np.ones(shape[:dim] + shape[dim + 1 :]), draw.tolerance)
        assert_close(ops.softmax(to_tensor(array + 3, device, draw.layout), dim), to_numpy(y), 10 * draw.tolerance)
        assert_close(ops.exp(ops.log_softmax(to_tensor(array, device, draw.layout), dim)), to_numpy(y), draw.tolerance)


def test_softmax_has_the_jacobian_of_the_book(device: str) -> None:
    """∂yᵢ/∂xⱼ = yᵢ·(δᵢⱼ - yⱼ): no single sum of outputs shows it, that is zero for every j."""
    x = to_tensor(np.random.default_rng(0).standard_normal(4), device)
    y = ops.softmax(x)
    jacobian = [to_numpy(grad(y[i], x)[0]) for i in range(4)]
    values = to_numpy(y)
    np.testing.assert_allclose(jacobian, np.diag(values) - np.outer(values, values), atol=1e-15)


def test_relu_passes_no_gradient_at_zero(device: str) -> None:
    x = to_tensor([-1.0, 0.0, 1.0], device)
    ops.relu(x).sum().backward()
    assert to_numpy(x.grad).tolist() == [0, 0, 1]


@pytest.mark.parametrize("slope", [-0.3, 0.0, 0.2, 1.0, 1.5])
def test_leaky_relu_of_any_slope(slope: float, device: str) -> None:
    x = to_tensor([-2.0, 0.0, 3.0], device)
    y = ops.leaky_relu(x, slope)
    y.sum().backward()
    np.testing.assert_allclose(to_numpy(y), [-2 * slope, 0, 3])
    np.testing.assert_allclose(to_numpy(x.grad), [slope, slope, 1])

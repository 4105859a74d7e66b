"""batch_norm: what it normalises to, running statistics, float32 far from zero."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import Draw, draws, to_device, to_numpy, to_tensor

from minigen import grad, no_grad, ops

SHAPES = [(4, 3), (3, 3, 2), (3, 3, 2, 4)]


def channels_last(x: np.ndarray) -> np.ndarray:
    """(N, C, …) as rows of C"""
    return np.moveaxis(x, 1, -1).reshape(-1, x.shape[1])


@given(draw=draws(), shape=st.sampled_from(SHAPES))
def test_each_channel_gets_mean_0_and_variance_1(draw: Draw, shape, device: str) -> None:
    (x,) = draw.normal(shape)
    y = channels_last(to_numpy(ops.batch_norm(to_tensor(3 * x + 2, device, draw.layout), None, None, training=True)))
    np.testing.assert_allclose(y.mean(0), 0, atol=1e-5)
    variance = channels_last(9 * x.astype("float64")).var(0) / 9
    np.testing.assert_allclose(y.var(0), variance / (variance + 1e-5), rtol=1e-4)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_running_statistics_move_to_the_mean_and_the_unbiased_variance(dtype: str, device: str) -> None:
    x = np.array([[1.0, 10], [3, 10], [8, 40]], dtype)
    mean, var = to_device(np.array([1, 2], dtype), device), to_device(np.array([1, 3], dtype), device)
    ops.batch_norm(to_tensor(x, device), mean, var, training=True, momentum=0.25)
    np.testing.assert_allclose(to_numpy(mean), [0.75 * 1 + 0.25 * 4, 0.75 * 2 + 0.25 * 20], rtol=1e-6)
    np.testing.assert_allclose(to_numpy(var), [0.75 * 1 + 0.25 * 13, 0.75 * 3 + 0.25 * 300], rtol=1e-6)
    assert mean.dtype == var.dtype == dtype


def test_evaluation_uses_the_running_statistics_and_leaves_them(device: str) -> None:
    mean, var = to_device(np.array([1.0, 2.0]), device), to_device(np.array([4.0, 9.0]), device)
    y = ops.batch_norm(to_tensor(np.array([[3.0, 5.0]]), device), mean, var, eps=0.0)
    np.testing.assert_allclose(to_numpy(y), [[1, 1]], rtol=1e-12)
    np.testing.assert_array_equal(to_numpy(mean), [1, 2])
    np.testing.assert_array_equal(to_numpy(var), [4, 9])


def test_statistics_follow_without_recording_too(device: str) -> None:
    mean = to_device(np.zeros(1), device)
    with no_grad():
        ops.batch_norm(to_tensor(np.array([[1.0], [3.0]]), device), mean, None, training=True)
    np.testing.assert_allclose(to_numpy(mean), [0.2], rtol=1e-12)


def test_a_constant_channel_stays_finite(device: str) -> None:
    x = to_tensor(np.full((4, 1), 7.0, "float32"), device)
    y = ops.batch_norm(x, None, None, training=True)
    (g,) = grad(y, x, to_device(np.array([[1.0], [0], [0], [0]], "float32"), device))
    np.testing.assert_array_equal(to_numpy(y), np.zeros((4, 1)))
    assert np.isfinite(to_numpy(g)).all()


def test_float32_far_from_zero_keeps_its_variance(device: str) -> None:
    """The variance is that of x - μ; as mean(x²) - μ² it would be lost here (10⁸ - 10⁸)."""
    x = np.random.default_rng(0).standard_normal((64, 1)).astype("float32")
    y = ops.batch_norm(to_tensor(x + np.float32(1e4), device), None, None, training=True)
    centred = x + np.float32(1e4) - (x + np.float32(1e4)).astype("float64").mean()
    np.testing.assert_allclose(to_numpy(y), centred / centred.std(), atol=2e-3)


def test_gradient_is_orthogonal_to_shift_and_scale(device: str) -> None:
    """y does not change where x is shifted or scaled, so the gradient has no part along 1 or x (eps = 0)."""
    generator = np.random.default_rng(0)
    x = to_tensor(generator.standard_normal((6, 2, 3)), device)
    y = ops.batch_norm(x, None, None, training=True, eps=0.0)
    (g,) = grad(y, x, to_tensor(generator.standard_normal(x.shape), device))
    np.testing.assert_allclose(to_numpy(g).sum((0, 2)), 0, atol=1e-13)
    np.testing.assert_allclose((to_numpy(g) * to_numpy(x)).sum((0, 2)), 0, atol=1e-13)


def test_third_derivative(device: str) -> None:
    """The derivatives close upon themselves; numerically, the gradient of a second-order quantity."""
    generator = np.random.default_rng(0)
    data, u, v, w = (generator.standard_normal((5, 1)) for _ in range(4))

    def second(array: np.ndarray):
        x = to_tensor(array, device)
        y = ops.batch_norm(x, None, None, training=True)
        (g,) = grad((y * y * y).sum(), x, create_graph=True)
        (h,) = grad((g * to_device(u, device)).sum(), x, create_graph=True)
        return x, (h * to_device(v, device)).sum()

    x, value = second(data)
    (third,) = grad(value, x)
    step = 1e-5
    numeric = (second(data + step * w)[1].item() - second(data - step * w)[1].item()) / (2 * step)
    assert (to_numpy(third) * w).sum() == pytest.approx(numeric, rel=1e-6)

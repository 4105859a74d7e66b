"""Pooling, unpooling, upsampling: ties, indices, adjoints."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from support import Draw, assert_close, draws, to_numpy, to_tensor
from windows import pairs

from minigen import grad, ops


def test_equal_maxima_give_their_gradient_to_the_first(device: str) -> None:
    """As torch does: a constant image would otherwise receive more gradient than came in."""
    x = to_tensor(np.array([[[[2.0, 2, 1, 3], [2, 2, 3, 3]]]]), device)
    y, indices = ops.max_pool2d(x, 2, return_indices=True)
    np.testing.assert_array_equal(to_numpy(y).ravel(), [2, 3])
    np.testing.assert_array_equal(to_numpy(indices).ravel(), [0, 3])
    y.sum().backward()
    np.testing.assert_array_equal(to_numpy(x.grad)[0, 0], [[1, 0, 0, 1], [0, 0, 0, 0]])


@pytest.mark.parametrize("value", [-5.0, -np.inf])
def test_padding_never_wins_a_maximum(value: float, device: str) -> None:
    x = to_tensor(np.full((1, 1, 3, 3), value), device)
    y, indices = ops.max_pool2d(x, 3, 2, 1, return_indices=True)
    np.testing.assert_array_equal(to_numpy(y), np.full((1, 1, 2, 2), value))
    np.testing.assert_array_equal(to_numpy(indices).ravel(), [0, 1, 3, 4])
    (g,) = grad(y.sum(), x)
    assert to_numpy(g)[0, 0].tolist() == [[1, 1, 0], [1, 1, 0], [0, 0, 0]]


def test_a_nan_wins_a_maximum_and_receives_the_gradient(device: str) -> None:
    x = to_tensor(np.array([[[[1.0, np.nan], [2.0, 3.0]]]]), device)
    y, indices = ops.max_pool2d(x, 2, return_indices=True)
    (g,) = grad(y, x)
    assert np.isnan(y.item())
    assert to_numpy(indices).item() == 1
    assert to_numpy(g)[0, 0].tolist() == [[0, 1], [0, 0]]


def test_a_kernel_of_more_than_127_taps(device: str) -> None:
    x = to_tensor(np.arange(169.0).reshape(1, 1, 13, 13), device)
    y, indices = ops.max_pool2d(x, 12, 1, return_indices=True)
    np.testing.assert_array_equal(to_numpy(indices).ravel(), [154, 155, 167, 168])
    np.testing.assert_array_equal(to_numpy(ops.max_unpool2d(y, indices, 12, 1)).ravel()[[154, 168]], [154, 168])


def test_padding_counts_in_a_mean(device: str) -> None:
    y = ops.avg_pool2d(to_tensor(np.ones((1, 1, 2, 2)), device), 2, 2, 1)
    np.testing.assert_array_equal(to_numpy(y), np.full((1, 1, 2, 2), 0.25))


@given(draw=draws(), kernel=pairs(1, 3), size=pairs(3, 7))
def test_unpooling_puts_every_maximum_back(draw: Draw, kernel, size, device: str) -> None:
    """Pooling what was unpooled gives the maxima again, and all else is zero."""
    (array,) = draw.positive((2, 2, *size))
    y, indices = ops.max_pool2d(to_tensor(array, device, draw.layout), kernel, return_indices=True)
    back = ops.max_unpool2d(y, indices, kernel, output_size=size)
    np.testing.assert_array_equal(to_numpy(ops.max_pool2d(back, kernel)), to_numpy(y))
    np.testing.assert_array_equal(to_numpy(back)[to_numpy(back) != 0], array[to_numpy(back) != 0])
    assert np.count_nonzero(to_numpy(back)) == y.size


def test_overlapping_windows_that_share_a_maximum_add_up(device: str) -> None:
    x = to_tensor(np.array([[[[0.0, 7.0, 1.0]]]]), device)
    y, indices = ops.max_pool2d(x, (1, 2), 1, return_indices=True)
    np.testing.assert_array_equal(to_numpy(ops.max_unpool2d(y, indices, (1, 2), 1)).ravel(), [0, 14, 0])


@given(draw=draws(), scale=pairs(1, 3), size=pairs(1, 3))
def test_upsampling_repeats_and_its_adjoint_sums_blocks(draw: Draw, scale, size, device: str) -> None:
    x, v = draw.normal((2, 1, *size), (2, 1, size[0] * scale[0], size[1] * scale[1]))
    tensor = to_tensor(x, device, draw.layout)
    y = ops.upsample_nearest2d(tensor, scale)
    assert_close(y, x.repeat(scale[0], 2).repeat(scale[1], 3), 0.0)
    (g,) = grad(y, tensor, to_tensor(v, device))
    assert_close(g, v.reshape(2, 1, size[0], scale[0], size[1], scale[1]).sum((3, 5)), draw.tolerance)

"""Pooling, unpooling, upsampling: ties, indices, adjoints, refusals."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import Draw, assert_close, draws, to_device, to_numpy, to_tensor
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


@given(
    op=st.sampled_from(["max_pool2d", "avg_pool2d"]), kernel=pairs(1, 3), stride=pairs(1, 3), seed=st.integers(0, 99)
)
def test_gradient_is_the_adjoint(op: str, kernel, stride, seed: int, device: str) -> None:
    """Both are linear near x (without ties), hence y = <dy/dx, x>, window by window."""
    generator = np.random.default_rng(seed)
    x = to_tensor(generator.standard_normal((2, 1, 5, 6)), device)
    y = getattr(ops, op)(x, kernel, stride)
    v = generator.standard_normal(y.shape)
    (g,) = grad(y, x, to_tensor(v, device))
    assert (to_numpy(g) * to_numpy(x)).sum() == pytest.approx((to_numpy(y) * v).sum(), rel=1e-10, abs=1e-12)


# --- refusals -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("op", [ops.max_pool2d, ops.avg_pool2d])
@pytest.mark.parametrize(
    ("shape", "arguments", "message"),
    [
        ((1, 1, 2, 5), (3,), r"kernel \(3, 3\) with dilation \(1, 1\) is larger than the input of size \(2, 5\)"),
        ((1, 1, 5, 5), (3, 2, 2), "padding is 2, must be at most half of kernel_size 3$"),
        ((1, 1, 5, 5), ((2, 3), 2, (1, 2)), r"padding is \(1, 2\), must be at most half of kernel_size \(2, 3\)$"),
        ((1, 1, 5, 5), (0,), "kernel_size is 0, must be an integer of at least 1 or a pair of them$"),
        ((1, 1, 5, 5), (2, 0), "stride is 0, must be"),
        ((1, 5, 5), (2,), r"x has 3 dimensions \(shape \(1, 5, 5\)\), must have 4: \(N, C, H, W\)$"),
    ],
)
def test_pooling_refuses(op, shape, arguments, message: str, device: str) -> None:
    with pytest.raises(ValueError, match=rf"^{op.__name__}: {message}"):
        op(to_tensor(np.zeros(shape), device), *arguments)


def test_integer_images_are_refused(device: str) -> None:
    image = to_device(np.zeros((1, 1, 4, 4), "uint8"), device)
    for op in (ops.max_pool2d, ops.avg_pool2d, ops.upsample_nearest2d):
        with pytest.raises(TypeError, match=rf"^{op.__name__}: x is an array of uint8, must be a tensor of float32"):
            op(image, 2)


@pytest.mark.parametrize(
    ("indices", "options", "message"),
    [
        ((1, 1, 2, 3), {}, r"indices has shape \(1, 1, 2, 3\), must have the shape of x \(1, 1, 2, 2\)$"),
        (
            (1, 1, 2, 2),
            {"output_size": (4, 6)},
            r"pooling an image of output_size \(4, 6\) gives \(2, 3\), x has \(2, 2",
        ),
        ((1, 1, 2, 2), {"padding": 2}, "padding is 2, must be at most half"),
    ],
)
def test_unpooling_refuses(indices, options, message: str, device: str) -> None:
    x = to_tensor(np.zeros((1, 1, 2, 2)), device)
    with pytest.raises(ValueError, match=f"^max_unpool2d: {message}"):
        ops.max_unpool2d(x, to_device(np.zeros(indices, "int64"), device), 2, **options)


@pytest.mark.parametrize("index", [-1, 2, 8, 4 * 10**9])
def test_an_index_outside_its_window_or_the_image_is_refused(index: int) -> None:
    """On the CPU only: on a GPU the check would make the program wait."""
    x = to_tensor(np.zeros((1, 1, 1, 2)), "cpu")
    with pytest.raises(ValueError, match=r"max_unpool2d: an index lies outside its window \(kernel \(2, 2\), image \("):
        ops.max_unpool2d(x, np.array([[[[index, 2]]]]), 2)
    with pytest.raises(ValueError, match="index lies outside"):
        ops.max_unpool2d(x[..., :1], np.array([[[[-4]]]]), 2, padding=1, output_size=(1, 1))


@pytest.mark.parametrize("op", [ops.max_pool2d, ops.avg_pool2d])
def test_ceil_mode_is_refused_with_what_to_write(op, device: str) -> None:
    with pytest.raises(ValueError, match=rf"^{op.__name__}: ceil_mode is True, must be False: .*ops\.pad"):
        op(to_tensor(np.zeros((1, 1, 5, 5)), device), 2, ceil_mode=True)


def test_a_number_is_no_flag(device: str) -> None:
    with pytest.raises(TypeError, match="max_pool2d: return_indices is 1, must be True or False"):
        ops.max_pool2d(to_tensor(np.zeros((1, 1, 5, 5)), device), 2, 2, 0, 1)


def test_upsampling_refuses_a_scale_below_one(device: str) -> None:
    with pytest.raises(ValueError, match=r"^upsample_nearest2d: scale_factor is 0, must be an integer of at least 1"):
        ops.upsample_nearest2d(to_tensor(np.zeros((1, 1, 2, 2)), device), 0)

"""im2col, conv2d, conv_transpose2d: definition, adjoints, Keras's sizes, slices of the batch."""

from __future__ import annotations

import sys
import tracemalloc
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import Draw, assert_close, draws, to_device, to_numpy, to_tensor
from windows import Convolution, convolutions, pairs

from minigen import Tensor, grad, ops
from minigen.ops.layout import lies_batch_last

conv_module = sys.modules["minigen.ops.conv"]  # ops.conv would do, but for mypy


def convolved_by_definition(x, weight, bias, c: Convolution) -> np.ndarray:
    """The sum in conv2d's docstring, one output element at a time."""
    (ph, pw), (sh, sw), (dh, dw), (kh, kw) = c.padding, c.stride, c.dilation, c.kernel
    padded = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    y = np.empty(c.y_shape, x.dtype)
    for n, o, i, j in np.ndindex(*c.y_shape):
        first = o // c.group_kernels * c.group_channels
        seen = padded[n, first : first + c.group_channels]
        seen = seen[:, i * sh : i * sh + dh * (kh - 1) + 1 : dh, j * sw : j * sw + dw * (kw - 1) + 1 : dw]
        y[n, o, i, j] = (seen * weight[o]).sum() + bias[o]
    return y


@given(draw=draws(), c=convolutions())
def test_conv2d_is_its_definition(draw: Draw, c: Convolution, device: str) -> None:
    x, weight, bias = draw.normal(c.x_shape, c.weight_shape, c.y_shape[1:2])
    y = ops.conv2d(*(to_tensor(a, device, draw.layout) for a in (x, weight, bias)), **c.options)
    assert_close(y, convolved_by_definition(x, weight, bias, c), draw.tolerance)


# --- adjoints -----------------------------------------------------------------------------------------------


def inner(a, b) -> float:
    return float((to_numpy(a).astype("float64") * to_numpy(b)).sum())


@given(c=convolutions(), same=st.booleans(), seed=st.integers(0, 2**32 - 1))
def test_the_transposed_convolution_is_the_adjoint(c: Convolution, same: bool, seed: int, device: str) -> None:
    """<conv(x), y> = <x, conv_transpose(y)>"""
    generator = np.random.default_rng(seed)
    y, weight = (to_tensor(generator.standard_normal(s), device) for s in (c.y_shape, c.weight_shape))
    options = c.options | ({"padding": "same"} if same else {})
    back = ops.conv_transpose2d(y, weight, **options, output_padding=0 if same else c.output_padding)
    assert same or back.shape == c.x_shape
    x = to_tensor(generator.standard_normal(back.shape), device)
    assert inner(ops.conv2d(x, weight, **options), y) == pytest.approx(inner(x, back), rel=1e-10, abs=1e-10)


@given(c=convolutions(), seed=st.integers(0, 2**32 - 1))
def test_col2im_is_the_adjoint_of_im2col(c: Convolution, seed: int, device: str) -> None:
    """<im2col(x), c> = <x, col2im(c)>"""
    generator = np.random.default_rng(seed)
    x = to_device(generator.standard_normal(c.x_shape), device)
    window = {"kernel_size": c.kernel, "stride": c.stride, "padding": c.padding, "dilation": c.dilation}
    columns = ops.im2col(x, **window)
    assert columns.shape == (c.x_shape[1] * c.kernel[0] * c.kernel[1], c.out_size[0] * c.out_size[1] * c.batch)
    other = to_device(generator.standard_normal(columns.shape), device)
    back = ops.col2im(other, c.x_shape, **window)
    assert back.shape == x.shape
    assert inner(columns, other) == pytest.approx(inner(x, back), rel=1e-10, abs=1e-10)


def test_im2col_is_the_picture_in_its_module(device: str) -> None:
    image = np.array([[ord(letter) for letter in row] for row in ("abcd", "efgh", "ijkl")], "float64")
    columns = to_numpy(ops.im2col(to_device(image.reshape(1, 1, 3, 4), device), 2))
    assert ["".join(chr(int(v)) for v in row) for row in columns] == ["abcefg", "bcdfgh", "efgijk", "fghjkl"]
    back = to_numpy(ops.col2im(to_device(np.ones((4, 6)), device), (1, 1, 3, 4), 2))
    np.testing.assert_array_equal(back[0, 0], [[1, 2, 2, 1], [2, 4, 4, 2], [1, 2, 2, 1]])


def test_col2im_leaves_the_buffer_of_numpy_as_it_found_it() -> None:
    with np.errstate():
        np.setbufsize(4096)
        ops.col2im(np.ones((4, 6)), (1, 1, 3, 4), 2)
        assert np.getbufsize() == 4096


# --- "same" -------------------------------------------------------------------------------------------------


@given(size=pairs(1, 12), kernel=pairs(1, 5), stride=pairs(1, 4), dilation=pairs(1, 2))
def test_same_has_keras_s_sizes(size, kernel, stride, dilation, device: str) -> None:
    """⌈size / stride⌉, and transposed exactly size · stride, whatever the kernel."""
    x, weight = to_tensor(np.zeros((1, 1, *size)), device), to_tensor(np.zeros((1, 1, *kernel)), device)
    y = ops.conv2d(x, weight, stride=stride, padding="same", dilation=dilation)
    assert y.shape[2:] == (-(-size[0] // stride[0]), -(-size[1] // stride[1]))
    z = ops.conv_transpose2d(x, weight, stride=stride, padding="same", dilation=dilation)
    assert z.shape[2:] == (size[0] * stride[0], size[1] * stride[1])


def test_same_puts_the_odd_zero_behind(device: str) -> None:
    """3 taps at stride 2 over 4 elements: Keras pads (0, 1), torch's padding=1 would pad (1, 1)."""
    x, taps = to_tensor(np.array([[[[1.0, 2, 3, 4]]]]), device), to_tensor(np.array([[[[100.0, 10, 1]]]]), device)
    np.testing.assert_array_equal(to_numpy(ops.conv2d(x, taps, stride=(1, 2), padding="same")).ravel(), [123, 340])
    transposed = ops.conv_transpose2d(x, taps, stride=(1, 2), padding="same")
    np.testing.assert_array_equal(to_numpy(transposed).ravel(), [100, 10, 201, 20, 302, 30, 403, 40])


def test_valid_is_no_padding(device: str) -> None:
    x, weight = to_tensor(np.ones((1, 1, 4, 4)), device), to_tensor(np.ones((1, 1, 3, 3)), device)
    assert ops.conv2d(x, weight, padding="valid").shape == (1, 1, 2, 2)
    assert ops.conv_transpose2d(x, weight, padding="valid").shape == (1, 1, 6, 6)


# --- memory -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("op", [ops.conv2d, ops.conv_transpose2d])
@pytest.mark.parametrize("budget", [0, 3 * 8 * 2 * 9 * 30])  # one image at a time; three, and one left over
def test_slices_of_the_batch_give_the_same(op, budget: int, device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    generator = np.random.default_rng(0)
    arrays = [generator.standard_normal(shape) for shape in ((7, 2, 5, 6), (2, 2, 3, 3), (2,))]

    def results() -> list[Tensor]:
        inputs = [to_tensor(a, device) for a in arrays]
        y = op(*inputs, padding=1)
        first = grad(y, inputs, y.detach(), create_graph=True)
        total = sum((g * g).sum() for g in first)
        return [y, *first, *grad(total, inputs[:2])]

    whole = results()
    monkeypatch.setattr(conv_module, "COLUMN_BUDGET", budget)
    for a, b in zip(results(), whole, strict=True):
        assert_close(a, to_numpy(b), 1e-12)


def test_columns_stay_within_their_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    """All columns would take 9 times the images' memory. With a budget of a quarter of the images', a convolution
    forward and backward holds the images, its results, and what the current slice needs."""
    x = to_tensor(np.ones((64, 8, 16, 16), "float32"), "cpu", "batch-last")
    weight = to_tensor(np.ones((8, 8, 3, 3), "float32"), "cpu")
    images = x.data.nbytes
    monkeypatch.setattr(conv_module, "COLUMN_BUDGET", images // 4)
    tracemalloc.start()
    try:
        y = ops.conv2d(x, weight, padding=1)
        y.backward(y.detach())
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert x.grad is not None
    results = 2 * images  # y and dx
    assert peak < results + images


@pytest.mark.parametrize("batches", [1, 2])
@pytest.mark.parametrize(("op", "size"), [(ops.conv2d, 2), (ops.conv_transpose2d, 1)])
def test_columns_are_made_once_where_they_fit(
    op: Callable[..., Tensor], size: int, batches: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []
    columns_of = conv_module.columns_of
    monkeypatch.setattr(conv_module, "columns_of", lambda *a: made.append(a[0].shape[-1]) or columns_of(*a))
    monkeypatch.setattr(conv_module, "COLUMN_BUDGET", 4 * 4 * 8 // batches)  # bytes of 4 columns of 4 pixels
    x, weight = to_tensor(np.ones((4, 1, size, size)), "cpu"), to_tensor(np.ones((1, 1, 2, 2)), "cpu")
    op(x, weight, padding=0).sum().backward()
    assert made == ([4] if batches == 1 else [2, 2, 2, 2])


def test_an_input_that_needs_no_gradient_gets_none_computed(device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first layer's input gradient would cost as much as its value."""
    monkeypatch.setattr(conv_module, "image_of", None)
    x = to_tensor(np.ones((1, 1, 4, 4)), device, requires_grad=False)
    weight = to_tensor(np.ones((1, 1, 3, 3)), device)
    ops.conv2d(x, weight).sum().backward()
    np.testing.assert_array_equal(to_numpy(weight.grad), np.full((1, 1, 3, 3), 4.0))


@pytest.mark.parametrize("layout", ["C", "batch-last"])
def test_results_and_gradients_lie_batch_last(layout: str) -> None:
    """On the CPU: the next operation then finds long runs."""
    generator = np.random.default_rng(0)
    x = to_tensor(generator.standard_normal((3, 2, 4, 5)), "cpu", layout)
    for op in (ops.conv2d, ops.conv_transpose2d):
        x.grad = None
        y = op(x, to_tensor(generator.standard_normal((2, 2, 3, 3)), "cpu"), padding=1)
        (y * y).sum().backward()
        assert lies_batch_last(y.data)
        assert lies_batch_last(x.grad.data)

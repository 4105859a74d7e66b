"""Convolution, pooling, unpooling and upsampling against PyTorch: values, indices, gradients, second derivatives."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from support import Draw, draws, to_device, to_numpy, to_tensor
from windows import Convolution, Pair, convolutions, pairs

from minigen import ops

torch = pytest.importorskip("torch")
from torch.nn import functional as F  # noqa: E402, N812
from twin import assert_same_as_torch  # noqa: E402

Pick = Callable[[st.SearchStrategy[Any]], Any]
Twins = tuple[Sequence[np.ndarray], Callable[..., Any], Callable[..., Any]]  # inputs, ours, theirs


def both(name: str, options: dict[str, Any]) -> tuple[Callable[..., Any], Callable[..., Any]]:
    ours, theirs = getattr(ops, name), getattr(F, name)
    return lambda *x: ours(*x, **options), lambda *x: theirs(*x, **options)


# --- convolution --------------------------------------------------------------------------------------------


def conv2d(draw: Draw, pick: Pick, device: str) -> Twins:
    c = pick(convolutions())
    arrays = draw.normal(c.x_shape, c.weight_shape, c.y_shape[1:2])
    return arrays[: pick(st.sampled_from([2, 3]))], *both("conv2d", c.options)


def conv_transpose2d(draw: Draw, pick: Pick, device: str) -> Twins:
    """With every output_padding below stride or dilation that leaves an image."""
    c = pick(convolutions())
    extra = tuple(pick(st.integers(0, max(s, d) - 1)) for s, d in zip(c.stride, c.dilation, strict=True))
    assume(all(n - p + e > 0 for n, p, e in zip(c.size, c.output_padding, extra, strict=True)))
    arrays = draw.normal(c.y_shape, c.weight_shape, c.x_shape[1:2])
    options = c.options | {"output_padding": extra}
    return arrays[: pick(st.sampled_from([2, 3]))], *both("conv_transpose2d", options)


def same_padding(size: int, kernel: int, stride: int, dilation: int) -> Pair:
    """What TensorFlow's documentation of padding="SAME" says: by the remainder of size / stride."""
    reach = dilation * (kernel - 1) + 1
    total = max(reach - (size % stride or stride), 0)
    return total // 2, total - total // 2


def conv2d_with_keras_s_padding(draw: Draw, pick: Pick, device: str) -> Twins:
    size, kernel, stride, dilation = (pick(pairs(1, most)) for most in (7, 4, 3, 2))
    top, left = (same_padding(*t) for t in zip(size, kernel, stride, dilation, strict=True))
    return (
        draw.normal((2, 1, *size), (2, 1, *kernel)),
        lambda x, w: ops.conv2d(x, w, stride=stride, padding="same", dilation=dilation),
        lambda x, w: F.conv2d(F.pad(x, (*left, *top)), w, stride=stride, dilation=dilation),
    )


def conv_transpose2d_with_keras_s_padding(draw: Draw, pick: Pick, device: str) -> Twins:
    """How TensorFlow defines conv2d_transpose: by torch's autograd through the padded convolution."""
    size, kernel, stride = (pick(pairs(1, most)) for most in (4, 4, 3))
    large = (size[0] * stride[0], size[1] * stride[1])
    top, left = (same_padding(*t, 1) for t in zip(large, kernel, stride, strict=True))

    def theirs(y: Any, w: Any) -> Any:
        image = torch.zeros(2, 1, *large, dtype=y.dtype, requires_grad=True)
        out = F.conv2d(F.pad(image, (*left, *top)), w, stride=stride)
        return torch.autograd.grad(out, image, y, create_graph=True)[0]

    arrays = draw.normal((2, 2, *size), (2, 1, *kernel))
    return arrays, lambda y, w: ops.conv_transpose2d(y, w, stride=stride, padding="same"), theirs


# --- pooling ------------------------------------------------------------------------------------------------


@st.composite
def poolings(draw: st.DrawFn, overlapping: bool = True) -> tuple[Pair, dict[str, Pair]]:
    """An image's size, and the window that pools it."""
    kernel = draw(pairs(1, 3))
    stride = draw(pairs(1, 3)) if overlapping else (kernel[0] + draw(st.integers(0, 1)), kernel[1])
    padding = (draw(st.integers(0, kernel[0] // 2)), draw(st.integers(0, kernel[1] // 2)))
    return draw(pairs(3, 7)), {"kernel_size": kernel, "stride": stride, "padding": padding}


def without_ties(draw: Draw, size: Pair) -> np.ndarray:
    shape = (2, 2, *size)
    return draw.generator().permutation(np.prod(shape)).reshape(shape).astype(draw.dtype) / 10 - 5


def max_pool2d(draw: Draw, pick: Pick, device: str) -> Twins:
    size, window = pick(poolings())
    arrays = [without_ties(draw, size)] if pick(st.booleans()) else draw.integral((2, 2, *size))
    return arrays, *both("max_pool2d", window)


def avg_pool2d(draw: Draw, pick: Pick, device: str) -> Twins:
    size, window = pick(poolings())
    return draw.normal((2, 2, *size)), *both("avg_pool2d", window)


def max_unpool2d(draw: Draw, pick: Pick, device: str) -> Twins:
    size, window = pick(poolings(overlapping=False))
    _, indices = F.max_pool2d(torch.tensor(without_ties(draw, size)), **window, return_indices=True)
    ours = to_device(indices.numpy(), device)
    return (
        draw.normal(tuple(indices.shape)),
        lambda x: ops.max_unpool2d(x, ours, **window, output_size=size),
        lambda x: F.max_unpool2d(x, indices, **window, output_size=size),
    )


def upsample_nearest2d(draw: Draw, pick: Pick, device: str) -> Twins:
    scale, size = pick(pairs(1, 3)), pick(pairs(1, 3))
    return (
        draw.normal((2, 2, *size)),
        lambda x: ops.upsample_nearest2d(x, scale),
        lambda x: F.interpolate(x, scale_factor=tuple(map(float, scale)), mode="nearest"),
    )


TABLE = (
    *(conv2d, conv_transpose2d, conv2d_with_keras_s_padding, conv_transpose2d_with_keras_s_padding),
    *(max_pool2d, avg_pool2d, max_unpool2d, upsample_nearest2d),
)


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.__name__)
@settings(max_examples=40)
@given(draw=draws(), data=st.data())
def test_agrees_with_torch(row: Callable[..., Twins], draw: Draw, data: st.DataObject, device: str) -> None:
    assert_same_as_torch(draw, device, *row(draw, data.draw, device))


# --- what is no derivative ----------------------------------------------------------------------------------


@given(draw=draws(), c=convolutions())
def test_im2col_is_unfold(draw: Draw, c: Convolution, device: str) -> None:
    """torch's columns are (N, C·kh·kw, OH·OW)."""
    (x,) = draw.normal(c.x_shape)
    columns = ops.im2col(to_device(x, device), c.kernel, c.stride, c.padding, c.dilation)
    expected = F.unfold(torch.tensor(x), c.kernel, c.dilation, c.padding, c.stride).numpy()
    rows = expected.shape[1]
    assert (to_numpy(columns) == expected.transpose(1, 2, 0).reshape(rows, -1)).all()


@given(draw=draws(), pooling=poolings(), special=st.lists(st.sampled_from([-np.inf, np.inf, np.nan])))
def test_maxima_their_indices_and_gradients(draw: Draw, pooling, special: list[float], device: str) -> None:
    """With ties, NaN and infinity: the first maximum wins, windows of -∞ point into the image, and NaN wins."""
    size, window = pooling
    x = draw.generator().choice([1.0, 2.0, *special * 3], (2, 2, *size)).astype(draw.dtype)
    ours, theirs = to_tensor(x, device, draw.layout), torch.tensor(x, requires_grad=True)
    y, indices = ops.max_pool2d(ours, **window, return_indices=True)
    ty, tindices = F.max_pool2d(theirs, **window, return_indices=True)
    v = draw.generator().standard_normal(y.shape).astype(draw.dtype)
    y.backward(to_tensor(v, device))
    ty.backward(torch.tensor(v))
    np.testing.assert_array_equal(to_numpy(y), ty.detach().numpy())
    np.testing.assert_array_equal(to_numpy(indices), tindices.numpy())
    assert str(indices.dtype) == "int64"
    np.testing.assert_allclose(to_numpy(ours.grad), theirs.grad.numpy(), rtol=1e-5, atol=1e-5)


def test_unpooled_size_without_output_size(device: str) -> None:
    x, indices = np.ones((1, 1, 2, 3)), np.array([[[[0, 3, 6], [16, 19, 22]]]])
    ours = ops.max_unpool2d(to_tensor(x, device), to_device(indices, device), 2, (2, 3))
    theirs = F.max_unpool2d(torch.tensor(x), torch.tensor(indices), 2, (2, 3))
    np.testing.assert_array_equal(to_numpy(ours), theirs.numpy())

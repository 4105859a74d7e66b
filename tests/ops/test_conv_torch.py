"""conv2d and conv_transpose2d against PyTorch: values, gradients, second derivatives."""

from __future__ import annotations

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from support import Draw, draws, to_device, to_numpy
from windows import Convolution, convolutions, pairs

from minigen import ops

torch = pytest.importorskip("torch")
from torch.nn import functional as F  # noqa: E402, N812
from twin import assert_same_as_torch  # noqa: E402


@settings(max_examples=60)
@given(draw=draws(), c=convolutions(), with_bias=st.booleans())
def test_conv2d(draw: Draw, c: Convolution, with_bias: bool, device: str) -> None:
    arrays = draw.normal(c.x_shape, c.weight_shape, c.y_shape[1:2])[: 2 + with_bias]
    assert_same_as_torch(
        draw, device, arrays, lambda *a: ops.conv2d(*a, **c.options), lambda *a: F.conv2d(*a, **c.options)
    )


@settings(max_examples=60)
@given(draw=draws(), c=convolutions(), with_bias=st.booleans())
def test_conv_transpose2d(draw: Draw, c: Convolution, with_bias: bool, device: str) -> None:
    arrays = draw.normal(c.y_shape, c.weight_shape, c.x_shape[1:2])[: 2 + with_bias]
    options = c.options | {"output_padding": c.output_padding}
    assert_same_as_torch(
        draw,
        device,
        arrays,
        lambda *a: ops.conv_transpose2d(*a, **options),
        lambda *a: F.conv_transpose2d(*a, **options),
    )


@given(draw=draws(), c=convolutions(), data=st.data())
def test_output_padding_below_stride_or_dilation(draw: Draw, c: Convolution, data, device: str) -> None:
    extra = tuple(data.draw(st.integers(0, max(s, d) - 1)) for s, d in zip(c.stride, c.dilation, strict=True))
    options = c.options | {"output_padding": extra}
    smallest = (
        (n - 1) * s + d * (k - 1) + 1 - 2 * p
        for n, s, d, k, p in zip(c.out_size, c.stride, c.dilation, c.kernel, c.padding, strict=True)
    )
    assume(all(n + e > 0 for n, e in zip(smallest, extra, strict=True)))
    assert_same_as_torch(
        draw,
        device,
        draw.normal(c.y_shape, c.weight_shape, c.x_shape[1:2]),
        lambda *a: ops.conv_transpose2d(*a, **options),
        lambda *a: F.conv_transpose2d(*a, **options),
    )


def same_padding(size: int, kernel: int, stride: int, dilation: int) -> tuple[int, int]:
    """What TensorFlow's documentation of padding="SAME" says: by the remainder of size / stride."""
    reach = dilation * (kernel - 1) + 1
    total = max(reach - (size % stride or stride), 0)
    return total // 2, total - total // 2


@given(draw=draws(), size=pairs(1, 7), kernel=pairs(1, 4), stride=pairs(1, 3), dilation=pairs(1, 2))
def test_same_is_keras_s_padding(draw: Draw, size, kernel, stride, dilation, device: str) -> None:
    top, left = (same_padding(*t) for t in zip(size, kernel, stride, dilation, strict=True))
    assert_same_as_torch(
        draw,
        device,
        draw.normal((2, 1, *size), (2, 1, *kernel)),
        lambda x, w: ops.conv2d(x, w, stride=stride, padding="same", dilation=dilation),
        lambda x, w: F.conv2d(F.pad(x, (*left, *top)), w, stride=stride, dilation=dilation),
    )


@given(draw=draws(), size=pairs(1, 4), kernel=pairs(1, 4), stride=pairs(1, 3))
def test_same_transposed_is_the_gradient_of_same(draw: Draw, size, kernel, stride, device: str) -> None:
    """How TensorFlow defines conv2d_transpose: by torch's autograd through the padded convolution."""
    large = (size[0] * stride[0], size[1] * stride[1])
    top, left = (same_padding(*t, 1) for t in zip(large, kernel, stride, strict=True))

    def twin(y, w):
        image = torch.zeros(2, 1, *large, dtype=y.dtype, requires_grad=True)
        out = F.conv2d(F.pad(image, (*left, *top)), w, stride=stride)
        return torch.autograd.grad(out, image, y, create_graph=True)[0]

    arrays = draw.normal((2, 2, *size), (2, 1, *kernel))
    ours = lambda y, w: ops.conv_transpose2d(y, w, stride=stride, padding="same")
    assert_same_as_torch(draw, device, arrays, ours, twin)


@given(draw=draws(), c=convolutions())
def test_im2col_is_unfold(draw: Draw, c: Convolution, device: str) -> None:
    """torch's columns are (N, C·kh·kw, OH·OW)."""
    (x,) = draw.normal(c.x_shape)
    columns = ops.im2col(to_device(x, device), c.kernel, c.stride, c.padding, c.dilation)
    expected = F.unfold(torch.tensor(x), c.kernel, c.dilation, c.padding, c.stride).numpy()
    rows = expected.shape[1]
    assert (to_numpy(columns) == expected.transpose(1, 2, 0).reshape(rows, -1)).all()

"""Convolution, its transpose and its weight gradient: three operations that are each other's derivatives.

Let W be the kernel as a matrix (O, C·k·k). Convolution is W·im2col(x); everything else follows from the
adjoint of each factor, and nothing else is needed for derivatives of any order:

    conv2d              y  = W·im2col(x)        (N, C, H, W), weight -> (N, O, OH, OW)
    conv_transpose2d    x  = col2im(Wᵀ·y)       (N, O, OH, OW), weight -> (N, C, H, W)
    conv2d_weight_grad  dW = y·im2col(x)ᵀ       (N, C, H, W), (N, O, OH, OW) -> weight (O, C / groups, kh, kw)

"Transposed convolution" is the convolution's adjoint, no inverse: <conv(x), y> = <x, conv_transpose(y)>.
A stride that makes a convolution shrink its image makes the transpose enlarge it.

Memory: the columns are k·k times as large as the image. Up to COLUMN_BUDGET they are made once and kept
for the weight gradient; above it they are made for one slice of the batch at a time and thrown away.
"""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Callable

from minigen import backend
from minigen.autograd import Edge, Tensor, record
from minigen.backend import Array
from minigen.ops.columns import columns_of, image_of, window_over
from minigen.ops.layout import batch_to_first, batch_to_last
from minigen.ops.operands import as_tensor
from minigen.ops.window import IntOrPair, Padding, Pair, Window, as_pair, check_images, size_of

COLUMN_BUDGET = 2**27
"""The most bytes that one operation spends on columns (128 MiB), unless a single image needs more."""


def conv2d(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: IntOrPair = 1,
    padding: Padding = 0,
    dilation: IntOrPair = 1,
    groups: int = 1,
) -> Tensor:
    """y[n, o, i, j] = b[o] + Σ over c, u, v of W[o, c, u, v] · x[n, c, s·i + d·u - p, s·j + d·v - p]

    Args:
        x: (N, C, H, W)
        weight: (O, C / groups, kh, kw), as torch.nn.Conv2d keeps it
        bias: (O,)
        stride: s, one number or (vertical, horizontal), as all that follow.
        padding: p zeros on each side; "valid" for none; "same" for OH = ⌈H / s⌉ as in Keras (where an odd
            number of zeros is needed, as often at stride 2, the one more lies below and to the right).
        dilation: d, from one tap of the kernel to the next.
        groups: the channels in `groups` blocks, each convolved by its own O / groups kernels.

    Returns:
        (N, O, OH, OW) with OH = ⌊(H + 2·p - d·(kh - 1) - 1) / s⌋ + 1, and OW likewise.

    Raises:
        ValueError: sizes that do not fit; the message says which.
    """
    check_images("conv2d", x)
    weight = _checked_weight("conv2d", x, weight, groups)
    if x.shape[1] != weight.shape[1] * groups:
        raise ValueError(
            f"conv2d: x has {x.shape[1]} channels, weight expects {weight.shape[1] * groups} "
            f"(weight {weight.shape}, groups={groups})"
        )
    bias = _checked_bias("conv2d", x, bias, weight.shape[0])
    window = window_over("conv2d", size_of(x), size_of(weight), stride, padding, dilation)
    return _conv2d(x, weight, window, groups, bias)


def conv_transpose2d(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: IntOrPair = 1,
    padding: Padding = 0,
    output_padding: IntOrPair = 0,
    dilation: IntOrPair = 1,
    groups: int = 1,
) -> Tensor:
    """The adjoint of `conv2d`: each element of x adds its multiple of the kernel to the image, s apart.

    Its arguments are those of the convolution whose adjoint it is: `stride` enlarges, `padding` is cut off.
    A convolution with stride s makes one size out of up to s sizes; `output_padding` says how many elements
    larger than the smallest of them the image is.

    Args:
        x: (N, C, H, W)
        weight: (C, O / groups, kh, kw), as torch.nn.ConvTranspose2d keeps it
        bias: (O,)
        stride, padding, dilation, groups: as for `conv2d`.
        padding: "same" makes the image exactly s times as large as x, as Keras has it (s·H by s·W).
        output_padding: one number or (vertical, horizontal), smaller than the stride; not with "same".

    The last two arguments stand as in `conv2d`; torch has groups before dilation here.

    Returns:
        (N, O, OH, OW) with OH = (H - 1)·s - 2·p + d·(kh - 1) + 1 + output_padding, and OW likewise.

    Source: Zeiler et al. 2010, "Deconvolutional Networks"; sizes: Dumoulin & Visin 2016, "A guide to
    convolution arithmetic for deep learning", section 4.

    Raises:
        ValueError: sizes that do not fit; the message says which.
    """
    op = "conv_transpose2d"
    check_images(op, x)
    weight = _checked_weight(op, x, weight, groups)
    if x.shape[1] != weight.shape[0]:
        raise ValueError(f"{op}: x has {x.shape[1]} channels, weight {weight.shape} expects {weight.shape[0]}")
    bias = _checked_bias(op, x, bias, weight.shape[1] * groups)
    stride = as_pair(op, "stride", stride, 1)
    h, w = size_of(x)
    window = window_over(op, (h * stride[0], w * stride[1]), size_of(weight), stride, padding, dilation)
    extra = as_pair(op, "output_padding", output_padding, 0)
    if extra[0] >= stride[0] or extra[1] >= stride[1]:
        raise ValueError(f"{op}: output_padding is {extra}, must be smaller than the stride {stride}")
    if padding != "same":
        size = _transposed_size(window, (h, w), extra)
    elif extra == (0, 0):
        size = h * stride[0], w * stride[1]
    else:
        raise ValueError(f"{op}: output_padding is {extra}, must be 0 with padding='same', which fixes the size")
    return _conv_transpose2d(x, weight, window, groups, size, bias)


def _transposed_size(window: Window, places: Pair, extra: Pair) -> Pair:
    smallest = window.smallest_size(places)
    h, w = smallest[0] + extra[0], smallest[1] + extra[1]
    if min(h, w) < 1:
        raise ValueError(
            f"{window.op}: x of size {places} gives (size - 1)·stride - 2·padding + dilation·(kernel - 1) + 1 + "
            f"output_padding = {(h, w)}, must be at least 1 (kernel {window.kernel}, stride {window.stride}, "
            f"padding {window.padding}, dilation {window.dilation}, output_padding {extra})"
        )
    return h, w


def _checked_weight(op: str, x: Tensor, weight: Tensor, groups: int) -> Tensor:
    weight = as_tensor(weight, x)
    if weight.ndim != 4:
        raise ValueError(f"{op}: weight has shape {weight.shape}, must have 4 dimensions, the last two (kh, kw)")
    if groups < 1 or weight.shape[0] % groups:
        raise ValueError(f"{op}: groups is {groups}, must divide the first size of weight {weight.shape}")
    return weight


def _checked_bias(op: str, x: Tensor, bias: Tensor | None, channels: int) -> Tensor | None:
    if bias is not None:
        bias = as_tensor(bias, x)
        if bias.shape != (channels,):
            raise ValueError(f"{op}: bias has shape {bias.shape}, must be ({channels},), one number a channel")
    return bias


# The trio. Its arrays are batch-last; a group is a block of channels, hence the first dimension of all matrices.


def _conv2d(x: Tensor, weight: Tensor, window: Window, groups: int, bias: Tensor | None = None) -> Tensor:
    image = batch_to_last(x.data)
    slices = _slices(image.shape, image.itemsize, window)
    columns = columns_of(image, window) if len(slices) == 1 else None

    def product(part: slice) -> Array:
        return _kernels(weight.data, groups) @ _columns(image, window, groups, part, columns)

    y = batch_to_first(_join(product, slices, (len(weight), *window.places(size_of(x)), len(x))))
    return record(
        y,
        (x, lambda g: _conv_transpose2d(g, weight, window, groups, size_of(x))),
        (weight, lambda g: conv2d_weight_grad(x, g, window, groups, columns)),
        *_add_bias(y, bias),
    )


def _conv_transpose2d(
    g: Tensor, weight: Tensor, window: Window, groups: int, size: Pair, bias: Tensor | None = None
) -> Tensor:
    y = batch_to_last(g.data)
    shape = (weight.shape[1] * groups, *size, len(g))
    kernels = _kernels(weight.data, groups).swapaxes(1, 2)

    def image(part: slice) -> Array:
        columns = kernels @ _blocks(y[..., part], groups)
        return image_of(columns, (*shape[:3], y[..., part].shape[3]), window)

    x = batch_to_first(_join(image, _slices(shape, y.itemsize, window), shape))
    return record(
        x,
        (g, lambda gg: _conv2d(gg, weight, window, groups)),
        (weight, lambda gg: conv2d_weight_grad(gg, g, window, groups)),
        *_add_bias(x, bias),
    )


def conv2d_weight_grad(x: Tensor, g: Tensor, window: Window, groups: int, columns: Array | None = None) -> Tensor:
    """dW = g·im2col(x)ᵀ: the gradient of `conv2d` to the weight; `columns` are im2col(x) where they were kept."""
    image, y = batch_to_last(x.data), batch_to_last(g.data)
    products = (
        _columns(image, window, groups, part, columns) @ _blocks(y[..., part], groups).swapaxes(1, 2)
        for part in _slices(image.shape, image.itemsize, window)
    )
    transposed = functools.reduce(operator.iadd, products)
    weight = transposed.swapaxes(1, 2).reshape(len(y), len(image) // groups, *window.kernel)
    return record(
        weight,
        (x, lambda gg: _conv_transpose2d(g, gg, window, groups, size_of(x))),
        (g, lambda gg: _conv2d(x, gg, window, groups)),
    )


def _add_bias(y: Array, bias: Tensor | None) -> list[Edge]:
    """Add the bias (O,) to the array y (N, O, OH, OW) in place; its edge, if there is one."""
    if bias is None:
        return []
    y += bias.data.reshape(1, -1, 1, 1)
    return [(bias, lambda g: g.sum((0, 2, 3)))]


def _kernels(weight: Array, groups: int) -> Array:
    """(O, C / groups, kh, kw) -> (groups, O / groups, C / groups·kh·kw)"""
    return weight.reshape(groups, len(weight) // groups, -1)


def _blocks(y: Array, groups: int) -> Array:
    """(O, OH, OW, N) -> (groups, O / groups, OH·OW·N)"""
    return y.reshape(groups, len(y) // groups, -1)


def _columns(image: Array, window: Window, groups: int, part: slice, kept: Array | None) -> Array:
    """The columns of a slice of the batch: (groups, C / groups·kh·kw, OH·OW·N)"""
    columns = columns_of(image[..., part], window) if kept is None else kept
    return columns.reshape(groups, len(columns) // groups, -1)


def _slices(shape: tuple[int, ...], itemsize: int, window: Window) -> list[slice]:
    """Slices of the batch whose columns fit the budget: of one image at least, one slice where all fit."""
    channels, h, w, batch = shape
    bytes_an_image = channels * math.prod(window.kernel) * math.prod(window.places((h, w))) * itemsize
    step = max(1, COLUMN_BUDGET // max(1, bytes_an_image))
    return [slice(start, start + step) for start in range(0, max(1, batch), step)]


def _join(function: Callable[[slice], Array], slices: list[slice], shape: tuple[int, ...]) -> Array:
    """The results of the slices beside each other along the last dimension, the batch: an array of `shape`."""
    first = function(slices[0])
    if len(slices) == 1:
        return first.reshape(shape)
    out = backend.of(first).empty(shape, first.dtype)
    out[..., slices[0]] = first.reshape(out[..., slices[0]].shape)
    for part in slices[1:]:
        out[..., part] = function(part).reshape(out[..., part].shape)
    return out

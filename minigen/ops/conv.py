"""Convolution, its transpose and its weight gradient: three operations that are each other's derivatives.

Without stride, padding and groups, a convolution is these seven loops:

    for n, o, i, j in ndindex(N, O, OH, OW):        # each image, kernel and position
        for c, u, v in ndindex(C, kh, kw):          # each channel and tap
            y[n, o, i, j] += W[o, c, u, v] * x[n, c, i + u, j + v]

As a matrix product it is about a thousand times as fast. Let W be the kernel as a matrix (O, C·k·k). Convolution
is W·im2col(x). Everything else follows from the adjoint of each factor, and nothing else is needed for derivatives
of any order:

    conv2d              y  = W·im2col(x)        (N, C, H, W), weight -> (N, O, OH, OW)
    conv_transpose2d    x  = col2im(Wᵀ·y)       (N, O, OH, OW), weight -> (N, C, H, W)
    conv2d_weight_grad  dW = y·im2col(x)ᵀ       (N, C, H, W), (N, O, OH, OW) -> weight (O, C / groups, kh, kw)

"Transposed convolution" is the convolution's adjoint, not its inverse: <conv(x), y> = <x, conv_transpose(y)>.
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
from minigen.ops.columns import columns_of, image_of
from minigen.ops.layout import batch_to_first, batch_to_last
from minigen.ops.operands import as_tensor
from minigen.ops.window import IntOrPair, Padding, Pair, Window, as_pair, check_images, size_of, window_over

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
        padding: p zeros on each side; "valid" for none; "same" for OH = ⌈H / s⌉ as in Keras (if the
            number of zeros is odd, as it often is at stride 2, the extra one lies below or to the right).
        dilation: d, from one tap of the kernel to the next.
        groups: the channels in `groups` blocks, each convolved by its own O / groups kernels.

    Returns:
        (N, O, OH, OW) with OH = ⌊(H + 2·p - d·(kh - 1) - 1) / s⌋ + 1, and OW likewise.

    Raises:
        ValueError: sizes that do not fit; the message says which.
    """
    check_images(x)
    weight = _checked_weight(x, weight, groups)
    if x.shape[1] != weight.shape[1] * groups:
        raise ValueError(
            f"x has {x.shape[1]} channels, weight expects {weight.shape[1] * groups} "
            f"(weight {weight.shape}, groups={groups})"
        )
    bias = _checked_bias(x, bias, weight.shape[0])
    window = window_over(size_of(x), size_of(weight), stride, padding, dilation)
    return _conv2d(x, weight, window, groups, window.output_size(size_of(x)), bias)


def conv_transpose2d(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: IntOrPair = 1,
    padding: Padding = 0,
    output_padding: IntOrPair = 0,
    *,
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
        output_padding: one number or (vertical, horizontal), smaller than stride or dilation; not with "same".

    Returns:
        (N, O, OH, OW) with OH = (H - 1)·s - 2·p + d·(kh - 1) + 1 + output_padding, and OW likewise.

    Source: Zeiler et al. 2010, "Deconvolutional Networks"; sizes: Dumoulin & Visin 2016, "A guide to
    convolution arithmetic for deep learning", section 4.

    Raises:
        ValueError: sizes that do not fit; the message says which.
    """
    check_images(x)
    weight = _checked_weight(x, weight, groups)
    if x.shape[1] != weight.shape[0]:
        raise ValueError(f"x has {x.shape[1]} channels, weight {weight.shape} expects {weight.shape[0]}")
    bias = _checked_bias(x, bias, weight.shape[1] * groups)
    (h, w), (down, right) = size_of(x), as_pair("stride", stride, 1)
    window = window_over((h * down, w * right), size_of(weight), (down, right), padding, dilation)
    extra = as_pair("output_padding", output_padding, 0)
    if padding != "same":
        size = _transposed_size(window, (h, w), extra)
    elif extra == (0, 0):
        size = h * down, w * right
    else:
        raise ValueError(f"output_padding is {extra}, must be 0 with padding='same', which fixes the size")
    return _conv_transpose2d(x, weight, window, groups, size, bias)


def _transposed_size(window: Window, size: Pair, extra: Pair) -> Pair:
    if any(e >= max(s, d) for e, s, d in zip(extra, window.stride, window.dilation, strict=True)):
        raise ValueError(
            f"output_padding is {extra}, must be smaller than stride {window.stride} or dilation {window.dilation}"
        )
    smallest = window.smallest_input_size(size)
    h, w = smallest[0] + extra[0], smallest[1] + extra[1]
    if min(h, w) < 1:
        raise ValueError(
            f"x of size {size} gives (size - 1)·stride - 2·padding + dilation·(kernel - 1) + 1 + "
            f"output_padding = {(h, w)}, must be at least 1 (kernel {window.kernel}, stride {window.stride}, "
            f"padding {window.padding}, dilation {window.dilation}, output_padding {extra})"
        )
    return h, w


def _checked_weight(x: Tensor, weight: Tensor, groups: int) -> Tensor:
    weight = as_tensor(weight, x)
    if weight.ndim != 4:
        raise ValueError(f"weight has shape {weight.shape}, must have 4 dimensions, the last two (kh, kw)")
    if groups < 1 or weight.shape[0] % groups:
        raise ValueError(f"groups is {groups}, must divide the first size of weight {weight.shape}")
    return weight


def _checked_bias(x: Tensor, bias: Tensor | None, channels: int) -> Tensor | None:
    if bias is not None:
        bias = as_tensor(bias, x)
        if bias.shape != (channels,):
            raise ValueError(f"bias has shape {bias.shape}, must be ({channels},), one number per channel")
    return bias


# The trio. Its arrays are batch-last; a group is a block of channels, hence the first dimension of all matrices.


def _conv2d(
    x: Tensor,
    weight: Tensor,
    window: Window,
    groups: int,
    output_size: Pair,
    bias: Tensor | None = None,
    columns: Array | None = None,
) -> Tensor:
    image = batch_to_last(x.data)
    kernels = _by_group(weight.data, groups)
    slices = _batch_slices(image, len(image), window, output_size)
    if columns is None:
        columns = _kept_columns(image, window, output_size)

    def product(part: slice) -> Array:
        part_columns = columns_of(image[..., part], window, output_size) if columns is None else columns
        return kernels @ _by_group(part_columns, groups)

    y = batch_to_first(_for_each_slice(product, slices, (len(weight), *output_size, len(x))))
    return record(
        y,
        (x, lambda g: _conv_transpose2d(g, weight, window, groups, size_of(x))),
        (weight, lambda g: conv2d_weight_grad(x, g, window, groups, columns)),
        *_add_bias(y, bias),
    )


def _conv_transpose2d(
    g: Tensor, weight: Tensor, window: Window, groups: int, size: Pair, bias: Tensor | None = None
) -> Tensor:
    y, output_size = batch_to_last(g.data), size_of(g)
    shape = (weight.shape[1] * groups, *size, len(g))
    transposed_kernels = _by_group(weight.data, groups).swapaxes(1, 2)

    def image(part: slice) -> Array:
        rows = _by_group(y[..., part], groups)
        columns = backend.empty_rows((*transposed_kernels.shape[:2], rows.shape[2]), rows)
        backend.of(rows).matmul(transposed_kernels, rows, out=columns)
        return image_of(columns, (*shape[:3], y[..., part].shape[3]), window, output_size)

    x = batch_to_first(_for_each_slice(image, _batch_slices(y, shape[0], window, output_size), shape))
    kept: list[tuple[Array, Array | None]] = []  # gg and im2col(gg), which one derivative makes and the other uses up

    def input_grad(gg: Tensor) -> Tensor:
        columns = _kept_columns(batch_to_last(gg.data), window, output_size)
        kept[:] = [(gg.data, columns)]  # not gg itself, whose graph may lead to x and so back to this list
        return _conv2d(gg, weight, window, groups, output_size, columns=columns)

    def weight_grad(gg: Tensor) -> Tensor:
        made_from, columns = kept.pop() if kept else (None, None)
        return conv2d_weight_grad(gg, g, window, groups, columns if made_from is gg.data else None)

    return record(
        x,
        (g, input_grad),
        (weight, weight_grad),
        *_add_bias(x, bias),
    )


def conv2d_weight_grad(x: Tensor, g: Tensor, window: Window, groups: int, columns: Array | None = None) -> Tensor:
    """dW = g·im2col(x)ᵀ: the gradient of `conv2d` to the weight; `columns` is im2col(x) if it was kept."""
    image, y, output_size = batch_to_last(x.data), batch_to_last(g.data), size_of(g)

    def product(part: slice) -> Array:
        part_columns = columns_of(image[..., part], window, output_size) if columns is None else columns
        return _by_group(part_columns, groups) @ _by_group(y[..., part], groups).swapaxes(1, 2)

    products = (product(part) for part in _batch_slices(image, len(image), window, output_size))
    transposed = functools.reduce(operator.iadd, products)
    weight = transposed.swapaxes(1, 2).reshape(len(y), len(image) // groups, *window.kernel)
    return record(
        weight,
        (x, lambda gg: _conv_transpose2d(g, gg, window, groups, size_of(x))),
        (g, lambda gg: _conv2d(x, gg, window, groups, output_size)),
    )


def _add_bias(y: Array, bias: Tensor | None) -> list[Edge]:
    """Add the bias (O,) to the array y (N, O, OH, OW) in place; its edge, if there is one."""
    if bias is None:
        return []
    y += bias.data.reshape(1, -1, 1, 1)
    return [(bias, lambda g: g.sum((0, 2, 3)))]


def _by_group(matrix: Array, groups: int) -> Array:
    """(groups · rows, …) -> (groups, rows, columns): a matrix for each group of channels."""
    return matrix.reshape(groups, len(matrix) // groups, -1)


def _batch_slices(batch_last: Array, channels: int, window: Window, output_size: Pair) -> list[slice]:
    """Slices of the batch, of at least one image each, whose columns fit the budget; one slice if all fit."""
    bytes_per_image = channels * math.prod(window.kernel) * math.prod(output_size) * batch_last.itemsize
    step = max(1, COLUMN_BUDGET // max(1, bytes_per_image))
    return [slice(start, start + step) for start in range(0, max(1, batch_last.shape[-1]), step)]


def _kept_columns(image: Array, window: Window, output_size: Pair) -> Array | None:
    """The columns of the whole batch, if they fit the budget."""
    if len(_batch_slices(image, len(image), window, output_size)) > 1:
        return None
    return columns_of(image, window, output_size)


def _for_each_slice(function: Callable[[slice], Array], slices: list[slice], shape: tuple[int, ...]) -> Array:
    """The function's results for the slices of the batch, side by side in the last dimension of an array of `shape`."""
    first = function(slices[0])
    if len(slices) == 1:
        return first.reshape(shape)
    out = backend.of(first).empty(shape, first.dtype)
    out[..., slices[0]] = first.reshape(out[..., slices[0]].shape)
    for part in slices[1:]:
        out[..., part] = function(part).reshape(out[..., part].shape)
    return out

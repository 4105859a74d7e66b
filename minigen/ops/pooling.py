"""Pooling and its adjoints: max_pool2d, max_unpool2d, avg_pool2d, upsample_nearest2d.

All four are one linear operation or its adjoint, once it is known which taps of a window take part:

    gather      y = Σ over the taps that take part of what each sees of x        (C, H, W, N) -> (C, OH, OW, N)
    scatter     x = Σ over the taps that take part of y, put back where it was   (C, OH, OW, N) -> (C, H, W, N)

    max_pool2d          gathers from the tap that sees the maximum
    max_unpool2d        scatters to it
    avg_pool2d          gathers from all k·k taps, over k·k
    upsample_nearest2d  scatters to all

so that the derivative of each is a function of this file, and so is the derivative of that.
"""

from __future__ import annotations

import math
from types import ModuleType
from typing import Any

from minigen import backend
from minigen.autograd import Tensor, record
from minigen.backend import Array
from minigen.ops.layout import batch_to_first, batch_to_last
from minigen.ops.masks import selected
from minigen.ops.window import IntOrPair, Pair, Window, as_pair, check_images, size_of

Taps = Array | None
"""The number of the tap that takes part at each position, (C, OH, OW, N). None: all taps take part."""


def max_pool2d(
    x: Tensor,
    kernel_size: IntOrPair,
    stride: IntOrPair | None = None,
    padding: IntOrPair = 0,
    return_indices: bool = False,
    ceil_mode: bool = False,
) -> Any:
    """The largest element that each window sees; of equal ones the first receives the gradient, as in torch.

    Args:
        x: (N, C, H, W)
        kernel_size, stride, padding: a number or (vertical, horizontal); stride is kernel_size if left out.
            Padding never wins: it is -∞. It may be half the kernel at most.
        return_indices: also return where each maximum lies, for `max_unpool2d`.
        ceil_mode: not offered; the error says how to pad instead.

    Returns:
        (N, C, OH, OW) with OH = ⌊(H + 2·padding - kernel) / stride⌋ + 1; with return_indices a pair of this and the
        int64 indices, of the same shape: row · W + column in the image that was pooled, as torch counts them.

    Raises:
        ValueError: sizes that do not fit.
    """
    window = _pooling_window(x, kernel_size, stride, padding, ceil_mode)
    if not isinstance(return_indices, bool):
        raise TypeError(f"return_indices is {return_indices!r}, must be True or False")
    size = size_of(x)
    largest, taps = _largest(x, window)
    y = record(batch_to_first(largest), (x, lambda g: _scatter(g, taps, window, size)))
    return (y, _indices(taps, window, size)) if return_indices else y


def _largest(x: Tensor, window: Window) -> tuple[Array, Array]:
    """The largest element that the window sees from each position, and the tap that sees it: (C, OH, OW, N) each.

    A tap takes the lead if it sees more than all before it, or NaN, as in torch. The winner is the last to take it.
    """
    xp, output_size = backend.of(x.data), window.output_size(size_of(x))
    rows, cols = _corners(xp, window, output_size)
    views = window.views(window.pad(batch_to_last(x.data), fill=-math.inf), output_size)
    largest = next(views).copy()
    taps = xp.empty(largest.shape, _tap_dtype(window))
    taps[...] = xp.maximum(-rows, 0) * window.kernel[1] + xp.maximum(-cols, 0)  # the first tap inside the image
    for tap, view in enumerate(views, start=1):
        seen = xp.ascontiguousarray(view)  # strided reads are slow: one, not three
        leads = seen > largest
        leads |= seen != seen
        xp.maximum(largest, seen, out=largest)
        xp.maximum(taps, leads.view("int8") * taps.dtype.type(tap), out=taps)
    return largest, taps


def max_unpool2d(
    x: Tensor,
    indices: Array,
    kernel_size: IntOrPair,
    stride: IntOrPair | None = None,
    padding: IntOrPair = 0,
    output_size: Pair | None = None,
) -> Tensor:
    """Each element of x at the position of the maximum that `max_pool2d` found, zeros elsewhere.

    It is the adjoint of the pooling that gave the indices: if two overlapping windows found the same maximum,
    their elements add up (in torch the last one wins).

    Args:
        x: (N, C, OH, OW)
        indices: int64 of x's shape, from `max_pool2d(…, return_indices=True)`
        kernel_size, stride, padding: those of the pooling.
        output_size: (H, W) of the image that was pooled, if it is not the smallest that fits.

    Returns:
        (N, C, H, W) with H = (OH - 1)·stride - 2·padding + kernel if output_size is left out.

    Source: Zeiler & Fergus 2014, "Visualizing and Understanding Convolutional Networks", section 2.1 (switches).

    Raises:
        ValueError: sizes that do not fit, or (checked on the CPU) an index outside its window.
    """
    window = _pooling_window(x, kernel_size, stride, padding)
    backend.require_array("indices", indices)
    if indices.dtype.kind not in "iu":
        raise TypeError(f"indices is an array of {indices.dtype}, must be of integers")
    if indices.shape != x.shape:
        raise ValueError(f"indices has shape {indices.shape}, must have the shape of x {x.shape}")
    output_size, pooled = as_pair("output_size", output_size, 1) if output_size else None, size_of(x)
    size = output_size or window.smallest_input_size(pooled)
    if window.output_size(size) != pooled:
        raise ValueError(f"pooling an image of output_size {size} gives {window.output_size(size)}, x has {pooled}")
    taps = _taps_of(batch_to_last(indices), window, size)
    if x.device == "cpu" and (taps < 0).any():
        raise ValueError(f"an index lies outside its window (kernel {window.kernel}, image {size})")
    image = _scattered(batch_to_last(x.data), taps, window, size)
    return record(batch_to_first(image), (x, lambda g: _gather(g, taps, window)))


def avg_pool2d(
    x: Tensor,
    kernel_size: IntOrPair,
    stride: IntOrPair | None = None,
    padding: IntOrPair = 0,
    ceil_mode: bool = False,
) -> Tensor:
    """The mean of what each window sees, the zeros of the padding included, as in torch.

    Args:
        x: (N, C, H, W)
        kernel_size, stride, padding, ceil_mode: as for `max_pool2d`.

    Returns:
        (N, C, OH, OW) with OH = ⌊(H + 2·padding - kernel) / stride⌋ + 1

    Raises:
        ValueError: sizes that do not fit.
    """
    window = _pooling_window(x, kernel_size, stride, padding, ceil_mode)
    size, count = size_of(x), math.prod(window.kernel)
    mean = _gathered(batch_to_last(x.data), None, window) / count
    return record(batch_to_first(mean), (x, lambda g: _scatter(g, None, window, size) / count))


def upsample_nearest2d(x: Tensor, scale_factor: IntOrPair) -> Tensor:
    """y[…, i, j] = x[…, ⌊i / s⌋, ⌊j / s⌋] with s = scale_factor: (N, C, H, W) -> (N, C, s·H, s·W)"""
    check_images(x)
    scale = as_pair("scale_factor", scale_factor, 1)
    blocks = Window(kernel=scale, stride=scale, padding=((0, 0), (0, 0)))
    image = _scattered(batch_to_last(x.data), None, blocks, (x.shape[2] * scale[0], x.shape[3] * scale[1]))
    return record(batch_to_first(image), (x, lambda g: _gather(g, None, blocks)))


def refuse_ceil_mode(ceil_mode: bool, where: str = "") -> None:
    """Raise a ValueError that says what to write instead, unless ceil_mode is False; it begins with `where`."""
    if ceil_mode is not False:
        raise ValueError(
            f"{where}ceil_mode is {ceil_mode!r}, must be False: enlarge x by ops.pad, below and to the right"
        )


def _pooling_window(
    x: Tensor, kernel_size: IntOrPair, stride: IntOrPair | None, padding: IntOrPair, ceil_mode: bool = False
) -> Window:
    check_images(x)
    refuse_ceil_mode(ceil_mode)
    kernel = as_pair("kernel_size", kernel_size, 1)
    vertical, horizontal = as_pair("padding", padding, 0)
    if 2 * vertical > kernel[0] or 2 * horizontal > kernel[1]:
        raise ValueError(f"padding is {padding}, must be at most half of kernel_size {kernel_size}")
    steps = kernel if stride is None else as_pair("stride", stride, 1)
    return Window(kernel, steps, ((vertical, vertical), (horizontal, horizontal)))


# A tap's number counts row by row in the window, an index row by row in the image.


def _corners(xp: ModuleType, window: Window, output_size: Pair) -> tuple[Array, Array]:
    """Row and column in the image of what tap 0 sees: (OH, 1, 1) and (OW, 1), negative in the padding."""
    (top, _), (left, _) = window.padding
    rows = xp.arange(output_size[0]).reshape(-1, 1, 1) * window.stride[0] - top
    return rows, xp.arange(output_size[1]).reshape(-1, 1) * window.stride[1] - left


def _indices(taps: Array, window: Window, size: Pair) -> Array:
    """The indices (N, C, OH, OW) in an image of `size` of what the taps see."""
    rows, cols = _corners(backend.of(taps), window, window.output_size(size))
    taps = taps.astype("int64")
    return batch_to_first((rows + taps // window.kernel[1]) * size[1] + cols + taps % window.kernel[1])


def _taps_of(indices: Array, window: Window, size: Pair) -> Array:
    """The taps that see the indices, the inverse of `_indices`; -1 if the window does not see the index."""
    xp, (height, width) = backend.of(indices), window.kernel
    rows, cols = _corners(xp, window, window.output_size(size))
    rows, cols = indices // size[1] - rows, indices % size[1] - cols
    seen = (indices >= 0) & (indices < size[0] * size[1]) & (rows >= 0) & (rows < height) & (cols >= 0) & (cols < width)
    return xp.where(seen, rows * width + cols, -1).astype(_tap_dtype(window))


def _tap_dtype(window: Window) -> str:
    return "int8" if math.prod(window.kernel) < 128 else "int32"


# Gather and scatter: each is the derivative of the other.


def _gather(x: Tensor, taps: Taps, window: Window) -> Tensor:
    value = _gathered(batch_to_last(x.data), taps, window)
    return record(batch_to_first(value), (x, lambda g: _scatter(g, taps, window, size_of(x))))


def _scatter(y: Tensor, taps: Taps, window: Window, size: Pair) -> Tensor:
    value = _scattered(batch_to_last(y.data), taps, window, size)
    return record(batch_to_first(value), (y, lambda g: _gather(g, taps, window)))


def _gathered(image: Array, taps: Taps, window: Window) -> Array:
    """(C, H, W, N) -> (C, OH, OW, N)"""
    views = window.views(window.pad(image), window.output_size(image.shape[1:3]))
    terms = (seen if taps is None else selected(seen, taps == tap) for tap, seen in enumerate(views))
    total = next(terms) + next(terms, 0)  # a new array, also if there is one tap
    for term in terms:
        total += term
    return total


def _scattered(y: Array, taps: Taps, window: Window, size: Pair) -> Array:
    """(C, OH, OW, N) -> (C, H, W, N), where `size` is (H, W)"""
    c, oh, ow, n = y.shape
    xp, tiling = backend.of(y), window.tiles(size)  # then each element is written once, and needs no zero to add to
    padded = (xp.empty if tiling else xp.zeros)((c, *window.padded_size(size), n), y.dtype)
    for tap, block in enumerate(window.views(padded, (oh, ow))):
        if tiling and taps is not None:
            selected(y, taps == tap, out=block)
        elif tiling:
            block[...] = y
        else:
            block += y if taps is None else selected(y, taps == tap)
    return window.crop(padded, size)

"""Pooling and its adjoints: max_pool2d, max_unpool2d, avg_pool2d, upsample_nearest2d.

All four are one linear operation or its adjoint, once it is known which taps of a window take part:

    gather      y = Σ over the chosen taps of what each sees of x        (C, H, W, N) -> (C, OH, OW, N)
    scatter     x = Σ over the chosen taps of y, put back where it is    (C, OH, OW, N) -> (C, H, W, N)

    max_pool2d          gathers the tap that holds the maximum
    max_unpool2d        scatters to it
    avg_pool2d          gathers all k·k taps, over k·k
    upsample_nearest2d  scatters to all

so that the derivative of each is a function of this file, and so is the derivative of that.
"""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Iterator, Sequence
from types import ModuleType
from typing import Literal, overload

from minigen import backend
from minigen.autograd import Tensor, record
from minigen.backend import Array
from minigen.ops.layout import batch_to_first, batch_to_last
from minigen.ops.window import IntOrPair, Pair, Window, as_pair, check_images, size_of

Chosen = Sequence[Array] | None
"""For each tap of the window, where it takes part: booleans (C, OH, OW, N). None: all, everywhere."""


@overload
def max_pool2d(
    x: Tensor,
    kernel_size: IntOrPair,
    stride: IntOrPair | None = ...,
    padding: IntOrPair = ...,
    return_indices: Literal[False] = ...,
) -> Tensor: ...


@overload
def max_pool2d(
    x: Tensor,
    kernel_size: IntOrPair,
    stride: IntOrPair | None = ...,
    padding: IntOrPair = ...,
    *,
    return_indices: Literal[True],
) -> tuple[Tensor, Array]: ...


def max_pool2d(
    x: Tensor,
    kernel_size: IntOrPair,
    stride: IntOrPair | None = None,
    padding: IntOrPair = 0,
    return_indices: bool = False,
) -> Tensor | tuple[Tensor, Array]:
    """The largest element that each window sees; the first of equal ones receives the gradient, as in torch.

    Args:
        x: (N, C, H, W)
        kernel_size, stride, padding: a number or (vertical, horizontal); stride is kernel_size where left out.
            Padding never wins: it is -∞. It may be half the kernel at most.
        return_indices: also return where each maximum lies, for `max_unpool2d`.

    Returns:
        (N, C, OH, OW) with OH = ⌊(H + 2·padding - kernel) / stride⌋ + 1; with return_indices also int64
        indices of that shape, row · W + column in the image that was pooled, as torch counts them.

    Raises:
        ValueError: sizes that do not fit.
    """
    window = _pooling_window("max_pool2d", x, kernel_size, stride, padding)
    size = size_of(x)
    padded = window.pad(batch_to_last(x.data), fill=-math.inf)
    largest, chosen = _largest([padded[:, rows, cols] for rows, cols in window.taps(window.places(size))])
    y = record(batch_to_first(largest), (x, lambda g: _scatter(g, chosen, window, size)))
    if not return_indices:
        return y
    taps = zip(chosen, _indices_of_taps(backend.of(padded), window, size), strict=True)
    return y, batch_to_first(sum(attained * index for attained, index in taps))


def _largest(seen: list[Array]) -> tuple[Array, list[Array]]:
    """The elementwise maximum of the arrays, and for each array where it is the first that attains it."""
    xp = backend.of(seen[0])
    largest = seen[0].copy()
    for array in seen[1:]:
        xp.maximum(largest, array, out=largest)
    chosen = [array == largest for array in seen]
    open_places = ~chosen[0]
    for attained in chosen[1:]:
        attained &= open_places
        open_places ^= attained
    return largest, chosen


def max_unpool2d(
    x: Tensor,
    indices: Array,
    kernel_size: IntOrPair,
    stride: IntOrPair | None = None,
    padding: IntOrPair = 0,
    output_size: Pair | None = None,
) -> Tensor:
    """Each element of x put where the maximum lay that `max_pool2d` found, zeros elsewhere.

    It is the adjoint of the pooling that gave the indices: where its windows overlapped and two of them found
    the same maximum, their elements add up (in torch the last one wins).

    Args:
        x: (N, C, OH, OW)
        indices: int64 of x's shape, from `max_pool2d(…, return_indices=True)`
        kernel_size, stride, padding: those of the pooling.
        output_size: (H, W) of the image that was pooled, where it is not the smallest that fits.

    Returns:
        (N, C, H, W) with H = (OH - 1)·stride - 2·padding + kernel where output_size is left out.

    Source: Zeiler & Fergus 2014, "Visualizing and Understanding Convolutional Networks", section 2.1 (switches).

    Raises:
        ValueError: sizes that do not fit, or (checked on the CPU) an index outside its window.
    """
    window = _pooling_window("max_unpool2d", x, kernel_size, stride, padding)
    if indices.shape != x.shape:
        raise ValueError(f"max_unpool2d: indices has shape {indices.shape}, must have the shape of x {x.shape}")
    size = (
        window.smallest_size(size_of(x)) if output_size is None else as_pair(window.op, "output_size", output_size, 1)
    )
    if window.places(size) != size_of(x):
        raise ValueError(
            f"max_unpool2d: pooling an image of output_size {size} gives {window.places(size)}, x has {size_of(x)}"
        )
    places = batch_to_last(indices)
    chosen = [places == index for index in _indices_of_taps(backend.of(x.data), window, size)]
    if x.device == "cpu" and not functools.reduce(operator.or_, chosen).all():
        raise ValueError(f"max_unpool2d: an index lies outside its window (kernel {window.kernel}, image {size})")
    return _scatter(x, chosen, window, size)


def avg_pool2d(x: Tensor, kernel_size: IntOrPair, stride: IntOrPair | None = None, padding: IntOrPair = 0) -> Tensor:
    """The mean of what each window sees, the zeros of the padding included, as in torch.

    Args:
        x: (N, C, H, W)
        kernel_size, stride, padding: as for `max_pool2d`.

    Returns:
        (N, C, OH, OW) with OH = ⌊(H + 2·padding - kernel) / stride⌋ + 1

    Raises:
        ValueError: sizes that do not fit.
    """
    window = _pooling_window("avg_pool2d", x, kernel_size, stride, padding)
    return _gather(x, None, window) / math.prod(window.kernel)


def upsample_nearest2d(x: Tensor, scale_factor: IntOrPair) -> Tensor:
    """y[…, i, j] = x[…, ⌊i / s⌋, ⌊j / s⌋]: each element becomes a block. (N, C, H, W) -> (N, C, s·H, s·W)"""
    check_images("upsample_nearest2d", x)
    scale = as_pair("upsample_nearest2d", "scale_factor", scale_factor, 1)
    blocks = Window("upsample_nearest2d", kernel=scale, stride=scale, padding=((0, 0), (0, 0)))
    return _scatter(x, None, blocks, (x.shape[2] * scale[0], x.shape[3] * scale[1]))


def _pooling_window(op: str, x: Tensor, kernel_size: IntOrPair, stride: IntOrPair | None, padding: IntOrPair) -> Window:
    check_images(op, x)
    kernel = as_pair(op, "kernel_size", kernel_size, 1)
    vertical, horizontal = as_pair(op, "padding", padding, 0)
    if 2 * vertical > kernel[0] or 2 * horizontal > kernel[1]:
        raise ValueError(f"{op}: padding is {padding}, must be at most half of kernel_size {kernel_size}")
    steps = kernel if stride is None else as_pair(op, "stride", stride, 1)
    return Window(op, kernel, steps, ((vertical, vertical), (horizontal, horizontal)))


def _indices_of_taps(xp: ModuleType, window: Window, size: Pair) -> Iterator[Array]:
    """For each tap: row · W + column of the element that it sees, as (OH, OW, 1)."""
    (top, _), (left, _) = window.padding
    rows = xp.arange(size[0] + 2 * top).reshape(-1, 1, 1) - top
    cols = xp.arange(size[1] + 2 * left).reshape(-1, 1) - left
    for seen_rows, seen_cols in window.taps(window.places(size)):
        yield rows[seen_rows] * size[1] + cols[seen_cols]


# The pair


def _gather(x: Tensor, chosen: Chosen, window: Window) -> Tensor:
    padded = window.pad(batch_to_last(x.data))
    terms = (
        padded[:, rows, cols] if chosen is None else padded[:, rows, cols] * chosen[tap]
        for tap, (rows, cols) in enumerate(window.taps(window.places(size_of(x))))
    )
    total = next(terms) + next(terms, 0)
    for term in terms:
        total += term
    return record(batch_to_first(total), (x, lambda g: _scatter(g, chosen, window, size_of(x))))


def _scatter(y: Tensor, chosen: Chosen, window: Window, size: Pair) -> Tensor:
    laid = batch_to_last(y.data)
    xp = backend.of(laid)
    c, oh, ow, n = laid.shape
    tiling = window.tiles(size)  # then each element is written once, and needs no zero to add to
    padded = (xp.empty if tiling else xp.zeros)((c, *window.padded_size(size), n), laid.dtype)
    for tap, (rows, cols) in enumerate(window.taps((oh, ow))):
        block = padded[:, rows, cols]
        if not tiling:
            block += laid if chosen is None else laid * chosen[tap]
        elif chosen is None:
            block[...] = laid
        else:
            xp.multiply(laid, chosen[tap], out=block)
    return record(batch_to_first(window.crop(padded, size)), (y, lambda g: _gather(g, chosen, window)))

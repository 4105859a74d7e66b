"""im2col and col2im: a convolution as one matrix product.

`im2col` writes what the window sees from each place as a column. Here an image of 3 × 4, one channel, and
a window of 2 × 2 with stride 1, which has 2 × 3 places:

    image               columns: 4 taps × 6 places
                        place  0,0  0,1  0,2  1,0  1,1  1,2
    a  b  c  d          tap
    e  f  g  h          0,0     a    b    c    e    f    g
    i  j  k  l          0,1     b    c    d    f    g    h
                        1,0     e    f    g    i    j    k
                        1,1     f    g    h    j    k    l

The rows of the kernel matrix (O, C·k·k) times these columns are the convolution. One row of columns is
one tap, and what a tap sees is a (strided) block of the image: `im2col` copies k·k such blocks. `col2im`
is its adjoint: it adds each row back to the block that it came from, so that g, for instance, receives
all four of its copies. <im2col(x), c> = <x, col2im(c)>.

With C channels the rows are (C, k, k), and the columns (OH, OW, N): neighbours in memory are the same
place of neighbouring images, which makes every copied block a long run, also with one channel.

Source: Chellapilla et al. 2006, "High Performance Convolutional Neural Networks for Document Processing".
"""

from __future__ import annotations

import math

from minigen import backend
from minigen.backend import Array
from minigen.ops.layout import batch_to_first, batch_to_last
from minigen.ops.window import IntOrPair, Padding, Pair, Window, as_padding, as_pair


def im2col(
    x: Array, kernel_size: IntOrPair, stride: IntOrPair = 1, padding: Padding = 0, dilation: IntOrPair = 1
) -> Array:
    """What a window sees of the images from each of its places.

    Args:
        x: a plain array (N, C, H, W)
        kernel_size, stride, padding, dilation: as for `conv2d`.

    Returns:
        (C·kh·kw, OH·OW·N), where OH and OW count the places (the size formula is in `conv2d`).
    """
    window = window_over("im2col", x.shape[2:], kernel_size, stride, padding, dilation)
    return columns_of(batch_to_last(x), window)


def col2im(
    columns: Array,
    shape: tuple[int, int, int, int],
    kernel_size: IntOrPair,
    stride: IntOrPair = 1,
    padding: Padding = 0,
    dilation: IntOrPair = 1,
) -> Array:
    """The adjoint of `im2col`: images of shape (N, C, H, W) in which each element is the sum of its copies."""
    n, c, h, w = shape
    window = window_over("col2im", (h, w), kernel_size, stride, padding, dilation)
    expected = (c * math.prod(window.kernel), math.prod(window.places((h, w))) * n)
    if columns.shape != expected:
        raise ValueError(f"col2im: columns has shape {columns.shape}, images of shape {shape} have columns {expected}")
    return batch_to_first(image_of(columns, (c, h, w, n), window))


def window_over(
    op: str, size: Pair, kernel_size: IntOrPair, stride: IntOrPair, padding: Padding, dilation: IntOrPair
) -> Window:
    """The window that these arguments describe, over images of `size` (only "same" depends on it)."""
    kernel = as_pair(op, "kernel_size", kernel_size, 1)
    stride = as_pair(op, "stride", stride, 1)
    dilation = as_pair(op, "dilation", dilation, 1)
    return Window(op, kernel, stride, as_padding(op, padding, size, kernel, stride, dilation), dilation)


def columns_of(image: Array, window: Window) -> Array:
    """(C, H, W, N) -> (C·kh·kw, OH·OW·N)"""
    c, h, w, n = image.shape
    places = window.places((h, w))
    padded = window.pad(image)
    columns = backend.of(image).empty((c, math.prod(window.kernel), *places, n), image.dtype)
    for tap, (rows, cols) in enumerate(window.taps(places)):
        columns[:, tap] = padded[:, rows, cols]
    return columns.reshape(c * math.prod(window.kernel), math.prod(places) * n)


def image_of(columns: Array, shape: tuple[int, int, int, int], window: Window) -> Array:
    """(C·kh·kw, OH·OW·N) -> (C, H, W, N), the adjoint of `columns_of`"""
    c, h, w, n = shape
    places = window.places((h, w))
    columns = columns.reshape(c, math.prod(window.kernel), *places, n)
    padded = backend.of(columns).zeros((c, *window.padded_size((h, w)), n), columns.dtype)
    for tap, (rows, cols) in enumerate(window.taps(places)):
        padded[:, rows, cols] += columns[:, tap]
    return window.crop(padded, (h, w))

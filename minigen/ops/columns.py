"""im2col and col2im: a convolution as one matrix product.

`im2col` writes what the window sees from each of its positions as a column. Here an image of 3 × 4, one channel,
and a window of 2 × 2 with stride 1, which has 2 × 3 positions:

    image               columns: 4 taps × 6 positions
                        position  0,0  0,1  0,2  1,0  1,1  1,2
    a  b  c  d          tap
    e  f  g  h          0,0        a    b    c    e    f    g
    i  j  k  l          0,1        b    c    d    f    g    h
                        1,0        e    f    g    i    j    k
                        1,1        f    g    h    j    k    l

The rows of the kernel matrix (O, C·k·k) times these columns are the convolution. One row of columns is
one tap, and what a tap sees is a (strided) block of the image: `im2col` copies k·k such blocks. `col2im`
is its adjoint: it adds each row back to the block that it came from, so that g, for instance, receives
all four of its copies. <im2col(x), c> = <x, col2im(c)>.

With C channels the rows are (C, k, k), and the columns (OH, OW, N): neighbours in memory are the same
position in neighbouring images, so every copied block is a long run, even with one channel.

Source: Chellapilla et al. 2006, "High Performance Convolutional Neural Networks for Document Processing".
"""

from __future__ import annotations

import itertools
import math

from minigen import backend
from minigen.backend import Array
from minigen.ops.layout import batch_to_first, batch_to_last
from minigen.ops.window import IntOrPair, Padding, Pair, Window, check_images, window_over


def im2col(
    x: Array, kernel_size: IntOrPair, stride: IntOrPair = 1, padding: Padding = 0, dilation: IntOrPair = 1
) -> Array:
    """The columns of the images: each is what a window sees from one of its positions.

    Args:
        x: a plain array (N, C, H, W)
        kernel_size, stride, padding, dilation: as for `conv2d`.

    Returns:
        (C·kh·kw, OH·OW·N), where OH × OW is the output size (its formula is in `conv2d`).
    """
    check_images(x)
    window = window_over(x.shape[2:], kernel_size, stride, padding, dilation)
    return columns_of(batch_to_last(x), window, window.output_size(x.shape[2:]))


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
    window = window_over((h, w), kernel_size, stride, padding, dilation)
    output_size = window.output_size((h, w))
    expected = (c * math.prod(window.kernel), math.prod(output_size) * n)
    if columns.shape != expected:
        raise ValueError(f"columns has shape {columns.shape}, images of shape {shape} have columns {expected}")
    return batch_to_first(image_of(columns, (c, h, w, n), window, output_size))


def columns_of(image: Array, window: Window, output_size: Pair) -> Array:
    """(C, H, W, N) -> (C·kh·kw, OH·OW·N)"""
    c, _, _, n = image.shape
    columns = backend.empty_rows((c * math.prod(window.kernel), math.prod(output_size) * n), image)
    by_tap = columns.reshape(c, math.prod(window.kernel), *output_size, n)
    for tap, seen in enumerate(window.views(window.pad(image), output_size)):
        by_tap[:, tap] = seen
    return columns


def image_of(columns: Array, shape: tuple[int, ...], window: Window, output_size: Pair) -> Array:
    """(C·kh·kw, OH·OW·N) -> (C, H, W, N), the adjoint of `columns_of`

    The image is built phase by phase. In a phase, pixels that are a stride apart lie side by side: each tap adds to
    a block without gaps.
    """
    c, h, w, n = shape
    (down, right), cells = window.stride, (-(-h // window.stride[0]), -(-w // window.stride[1]))
    columns = columns.reshape(c, *window.kernel, *output_size, n)
    phases = backend.of(columns).zeros((down, right, c, *cells, n), columns.dtype)
    with backend.small_buffers():
        for i, j in itertools.product(*map(range, window.kernel)):
            row, to_rows, from_rows = window.phase(0, i, output_size, cells)
            col, to_cols, from_cols = window.phase(1, j, output_size, cells)
            phases[row, col, :, to_rows, to_cols] += columns[:, i, j, from_rows, from_cols]
    image = phases.transpose(2, 3, 0, 4, 1, 5).reshape(c, cells[0] * down, cells[1] * right, n)
    return image[:, :h, :w]

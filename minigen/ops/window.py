"""A window that slides over an image: its sizes, its padding and its taps, for convolution and pooling.

Arrays here are batch-last, (C, H, W, N); see `layout`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from numbers import Integral
from typing import TypeAlias

from minigen import backend
from minigen.autograd import Tensor
from minigen.backend import Array

Pair: TypeAlias = tuple[int, int]
IntOrPair: TypeAlias = int | Pair
Padding: TypeAlias = int | Pair | str


@dataclass(frozen=True)
class Window:
    """What fixes where a window may stand, each for height and width.

    Attributes:
        kernel: k, the taps of the window.
        stride: s, from one position of the window to the next.
        padding: ((top, bottom), (left, right)) elements put around the image.
        dilation: d, from one tap to the next.
    """

    kernel: Pair
    stride: Pair
    padding: tuple[Pair, Pair]
    dilation: Pair = (1, 1)

    def output_size(self, size: Pair) -> Pair:
        """How often the window fits: ⌊(n + p - d·(k - 1) - 1) / s⌋ + 1 for each axis.

        Raises:
            ValueError: it does not fit once.
        """
        h, w = ((n + p - d * (k - 1) - 1) // s + 1 for n, k, s, p, d in self._along_each_axis(size))
        if min(h, w) < 1:
            raise ValueError(
                f"kernel {self.kernel} with dilation {self.dilation} is larger than the input of size "
                f"{size}, {self.padded_size(size)} with padding: floor((size + padding - dilation·(kernel - 1) - 1) / "
                f"stride) + 1 is {(h, w)}, must be at least 1"
            )
        return h, w

    def smallest_input_size(self, output_size: Pair) -> Pair:
        """The smallest size whose `output_size` is n: (n - 1)·s - p + d·(k - 1) + 1 for each axis."""
        h, w = ((n - 1) * s - p + d * (k - 1) + 1 for n, k, s, p, d in self._along_each_axis(output_size))
        return h, w

    def _along_each_axis(self, size: Pair) -> Iterator[tuple[int, int, int, int, int]]:
        """n, k, s, p and d for the height, then for the width; p is the padding of both sides."""
        return zip(size, self.kernel, self.stride, map(sum, self.padding), self.dilation, strict=True)

    def tiles(self, size: Pair) -> bool:
        """Whether each element of the padded image is seen from exactly one position."""
        (rows, cols), (k_rows, k_cols) = self.output_size(size), self.kernel
        covered = (rows * k_rows, cols * k_cols)
        return self.kernel == self.stride and self.dilation == (1, 1) and covered == self.padded_size(size)

    def views(self, padded: Array, output_size: Pair) -> Iterator[Array]:
        """For each tap, row by row: what it sees of the padded image from all positions, a view (C, OH, OW, N)."""
        for i in range(self.kernel[0]):
            for j in range(self.kernel[1]):
                yield padded[:, self._seen(0, i, output_size), self._seen(1, j, output_size)]

    def _seen(self, axis: int, tap: int, output_size: Pair) -> slice:
        start = tap * self.dilation[axis]
        return slice(start, start + (output_size[axis] - 1) * self.stride[axis] + 1, self.stride[axis])

    def phase(self, axis: int, tap: int, output_size: Pair, cells: Pair) -> tuple[int, slice, slice]:
        """Which of the `stride` phases of an image a tap sees, which of its cells, and from which positions."""
        shift, phase = divmod(tap * self.dilation[axis] - self.padding[axis][0], self.stride[axis])
        first = max(shift, 0)
        last = max(min(output_size[axis] + shift, cells[axis]), first)
        return phase, slice(first, last), slice(first - shift, last - shift)

    def padded_size(self, size: Pair) -> Pair:
        """Height and width with the padding."""
        (top, bottom), (left, right) = self.padding
        return size[0] + top + bottom, size[1] + left + right

    def pad(self, image: Array, fill: float = 0.0) -> Array:
        """(C, H, W, N) with `fill` around it, contiguous; the image itself if it is contiguous and needs no padding."""
        xp = backend.of(image)
        c, h, w, n = image.shape
        if self.padded_size((h, w)) == (h, w):
            return xp.ascontiguousarray(image)
        padded = xp.full((c, *self.padded_size((h, w)), n), fill, image.dtype)
        self.crop(padded, (h, w))[...] = image
        return padded

    def crop(self, padded: Array, size: Pair) -> Array:
        """The image of `size` within its padding, a view."""
        top, left = self.padding[0][0], self.padding[1][0]
        return padded[:, top : top + size[0], left : left + size[1]]


def window_over(size: Pair, kernel_size: IntOrPair, stride: IntOrPair, padding: Padding, dilation: IntOrPair) -> Window:
    """The window that these arguments describe, over images of `size` (only "same" depends on it)."""
    kernel = as_pair("kernel_size", kernel_size, 1)
    stride = as_pair("stride", stride, 1)
    dilation = as_pair("dilation", dilation, 1)
    return Window(kernel, stride, as_padding(padding, size, kernel, stride, dilation), dilation)


def as_pair(argument: str, value: IntOrPair, least: int) -> Pair:
    """2 as (2, 2), and a pair as itself.

    Raises:
        ValueError: the argument is not one or two integers of at least `least`.
    """
    pair = tuple(value) if isinstance(value, tuple | list) else (value, value)
    if len(pair) != 2 or not all(isinstance(v, Integral) and v >= least for v in pair):
        raise ValueError(f"{argument} is {value!r}, must be an integer of at least {least} or a pair of them")
    return int(pair[0]), int(pair[1])


def as_padding(padding: Padding, size: Pair, kernel: Pair, stride: Pair, dilation: Pair) -> tuple[Pair, Pair]:
    """((top, bottom), (left, right)) from an integer, a pair (vertical, horizontal), "valid" or "same".

    "valid" is none. "same" is what Keras means by it: the output size is ⌈size / stride⌉, and if this takes an odd
    number of elements, the extra one lies after the image (below, to the right).

    Raises:
        ValueError: another word, or a negative number.
    """
    if padding == "same":
        return _same(size[0], kernel[0], stride[0], dilation[0]), _same(size[1], kernel[1], stride[1], dilation[1])
    if padding == "valid":
        padding = 0
    if isinstance(padding, str):
        raise ValueError(f"padding is {padding!r}, must be 'valid', 'same', an integer or a pair of integers")
    vertical, horizontal = as_pair("padding", padding, 0)
    return (vertical, vertical), (horizontal, horizontal)


def _same(size: int, kernel: int, stride: int, dilation: int) -> Pair:
    output_size = -(-size // stride)
    both = max((output_size - 1) * stride + dilation * (kernel - 1) + 1 - size, 0)
    return both // 2, both - both // 2


def check_images(x: Tensor | Array) -> None:
    """Raise unless x has the shape (N, C, H, W)."""
    if x.ndim != 4:
        raise ValueError(f"x has {x.ndim} dimensions (shape {x.shape}), must have 4: (N, C, H, W)")


def size_of(x: Tensor) -> Pair:
    """(H, W) of images (N, C, H, W)"""
    return x.shape[2], x.shape[3]

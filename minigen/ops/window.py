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
    """Height and width of everything that fixes where a window may stand.

    Attributes:
        op: the operation that it belongs to, for errors.
        kernel: k, the taps of the window.
        stride: s, from one place of the window to the next.
        padding: ((top, bottom), (left, right)) elements put around the image.
        dilation: d, from one tap to the next.
    """

    op: str
    kernel: Pair
    stride: Pair
    padding: tuple[Pair, Pair]
    dilation: Pair = (1, 1)

    def places(self, size: Pair) -> Pair:
        """How often the window fits: ⌊(size + before + after - d·(k - 1) - 1) / s⌋ + 1, for height and width.

        Raises:
            ValueError: not once.
        """
        h, w = (
            (n + before + after - d * (k - 1) - 1) // s + 1
            for n, (before, after), k, s, d in zip(
                size, self.padding, self.kernel, self.stride, self.dilation, strict=True
            )
        )
        if min(h, w) < 1:
            padded = tuple(n + sum(around) for n, around in zip(size, self.padding, strict=True))
            raise ValueError(
                f"{self.op}: kernel {self.kernel} with dilation {self.dilation} is larger than the input of size "
                f"{size}, {padded} with padding: floor((size + padding - dilation·(kernel - 1) - 1) / stride) + 1 "
                f"is {(h, w)}, must be at least 1"
            )
        return h, w

    def smallest_size(self, places: Pair) -> Pair:
        """The least height and width with so many places: (places - 1)·s - before - after + d·(k - 1) + 1."""
        h, w = (
            (n - 1) * s - before - after + d * (k - 1) + 1
            for n, (before, after), k, s, d in zip(
                places, self.padding, self.kernel, self.stride, self.dilation, strict=True
            )
        )
        return h, w

    def tiles(self, size: Pair) -> bool:
        """Whether each element of the padded image is seen from just one place."""
        places, (k_rows, k_cols) = self.places(size), self.kernel
        covered = (places[0] * k_rows, places[1] * k_cols)
        return self.kernel == self.stride and self.dilation == (1, 1) and covered == self.padded_size(size)

    def taps(self, places: Pair) -> Iterator[tuple[slice, slice]]:
        """For each tap, row by row: the rows and columns of the padded image that it sees from all places."""
        for i in range(self.kernel[0]):
            for j in range(self.kernel[1]):
                yield self._seen(0, i, places), self._seen(1, j, places)

    def _seen(self, axis: int, tap: int, places: Pair) -> slice:
        start = tap * self.dilation[axis]
        return slice(start, start + (places[axis] - 1) * self.stride[axis] + 1, self.stride[axis])

    def padded_size(self, size: Pair) -> Pair:
        """Height and width with the padding."""
        (top, bottom), (left, right) = self.padding
        return size[0] + top + bottom, size[1] + left + right

    def pad(self, image: Array, fill: float = 0.0) -> Array:
        """(C, H, W, N) with `fill` put around it; contiguous, and itself where it is so and nothing is put."""
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


def as_pair(op: str, argument: str, value: IntOrPair, least: int) -> Pair:
    """2 as (2, 2), and a pair as itself.

    Raises:
        ValueError: not one or two integers of at least `least`.
    """
    pair = tuple(value) if isinstance(value, tuple | list) else (value, value)
    if len(pair) != 2 or not all(isinstance(v, Integral) and v >= least for v in pair):
        raise ValueError(f"{op}: {argument} is {value!r}, must be an integer of at least {least} or a pair of them")
    return int(pair[0]), int(pair[1])


def as_padding(op: str, padding: Padding, size: Pair, kernel: Pair, stride: Pair, dilation: Pair) -> tuple[Pair, Pair]:
    """((top, bottom), (left, right)) from an integer, a pair (vertical, horizontal), "valid" or "same".

    "valid" is none. "same" is what Keras means by it: the window stands in ⌈size / stride⌉ places, and where
    the padding that this takes is odd, the one more lies after the image (below, to the right).

    Raises:
        ValueError: another word, or a negative number.
    """
    if padding == "same":
        return _same(size[0], kernel[0], stride[0], dilation[0]), _same(size[1], kernel[1], stride[1], dilation[1])
    if padding == "valid":
        padding = 0
    if isinstance(padding, str):
        raise ValueError(f"{op}: padding is {padding!r}, must be 'valid', 'same', an integer or a pair of integers")
    vertical, horizontal = as_pair(op, "padding", padding, 0)
    return (vertical, vertical), (horizontal, horizontal)


def _same(size: int, kernel: int, stride: int, dilation: int) -> Pair:
    places = -(-size // stride)
    total = max((places - 1) * stride + dilation * (kernel - 1) + 1 - size, 0)
    return total // 2, total - total // 2


def check_images(op: str, x: Tensor) -> None:
    """Raise unless x is a tensor of shape (N, C, H, W)."""
    if not isinstance(x, Tensor):
        raise TypeError(
            f"{op}: x is {backend.described(x)}, must be a tensor of float32 or float64 (minigen.tensor converts)"
        )
    if x.ndim != 4:
        raise ValueError(f"{op}: x has {x.ndim} dimensions (shape {x.shape}), must have 4: (N, C, H, W)")


def size_of(x: Tensor) -> Pair:
    """(H, W) of images (N, C, H, W)"""
    return x.shape[2], x.shape[3]

"""Convolutions to test with: sizes, strides, paddings, dilations and groups that fit, drawn by hypothesis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

Pair = tuple[int, int]


@dataclass(frozen=True)
class Convolution:
    """A convolution of images (batch, groups·group_channels, *size) with kernels; all that is drawn fits."""

    batch: int
    group_channels: int
    group_kernels: int
    groups: int
    kernel: Pair
    stride: Pair
    padding: Pair
    dilation: Pair
    places: Pair
    left_over: Pair

    @property
    def size(self) -> Pair:
        h, w = (
            max(1, (o - 1) * s + d * (k - 1) + 1 - 2 * p + extra)
            for o, s, d, k, p, extra in zip(
                self.places, self.stride, self.dilation, self.kernel, self.padding, self.left_over, strict=True
            )
        )
        return h, w

    @property
    def out_size(self) -> Pair:
        """By the formula of torch.nn.Conv2d's documentation."""
        h, w = (
            (n + 2 * p - d * (k - 1) - 1) // s + 1
            for n, p, d, k, s in zip(self.size, self.padding, self.dilation, self.kernel, self.stride, strict=True)
        )
        return h, w

    @property
    def output_padding(self) -> Pair:
        """What the transposed convolution needs to give `size` back."""
        h, w = (
            n - ((o - 1) * s - 2 * p + d * (k - 1) + 1)
            for n, o, s, p, d, k in zip(
                self.size, self.out_size, self.stride, self.padding, self.dilation, self.kernel, strict=True
            )
        )
        return h, w

    @property
    def x_shape(self) -> tuple[int, ...]:
        return (self.batch, self.groups * self.group_channels, *self.size)

    @property
    def y_shape(self) -> tuple[int, ...]:
        return (self.batch, self.groups * self.group_kernels, *self.out_size)

    @property
    def weight_shape(self) -> tuple[int, ...]:
        """Of the convolution, and of its transpose."""
        return (self.groups * self.group_kernels, self.group_channels, *self.kernel)

    @property
    def options(self) -> dict[str, Any]:
        return {"stride": self.stride, "padding": self.padding, "dilation": self.dilation, "groups": self.groups}


def pairs(least: int, most: int) -> st.SearchStrategy[Pair]:
    return st.tuples(st.integers(least, most), st.integers(least, most))


@st.composite
def convolutions(draw: st.DrawFn) -> Convolution:
    stride = draw(pairs(1, 3))
    return Convolution(
        batch=draw(st.integers(1, 3)),
        group_channels=draw(st.integers(1, 2)),
        group_kernels=draw(st.integers(1, 2)),
        groups=draw(st.integers(1, 3)),
        kernel=draw(pairs(1, 4)),
        stride=stride,
        padding=draw(pairs(0, 2)),
        dilation=draw(pairs(1, 2)),
        places=draw(pairs(1, 3)),
        left_over=(draw(st.integers(0, stride[0] - 1)), draw(st.integers(0, stride[1] - 1))),
    )

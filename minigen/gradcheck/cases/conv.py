"""Convolution and its transpose: strides, paddings, dilations, groups, odd and even kernels."""

from __future__ import annotations

from typing import Any

from minigen import ops
from minigen.gradcheck.case import Case, case, normal


def conv(note: str, x: tuple[int, ...], weight: tuple[int, ...], **options: Any) -> Case:
    """A case of `conv2d` with a bias."""
    return case("conv2d", ops.conv2d, normal(*x), normal(*weight), normal(weight[0]), note=note, **options)


def transposed(note: str, x: tuple[int, ...], weight: tuple[int, ...], **options: Any) -> Case:
    """A case of `conv_transpose2d` with a bias."""
    bias = normal(weight[1] * options.get("groups", 1))
    return case("conv_transpose2d", ops.conv_transpose2d, normal(*x), normal(*weight), bias, note=note, **options)


CASES = [
    case("conv2d", ops.conv2d, normal(2, 2, 4, 3), normal(3, 2, 2, 1), note="no bias"),
    conv("3 × 3, padding 1", (2, 2, 4, 3), (3, 2, 3, 3), padding=1),
    conv("2 × 3, stride and padding pairs", (2, 1, 5, 6), (2, 1, 2, 3), stride=(2, 3), padding=(1, 2)),
    conv("4 × 4, stride 2, rows left over", (2, 2, 7, 5), (1, 2, 4, 4), stride=2, padding=1),
    conv("dilation 2 and 1", (1, 2, 5, 4), (2, 2, 2, 3), dilation=(2, 1), padding=1),
    conv("groups", (2, 4, 4, 3), (6, 2, 2, 2), groups=2, stride=(1, 2)),
    conv("depthwise", (2, 3, 3, 4), (3, 1, 3, 2), groups=3, padding="valid"),
    conv("same, even kernel", (2, 1, 3, 4), (2, 1, 4, 2), padding="same"),
    conv("same, stride 2", (2, 2, 4, 5), (2, 2, 3, 3), padding="same", stride=2),
    conv("same, dilation 2", (1, 1, 4, 5), (2, 1, 3, 2), padding="same", dilation=2),
    transposed("3 × 3, padding 1", (2, 3, 4, 3), (3, 2, 3, 3), padding=1),
    transposed("4 × 4, stride 2", (2, 2, 3, 2), (2, 1, 4, 4), stride=2, padding=1),
    transposed(
        "pairs, output_padding", (2, 1, 3, 2), (1, 2, 2, 3), stride=(2, 3), padding=(0, 1), output_padding=(1, 2)
    ),
    transposed("dilation 2 and 1", (1, 2, 3, 2), (2, 2, 2, 3), dilation=(2, 1), stride=2),
    transposed("groups", (2, 4, 2, 3), (4, 3, 2, 2), groups=2, stride=2),
    transposed("same, stride 2", (2, 2, 2, 3), (2, 1, 3, 3), padding="same", stride=2),
    transposed("same, stride 2, kernel 1", (1, 2, 2, 3), (2, 2, 1, 1), padding="same", stride=2),
    transposed("same, stride 1, even kernel", (1, 1, 3, 3), (1, 2, 4, 2), padding="same"),
]

"""Convolution and its transpose: strides, paddings, dilations, groups, odd and even kernels."""

from __future__ import annotations

from typing import Any

from minigen import ops
from minigen.gradcheck.case import Case, case, normal


def conv(note: str, x: tuple[int, ...], weight: tuple[int, ...], **options: Any) -> Case:
    """A case of `conv2d`; for "same" the twin in PyTorch is padded by hand, as Keras pads."""

    def twin(t: Any, x: Any, w: Any, b: Any) -> Any:
        if options.get("padding") == "same":
            stride, dilation = options.get("stride", 1), options.get("dilation", 1)
            (top, bottom), (left, right) = (keras_padding(x.shape[d], w.shape[d], stride, dilation) for d in (2, 3))
            padded = t.nn.functional.pad(x, (left, right, top, bottom))
            return t.nn.functional.conv2d(padded, w, b, **(options | {"padding": 0}))
        return t.nn.functional.conv2d(x, w, b, **options)

    bias = normal(weight[0])
    return case(
        "conv2d",
        lambda x, w, b: ops.conv2d(x, w, b, **options),
        normal(*x),
        normal(*weight),
        bias,
        torch=twin,
        note=note,
    )


def keras_padding(size: int, kernel: int, stride: int, dilation: int) -> tuple[int, int]:
    """Zeros before and after, as TensorFlow's documentation of padding="SAME" computes them."""
    reach = dilation * (kernel - 1) + 1
    total = max(reach - stride, 0) if size % stride == 0 else max(reach - size % stride, 0)
    return total // 2, total - total // 2


def transposed(note: str, x: tuple[int, ...], weight: tuple[int, ...], **options: Any) -> Case:
    """A case of `conv_transpose2d`; for "same" the twin in PyTorch makes the whole image and cuts it by hand."""

    def twin(t: Any, x: Any, w: Any, b: Any) -> Any:
        if options.get("padding") == "same":
            stride, groups = options.get("stride", 1), options.get("groups", 1)
            whole = t.nn.functional.conv_transpose2d(x, w, None, stride, groups=groups, output_padding=stride - 1)
            height, width = x.shape[2] * stride, x.shape[3] * stride
            top, left = (keras_padding(n, k, stride, 1)[0] for n, k in zip((height, width), w.shape[2:], strict=True))
            return whole[:, :, top : top + height, left : left + width] + b[:, None, None]
        return t.nn.functional.conv_transpose2d(x, w, b, **options)

    bias = normal(weight[1] * options.get("groups", 1))
    return case(
        "conv_transpose2d",
        lambda x, w, b: ops.conv_transpose2d(x, w, b, **options),
        normal(*x),
        normal(*weight),
        bias,
        torch=twin,
        note=note,
    )


CASES = [
    case(
        "conv2d",
        ops.conv2d,
        normal(2, 2, 4, 3),
        normal(3, 2, 2, 1),
        torch=lambda t, x, w: t.nn.functional.conv2d(x, w),
        note="no bias",
    ),
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

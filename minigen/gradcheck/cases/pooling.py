"""Pooling, unpooling and upsampling; the inputs of max-pooling have no ties."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigen import ops
from minigen.autograd import Tensor
from minigen.gradcheck.case import Case, apart, beside, case, normal

POOLINGS: dict[str, dict[str, Any]] = {
    "2 × 2": {"kernel_size": 2},
    "overlapping windows": {"kernel_size": 3, "stride": 2, "padding": 1},
    "pairs": {"kernel_size": (2, 3), "stride": (1, 2), "padding": (1, 0)},
}


def pooling(op: str, note: str, draw: Any) -> Case:
    """A case of max_pool2d or avg_pool2d, on images whose last row or column may be left over."""
    options = POOLINGS[note]
    return case(
        op,
        lambda x: getattr(ops, op)(x, **options),
        draw,
        torch=lambda t, x: getattr(t.nn.functional, op)(x, **options),
        note=note,
    )


def unpooling(note: str, size: tuple[int, int], **options: Any) -> Case:
    """A case of max_unpool2d, with the indices of a random image of `size`."""
    image = Tensor(np.random.default_rng(0).standard_normal((2, 2, *size)))
    pooled, indices = ops.max_pool2d(image, **options, return_indices=True)
    return case(
        "max_unpool2d",
        lambda x: ops.max_unpool2d(x, beside(x, indices), **options, output_size=size),
        normal(*pooled.shape),
        torch=lambda t, x: t.nn.functional.max_unpool2d(x, t.tensor(indices.copy()), **options, output_size=size),
        note=note,
    )


CASES = [
    *(pooling("max_pool2d", note, apart(2, 2, 4, 5)) for note in POOLINGS),
    *(pooling("avg_pool2d", note, normal(2, 2, 4, 5)) for note in POOLINGS),
    unpooling("2 × 2", (4, 6), kernel_size=2),
    unpooling("rows left over", (5, 7), kernel_size=2, stride=(2, 3)),
    unpooling("padding", (5, 6), kernel_size=3, stride=3, padding=1),
    case(
        "upsample_nearest2d",
        lambda x: ops.upsample_nearest2d(x, (2, 3)),
        normal(2, 2, 2, 3),
        torch=lambda t, x: t.nn.functional.interpolate(x, scale_factor=(2, 3), mode="nearest"),
    ),
]

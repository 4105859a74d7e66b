"""Pooling, unpooling and upsampling; the inputs of max-pooling have no ties."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigen import ops
from minigen.autograd import Tensor
from minigen.backend import Array
from minigen.gradcheck.case import Case, apart, beside, case, normal

POOLINGS: dict[str, dict[str, Any]] = {
    "2 × 2": {"kernel_size": 2},
    "overlapping windows": {"kernel_size": 3, "stride": 2, "padding": 1},
    "pairs": {"kernel_size": (2, 3), "stride": (1, 2), "padding": (1, 0)},
}


def unpooling(note: str, size: tuple[int, int], **options: Any) -> Case:
    """A case of max_unpool2d, with the indices of a random image of `size`."""
    image = Tensor(np.random.default_rng(0).standard_normal((2, 2, *size)))
    pooled, indices = ops.max_pool2d(image, **options, return_indices=True)
    options |= {"indices": indices, "output_size": size}
    return case("max_unpool2d", unpool, normal(*pooled.shape), note=note, **options)


def unpool(x: Tensor, indices: Array, **options: Any) -> Tensor:
    """max_unpool2d, with the indices on x's device."""
    return ops.max_unpool2d(x, beside(x, indices), **options)


CASES = [
    *(case("max_pool2d", ops.max_pool2d, apart(2, 2, 4, 5), note=note, **POOLINGS[note]) for note in POOLINGS),
    *(case("avg_pool2d", ops.avg_pool2d, normal(2, 2, 4, 5), note=note, **POOLINGS[note]) for note in POOLINGS),
    unpooling("2 × 2", (4, 6), kernel_size=2),
    unpooling("rows left over", (5, 7), kernel_size=2, stride=(2, 3)),
    unpooling("padding", (5, 6), kernel_size=3, stride=3, padding=1),
    case("upsample_nearest2d", ops.upsample_nearest2d, normal(2, 2, 2, 3), scale_factor=(2, 3)),
]

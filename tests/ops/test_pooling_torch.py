"""Pooling, unpooling and upsampling against PyTorch: values, indices, gradients, second derivatives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import Draw, draws, to_device, to_numpy, to_tensor
from windows import Pair, pairs

from minigen import ops

torch = pytest.importorskip("torch")
from torch.nn import functional as F  # noqa: E402, N812
from twin import assert_same_as_torch  # noqa: E402


@dataclass(frozen=True)
class Pooling:
    size: Pair
    kernel_size: Pair
    stride: Pair
    padding: Pair

    @property
    def options(self) -> dict[str, Any]:
        return {"kernel_size": self.kernel_size, "stride": self.stride, "padding": self.padding}


@st.composite
def poolings(draw: st.DrawFn, overlapping: bool = True) -> Pooling:
    kernel = draw(pairs(1, 3))
    stride = draw(pairs(1, 3)) if overlapping else (kernel[0] + draw(st.integers(0, 1)), kernel[1])
    padding = (draw(st.integers(0, kernel[0] // 2)), draw(st.integers(0, kernel[1] // 2)))
    return Pooling(draw(pairs(3, 7)), kernel, stride, padding)


def without_ties(draw: Draw, size: Pair) -> np.ndarray:
    shape = (2, 2, *size)
    return draw.generator().permutation(np.prod(shape)).reshape(shape).astype(draw.dtype) / 10 - 5


@given(draw=draws(), p=poolings())
def test_max_pool2d(draw: Draw, p: Pooling, device: str) -> None:
    assert_same_as_torch(
        draw,
        device,
        [without_ties(draw, p.size)],
        lambda x: ops.max_pool2d(x, **p.options),
        lambda x: F.max_pool2d(x, **p.options),
    )


@given(draw=draws(), p=poolings())
def test_max_pool2d_with_ties(draw: Draw, p: Pooling, device: str) -> None:
    (x,) = draw.integral((2, 2, *p.size))
    assert_same_as_torch(
        draw, device, [x], lambda x: ops.max_pool2d(x, **p.options), lambda x: F.max_pool2d(x, **p.options)
    )
    y, indices = ops.max_pool2d(to_tensor(x, device, draw.layout), **p.options, return_indices=True)
    ty, tindices = F.max_pool2d(torch.tensor(x), **p.options, return_indices=True)
    np.testing.assert_array_equal(to_numpy(y), ty.numpy())
    np.testing.assert_array_equal(to_numpy(indices), tindices.numpy())
    assert str(indices.dtype) == "int64"


@given(draw=draws(), p=poolings(), special=st.lists(st.sampled_from([-np.inf, np.inf, np.nan]), min_size=1))
def test_max_pool2d_of_nan_and_infinity(draw: Draw, p: Pooling, special, device: str) -> None:
    """Values, indices and gradients: windows of -∞ point into the image, NaN wins."""
    x = draw.generator().choice([1.0, 2.0, *special * 3], (2, 2, *p.size)).astype(draw.dtype)
    ours = to_tensor(x, device, draw.layout)
    theirs = torch.tensor(x, requires_grad=True)
    y, indices = ops.max_pool2d(ours, **p.options, return_indices=True)
    ty, tindices = F.max_pool2d(theirs, **p.options, return_indices=True)
    v = draw.generator().standard_normal(y.shape).astype(draw.dtype)
    y.backward(to_tensor(v, device))
    ty.backward(torch.tensor(v))
    np.testing.assert_array_equal(to_numpy(y), ty.detach().numpy())
    np.testing.assert_array_equal(to_numpy(indices), tindices.numpy())
    np.testing.assert_allclose(to_numpy(ours.grad), theirs.grad.numpy(), rtol=1e-5, atol=1e-5)


@given(draw=draws(), p=poolings())
def test_avg_pool2d(draw: Draw, p: Pooling, device: str) -> None:
    assert_same_as_torch(
        draw,
        device,
        draw.normal((2, 2, *p.size)),
        lambda x: ops.avg_pool2d(x, **p.options),
        lambda x: F.avg_pool2d(x, **p.options),
    )


@given(draw=draws(), p=poolings(overlapping=False))
def test_max_unpool2d(draw: Draw, p: Pooling, device: str) -> None:
    _, indices = F.max_pool2d(torch.tensor(without_ties(draw, p.size)), **p.options, return_indices=True)
    ours = to_device(indices.numpy(), device)
    assert_same_as_torch(
        draw,
        device,
        draw.normal(tuple(indices.shape)),
        lambda x: ops.max_unpool2d(x, ours, **p.options, output_size=p.size),
        lambda x: F.max_unpool2d(x, indices, **p.options, output_size=p.size),
    )


def test_unpooled_size_without_output_size(device: str) -> None:
    x, indices = np.ones((1, 1, 2, 3)), np.array([[[[0, 3, 6], [16, 19, 22]]]])
    ours = ops.max_unpool2d(to_tensor(x, device), to_device(indices, device), 2, (2, 3))
    theirs = F.max_unpool2d(torch.tensor(x), torch.tensor(indices), 2, (2, 3))
    np.testing.assert_array_equal(to_numpy(ours), theirs.numpy())


@given(draw=draws(), scale=pairs(1, 3), size=pairs(1, 3))
def test_upsample_nearest2d(draw: Draw, scale: Pair, size: Pair, device: str) -> None:
    assert_same_as_torch(
        draw,
        device,
        draw.normal((2, 2, *size)),
        lambda x: ops.upsample_nearest2d(x, scale),
        lambda x: F.interpolate(x, scale_factor=tuple(map(float, scale)), mode="nearest"),
    )

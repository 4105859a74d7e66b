"""batch_norm against PyTorch: values, running statistics, gradients, second derivatives."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import Draw, assert_close, draws, to_device, to_tensor

from minigen import ops

torch = pytest.importorskip("torch")
from torch.nn import functional as F  # noqa: E402, N812
from twin import assert_same_as_torch  # noqa: E402

shapes = st.sampled_from([(4, 3), (5, 1), (3, 3, 2), (3, 2, 2, 4), (4, 1, 3, 1)])
epsilons = st.sampled_from([1e-5, 0.1])


@given(draw=draws(), shape=shapes, eps=epsilons, affine=st.booleans())
def test_training(draw: Draw, shape, eps: float, affine: bool, device: str) -> None:
    arrays = draw.normal(shape, shape[1:2], shape[1:2])[: 3 if affine else 1]
    assert_same_as_torch(
        draw,
        device,
        arrays,
        lambda x, *wb: ops.batch_norm(x, None, None, *wb, training=True, eps=eps),
        lambda x, *wb: F.batch_norm(x, None, None, *wb, training=True, eps=eps),
    )


@given(draw=draws(), shape=shapes, eps=epsilons, affine=st.booleans())
def test_evaluation(draw: Draw, shape, eps: float, affine: bool, device: str) -> None:
    arrays = draw.normal(shape, shape[1:2], shape[1:2])[: 3 if affine else 1]
    mean, var = (draw.positive(shape[1:2])[0] for _ in range(2))
    statistics = [to_device(s, device) for s in (mean, var)]
    assert_same_as_torch(
        draw,
        device,
        arrays,
        lambda x, *wb: ops.batch_norm(x, *statistics, *wb, eps=eps),
        lambda x, *wb: F.batch_norm(x, torch.tensor(mean), torch.tensor(var), *wb, eps=eps),
    )


@given(draw=draws(), shape=shapes, momentum=st.sampled_from([0.1, 0.5, 1.0]), steps=st.integers(1, 3))
def test_running_statistics(draw: Draw, shape, momentum: float, steps: int, device: str) -> None:
    zeros, ones = np.zeros(shape[1], draw.dtype), np.ones(shape[1], draw.dtype)
    ours = [to_device(s.copy(), device) for s in (zeros, ones)]
    theirs = [torch.tensor(s) for s in (zeros, ones)]
    for x in draw.normal(*[shape] * steps):
        ops.batch_norm(to_tensor(x, device, draw.layout), *ours, training=True, momentum=momentum)
        F.batch_norm(torch.tensor(x), *theirs, training=True, momentum=momentum)
    for a, b in zip(ours, theirs, strict=True):
        assert_close(a, b.numpy(), draw.tolerance)

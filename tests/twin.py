"""The same computation in minigen and in PyTorch: values, gradients and second derivatives must agree."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from support import Draw, assert_close, to_numpy, to_tensor

import minigen

torch = pytest.importorskip("torch")


def assert_same_as_torch(
    draw: Draw,
    device: str,
    arrays: Sequence[np.ndarray],
    ours: Callable[..., minigen.Tensor],
    theirs: Callable[..., Any],
    order: int = 2,
) -> None:
    """Compare y = f(x…), the gradients g = (∂y/∂x)ᵀ·v, and at order 2 the gradients of Σ g·w to every x and to v.

    v and w are random. A second derivative that is zero everywhere may be absent on either side.
    """
    xs = [to_tensor(a, device, draw.layout) for a in arrays]
    txs = [torch.tensor(a, requires_grad=True) for a in arrays]
    y, ty = ours(*xs), theirs(*txs)
    assert str(y.dtype) == draw.dtype
    assert_close(y, ty.detach().numpy(), draw.tolerance, "value")

    generator = np.random.default_rng(draw.seed + 1)
    cotangent = np.asarray(generator.standard_normal(y.shape)).astype(draw.dtype)
    v, tv = to_tensor(cotangent, device), torch.tensor(cotangent, requires_grad=True)
    y.backward(v, create_graph=order > 1)
    tgs = torch.autograd.grad(ty, txs, tv, create_graph=True)
    gs = [x.grad for x in xs]
    for position, (g, tg) in enumerate(zip(gs, tgs, strict=True)):
        assert str(g.dtype) == draw.dtype
        assert_close(g, tg.detach().numpy(), draw.tolerance, f"gradient of input {position}")
    if order == 1:
        return

    directions = [np.asarray(generator.standard_normal(g.shape)).astype(draw.dtype) for g in gs]
    for tensor in (*xs, v):
        tensor.grad = None
    total = sum((g * to_tensor(w, device, requires_grad=False)).sum() for g, w in zip(gs, directions, strict=True))
    if total.requires_grad:
        total.backward()
    ttotal = sum((tg * torch.tensor(w)).sum() for tg, w in zip(tgs, directions, strict=True))
    tseconds: Sequence[Any] = [None] * (len(txs) + 1)
    if ttotal.requires_grad:
        tseconds = torch.autograd.grad(ttotal, (*txs, tv), allow_unused=True)
    for position, (x, second) in enumerate(zip((*xs, v), tseconds, strict=True)):
        expected = np.zeros(x.shape) if second is None else second.numpy(force=True)
        actual = np.zeros(x.shape) if x.grad is None else to_numpy(x.grad)
        assert_close(actual, expected, 10 * draw.tolerance, f"second derivative to input {position}")

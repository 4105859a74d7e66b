"""Fifty steps beside torch.optim with the same gradients; clipping beside torch.nn.utils."""

from __future__ import annotations

import numpy as np
import pytest
from support import LAYOUTS, to_device, to_numpy, to_tensor

from minigen import Tensor, optim
from minigen.nn import Parameter

torch = pytest.importorskip("torch")

SETTINGS = [
    ("SGD", {"lr": 0.1}),
    ("SGD", {"lr": 0.1, "weight_decay": 0.05}),
    ("SGD", {"lr": 0.1, "momentum": 0.9}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True}),
    ("SGD", {"lr": 0.1, "momentum": 0.5, "nesterov": True, "weight_decay": 0.05}),
    ("RMSprop", {}),
    ("RMSprop", {"lr": 1e-3, "alpha": 0.9, "eps": 1e-3}),
    ("Adam", {}),
    ("Adam", {"lr": 2e-4, "betas": (0.5, 0.999)}),
    ("Adam", {"lr": 0.1, "weight_decay": 0.3}),
    ("Adam", {"lr": 0.1, "betas": (0.0, 0.9), "eps": 1e-3}),
    ("AdamW", {}),
    ("AdamW", {"lr": 0.05, "weight_decay": 0.3}),
]
SHAPES = [(), (7,), (5, 4), (2, 3, 2, 2)]


def gradients(step: int) -> list[np.ndarray]:
    """Large and tiny, and zero at times."""
    generator = np.random.default_rng(step)
    return [np.asarray(generator.standard_normal(shape) * 10.0 ** generator.integers(-4, 2)) for shape in SHAPES]


@pytest.mark.parametrize(("name", "arguments"), SETTINGS, ids=str)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_fifty_steps(name: str, arguments, layout: str, device: str) -> None:
    starts = gradients(99)
    ours = [Parameter(to_tensor(a, device, layout).data) for a in starts]
    theirs = [torch.nn.Parameter(torch.tensor(a)) for a in starts]
    optimizer = getattr(optim, name)(ours, **arguments)
    twin = getattr(torch.optim, name)(theirs, **arguments)
    for step in range(50):
        for p, t, g in zip(ours, theirs, gradients(step), strict=True):
            p.grad, t.grad = Tensor(to_device(g, device)), torch.tensor(g)
        optimizer.lr = twin.param_groups[0]["lr"] = twin.param_groups[0]["lr"] * 0.99
        optimizer.step()
        twin.step()
        for p, t in zip(ours, theirs, strict=True):
            np.testing.assert_allclose(to_numpy(p), t.detach().numpy(), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("name", "arguments"), SETTINGS, ids=str)
def test_defaults_are_torchs(name: str, arguments) -> None:
    ours = getattr(optim, name)([Parameter(np.ones(1))])
    defaults = getattr(torch.optim, name)([torch.nn.Parameter(torch.ones(1))]).defaults
    for key in ("lr", "momentum", "nesterov", "alpha", "betas", "eps"):
        if hasattr(ours, key):
            assert getattr(ours, key) == defaults[key], key


@pytest.mark.parametrize("max_norm", [1e-3, 1.0, 1e6])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_clip_grad_norm(max_norm: float, dtype: str, device: str) -> None:
    arrays = [g.astype(dtype) for g in gradients(0)]
    ours = [Parameter(to_device(np.zeros(a.shape, dtype), device)) for a in arrays]
    theirs = [torch.nn.Parameter(torch.zeros(a.shape, dtype=getattr(torch, dtype))) for a in arrays]
    for p, t, g in zip(ours, theirs, arrays, strict=True):
        p.grad, t.grad = Tensor(to_device(g, device)), torch.tensor(g)
    norm, expected = optim.clip_grad_norm_(ours, max_norm), torch.nn.utils.clip_grad_norm_(theirs, max_norm)
    tolerance = 1e-12 if dtype == "float64" else 1e-5
    np.testing.assert_allclose(to_numpy(norm), expected.numpy(), rtol=tolerance)
    for p, t in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(to_numpy(p.grad), t.grad.numpy(), rtol=tolerance)

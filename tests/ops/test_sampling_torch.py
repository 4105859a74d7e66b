"""reparameterize, kl_standard_normal and dropout against PyTorch, the noise given."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import Draw, draws, shapes, to_device

from minigen import ops

torch = pytest.importorskip("torch")
from twin import assert_same_as_torch  # noqa: E402


def normal(mean, log_var):
    return torch.distributions.Normal(mean, torch.exp(log_var / 2))


@given(draw=draws(), shape=shapes())
def test_reparameterize(draw: Draw, shape, device: str) -> None:
    mean, log_var, noise = draw.normal(shape, shape, shape)
    ours, theirs = to_device(noise, device), torch.tensor(noise)
    assert_same_as_torch(
        draw,
        device,
        [mean, log_var],
        lambda m, v: ops.reparameterize(m, v, ours),
        lambda m, v: m + torch.exp(v / 2) * theirs,
    )


@given(draw=draws(), shape=shapes(min_dims=1, max_dims=3))
def test_kl_standard_normal(draw: Draw, shape, device: str) -> None:
    def theirs(mean, log_var):
        return torch.distributions.kl_divergence(normal(mean, log_var), torch.distributions.Normal(0.0, 1.0)).sum(-1)

    assert_same_as_torch(draw, device, draw.normal(shape, shape), ops.kl_standard_normal, theirs)


@given(draw=draws(), shape=shapes(), p=st.sampled_from([0.1, 0.5, 0.9]))
def test_dropout_with_a_given_mask(draw: Draw, shape, p: float, device: str) -> None:
    mask = np.asarray(np.random.default_rng(draw.seed).random(shape) >= p)
    ours, theirs = to_device(mask, device), torch.tensor(mask)
    assert_same_as_torch(
        draw, device, draw.normal(shape), lambda x: ops.dropout(x, p, mask=ours), lambda x: x * theirs / (1 - p)
    )

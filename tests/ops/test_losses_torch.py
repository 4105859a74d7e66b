"""Every loss and reduction against PyTorch, with gradients to inputs and targets."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import Draw, draws, shapes, to_device

import minigen
from minigen import ops

torch = pytest.importorskip("torch")
from torch.nn import functional as F  # noqa: E402, N812
from twin import assert_same_as_torch  # noqa: E402

REDUCTIONS = ("mean", "sum", "none")


@pytest.mark.parametrize("name", ["mse_loss", "l1_loss", "binary_cross_entropy_with_logits"])
@pytest.mark.parametrize("reduction", REDUCTIONS)
@given(draw=draws(), shape=shapes(min_side=1))
def test_loss_to_a_target_of_the_same_shape(name: str, reduction: str, draw: Draw, shape, device: str) -> None:
    x, target = draw.normal(shape, shape)
    target = np.asarray(1 / (1 + np.exp(-target)))  # a probability, as the cross-entropy wants
    ours, theirs = getattr(ops, name), getattr(F, name)
    assert_same_as_torch(
        draw,
        device,
        [x, target],
        lambda x, t: ours(x, t, reduction=reduction),
        lambda x, t: theirs(x, t, reduction=reduction),
    )


@pytest.mark.parametrize("reduction", REDUCTIONS)
@given(draw=draws(), shape=shapes(min_side=1))
def test_target_that_is_a_plain_array(reduction: str, draw: Draw, shape, device: str) -> None:
    x, target = draw.integral(shape, shape)
    ours, theirs = to_device(target.astype("float64"), device), torch.tensor(target)
    assert_same_as_torch(
        draw,
        device,
        [x],
        lambda x: ops.l1_loss(x, ours, reduction),
        lambda x: F.l1_loss(x, theirs, reduction=reduction),
    )


@pytest.mark.parametrize("reduction", REDUCTIONS)
@given(draw=draws(), batch=st.integers(1, 5), classes=st.integers(1, 5), kind=st.sampled_from(["int64", "uint8"]))
def test_cross_entropy(reduction: str, draw: Draw, batch: int, classes: int, kind: str, device: str) -> None:
    labels = np.random.default_rng(draw.seed).integers(0, classes, batch)
    ours, theirs = to_device(labels.astype(kind), device), torch.tensor(labels)
    assert_same_as_torch(
        draw,
        device,
        draw.normal((batch, classes)),
        lambda x: ops.cross_entropy(x, ours, reduction),
        lambda x: F.cross_entropy(x, theirs, reduction=reduction),
    )


@pytest.mark.parametrize("reduction", REDUCTIONS)
@given(draw=draws(), shape=shapes(min_side=1))
def test_gaussian_nll_loss_from_the_logarithm_of_the_variance(reduction: str, draw: Draw, shape, device: str) -> None:
    assert_same_as_torch(
        draw,
        device,
        draw.normal(shape, shape, shape),
        lambda mean, target, log_var: ops.gaussian_nll_loss(mean, target, log_var, reduction),
        lambda mean, target, log_var: F.gaussian_nll_loss(
            mean, target, torch.exp(log_var), full=True, eps=0, reduction=reduction
        ),
    )


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_empty_batch(reduction: str, device: str) -> None:
    empty = np.zeros((0, 3))
    ours = {
        "mse_loss": lambda x: ops.mse_loss(x, x, reduction),
        "binary_cross_entropy_with_logits": lambda x: ops.binary_cross_entropy_with_logits(x, x, reduction),
        "cross_entropy": lambda x: ops.cross_entropy(x, to_device(np.zeros(0, "int64"), device), reduction),
    }
    theirs = {
        "mse_loss": lambda x: F.mse_loss(x, x, reduction=reduction),
        "binary_cross_entropy_with_logits": lambda x: F.binary_cross_entropy_with_logits(x, x, reduction=reduction),
        "cross_entropy": lambda x: F.cross_entropy(x, torch.zeros(0, dtype=torch.int64), reduction=reduction),
    }
    for name, loss in ours.items():
        value = loss(minigen.tensor(empty, device=device)).numpy()
        np.testing.assert_array_equal(value, theirs[name](torch.tensor(empty)).numpy(), err_msg=name)

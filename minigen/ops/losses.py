"""Losses: what is minimised. Each takes reduction="mean", "sum" or "none".

Probabilities come in as logits, before the sigmoid or softmax: only so are the losses finite for a
confident net (log(sigmoid(-1000)) is log 0, softplus(1000) is 1000).
"""

from __future__ import annotations

import math

from minigen import backend
from minigen.autograd import Tensor, record
from minigen.backend import Array
from minigen.ops.activations import known_sigmoid, log_softmax, sigmoid_array
from minigen.ops.elementwise import abs as abs_
from minigen.ops.elementwise import exp
from minigen.ops.operands import Number, Operand, as_operand


def mse_loss(x: Tensor, target: Operand, reduction: str = "mean") -> Tensor:
    """(x - target)²; "mean" averages over all elements, not over examples."""
    target = _target("mse_loss", x, target)
    return _reduce("mse_loss", (x - target) ** 2, reduction)


def l1_loss(x: Tensor, target: Operand, reduction: str = "mean") -> Tensor:
    """|x - target|"""
    target = _target("l1_loss", x, target)
    return _reduce("l1_loss", abs_(x - target), reduction)


def binary_cross_entropy_with_logits(logits: Tensor, target: Operand, reduction: str = "mean") -> Tensor:
    """-t·ln σ(x) - (1 - t)·ln(1 - σ(x)), in nats, for targets t in [0, 1].

    Computed as max(x, 0) - t·x - ln max(σ, 1 - σ), whose logarithm is never of less than ½, from the same
    σ(x) that the derivative σ(x) - t needs. The derivative to the target is -x. The value's error is one of
    rounding near 1, about 6e-8 an element in float32: of a loss of 1e-6 an element few digits are left (torch
    takes ln(1 + e^-|x|), which keeps them); the derivative keeps all.
    """
    name = "binary_cross_entropy_with_logits"
    target = _target(name, logits, target)
    x, xp = logits.data, backend.of(logits.data)
    sigma = sigmoid_array(x)
    larger = xp.abs(sigma - 0.5, out=xp.empty_like(x))
    larger += 0.5
    value = xp.maximum(x, 0)
    value -= target.data * x
    value = value - xp.log(larger) if reduction == "none" else value.sum() - _sum_of_logs(larger)
    loss = record(
        value,
        (logits, lambda g: g * (known_sigmoid(logits, sigma) - target)),
        (target, lambda g: -g * logits),
    )
    if reduction == "mean":
        return loss / x.size if x.size else loss * math.nan
    return _reduce(name, loss, reduction)


def _sum_of_logs(factors: Array) -> Array:
    """Σ ln f for f from ½ to 1, one logarithm for 64 of them: their product is at least 2⁻⁶⁴."""
    xp, flat = backend.of(factors), factors.ravel(order="K")
    groups = len(flat) // 64
    products = flat[: 64 * groups].reshape(64, groups).prod(axis=0)
    return xp.log(products).sum() + xp.log(flat[64 * groups :]).sum()


def cross_entropy(logits: Tensor, labels: Array, reduction: str = "mean") -> Tensor:
    """-ln softmax(logits)[label], in nats: (N, K) logits, (N,) integer labels from 0 to K - 1.

    Raises:
        TypeError: the labels are not an array.
        ValueError: the shapes do not fit, the labels are not integers, or (checked on the CPU) out of range.
    """
    if not hasattr(labels, "dtype"):
        raise TypeError(f"cross_entropy: labels is a {type(labels).__name__}, must be an array of integers")
    classes = logits.shape[-1] if logits.ndim else 0
    if logits.ndim != 2 or labels.shape != logits.shape[:1] or labels.dtype.kind not in "iu":
        raise ValueError(
            f"cross_entropy: logits {logits.shape} and labels {labels.shape} of {labels.dtype} "
            "must be (N, K) and (N,) of integers"
        )
    if logits.device == "cpu" and labels.size and not 0 <= labels.min() <= labels.max() < classes:
        raise ValueError(
            f"cross_entropy: labels run from {labels.min()} to {labels.max()}, must lie in 0…{classes - 1}"
        )
    rows = backend.of(logits.data).arange(len(labels))
    return _reduce("cross_entropy", -log_softmax(logits, 1)[rows, labels], reduction)


def gaussian_nll_loss(mean: Tensor, target: Operand, log_var: Tensor, reduction: str = "mean") -> Tensor:
    """-ln N(target; μ, σ²) = ½·(ln 2π + ln σ² + (target - μ)²/σ²), in nats.

    It takes ln σ², which any real number may be, where torch.nn.functional.gaussian_nll_loss takes σ²;
    and it keeps the constant ½·ln 2π (torch: full=True), so that it is a likelihood.
    """
    target = _target("gaussian_nll_loss", mean, target)
    if log_var.shape != mean.shape:
        raise ValueError(f"gaussian_nll_loss: log_var is of shape {log_var.shape}, must be of mean's {mean.shape}")
    square = (mean - target) ** 2
    elements = 0.5 * (log_var + square * exp(-log_var) + math.log(2 * math.pi))
    return _reduce("gaussian_nll_loss", elements, reduction)


def _target(loss: str, x: Tensor, target: Operand) -> Tensor:
    checked = as_operand(target, x)
    if isinstance(checked, Number) or checked.shape != x.shape:
        found = "a number" if isinstance(checked, Number) else f"of shape {checked.shape}"
        raise ValueError(f"{loss}: target is {found}, must have the input's shape {x.shape}")
    return checked


def _reduce(loss: str, elements: Tensor, reduction: str) -> Tensor:
    if reduction == "mean":
        return elements.mean()
    if reduction == "sum":
        return elements.sum()
    if reduction == "none":
        return elements
    raise ValueError(f"{loss}: reduction is {reduction!r}, must be 'mean', 'sum' or 'none'")

"""Losses: what is minimised. Each takes reduction="mean", "sum" or "none".

Probabilities are given as logits, before the sigmoid or softmax: only so are the losses finite for a
confident net (log(sigmoid(-1000)) is log 0, softplus(1000) is 1000).
"""

from __future__ import annotations

import math

from minigen import backend
from minigen.autograd import Tensor, record
from minigen.backend import Array
from minigen.ops.activations import _sigmoid, log_softmax, sigmoid_array
from minigen.ops.elementwise import finite_exp
from minigen.ops.masks import select, selected
from minigen.ops.operands import Number, Operand, as_operand


def mse_loss(x: Tensor, target: Operand, reduction: str = "mean") -> Tensor:
    """(x - target)²; "mean" averages over all elements, not over examples."""
    return _reduce((x - _target(x, target)) ** 2, reduction)


def l1_loss(x: Tensor, target: Operand, reduction: str = "mean") -> Tensor:
    """|x - target|"""
    return _reduce(abs(x - _target(x, target)), reduction)


def binary_cross_entropy_with_logits(logits: Tensor, target: Operand, reduction: str = "mean") -> Tensor:
    """-t·ln σ(x) - (1 - t)·ln(1 - σ(x)), in nats, for targets t in [0, 1]; derivatives σ(x) - t and -x.

    In the three lines that a textbook has, with σ = σ(x) and h = 1 for x > 0, else 0:

        margin = x * (h - t)                       # |x|, as far as t is on the other side
        elements = margin - log(maximum(σ, 1 - σ)) # the logarithm of at least ½, whatever x is
        return elements.mean()

    The code below is these lines with one logarithm for 64 elements, because the logarithms alone took a quarter
    of a training step of the smallest autoencoder.

    The value's error is one of rounding near 1, about 6e-8 per element in float32: of a loss of 1e-6 per element
    few digits are left (torch takes ln(1 + e^-|x|), which keeps them); the derivative keeps all.
    """
    target = _target(logits, target)
    x, xp = logits.data, backend.of(logits.data)
    sigma = sigmoid_array(x)
    larger = xp.subtract(1, sigma, out=xp.empty_like(x))
    xp.maximum(larger, sigma, out=larger)
    distance = xp.rint(sigma)
    distance -= target.data
    value = selected(x, distance != 0)  # not ∞ · 0: a logit of ∞ is right about a target of 1
    value *= distance
    value = value - xp.log(larger) if reduction == "none" else value.sum() - _sum_of_logs(larger)
    loss = record(
        value,
        (logits, lambda g: g * (_sigmoid(logits, sigma) - target)),
        (target, lambda g: -g * logits),
    )
    if reduction == "mean":
        return loss / x.size if x.size else loss * math.nan
    return _reduce(loss, reduction)


def _sum_of_logs(factors: Array) -> Array:
    """Σ ln f for f from ½ to 1, one logarithm for 64 of them: their product is at least 2⁻⁶⁴."""
    xp, flat = backend.of(factors), factors.ravel(order="K")
    groups = len(flat) // 64
    products = flat[: 64 * groups].reshape(64, groups).prod(axis=0)
    return xp.log(products).sum() + xp.log(flat[64 * groups :]).sum()


def cross_entropy(logits: Tensor, labels: Array, reduction: str = "mean", ignore_index: int = -100) -> Tensor:
    """-ln softmax(logits)[label], in nats: (N, K) logits, (N,) integer labels from 0 to K - 1.

    Examples with the label `ignore_index` have loss 0 and do not count in the mean.

    Raises:
        TypeError: the labels are not an array.
        ValueError: the shapes do not fit, the labels are not integers, or (checked on the CPU) out of range.
    """
    backend.require_array("labels", labels)
    classes = logits.shape[-1] if logits.ndim else 0
    if logits.ndim != 2 or labels.shape != logits.shape[:1] or labels.dtype.kind not in "iu":
        raise ValueError(
            f"logits {logits.shape} and labels {labels.shape} of {labels.dtype} must be (N, K) and (N,) of integers"
        )
    labels = labels.astype("int64", copy=False)
    counted = labels != ignore_index
    labels = labels * counted
    if logits.device == "cpu" and labels.size and not 0 <= labels.min() <= labels.max() < classes:
        raise ValueError(f"labels run from {labels.min()} to {labels.max()}, must lie in 0…{classes - 1}")
    rows = backend.of(logits.data).arange(len(labels))
    elements = select(-log_softmax(logits, 1)[rows, labels], counted)
    if reduction == "mean" and labels.size:
        return elements.sum() / counted.sum()
    return _reduce(elements, reduction)


def gaussian_nll_loss(mean: Tensor, target: Operand, log_var: Tensor, reduction: str = "mean") -> Tensor:
    """-ln N(target; μ, σ²) = ½·(ln 2π + ln σ² + (target - μ)²/σ²), in nats.

    It takes ln σ², which may be any real number, while torch.nn.functional.gaussian_nll_loss takes σ²;
    and it keeps the constant ½·ln 2π (torch: full=True), so that it is a likelihood.
    """
    target = _target(mean, target)
    if log_var.shape != mean.shape:
        raise ValueError(f"log_var is of shape {log_var.shape}, must be of mean's {mean.shape}")
    standardized = (mean - target) * finite_exp(-0.5 * log_var)
    return _reduce(0.5 * (log_var + standardized**2 + math.log(2 * math.pi)), reduction)


def _target(x: Tensor, target: Operand) -> Tensor:
    checked = as_operand(target, x)
    if isinstance(checked, Number) or checked.shape != x.shape:
        found = "a number" if isinstance(checked, Number) else f"of shape {checked.shape}"
        raise ValueError(f"target is {found}, must have the input's shape {x.shape}")
    return checked


def _reduce(elements: Tensor, reduction: str) -> Tensor:
    if reduction == "mean":
        return elements.mean()
    if reduction == "sum":
        return elements.sum()
    if reduction == "none":
        return elements
    raise ValueError(f"reduction is {reduction!r}, must be 'mean', 'sum' or 'none'")

"""batch_norm: shifts and scales each channel to mean 0 and variance 1 over the batch."""

from __future__ import annotations

from typing import NamedTuple

from minigen import backend, parallel
from minigen.autograd import Tensor, record
from minigen.backend import Array
from minigen.ops.layout import batch_to_first, batch_to_last
from minigen.ops.sharding import mean_of_batch, mean_of_batch_array, moments_of_batch, sum_of_batch


def batch_norm(
    x: Tensor,
    running_mean: Array | None,
    running_var: Array | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """y = γ·(x - μ) / √(σ² + ε) + β, with one μ, σ², γ and β per channel.

    In training μ and σ² are the mean and the (biased) variance of x over all dimensions but the channels, also if
    several workers share the batch, and the running statistics move by `momentum` towards μ and the unbiased variance,
    n / (n - 1)·σ². In evaluation they are the running statistics.

    Args:
        x: (N, C, …), such as (N, C, H, W) or (N, C)
        running_mean, running_var: plain arrays (C,), updated in place in training; None keeps none.
        weight, bias: γ and β, (C,)
        momentum: the weight of the new statistics in the running ones.
        eps: ε, which keeps a constant channel finite.

    Source: Ioffe & Szegedy 2015, "Batch Normalization", algorithms 1 and 2.

    Raises:
        ValueError: sizes that do not fit, a channel of one element in training, no statistics in evaluation.
    """
    if x.ndim < 2:
        raise ValueError(f"x has shape {x.shape}, must have at least 2 dimensions: (N, C, …)")
    named = {"running_mean": running_mean, "running_var": running_var, "weight": weight, "bias": bias}
    for name, value in named.items():
        if value is not None and name.startswith("running"):
            backend.require_array(name, value)
        if value is not None and value.shape != x.shape[1:2]:
            raise ValueError(f"{name} has shape {value.shape}, x {x.shape} expects {x.shape[1:2]}")
    per_channel, eps = _per_channel(x), float(eps)
    if training:
        y = _batch_norm(x, _statistics(x, running_mean, running_var, momentum, eps))
    elif running_mean is None or running_var is None:
        raise ValueError("evaluation (training=False) needs running_mean and running_var")
    else:
        inverse_std = 1 / backend.of(x.data).sqrt(running_var + eps)
        y = (x - running_mean.reshape(per_channel)) * inverse_std.reshape(per_channel)
    if weight is not None:
        y = y * weight.reshape(per_channel)
    if bias is not None:
        y = y + bias.reshape(per_channel)
    return y


class _Statistics(NamedTuple):
    """Statistics of each channel of a batch: x̂ = r·(x - μ), one row per channel, and r = 1 / √(σ² + ε), (C, 1)."""

    standardized: Array
    inverse_std: Array


def _statistics(
    x: Tensor, running_mean: Array | None, running_var: Array | None, momentum: float, eps: float
) -> _Statistics:
    """Standardize x, and let the running statistics follow."""
    rows = _rows(x.data)
    count = _elements(rows)
    if count < 2:
        raise ValueError(f"x has shape {x.shape}, must have at least two elements per channel in training")
    own_mean = rows.mean(axis=1, keepdims=True)
    standardized = rows - own_mean
    mean, var = moments_of_batch(own_mean, _mean_product(standardized, standardized))
    if mean is not own_mean:  # other workers have rows of the batch, too
        standardized += own_mean - mean
    if running_mean is not None:
        _move(running_mean, mean, momentum)
    if running_var is not None:
        _move(running_var, var * (count / (count - 1)), momentum)
    inverse_std = 1 / backend.of(rows).sqrt(var + eps)
    standardized *= inverse_std
    return _Statistics(standardized, inverse_std)


def _move(running: Array, new: Array, momentum: float) -> None:
    running *= 1 - momentum
    running += momentum * new[:, 0]


# x̂ and r as functions of x, the gradient of x̂, and the derivatives of all three


def _batch_norm(x: Tensor, s: _Statistics) -> Tensor:
    """x̂ = r·(x - μ)"""
    return record(_images(s.standardized, x.shape), (x, lambda g: _batch_norm_grad(g, x, s)))


def _inverse_std(x: Tensor, s: _Statistics) -> Tensor:
    """r, one number per channel, (1, C, 1, …); dr/dx = -r²·x̂ / n"""

    def derivative(g: Tensor) -> Tensor:
        r = _inverse_std(x, s)
        return (-sum_of_batch(g) * r * r / _elements(s.standardized)) * _batch_norm(x, s)

    return record(s.inverse_std.reshape(_per_channel(x)), (x, derivative))


def _batch_norm_grad(g: Tensor, x: Tensor, s: _Statistics) -> Tensor:
    """D(g) = r·(g - mean(g) - x̂·mean(g·x̂)), means over a channel: the gradient of x̂ to x. D is its own adjoint.

    The gradient to x of Σ h·D(g) is, with b = mean(h·x̂) and c = mean(g·x̂),
    -r²·x̂·(mean(g·h) - mean(g)·mean(h) - b·c) - r·D(b·g + c·h).
    """
    rows = _rows(g.data)
    own_means = rows.mean(axis=1, keepdims=True), _mean_product(rows, s.standardized)
    mean, product = mean_of_batch_array(backend.of(rows).stack(own_means))
    value = rows - mean
    value -= s.standardized * product
    value *= s.inverse_std

    def derivative_to_x(h: Tensor) -> Tensor:
        standardized, r = _batch_norm(x, s), _inverse_std(x, s)
        b, c = _mean(h * standardized), _mean(g * standardized)
        covariance = _mean(g * h) - _mean(g) * _mean(h) - b * c
        return -r * r * covariance * standardized - r * _batch_norm_grad(b * g + c * h, x, s)

    return record(_images(value, g.shape), (g, lambda h: _batch_norm_grad(h, x, s)), (x, derivative_to_x))


def _mean(x: Tensor) -> Tensor:
    """The mean over a channel, (1, C, 1, …)."""
    return mean_of_batch(x.mean((0, *range(2, x.ndim)), keepdim=True))


def _per_channel(x: Tensor) -> tuple[int, ...]:
    """(1, C, 1, …): one number per channel, with as many dimensions as x."""
    return (1, x.shape[1]) + (1,) * (x.ndim - 2)


def _rows(x: Array) -> Array:
    """(N, C, …) -> (C, … · N), a view if x lies batch-last"""
    return batch_to_last(x).reshape(x.shape[1], -1)


def _images(rows: Array, shape: tuple[int, ...]) -> Array:
    """(C, … · N) -> (N, C, …)"""
    return batch_to_first(rows.reshape(*shape[1:], shape[0]))


def _elements(rows: Array) -> int:
    """How many elements a channel has in the whole batch; this worker's part of them are the rows (C, M)."""
    shard = parallel.shard()
    return rows.shape[1] if shard is None else rows.shape[1] * shard.total // (shard.stop - shard.start)


def _mean_product(a: Array, b: Array) -> Array:
    """The mean of a·b over each row, as a product of matrices: (C, M), (C, M) -> (C, 1)"""
    return (a[:, None, :] @ b[:, :, None])[:, 0] / a.shape[1]

"""Randomness that gradients pass through: reparameterize, its KL divergence, dropout.

The noise is an argument of each, so that a gradient check, or a comparison with PyTorch, can fix it.
"""

from __future__ import annotations

from minigen import backend
from minigen.autograd import Tensor, record
from minigen.backend import Array
from minigen.ops.elementwise import exp, finite_exp
from minigen.ops.layout import laid_like
from minigen.ops.masks import BITS, selected
from minigen.ops.noise import normal, uniform_like


def reparameterize(mean: Tensor, log_var: Tensor, noise: Array | None = None) -> Tensor:
    """z = μ + σ·ε with σ = exp(½·ln σ²): a draw from N(μ, σ²) that is differentiable in μ and ln σ².

    Args:
        mean: μ, (N, Z)
        log_var: ln σ², (N, Z)
        noise: ε, (N, Z); drawn from N(0, 1) if left out.

    Source: Kingma & Welling 2014, "Auto-Encoding Variational Bayes", section 2.4.

    Raises:
        ValueError: the shapes differ.
    """
    if noise is None:
        noise = normal(mean.shape, mean.data)
    if not mean.shape == log_var.shape == noise.shape:
        raise ValueError(f"mean {mean.shape}, log_var {log_var.shape} and noise {noise.shape} must have one shape")
    return mean + finite_exp(0.5 * log_var) * laid_like(noise, mean.data)


def kl_standard_normal(mean: Tensor, log_var: Tensor) -> Tensor:
    """KL(N(μ, σ²) ‖ N(0, 1)) = ½·Σ (μ² + σ² - 1 - ln σ²), in nats, one number per example: (N, Z) -> (N,).

    It is summed over the latent dimensions, never averaged: the average would weigh a code of 20
    dimensions 20 times too little against a reconstruction term that is summed over pixels.

    Source: Kingma & Welling 2014, appendix B.
    """
    return 0.5 * (mean * mean + exp(log_var) - 1.0 - log_var).sum(-1)


def dropout(x: Tensor, p: float = 0.5, training: bool = True, mask: Array | None = None) -> Tensor:
    """x with each element zeroed with probability p and the others scaled by 1/(1 - p).

    Args:
        mask: booleans of x's shape, true for the elements that are kept; drawn if left out.

    The scaling keeps the expectation, so that nothing changes in evaluation (training=False).
    Source: Srivastava et al. 2014, in the "inverted" form that PyTorch uses.

    Raises:
        TypeError: the mask is not an array of booleans.
        ValueError: p is not in [0, 1), or the mask has another shape than x.
    """
    if not 0 <= p < 1:
        raise ValueError(f"p is {p}, must be at least 0 and below 1")
    if not training or p == 0:
        return x
    if mask is None:
        mask = uniform_like(x.data) >= p
    backend.require_array("mask", mask)
    if mask.shape != x.shape:
        raise ValueError(f"mask has shape {mask.shape}, must have the shape of x {x.shape}")
    if mask.dtype != bool:
        raise TypeError(f"mask is an array of {mask.dtype}, must be of bool")
    return _dropout(x, 1 / (1 - p), mask.astype(BITS[x.data.itemsize]))  # as `selected` needs the mask


def _dropout(x: Tensor, scale: float, mask: Array) -> Tensor:
    """scale·x where the mask is 1, 0 where it is 0; so is the gradient."""
    xp = backend.of(x.data)
    value = xp.multiply(x.data, scale, out=xp.empty_like(x.data))
    selected(value, mask, out=value)
    return record(value, (x, lambda g: _dropout(g, scale, mask)))

"""Checks of lesson 18."""

import math

import numpy as np

from minigen import Tensor, ops
from minigen.learning import differentiates, exercise, number, same


@exercise("pencil", "σ² = 1, so ln σ² = 0.", "½·(1² + 1 - 1 - 0)")
def answer_kl(your):
    mistakes = {
        1: "the factor ½ is missing",
        0: "the means differ",
        0.7213: "in nats, not in bits",
        1.5: "the -1 is missing",
    }
    number(your.answer_kl, 0.5, mistakes | {0.25: "½·μ², not ¼"})


def draws(*shape, count):
    return np.random.default_rng(24).standard_normal((count, *shape))


@exercise(
    "gap",
    "σ² = exp(ln σ²): ops.exp(log_var).",
    "Sum over the last axis: .sum(-1) gives one number for each example.",
    without="kl_standard_normal",
)
def kl(your):
    mean, log_var = draws(3, 4, count=2)
    terms = 0.5 * (mean**2 + np.exp(log_var) - 1 - log_var)
    mistakes = {
        "sum over the latent numbers of an example, not their mean": terms.mean(1),
        "one number for each example: sum over the last axis": terms.sum(),
        "sum over the latent numbers, axis -1, not over examples": terms.sum(0),
        "the factor ½ is missing": 2 * terms.sum(1),
        "log_var is ln σ²: σ² = exp(log_var)": 0.5 * (mean**2 + log_var**2 - 1 - np.log(log_var**2)).sum(1),
        "exp(2·log_var) would be σ² if log_var were ln σ": 0.5
        * (mean**2 + np.exp(2 * log_var) - 1 - 2 * log_var).sum(1),
        "ln σ² has a minus sign": 0.5 * (mean**2 + np.exp(log_var) - 1 + log_var).sum(1),
        "the -1 is missing": 0.5 * (mean**2 + np.exp(log_var) - log_var).sum(1),
        "μ is squared": 0.5 * (mean + np.exp(log_var) - 1 - log_var).sum(1),
    }
    same(your.kl(Tensor(mean), Tensor(log_var)), Tensor(terms.sum(1)), "the KL", mistakes, given=mean)
    zero = np.zeros((2, 3))
    same(your.kl(Tensor(zero), Tensor(zero)), Tensor(np.zeros(2)), "the KL of N(0, 1)")
    differentiates([({}, your.kl, (mean[:1, :1], log_var[:1, :1])), ({}, your.kl, (mean, log_var))], "mean log_var")


@exercise(
    "gap", "Divide by σ² as a product with exp(-log_var).", "Keep ½·ln 2π for each number.", without="gaussian_nll_loss"
)
def gaussian_nll(your):
    x, mean, log_var = draws(3, 4, count=3)
    terms = 0.5 * (math.log(2 * math.pi) + log_var + (x - mean) ** 2 * np.exp(-log_var))
    squares = (x - mean) ** 2
    mistakes = {
        "½·ln 2π counts for each number of the example": terms.sum(1) - 2 * math.log(2 * math.pi),
        "½·ln 2π counts for each number, not once": terms.sum(1) - 1.5 * math.log(2 * math.pi),
        "the factor ½ is missing": 2 * terms.sum(1),
        "sum over the numbers of an example, not their mean": terms.mean(1),
        "one number for each example": terms.sum(),
        "divide by σ² = exp(log_var), not by ln σ²": 0.5 * (math.log(2 * math.pi) + log_var + squares / log_var).sum(1),
        "divide by σ², do not multiply": 0.5 * (math.log(2 * math.pi) + log_var + squares * np.exp(log_var)).sum(1),
        "ln σ² is missing: a wide Gaussian is thin": terms.sum(1) - 0.5 * log_var.sum(1),
        "divide by σ², not by σ": 0.5 * (math.log(2 * math.pi) + log_var + squares * np.exp(-0.5 * log_var)).sum(1),
    }
    tensors = [Tensor(array) for array in (x, mean, log_var)]
    same(your.gaussian_nll(*tensors), Tensor(terms.sum(1)), "the loss", mistakes, given=x)
    differentiates([({}, your.gaussian_nll, (x, mean, log_var))], "x mean log_var")


@exercise(
    "bug",
    "How large may each term become for 784 pixels and for 20 latent numbers?",
    "Both terms must be sums over one image.",
    line=3,
)
def negative_elbo(your):
    generator = np.random.default_rng(25)
    for n, d, z in ((4, 6, 2), (1, 3, 2)):
        logits, x = generator.standard_normal((n, d)), generator.random((n, d))
        mean, log_var = generator.standard_normal((2, n, z))
        error = ops.binary_cross_entropy_with_logits(Tensor(logits), Tensor(x), reduction="sum").data / n
        divergence = ops.kl_standard_normal(Tensor(mean), Tensor(log_var)).data.sum() / n
        mistakes = {
            f"both terms are averaged: this is a β of {d} / {z} that nobody chose": error / d + divergence / z,
            "averaged over the images it must be": (error + divergence) * n,
            "the KL is added: the ELBO has a minus there, and this is the negative ELBO": error - divergence,
            "the KL is missing": error,
        }
        found = your.negative_elbo(*(Tensor(array) for array in (logits, x, mean, log_var)))
        same(found, Tensor(error + divergence), f"the negative ELBO of {n} images of {d} pixels", mistakes)

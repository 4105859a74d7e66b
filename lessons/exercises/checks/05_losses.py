"""Checks of lesson 5."""

import numpy as np

from minigen import Tensor, ops
from minigen.learning import WrongError, differentiates, exercise, number, same

LOGITS = [[1.0, 2.0, 3.0], [0.0, -1.0, 0.5]]


@exercise("pencil", "Cross-entropy is -ln of the right class's probability.", "-ln(1/10)")
def answer_untrained(your):
    mistakes = {
        3.3219: "that is in bits: take the natural logarithm",
        1: "that is log₁₀",
        0.1: "that is the probability",
    }
    number(
        your.answer_untrained, np.log(10), mistakes | {0.2302585: "the right class alone counts: no mean over classes"}
    )


@exercise(
    "gap",
    "ln Σ eˣ = m + ln Σ eˣ⁻ᵐ for every m: take the largest x.",
    "Write the derivative with ops.exp(log_softmax(x)): softmax is e to the power of it, and that is differentiable.",
    without="log_softmax",
)
def log_softmax(your):
    generator = np.random.default_rng(3)
    x = generator.standard_normal((3, 4))
    right, s = x - np.log(np.exp(x).sum(1, keepdims=True)), x - x.max(1, keepdims=True)
    mistakes = {"sum over the classes of one example: axis=-1": x - np.log(np.exp(x).sum(0, keepdims=True))}
    mistakes |= {
        "this is softmax; its logarithm is wanted": np.exp(right),
        "sum along the last axis only": s - np.log(np.exp(s).sum()),
    }
    same(your.log_softmax(Tensor(x)), Tensor(right), "log_softmax(x)", mistakes, given=x)
    large = np.array([[1000.0, 0.0], [-1000.0, 0.0]])
    same(your.log_softmax(Tensor(large)), Tensor(np.array([[0.0, -1000.0], [-1000.0, 0.0]])), "for logits of ±1000 it")
    cases = [({}, your.log_softmax, (np.array(LOGITS),)), ({}, your.log_softmax, (x,))]
    hint = "check dx = g - softmax(x)·Σ g, summed along the last axis with keepdim=True"
    differentiates(cases, "x", {"dx": hint})


@exercise(
    "gap",
    "ln(1 + eˣ) overflows for large x; ln(1 + e^-|x|) never does.",
    "-ln σ(x) = max(-x, 0) + ln(1 + e^-|x|). Work out the sum of both terms: max(x, 0) - x·t + ln(1 + e^-|x|).",
    without="binary_cross_entropy_with_logits softplus",
)
def binary_cross_entropy(your):
    generator = np.random.default_rng(4)
    x, t = generator.standard_normal((2, 3, 4))
    t = abs(np.tanh(t))
    sigma = 1 / (1 + np.exp(-x))
    first, second = -t * np.log(sigma), -(1 - t) * np.log(1 - sigma)
    mistakes = {"the second term, -(1 - t)·ln(1 - σ), is missing": first, "the first term, -t·ln σ, is missing": second}
    mistakes |= {"t and 1 - t are exchanged": -(1 - t) * np.log(sigma) - t * np.log(1 - sigma)}
    mistakes |= {
        "return all elements, not their mean": (first + second).mean(),
        "not their sum": (first + second).sum(),
    }
    same(your.binary_cross_entropy(Tensor(x), Tensor(t)), Tensor(first + second), "the loss", mistakes, given=x)
    x, t, right = (
        np.array(values) for values in ([1000.0, -1000.0, 1000.0, -1000.0], [1.0, 0, 0, 1], [0, 0, 1000.0, 1000.0])
    )
    same(your.binary_cross_entropy(Tensor(x), Tensor(t)), Tensor(right), "the loss for logits of ±1000")
    arrays = np.array([0.5, -1.5, 2.0]), np.array([0.0, 1.0, 0.3])
    differentiates([({}, your.binary_cross_entropy, arrays)], "x t")


@exercise(
    "gap",
    "A sum of `inputs` products has `inputs` times the variance of one.",
    "relu lets half of E[s²] through, so the variance must be 2 / inputs. What is the factor to N(0, 1)?",
)
def first_weight(your):
    generator = np.random.default_rng(5)
    w = your.first_weight(300, 200, generator)
    same(np.zeros(np.shape(w)), np.zeros((300, 200)), "the weight")
    variance, mean = float(np.var(w)), float(np.mean(w))
    if abs(mean) > 0.01:
        raise WrongError(f"the mean of the weights is {mean:.3f}, must be 0")
    ways = {
        "2 / inputs is the variance, not the factor: take its root": (2 / 200) ** 2,
        "relu halves E[h²]: twice that": 1 / 200,
    }
    ways |= {
        "divide by the number of inputs, not of outputs": 2 / 300,
        "this is Glorot's, for tanh": 2 / 500,
        "draws of N(0, 1) must be scaled": 1,
    }
    for hint, value in ways.items():
        if abs(variance / value - 1) < 0.05:
            raise WrongError(f"the variance of the weights is {variance:.4f}: {hint}")
    h = generator.standard_normal((100, 200))
    before = (h**2).mean()
    for _ in range(20):
        h = np.maximum(h @ your.first_weight(200, 200, generator).T, 0)
    ratio = float((h**2).mean() / before)
    if not 0.2 < ratio < 5:
        raise WrongError(f"after 20 layers with relu E[h²] is {ratio:.2g} times what it was, must stay about the same")
    if (your.first_weight(5, 5, np.random.default_rng(0)) == your.first_weight(5, 5, np.random.default_rng(1))).any():
        raise WrongError("draw from the generator that is given, not from another one")

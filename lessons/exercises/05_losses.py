"""Exercises of lesson 5: losses and first weights.

Fill the gaps, then run: python -m minigen.learn 05
"""

import numpy as np

from minigen import ops
from minigen.autograd import record

# Pencil: an untrained classifier gives each of 10 classes the same probability. What is its cross-entropy in nats?
answer_untrained = None


def log_softmax(x):
    """x - ln Σ eˣ along the last axis: (N, K) -> (N, K). Finite for logits of 1000; of any order of derivative.

    If y = log_softmax(x), then dx = g - softmax(x)·Σ g, where the sum goes along the last axis.
    """
    raise NotImplementedError("your turn")


def binary_cross_entropy(x, t):
    """-t·ln σ(x) - (1 - t)·ln(1 - σ(x)) for each element, from logits x and targets t in [0, 1]: two tensors.

    Finite, and precise to 7 digits, for logits of ±1000. Use ops.log, ops.exp, ops.abs and ops.maximum.
    """
    raise NotImplementedError("your turn")


def first_weight(outputs, inputs, generator):
    """Random weights (outputs, inputs) for a dense layer with relu, of mean 0 and a variance that keeps E[h²] the same.

    generator: of NumPy; generator.standard_normal(shape) draws from N(0, 1).
    """
    raise NotImplementedError("your turn")

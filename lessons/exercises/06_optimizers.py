"""Exercises of lesson 6: optimizers.

Fill the gaps, then run: python -m minigen.learn 06
"""

import numpy as np

# Pencil: how far does Adam's first step move p if the gradient is 1000 and lr = 0.01?
answer_first_step = None


def momentum_step(p, g, b, lr=0.1, momentum=0.9):
    """One step of SGD with momentum, in place: b ← momentum·b + g, then p ← p - lr·b.

    p: the parameter, an array.   g: its gradient, which must not change.   b: the running sum, 0 before the first step.
    Returns nothing.
    """
    raise NotImplementedError("your turn")


def adam_step(p, g, m, v, t, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
    """Step t = 1, 2, … of Adam, in place: p, m and v change, g does not.

    m ← β₁·m + (1 - β₁)·g      v ← β₂·v + (1 - β₂)·g²      means of g and g², both 0 before the first step
    m̂ = m / (1 - β₁ᵗ)          v̂ = v / (1 - β₂ᵗ)           corrected for their start at 0
    p ← p - lr·m̂ / (√v̂ + eps)
    """
    raise NotImplementedError("your turn")


def descend(gradient, start, calls=300):
    """Open: from start, come to a distance below 1e-3 from the minimum of a long narrow valley.

    gradient: maps an array of two numbers to the gradient there; it may be called `calls` times, the call after raises.
    The loss is (x² + 100·y²)/2 around a minimum that you do not know. Plain descent with the best lr ends at 0.01.
    Returns the last position.
    """
    raise NotImplementedError("your turn")

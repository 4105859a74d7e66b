"""Exercises of lesson 9: tied weights.

Fill the gap, then run: python -m minigen.learn 09
"""

import numpy as np


def tied_gradient(x, w, target):
    """dL/dW of a tied autoencoder: h = x·Wᵀ, y = h·W, L = ½·Σ (y - target)², from plain arrays.

    x: (N, D).   w: (K, D).   target: (N, D), the x without noise.
    W is used twice, in the encoder and in the decoder. Returns (K, D).
    """
    h = x @ w.T
    error = h @ w - target
    decoder = h.T @ error
    encoder = (error @ w.T).T @ x
    return encoder + decoder


# Pencil: a tied autoencoder 784 → 100 → 784 has one matrix and two biases. How many parameters does it have?
answer_tied = 79284

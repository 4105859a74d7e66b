"""Exercises of lesson 23: making NumPy fast.

Fill the gaps, then run: python -m minigen.learn 23
"""

import numpy as np


def momentum_step(p, g, b, scratch, lr=0.1, momentum=0.9):
    """b ← momentum·b + g, then p ← p - lr·b, without a new array: the memory of a step costs more than its arithmetic.

    p, g, b, scratch: arrays of one shape; p, b and scratch change, g does not; scratch may hold anything.
    np.multiply(a, c, out=array) writes into an array that is there already. Returns nothing.
    """
    raise NotImplementedError("your turn")


# Find the bug: enter the number of the wrong line, and fix that line in the function below.
BUGGY_LINE = 0


def weighted_sum(x, weight):
    """Σ x·weight over all elements of two arrays of one shape, as one product of two vectors.

    Arrays of one shape may lie differently in memory, as an array and a transposed one do.
    """
    a = x.ravel()  # line 1
    b = weight.ravel(order="K")  # line 2
    return a @ b  # line 3

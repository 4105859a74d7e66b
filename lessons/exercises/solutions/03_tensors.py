"""Exercises of lesson 3: tensors.

Fill the gaps, then run: python -m minigen.learn 03
An operation on tensors computes with arrays (x.data) and returns record(value, (input, derivative), ...). A derivative
maps g = dL/dy to dL/dinput and is written with tensors, so that it can be differentiated again.
"""

import numpy as np

from minigen.autograd import record

# Pencil: a has shape (4, 1, 3), b has shape (5, 1). How many elements does a + b have?
answer_elements = 60


def unbroadcast(g, shape):
    """The adjoint of broadcasting: the tensor g summed until it has the given shape.

    g: a tensor, of the shape that broadcasting gave.   shape: what was broadcast, such as (3,) or (4, 1).
    Use g.sum(dims) and g.sum(dims, keepdim=True).
    """
    g = g.sum(tuple(range(g.ndim - len(shape)))) if g.ndim > len(shape) else g
    repeated = tuple(d for d, length in enumerate(shape) if length == 1 and g.shape[d] != 1)
    return g.sum(repeated, keepdim=True) if repeated else g


def multiply(a, b):
    """a · b, element by element, with broadcasting. Use your unbroadcast."""
    return record(
        a.data * b.data,
        (a, lambda g: unbroadcast(g * b, a.shape)),
        (b, lambda g: unbroadcast(g * a, b.shape)),
    )


def product(a, b):
    """The matrix product of a (M, K) and b (K, N): (M, N). A derivative may use @ and .T of tensors."""
    return record(a.data @ b.data, (a, lambda g: g @ b.T), (b, lambda g: a.T @ g))


# Find the bug: enter the number of the wrong line, and fix that line in the function below.
BUGGY_LINE = 2


def relu(x):
    """max(x, 0)"""
    active = x.data > 0  # line 1
    value = np.maximum(x.data, 0)  # line 2
    return record(value, (x, lambda g: g * active))  # line 3

"""Exercises of lesson 24: many workers.

Fill the gaps, then run: python -m minigen.learn 24
"""

import numpy as np

# Pencil: a batch of 100 is cut into shards of 60 and 40, whose mean losses are 1.0 and 2.0. What is the batch's mean?
answer_mean = 1.4


def combine(gradients, counts):
    """The gradient of a batch's mean loss, from the gradients of the shards' mean losses.

    gradients: a list of arrays of one shape, one for each worker.   counts: the number of examples in each shard; a
    shard may be empty, and its gradient is then NaN.   Returns an array.
    """
    total = np.zeros(gradients[0].shape)
    for g, count in zip(gradients, counts, strict=True):
        if count:
            total += g * (count / sum(counts))
    return total


def all_reduce(values):
    """Each worker receives the sum over all workers: a list of arrays, one for each worker -> a list as long."""
    return [sum(values) for _ in values]


def all_reduce_adjoint(gradients):
    """The derivative of all_reduce: from dL/d(what each worker received) to dL/d(what each worker gave).

    L is the sum of what all workers make of it. gradients: a list of arrays, one for each worker -> a list as long.
    """
    return [sum(gradients) for _ in gradients]

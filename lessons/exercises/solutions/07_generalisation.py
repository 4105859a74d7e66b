"""Exercises of lesson 7: generalisation.

Fill the gaps, then run: python -m minigen.learn 07
"""

import numpy as np

from minigen.autograd import record

# Pencil: a net classifies 900 of 1,000 test images correctly. What is the standard error of this accuracy of 0.9?
answer_error = 0.0095


def dropout(x, p, kept):
    """x with some elements zeroed and the others scaled so that the expectation stays: an operation to record.

    x: a tensor.   p: the probability with which an element is zeroed.
    kept: booleans of x's shape, true with probability 1 - p.
    """
    scale = kept / (1 - p)
    return record(x.data * scale, (x, lambda g: g * scale))


def split(count, held_out, generator):
    """Indices 0 … count - 1 in two arrays: those to train on, and `held_out` of them, drawn at random, for validation.

    generator: of NumPy; generator.permutation(count) shuffles.
    """
    order = generator.permutation(count)
    return order[held_out:], order[:held_out]


def early_stopping(losses, patience):
    """(best epoch, last epoch), counted from 0: training stops once `patience` epochs in a row did not beat the best.

    losses: the validation loss of each epoch, were training to go on.   Of equal losses the first is the best.
    """
    best = 0
    for epoch, loss in enumerate(losses):
        if loss < losses[best]:
            best = epoch
        if epoch - best >= patience:
            return best, epoch
    return best, len(losses) - 1


def fit(x, y, held_out_x, held_out_y):
    """Open: fit noisy measurements of a smooth curve, with a mean squared error below 0.022 on new points of the curve.

    x, y: (20,), x in [-1, 1], y with noise of deviation 0.3.   held_out_x, held_out_y: (20,), more of the same.
    Returns a function from an array of x to an array of the same shape. np.polyfit(x, y, degree) gives coefficients,
    np.polyval(coefficients, x) the polynomial's value. The highest degree fits the given points best, not new ones.
    """
    candidates = [np.polyfit(x, y, degree) for degree in range(10)]
    errors = [((np.polyval(c, held_out_x) - held_out_y) ** 2).mean() for c in candidates]
    best = int(np.argmin(errors))
    both = np.polyfit(np.concatenate([x, held_out_x]), np.concatenate([y, held_out_y]), best)
    return lambda x: np.polyval(both, x)

"""Exercises of lesson 1: derivatives, and how to check them.

Fill the gaps, then run: python -m minigen.learn 01
"""

import numpy as np

# Pencil: what is the slope of f(x) = x³ - 2x at x = 2?
answer_slope = 10.0


# Pencil: the slope of f(x) = x³ at x = 1 is 3. By how much is the central difference with h = 0.1 too large?
answer_error = 0.01


def central_difference(f, x, h=1e-5):
    """The gradient of f at x: for each element i, (f(x + h·eᵢ) - f(x - h·eᵢ)) / 2h, where eᵢ is 1 at i and 0 elsewhere.

    f: maps an array to a number.   x: an array of any shape, float64; it must be the same afterwards.
    Returns an array of x's shape.
    """
    gradient = np.zeros(x.shape)
    for i in np.ndindex(x.shape):
        step = np.zeros(x.shape)
        step[i] = h
        gradient[i] = (f(x + step) - f(x - step)) / (2 * h)
    return gradient


# Find the bug: enter the number of the wrong line, and fix that line in the function below.
BUGGY_LINE = 1


def gradient_error(f, derivative, x, seed=0):
    """How wrong is a derivative? |⟨derivative(x, g), v⟩ - the slope of ⟨g, f⟩ along v|, with a random direction v.

    f: maps an array to an array.   derivative: maps x and g = dL/df to dL/dx.
    """
    g = np.random.default_rng(seed).standard_normal(f(x).shape)  # line 1
    v = np.random.default_rng(seed + 1).standard_normal(x.shape)  # line 2
    h = 1e-6  # line 3
    ahead, behind = (g * f(x + h * v)).sum(), (g * f(x - h * v)).sum()  # line 4
    return abs((derivative(x, g) * v).sum() - (ahead - behind) / (2 * h))  # line 5


def best_slope(f, x):
    """Open: the slope of f at x from values of f alone, better than any central difference: an error below 1e-11.

    f: maps a number to a number; sin, exp and others, all smooth.   x: a number between 0.5 and 2.
    A central difference errs by more: a large step bends, a small one drowns in rounding. Two steps know more.
    """
    h = 2e-2
    slopes = [(f(x + step) - f(x - step)) / (2 * step) for step in (h, h / 2, h / 4)]
    better = [(4 * slopes[k + 1] - slopes[k]) / 3 for k in (0, 1)]
    return (16 * better[1] - better[0]) / 15

"""Exercises of lesson 17: sampling that one can differentiate.

Fill the gaps, then run: python -m minigen.learn 17
"""

import numpy as np


def pathwise_gradient(slope, mean, deviation, noise):
    """An estimate of d/dμ E[f(z)] for z from N(μ, σ²): z = μ + σ·ε moves with μ, and f with z.

    slope: f', maps an array to an array.   mean, deviation: μ and σ, numbers.   noise: ε, draws of N(0, 1).
    Returns the mean over the draws.
    """
    return slope(mean + deviation * noise).mean()


def score_gradient(f, mean, deviation, noise):
    """The same from values of f alone: E[f(z) · d ln p(z)/dμ], with ln p(z) = -(z - μ)²/2σ² - ln σ + const.

    f: maps an array to an array; f itself need not be differentiable.   Returns the mean over the draws.
    """
    z = mean + deviation * noise
    return (f(z) * (z - mean) / deviation**2).mean()


# Find the bug: enter the number of the wrong line, and fix that line in the function below.
BUGGY_LINE = 1


def sample(mean, log_var, generator):
    """Draws of N(μ, σ²), one for each element of μ and ln σ², which an encoder gives and which may be negative."""
    deviation = np.exp(0.5 * log_var)  # line 1
    noise = generator.standard_normal(mean.shape)  # line 2
    return mean + deviation * noise  # line 3

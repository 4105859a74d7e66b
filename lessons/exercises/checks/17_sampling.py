"""Checks of lesson 17."""

import numpy as np

from minigen.learning import WrongError, exercise, same

CURVES = {"z²": (lambda z: z**2, lambda z: 2 * z), "sin z": (np.sin, np.cos)}
SETTINGS = (1.5, 0.7), (-0.5, 2.0)


@exercise("gap", "Where does a draw end up? z = μ + σ·ε.", "dz/dμ = 1, so the gradient is the mean of f'(z).")
def pathwise_gradient(your):
    for name, (_, slope) in CURVES.items():
        for mean, deviation in SETTINGS:
            noise = np.random.default_rng(21).standard_normal(1000)
            z = mean + deviation * noise
            mistakes = {
                "that is the mean of f', at ε and not at z": slope(noise).mean(),
                "f' at the mean is not the mean of f'": slope(mean),
            }
            mistakes |= {
                "return the mean over the draws": slope(z),
                "σ·ε, not ε, is added": slope(mean + noise).mean(),
                "return their mean, not their sum": slope(z).sum(),
            }
            mistakes |= {
                "dz/dμ is 1; dz/dσ is ε": (slope(z) * noise).mean(),
                "σ·ε, not σ²·ε": slope(mean + deviation**2 * noise).mean(),
            }
            same(
                your.pathwise_gradient(slope, mean, deviation, noise),
                slope(z).mean(),
                f"the gradient of E[{name}] at μ = {mean}, σ = {deviation}",
                mistakes,
            )


@exercise(
    "gap",
    "Differentiate ln p(z) to μ: (z - μ)/σ².",
    "The estimate is the mean of f(z)·(z - μ)/σ²; z itself is held fixed.",
)
def score_gradient(your):
    for name, (f, _) in CURVES.items():
        for mean, deviation in SETTINGS:
            noise = np.random.default_rng(22).standard_normal(1000)
            z = mean + deviation * noise
            right = (f(z) * noise / deviation).mean()
            mistakes = {
                "divide by σ²": (f(z) * (z - mean)).mean(),
                "divide by σ², not by σ": (f(z) * noise).mean(),
                "the factor (z - μ)/σ² is missing": f(z).mean(),
            }
            mistakes |= {
                "the sign of d ln p/dμ: z - μ": -right,
                "a product of means is not the mean of the product": f(z).mean() * (noise / deviation).mean(),
            }
            mistakes |= {
                "μ must be subtracted: z - μ": (f(z) * z / deviation**2).mean(),
                "return the mean over the draws": f(z) * noise / deviation,
            }
            same(
                your.score_gradient(f, mean, deviation, noise),
                right,
                f"the gradient of E[{name}] at μ = {mean}, σ = {deviation}",
                mistakes,
            )


@exercise(
    "bug",
    "Draw 10,000 numbers with ln σ² = 2 and compare their variance with e².",
    "σ is the root of σ² = e to the power of ln σ².",
    line=1,
)
def sample(your):
    generator = np.random.default_rng(23)
    for log_var in (0.0, 2.0, -3.0):
        z = your.sample(np.full(20000, 1.5), np.full(20000, log_var), generator)
        same(np.zeros(np.shape(z)), np.zeros(20000), "the sample")
        variance, right = float(np.var(z)), float(np.exp(log_var))
        if abs(variance / right - 1) > 0.1:
            raise WrongError(f"for ln σ² = {log_var} the draws have a variance of {variance:.3g}, must be {right:.3g}")
        if abs(float(np.mean(z)) - 1.5) > 0.1:
            raise WrongError(f"the draws have a mean of {float(np.mean(z)):.3g}, must be μ = 1.5")

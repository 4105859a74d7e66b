"""Checks of lesson 13."""

import numpy as np

from minigen.learning import exercise, number, same


@exercise(
    "gap",
    "One squared error per image: average over channels, rows and columns.",
    "Take the logarithm of each, then the mean.",
    without="psnr",
)
def psnr(your):
    generator = np.random.default_rng(16)
    true = generator.random((3, 2, 4, 4))
    noise = generator.standard_normal(true.shape) * np.array([0.1, 0.02, 0.3])[:, None, None, None]
    error = (noise**2).mean((1, 2, 3))
    right = float(np.mean(-10 * np.log10(error)))
    mistakes = {
        "take the logarithm of each image's error, then the mean": -10 * np.log10(error.mean()),
        "decibels are 10·log₁₀, not ln": np.mean(-np.log(error)),
        "the logarithm to base 10 is wanted: 10·log₁₀": np.mean(-10 * np.log(error)),
        "the factor is 10 for a squared error": 2 * right,
        "the factor 10 is missing": right / 10,
        "1 / error, not error: a better image has a larger PSNR": -right,
        "pixels are in [0, 1], so the peak is 1": right + 20 * np.log10(255),
        "the error is squared": np.mean(-10 * np.log10(abs(noise).mean((1, 2, 3)))),
        "average over pixels, do not add": np.mean(-10 * np.log10(error * 32)),
    }
    same(your.psnr(true + noise, true), right, "the PSNR", mistakes)
    same(your.psnr(true[:1] + 0.1, true[:1]), 20.0, "the PSNR of an image that is 0.1 too light")


@exercise("pencil", "20 = 10·log₁₀(1 / e).", "e = 0.01")
def answer_root(your):
    mistakes = {
        0.01: "that is the mean squared error: take its root",
        10: "1 / 10",
        0.316: "20 dB are a factor of 100",
        100: "that is 1 / e",
    }
    number(your.answer_root, 0.1, mistakes | {0.135: "decibels count in powers of 10, not of e"}, rtol=0.01)

"""Checks of lesson 19."""

import numpy as np

from minigen.learning import exercise, same


@exercise(
    "gap",
    "cos θ = a·b / (|a|·|b|).",
    "np.arccos gives θ; both weights are divided by sin θ.",
)
def arc(your):
    generator = np.random.default_rng(26)
    for size in (2, 10):
        a, b = generator.standard_normal((2, size))
        if size == 10:
            b *= 2
        lengths = np.sqrt(a @ a), np.sqrt(b @ b)
        cosine = a @ b / lengths[0] / lengths[1]
        for t in (0.25, 0.5, 0.9, 0.0, 1.0):
            angle = np.arccos(cosine)
            weights = np.sin((1 - t) * angle) / np.sin(angle), np.sin(t * angle) / np.sin(angle)
            right = weights[0] * a + weights[1] * b
            mistakes = (
                {}
                if t in (0, 1)
                else {
                    "that is the straight line": (1 - t) * a + t * b,
                    "a and b are exchanged: at t = 0 it is a": weights[1] * a + weights[0] * b,
                    "divide by sin θ": right * np.sin(angle),
                    "that is cos θ; the angle is its arccos": (np.sin((1 - t) * cosine) * a + np.sin(t * cosine) * b)
                    / np.sin(cosine),
                    "keep the lengths of a and b": weights[0] * a / lengths[0] + weights[1] * b / lengths[1],
                    "cos on a circle is for two directions at a right angle": np.cos(t * angle) * a
                    + np.sin(t * angle) * b,
                }
            )
            same(your.arc(a, b, t), right, f"the code at t = {t}", mistakes)


@exercise(
    "bug",
    "What is the weight after the warm-up, for beta = 1?",
    "128 / 60000 of a nat of KL is paid for: which β is that?",
    line=2,
)
def training_loss(your):
    error, kl = np.array([100.0, 90.0]), np.array([20.0, 30.0])
    for epoch, warm_up, beta in ((20, 10, 1.0), (5, 10, 1.0), (0, 10, 2.0), (30, 10, 4.0)):
        weight = beta * min(1.0, epoch / warm_up)
        found = your.training_loss(error, kl, epoch, warm_up, beta)
        mistakes = {"the weight must stop at beta": 95 + beta * epoch / warm_up * 25} if epoch > warm_up else {}
        same(
            found,
            95 + weight * 25,
            f"the loss in epoch {epoch} with a warm-up of {warm_up} epochs and beta = {beta:g}",
            mistakes,
        )

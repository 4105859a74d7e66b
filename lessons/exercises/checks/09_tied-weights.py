"""Checks of lesson 9."""

import numpy as np

from minigen.learning import exercise, number, same


@exercise(
    "gap",
    "Give the two uses of W two names, y = x·W₁ᵀ·W₂, and differentiate to each.",
    "To the decoder's: hᵀ·(y - target). To the encoder's: dL/dh = (y - target)·Wᵀ, then (dL/dh)ᵀ·x.",
    "The gradients of both uses add up.",
)
def tied_gradient(your):
    generator = np.random.default_rng(10)
    for n, k, d in ((4, 2, 3), (5, 3, 3), (1, 1, 2)):
        x, target, w = (generator.standard_normal(shape) for shape in ((n, d), (n, d), (k, d)))
        h = x @ w.T
        error = h @ w - target
        decoder, encoder = h.T @ error, (error @ w.T).T @ x
        mistakes = {"the encoder's use of W is missing": decoder, "the decoder's use of W is missing": encoder}
        mistakes |= {
            "the error is y - target, not target - y": -(decoder + encoder),
            "take the sum, not the mean, over uses": (decoder + encoder) / 2,
        }
        mistakes |= {"L sums over examples: no division by N": (decoder + encoder) / n} if n > 2 else {}
        noisy = h @ w - x
        mistakes |= {"compare y with target, not with x": h.T @ noisy + (noisy @ w.T).T @ x}
        same(
            your.tied_gradient(x, w, target),
            decoder + encoder,
            f"dL/dW for N = {n}, K = {k}, D = {d}",
            mistakes,
            given=w,
        )


@exercise("pencil", "One matrix counts once.", "784·100 + 100 + 784")
def answer_tied(your):
    mistakes = {
        157684: "the matrix is shared: it counts once",
        78400: "the biases are missing",
        78500: "the decoder has a bias too",
    }
    number(
        your.answer_tied,
        79284,
        mistakes | {79184: "the code has a bias too", 156800: "the matrix is shared; the biases are missing"},
        rtol=1e-7,
    )

"""Checks of lesson 8."""

import numpy as np

from minigen.learning import WrongError, close, exercise, number, same


def data():
    """400 examples of 4 numbers, far from the origin."""
    generator = np.random.default_rng(9)
    turn = np.linalg.qr(generator.standard_normal((4, 4)))[0]
    return (generator.standard_normal((400, 4)) * [3.0, 2.0, 1.0, 0.3]) @ turn + [5.0, -4.0, 3.0, 9.0]


@exercise("pencil", "Which axes are thrown away?", "The error is the variance along the axes that are not kept.")
def answer_left(your):
    mistakes = {
        9: "that is what is kept",
        14: "that is the variance of the data",
        1.6667: "summed, not averaged, over coordinates",
    }
    number(
        your.answer_left,
        5,
        mistakes | {1: "one axis is kept, two are lost", 10: "keep the largest variance", 2.236: "squared error"},
    )


@exercise(
    "gap",
    "Axes are directions of variance, so subtract the mean first.",
    "The rows of Vᵀ are the axes; take the first k.",
)
def pca(your):
    x = data()
    mean, centred = x.mean(0), x - x.mean(0)
    right = np.linalg.svd(centred, full_matrices=False)[2]
    for k in (1, 2, 3):
        found = your.pca(x.copy(), k)
        if not isinstance(found, tuple) or len(found) != 2:
            raise WrongError("pca must return two arrays: the mean and the axes")
        same(found[0], mean, "the mean", {"one mean for each coordinate: axis=0": x.mean()})
        axes = np.asarray(found[1])
        plain = np.linalg.svd(x, full_matrices=False)
        same(np.zeros(axes.shape), np.zeros((k, 4)), f"the axes for k = {k}")
        if not close(axes @ axes.T, np.eye(k)):
            raise WrongError("the axes are not orthogonal unit vectors: the rows of Vᵀ are")
        if close(abs(axes), abs(right[::-1][:k]), 1e-6):
            raise WrongError("these are the axes of the smallest variance: take the first k, not the last")
        if close(abs(axes), abs(plain[2][:k]), 1e-6):
            raise WrongError("the first of your axes points at the mean: subtract the mean before the svd")
        variance = float(((centred @ axes.T) ** 2).sum()), float(((centred @ right[:k].T) ** 2).sum())
        if variance[0] < variance[1] * (1 - 1e-9):
            raise WrongError(
                f"your {k} axes hold {variance[0] / variance[1]:.1%} of what the best ones hold: are they rows of Vᵀ?"
            )
        if not close(abs(axes), abs(right[:k]), 1e-6):
            raise WrongError("your axes span the right space, but the axis of the largest variance must come first")


@exercise(
    "gap",
    "The code is the product of x - mean with each axis: (N, k).",
    "Decode: the code times the axes, and the mean added again.",
)
def reconstruct(your):
    x = data()
    mean = x.mean(0)
    axes = np.linalg.svd(x - mean, full_matrices=False)[2][:2]
    right = mean + (x - mean) @ axes.T @ axes
    mistakes = {"add the mean again": right - mean, "subtract the mean before the product": mean + x @ axes.T @ axes}
    mistakes |= {
        "the mean is nowhere subtracted": x @ axes.T @ axes,
        "that is the code; decode it": (x - mean) @ axes.T,
    }
    before = x.copy()
    same(your.reconstruct(x, mean, axes), right, "the reconstruction", mistakes, given=x)
    if not close(x, before):
        raise WrongError("x has changed; it belongs to the caller")

"""Checks of lesson 7."""

import numpy as np

from minigen import Tensor
from minigen.learning import WrongError, close, differentiates, exercise, number, recorded, same


@exercise("pencil", "Each image is a coin with p = 0.9; its variance is p·(1 - p).", "√(p·(1 - p) / n)")
def answer_error(your):
    mistakes = {0.3: "that is the deviation of one image; divide by √n", 9e-5: "that is the variance: take its root"}
    mistakes |= {
        3e-4: "divide by √n, not by n",
        9.49: "as a part of 1: divide by n once more",
        0.0316: "p·(1 - p) is missing under the root",
    }
    number(your.answer_error, 0.00949, mistakes, rtol=0.02)


@exercise(
    "gap",
    "E[kept] = 1 - p. By which factor must the kept elements grow?",
    "Compute scale = kept / (1 - p) once, and use it for the value and for the derivative.",
    without="dropout",
)
def dropout(your):
    generator = np.random.default_rng(1)
    cases = []
    for p in (0.5, 0.2):
        x, kept = generator.standard_normal((3, 4)), generator.random((3, 4)) >= p
        right = x * kept / (1 - p)
        mistakes = {"scale what is kept by 1/(1 - p)": x * kept, "1 - p is kept, so divide by 1 - p": x * kept / p}
        mistakes |= {
            "kept is true for what stays": x * ~kept / (1 - p),
            "divide by 1 - p, do not multiply": x * kept * (1 - p),
        }
        same(your.dropout(Tensor(x), p, kept), Tensor(right), f"dropout at p = {p}", mistakes, given=x)
        recorded(your.dropout(Tensor(x, requires_grad=True), p, kept))
        cases.append(({"p": p}, lambda x, p=p, kept=kept: your.dropout(x, p, kept), (x,)))
    hint = "what was zeroed gets no gradient, what was scaled gets a scaled one"
    differentiates(cases, "x", {"dx": hint})


@exercise(
    "gap",
    "Shuffle all indices, then cut.",
    "order = generator.permutation(count); the first held_out of it are for validation.",
)
def split(your):
    seen = []
    for seed in range(20):
        found = your.split(10, 3, np.random.default_rng(seed))
        if not isinstance(found, tuple) or len(found) != 2:
            raise WrongError("split must return two arrays: training and validation indices")
        train, validation = (np.asarray(part) for part in found)
        if (train.shape, validation.shape) != ((7,), (3,)):
            raise WrongError(
                f"of 10 indices {train.size} are for training and {validation.size} for validation, must be 7 and 3"
            )
        if set(train.tolist()) & set(validation.tolist()):
            raise WrongError("an index is in both parts: the net would be judged by what it was trained on")
        if set(train.tolist()) | set(validation.tolist()) != set(range(10)):
            raise WrongError("some indices are in neither part")
        seen.append(tuple(sorted(validation.tolist())))
    if len(set(seen)) < 10:
        raise WrongError(
            "the same indices are held out for different seeds: draw them with the generator, data may be sorted"
        )
    again = [your.split(10, 3, np.random.default_rng(seed))[1] for seed in range(20)]  # one may agree by chance
    if not close(np.sort(again), seen):
        raise WrongError("the same seed must hold out the same indices: draw from the generator that is given")


@exercise(
    "gap",
    "Remember the epoch of the lowest loss.",
    "Stop when epoch - best reaches patience; where that never happens, the last epoch is the last of the list.",
)
def early_stopping(your):
    for losses, patience, right in (
        ([3.0, 2.0, 1.0], 2, (2, 2)),
        ([3.0, 1.0, 2.0, 2.0, 0.5], 2, (1, 3)),
        ([3.0, 1.0, 2.0, 0.5, 1.0], 2, (3, 4)),
        ([1.0, 2.0, 3.0, 0.0], 1, (0, 1)),
        ([2.0, 2.0, 2.0, 2.0], 3, (0, 3)),
        ([4.0, 3.0, 3.5, 3.2, 3.1, 1.0], 3, (1, 4)),
    ):
        found = your.early_stopping(list(losses), patience)
        if not isinstance(found, tuple) or found != right:
            best = losses.index(min(losses))
            hint = (
                "; look only at epochs that were trained"
                if isinstance(found, tuple) and found[:1] == (best,) != right[:1]
                else ""
            )
            raise WrongError(f"losses {losses} with patience {patience}: yours is {found}, must be {right}{hint}")


def measurements(generator, curve, count):
    x = generator.uniform(-1, 1, count)
    return x, curve(x) + 0.3 * generator.standard_normal(count)


@exercise(
    "open",
    "Fit every degree from 0 to 9 to x, y and look at the error on the held-out points.",
    "The degree with the smallest held-out error is the one to take; then all 40 points may be fitted with it.",
)
def fit(your):
    curves = {"a line": lambda x: 2 * x + 1, "a cubic": lambda x: 4 * x**3 - 2 * x, "a sine": lambda x: np.sin(4 * x)}
    new = np.linspace(-0.95, 0.95, 50)
    for name, curve in curves.items():
        errors = []
        for seed in range(20):
            generator = np.random.default_rng(seed)
            found = your.fit(*measurements(generator, curve, 20), *measurements(generator, curve, 20))
            if not callable(found):
                raise WrongError(f"fit returns {type(found).__name__}, must return a function of x")
            values = found(new)
            same(np.zeros(np.shape(values)), np.zeros(50), "what your function gives for 50 points")
            errors.append(float(((values - curve(new)) ** 2).mean()))
        if not np.median(errors) < 0.022:
            raise WrongError(
                f"{name}: the error on new points is {np.median(errors):.2g} (median of 20), the mark is 0.022"
            )

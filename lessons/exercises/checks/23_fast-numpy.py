"""Checks of lesson 23."""

import tracemalloc

import numpy as np

from minigen.learning import WrongError, close, exercise, same


def memory(function):
    """The most bytes that a call holds at a time, besides what was there."""
    tracemalloc.start()
    function()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


@exercise(
    "gap",
    "b *= momentum and b += g work in place; lr * b would make a new array.",
    "np.multiply(b, lr, out=scratch), then p -= scratch.",
)
def momentum_step(your):
    generator = np.random.default_rng(32)
    p, g, b, scratch = generator.standard_normal((4, 300, 300))
    first, before, momentum = p.copy(), g.copy(), b.copy()
    right = 0.9 * b + g
    your.momentum_step(p, g, b, scratch)
    if not (g == before).all():
        raise WrongError("g has changed; it belongs to the caller")
    mistakes = {
        "b is not updated": momentum,
        "multiply b by momentum first": momentum + g,
        "all of g is added": 0.9 * momentum + 0.1 * g,
    }
    same(
        b,
        right,
        "b",
        mistakes
        | {"the learning rate belongs to p's line": 0.9 * momentum + 0.1 * g, "b must remember: momentum·b": g},
    )
    mistakes = {
        "p has not moved": first,
        "subtract": first + 0.1 * right,
        "times lr": first - right,
        "p moves by the new b": first - 0.1 * momentum,
    }
    same(p, first - 0.1 * right, "p", mistakes | {"p moves by b, not by g": first - 0.1 * before})
    peak = min(memory(lambda: your.momentum_step(p, g, b, scratch)) for _ in range(3))
    if peak > p.nbytes / 4:
        raise WrongError(
            f"the result is right, but a new array was made: {peak:,} bytes beside {p.nbytes:,} of p; use out=scratch"
        )


@exercise(
    "bug",
    "Try it on an array and on the transpose of another.",
    'order="K" means: in the order in which it lies in memory.',
    line=2,
)
def weighted_sum(your):
    generator = np.random.default_rng(33)
    x, weight = generator.standard_normal((2, 3, 4))
    layouts = {
        "row by row": np.ascontiguousarray,
        "column by column": np.asfortranarray,
        "as a part of a larger array": lambda a: np.repeat(a, 2, 0)[::2],
    }
    for first, lay in layouts.items():
        for second, lay_other in layouts.items():
            found = your.weighted_sum(lay(x), lay_other(weight))
            if not close(found, (x * weight).sum()):
                raise WrongError(
                    f"x lies {first}, weight {second}: the layout must not matter; "
                    f"yours {np.round(found, 4)}, right {(x * weight).sum():.4f}"
                )

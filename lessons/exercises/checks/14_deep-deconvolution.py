"""Checks of lesson 14."""

import numpy as np

from minigen import Tensor, ops
from minigen.learning import WrongError, exercise, number, same


@exercise("pencil", "Slopes along a way are multiplied.", "(1/4)¹⁰")
def answer_left(your):
    mistakes = {
        2.5: "slopes are multiplied, not added",
        0.025: "multiplied, not divided by ten",
        0.25: "that is one of them",
    }
    number(
        your.answer_left,
        0.25**10,
        mistakes | {1048576: "1 / that", 3.81e-6: "ten factors", 2.38e-7: "ten factors, not eleven"},
        rtol=0.01,
    )


@exercise(
    "gap",
    "Keep each layer's output in a list while you go forward.",
    "minigen.grad(loss(last), outputs) gives all gradients at once; the norm is the root of the sum of squares.",
)
def gradient_norms(your):
    generator = np.random.default_rng(17)
    weights = [generator.standard_normal((3, 3)) for _ in range(4)]
    matrices = [Tensor(w, requires_grad=True) for w in weights]
    layers = [lambda h, w=w: ops.tanh(h @ w) for w in matrices]
    start, target = generator.standard_normal((2, 3)), generator.standard_normal((2, 3))
    h, hidden = start, []
    for w in weights:
        h = np.tanh(h @ w)
        hidden.append(h)
    g = 2 * (h - target)
    gradients = [g]
    for w, h in reversed(list(zip(weights[1:], hidden[1:], strict=True))):
        g = (g * (1 - h * h)) @ w.T
        gradients.insert(0, g)
    right = np.array([np.sqrt((g * g).sum()) for g in gradients])
    found = your.gradient_norms(layers, Tensor(start), lambda y: ((y - Tensor(target)) ** 2).sum())
    if not isinstance(found, list) or not all(isinstance(value, float | int | np.floating) for value in found):
        raise WrongError("gradient_norms must return a list of numbers")
    mistakes = {
        "from the first layer to the last": right[::-1],
        "the norm is a root": right**2,
        "that is the norm of the outputs, not of their gradients": [np.sqrt((h * h).sum()) for h in hidden],
        "the root of the sum of squares, not the sum of |g|": [abs(g).sum() for g in gradients],
        "the sum of squares, not their mean": right / np.sqrt(6),
        "the largest element is another norm": [abs(g).max() for g in gradients],
        "square the elements, or signs cancel": [g.sum() for g in gradients],
    }
    arrays = {hint: np.array(value) for hint, value in mistakes.items()}
    same(np.array(found), right, "the list of norms", arrays)

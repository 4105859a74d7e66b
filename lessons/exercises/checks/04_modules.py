"""Checks of lesson 4."""

import numpy as np

from minigen import Tensor
from minigen.learning import WrongError, close, exercise, number, same


@exercise(
    "pencil", "A dense layer I → O has a matrix of O·I numbers and a bias.", "The bias has one number for each output."
)
def answer_parameters(your):
    mistakes = {317600: "the biases are missing", 318784: "a bias has one number per output, not per input"}
    mistakes |= {314000: "the second layer is missing", 318400: "the biases of 400 and of 10 outputs are 410 numbers"}
    number(your.answer_parameters, 318010, mistakes | {3136000: "layers are added, not multiplied"}, rtol=1e-7)


class Part:
    def __init__(self, **parts):
        self.__dict__.update(parts)


def weight(*shape):
    return Tensor(np.zeros(shape), requires_grad=True)


@exercise(
    "gap",
    "A parameter is found directly, a list by going through it, an object by going through vars(part).values().",
    "Let the function call itself for each part; a Tensor without requires_grad is a constant.",
    "Keep a dict from id(parameter) to parameter, so that each counts once.",
)
def parameters(your):
    w, b, v = weight(3, 2), weight(3), weight(2)
    layer = Part(weight=w, bias=b, name="first", size=3)
    for title, part, right in (
        ("a single parameter", w, [w]),
        ("a constant", Tensor(np.zeros(2)), []),
        ("an object with two parameters", layer, [w, b]),
        ("an object inside an object", Part(inner=layer, scale=v), [w, b, v]),
        ("layers in a list", Part(layers=[layer, Part(weight=v)]), [w, b, v]),
        ("a matrix used twice", Part(encoder=Part(weight=w), decoder=Part(weight=w, bias=b)), [w, b]),
        ("an object with a constant", Part(mean=Tensor(np.zeros(2)), weight=v), [v]),
    ):
        found = your.parameters(part)
        if not isinstance(found, list):
            raise WrongError(f"parameters returns {type(found).__name__}, must return a list")
        if [id(p) for p in found] != [id(p) for p in right]:
            hint = ", and each parameter must be listed once" if len({id(p) for p in found}) < len(found) else ""
            raise WrongError(f"{title}: {len(found)} parameters are found, must be {len(right)}, in their order{hint}")


@exercise(
    "gap",
    "Gradients add up in .grad: what must happen before backward()?",
    "A step is: w.grad = None for all, loss(), backward(), note the loss, w.data -= lr * w.grad.data for all.",
    without="SGD Adam AdamW RMSprop",
)
def train(your):
    generator = np.random.default_rng(0)
    x, target = Tensor(generator.standard_normal((8, 3))), Tensor(generator.standard_normal((8, 2)))
    w, b = Tensor(generator.standard_normal((3, 2)), requires_grad=True), Tensor(np.zeros(2), requires_grad=True)
    first = w.data.copy(), b.data.copy()

    def loss():
        return ((x @ w + b - target) ** 2).mean()

    arrays = w.data, b.data
    found = your.train(loss, [w, b], 0.1, 5)
    if w.data is not arrays[0] or b.data is not arrays[1]:
        raise WrongError("a weight has another array than before: change it in place, w.data -= …")
    path = {"right": {}, "summed": {}, "uphill": {}}
    for name, keep, sign in (("right", 0, 1), ("summed", 1, 1), ("uphill", 0, -1)):
        (p, q), gp, gq, losses = (a.copy() for a in first), 0, 0, []
        for _ in range(5):
            error = x.data @ p + q - target.data
            losses.append(float((error**2).mean()))
            gp, gq = keep * gp + 2 * x.data.T @ error / error.size, keep * gq + 2 * error.sum(0) / error.size
            p, q = p - sign * 0.1 * gp, q - sign * 0.1 * gq
        path[name] = p, q, losses
    if close(w.data, first[0]):
        raise WrongError("the weights have not moved")
    if close(b.data, first[1]):
        raise WrongError("only the first weight has moved")
    mistakes = {"gradients of earlier steps were added to it: set w.grad to None before backward": path["summed"][0]}
    mistakes |= {"it goes uphill: subtract the gradient": path["uphill"][0]}
    same(w.data, path["right"][0], "the matrix after 5 steps", mistakes)
    same(b.data, path["right"][1], "the bias after 5 steps")
    if not isinstance(found, list) or not all(isinstance(value, float) for value in found):
        raise WrongError("train must return a list of numbers: keep loss.item(), a tensor keeps its whole graph")
    right = path["right"][2]
    later = {"note each loss before its step": np.array([*right[1:], loss().item()])}
    same(np.array(found), np.array(right), "the list of losses", later)

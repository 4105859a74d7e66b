"""Checks of lesson 3."""

import numpy as np

from minigen import Tensor
from minigen.learning import WrongError, differentiates, exercise, number, recorded, same

PAIRS = [((2, 3), (2, 3)), ((4, 3), (3,)), ((3,), (2, 3)), ((4, 1), (4, 3)), ((2, 1, 3), (4, 1)), ((), (2, 2))]


@exercise("pencil", "Align the shapes at their last axis.", "(4, 1, 3) and (1, 5, 1) give (4, 5, 3).")
def answer_elements(your):
    mistakes = {
        12: "b's 5 meets a's 1",
        20: "the last axis has 3",
        17: "elements are multiplied, not added",
        15: "there are 4 of these",
    }
    number(your.answer_elements, 60, mistakes | {300: "an axis of length 1 is repeated, not multiplied"})


@exercise(
    "gap",
    "Broadcasting repeats; the derivative of repeating is adding.",
    "Axes that g has in front and shape has not are summed away; where shape has a 1, sum with keepdim=True.",
)
def unbroadcast(your):
    generator = np.random.default_rng(0)
    for shape, wide in [
        ((3,), (3,)),
        ((3,), (2, 3)),
        ((2, 1), (2, 3)),
        ((1, 3), (2, 3)),
        ((4, 1), (2, 4, 3)),
        ((), (2, 3)),
    ]:
        g = generator.standard_normal(wide)
        right = g.sum(tuple(range(len(wide) - len(shape))))
        right = right.sum(tuple(d for d, n in enumerate(shape) if n == 1), keepdims=True) if 1 in shape else right
        first = g[(0,) * (len(wide) - len(shape))]
        count = g.size // max(right.size, 1)
        mistakes = {"sum what was repeated, do not pick one of it": first}
        mistakes |= {"sum what was repeated, do not take the mean": right / count} if count > 1 else {}
        same(your.unbroadcast(Tensor(g), shape), Tensor(right), f"{wide} summed to {shape}", mistakes)


def draws(pairs):
    generator = np.random.default_rng(0)
    return [(generator.standard_normal(a), generator.standard_normal(b)) for a, b in pairs]


@exercise(
    "gap",
    "y = a·b changes by b for each change of a: the derivative to a is g·b.",
    "g has the shape of the result: unbroadcast(g * b, a.shape).",
    without="mul matmul",
)
def multiply(your):
    cases = []
    for a, b in draws(PAIRS):
        right = a * b
        same(your.multiply(Tensor(a), Tensor(b)), Tensor(np.asarray(right)), f"{a.shape} · {b.shape}", given=a)
        facts = {"a repeated": a.shape != right.shape, "b repeated": b.shape != right.shape}
        cases.append((facts, your.multiply, (a, b)))
        recorded(your.multiply(*(Tensor(array, requires_grad=True) for array in (a, b))))
    hint = "unbroadcast each gradient to the shape of its input"
    differentiates(cases, "a b", {"a repeated": hint, "b repeated": hint})


@exercise(
    "gap",
    "The shapes decide: g is (M, N), and da must be (M, K). Which product of g and b has that shape?",
    "da = g·bᵀ and db = aᵀ·g.",
    without="matmul linear",
)
def product(your):
    cases = []
    for a, b in draws([((1, 1), (1, 1)), ((2, 2), (2, 2)), ((2, 3), (3, 4)), ((1, 3), (3, 2))]):
        same(your.product(Tensor(a), Tensor(b)), Tensor(a @ b), f"{a.shape} @ {b.shape}", given=a)
        cases.append(({"shapes": f"{a.shape} @ {b.shape}"}, your.product, (a, b)))
        recorded(your.product(*(Tensor(array, requires_grad=True) for array in (a, b))))
    hint = "use the shapes, (M, N), (M, K) and (K, N), to find which factor is transposed"
    differentiates(cases, "a b", {"da": hint, "db": hint})


@exercise(
    "bug",
    "Compare x before the call with x after it.",
    "np.maximum(…, out=array) writes into that array; whose is it?",
    line=2,
)
def relu(your):
    generator = np.random.default_rng(2)
    x = generator.standard_normal((3, 4)) + 0.1
    given = Tensor(x.copy())
    y = your.relu(given)
    if not (given.data == x).all():
        raise WrongError("the caller's array has changed: its negative numbers are 0 now")
    same(y, Tensor(np.maximum(x, 0)), "relu(x)", given=x)
    differentiates([({}, your.relu, (x,))], "x")

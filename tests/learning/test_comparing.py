"""What the reader is told of numbers that differ."""

from __future__ import annotations

import numpy as np
import pytest

from minigen import Tensor, ops
from minigen.autograd import record
from minigen.learning import WrongError, differentiates, number, same

RIGHT = np.arange(1.0, 10.0).reshape(3, 3) ** 2
MASK = np.eye(3)


@pytest.mark.parametrize(
    ("yours", "words"),
    [
        (None, "y is None: is a `return` missing?"),
        ("nine", "y is a str, must be numbers"),
        (RIGHT[0], "y has shape (3,), must be (3, 3): is an axis summed or cut"),
        (RIGHT.reshape(9), "y has shape (9,), must be (3, 3): as many elements"),
        (np.ones((2, 3, 3)), "y has shape (2, 3, 3), must be (3, 3): is a sum over an axis missing?"),
        (RIGHT.astype("float32"), "y is float32, must be float64"),
        (Tensor(RIGHT), "y is a Tensor, must be an array or a number"),
        (np.where(MASK, RIGHT, np.inf), "y is not finite in 6 of 9 elements; worst element (0, 1): yours inf, right 4"),
        (0 * RIGHT, "y is 0 everywhere"),
        (-RIGHT, "y has the wrong sign"),
        (2 * RIGHT, "y is 2 times the right value everywhere"),
        (RIGHT - 1.5, "y is too small by 1.5 everywhere"),
        (RIGHT.T.copy(), "y is transposed"),
        (RIGHT[::-1], "y runs backwards along axis 0"),
        (np.roll(RIGHT, 1, 1), "y is shifted by one along axis 1"),
        (RIGHT * (1 - 2 * MASK), "y has the wrong sign in 3 of 9 elements"),
        (RIGHT + 5 * MASK, "y is wrong in 3 of 9 elements; worst element (0, 0): yours 6, right 1"),
        (MASK, "y is the input, unchanged"),
        (RIGHT.sum() * np.ones((3, 3)), "y is wrong: one sum per row"),
    ],
)
def test_the_way_in_which_arrays_differ_is_named(yours, words):
    mistakes = {"one sum per row": RIGHT.sum() * np.ones((3, 3))}
    with pytest.raises(WrongError) as error:
        same(yours, RIGHT, "y", mistakes, given=MASK)
    assert words in str(error.value)


def test_rounding_is_no_mistake():
    same(RIGHT * (1 + 1e-9), RIGHT)
    same(Tensor(RIGHT), Tensor(RIGHT))
    same([1.0, 2.0], np.array([1.0, 2.0]))


@pytest.mark.parametrize(
    ("yours", "words"),
    [
        ("4", "'4', must be a number"),
        (True, "True, must be a number"),
        (-4, "the sign"),
        (8, "twice"),
        (2, "half"),
        (0.25, "upside down"),
        (400, "percent"),
        (7, "7 is not the answer: three and four"),
        (5, "5 is not the answer"),
    ],
)
def test_a_wrong_number_is_not_told_the_right_one(yours, words):
    with pytest.raises(WrongError) as error:
        number(yours, 4, {7: "three and four"})
    assert words in str(error.value)
    assert "4" not in str(error.value).removeprefix("-4 is").removeprefix("400 is").replace("'4'", "")


def scaled(x, stride, wrong_where=lambda stride: False):
    """x[::stride], whose derivative may be wrong at some strides."""
    y = x.data[::stride]
    factor = 2.0 if wrong_where(stride) else 1.0

    def derivative(g):
        back = np.zeros(x.shape)
        back[::stride] = g.data * factor
        return record(back, (g, lambda gg: scaled(gg, stride) * factor))

    return record(y, (x, derivative))


def cases(wrong_where):
    x = np.array([0.5, -1.0, 2.0, 1.5])
    return [({"stride": s}, lambda t, s=s: scaled(t, s, wrong_where), (x,)) for s in (1, 2, 3)]


def test_a_derivative_is_told_where_it_is_right():
    differentiates(cases(lambda stride: False), "x")
    with pytest.raises(WrongError) as error:
        differentiates(cases(lambda stride: stride > 1), "x", {"stride": "mind the gaps"})
    first, second = str(error.value).splitlines()
    assert first == "dx is right where stride = 1, wrong where stride = 2 or 3: mind the gaps"
    assert second.startswith("dx is 2 times the right value everywhere; worst element")
    assert "difference quotient" in second
    assert second.endswith("(stride = 2)")


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda t: Tensor(t.data * 2), "no derivative at all"),
        (
            lambda t: record(t.data * 2, (t, lambda g: (g * 2).sum())),
            "gave a Tensor of shape (), must be a Tensor of its input's shape (2,)",
        ),
        (lambda t: record(np.exp(t.data), (t, lambda g: g * np.exp(t.data))), "uses .data or NumPy"),
        (lambda t: record(t.data + 1, (t, lambda g: ops.abs(g))), "dx has the wrong sign in 1 of 2 elements"),
    ],
)
def test_the_other_faults_of_a_derivative_are_named(call, words):
    with pytest.raises(WrongError) as error:
        differentiates([({}, call, (np.array([0.5, -1.0]),))], "x")
    assert words in str(error.value)

"""exp, log, sqrt, abs, clip, maximum, where: values in closed form, refusals."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from support import Draw, assert_close, draws, shapes, to_device, to_numpy, to_tensor

from minigen import ops

FUNCTIONS = {
    "exp": (np.exp, np.exp),
    "log": (np.log, np.reciprocal),
    "sqrt": (np.sqrt, lambda x: 0.5 / np.sqrt(x)),
    "abs": (np.abs, np.sign),
}


@pytest.mark.parametrize("name", FUNCTIONS)
@given(draw=draws(), shape=shapes())
def test_value_and_derivative(name: str, draw: Draw, shape, device: str) -> None:
    value, derivative = FUNCTIONS[name]
    (array,) = draw.positive(shape)
    x = to_tensor(array, device, draw.layout)
    y = getattr(ops, name)(x)
    y.sum().backward()
    assert_close(y, value(array), draw.tolerance)
    assert_close(x.grad, derivative(array), draw.tolerance)


def test_abs_has_gradient_zero_at_zero(device: str) -> None:
    x = to_tensor([-2.0, 0.0, 3.0], device)
    ops.abs(x).sum().backward()
    assert to_numpy(x.grad).tolist() == [-1, 0, 1]


def test_clip_holds_values_in_the_interval_and_stops_the_gradient_outside(device: str) -> None:
    x = to_tensor([-2.0, -1.0, 0.5, 1.0, 1.5], device)
    y = ops.clip(x, -1, 1)
    y.sum().backward()
    assert to_numpy(y).tolist() == [-1, -1, 0.5, 1, 1]
    assert to_numpy(x.grad).tolist() == [0, 1, 1, 1, 0]


def test_clip_refuses_an_empty_interval(device: str) -> None:
    with pytest.raises(ValueError, match=r"^clip: min is 2, must not exceed max, which is 1$"):
        ops.clip(to_tensor([0.0], device), 2, 1)


def test_maximum_gives_ties_half_each(device: str) -> None:
    a, b = to_tensor([1.0, 2.0, 3.0], device), to_tensor([2.0, 2.0, 2.0], device)
    ops.maximum(a, b).sum().backward()
    assert to_numpy(a.grad).tolist() == [0, 0.5, 1]
    assert to_numpy(b.grad).tolist() == [1, 0.5, 0]


def test_where_takes_each_gradient_where_its_value_was_taken(device: str) -> None:
    a, b = to_tensor([1.0, 2.0, 3.0], device), to_tensor(7.0, device)
    y = ops.where(to_device([True, False, False], device), a, b)
    y.sum().backward()
    assert to_numpy(y).tolist() == [1, 7, 7]
    assert to_numpy(a.grad).tolist() == [1, 0, 0]
    assert to_numpy(b.grad).tolist() == 2


def test_where_lets_no_nan_through_from_the_side_not_taken(device: str) -> None:
    a, b = to_tensor([1.0, np.nan], device), to_tensor([np.inf, 2.0], device)
    y = ops.where(to_device([True, False], device), a, b)
    y.sum().backward()
    assert to_numpy(y).tolist() == [1, 2]
    assert to_numpy(a.grad).tolist() == [1, 0]
    assert to_numpy(b.grad).tolist() == [0, 1]


def test_where_refuses_a_condition_that_is_not_boolean(device: str) -> None:
    x = to_tensor([1.0, 2.0], device)
    with pytest.raises(TypeError, match=r"^where: condition is an array of int64, must be of bool$"):
        ops.where(to_device(np.array([0, 1]), device), x, x)

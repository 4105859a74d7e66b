"""Functions of single elements: exp, log, sqrt, abs, clip, maximum, where."""

from __future__ import annotations

import math

from minigen import backend
from minigen.autograd import Tensor, record
from minigen.backend import Array
from minigen.ops.masks import select
from minigen.ops.operands import Operand, as_operand
from minigen.ops.shapes import unbroadcast

LARGEST_EXPONENT = {4: 88.0, 8: 709.0}
"""The largest integer x for which eˣ is finite, by the bytes of a float."""


def exp(x: Tensor) -> Tensor:
    """eˣ; derivative eˣ"""
    return _exp(x, backend.of(x.data).exp(x.data))


def _exp(x: Tensor, value: Array) -> Tensor:
    # The derivative is the function itself: the value is known, the derivative only records it once more.
    return record(value, (x, lambda g: g * _exp(x, value)))


def log(x: Tensor) -> Tensor:
    """ln x; derivative 1/x"""
    return record(backend.of(x.data).log(x.data), (x, lambda g: g / x))


def sqrt(x: Tensor) -> Tensor:
    """√x; derivative 1/(2√x)"""
    return _sqrt(x, backend.of(x.data).sqrt(x.data))


def _sqrt(x: Tensor, value: Array) -> Tensor:
    return record(value, (x, lambda g: g / (2.0 * _sqrt(x, value))))


def abs(x: Tensor) -> Tensor:
    """|x|; derivative sign(x), 0 at 0"""
    return record(backend.of(x.data).abs(x.data), (x, lambda g: select(g, x.data > 0) - select(g, x.data < 0)))


def clip(x: Tensor, min: float | None = None, max: float | None = None) -> Tensor:
    """x limited to [min, max]; None sets no limit. The gradient passes inside the interval, its ends included.

    Raises:
        TypeError: neither min nor max is given, or one of them is a tensor.
        ValueError: min > max.
    """
    if min is None and max is None:
        raise TypeError("clip: min and max are None, must not both be None")
    for name, limit in (("min", min), ("max", max)):
        if isinstance(limit, Tensor):  # as a number it would lose its gradient
            raise TypeError(f"clip: {name} is {backend.described(limit)}, must be a number: ops.maximum takes tensors")
    low, high = -math.inf if min is None else float(min), math.inf if max is None else float(max)
    if low > high:
        raise ValueError(f"clip: min is {min}, must not exceed max, which is {max}")
    return record(x.data.clip(low, high), (x, lambda g: select(g, (x.data >= low) & (x.data <= high))))


def finite_exp(x: Tensor) -> Tensor:
    """eˣ, but no more than e⁸⁸ in float32 and e⁷⁰⁹ in float64: 0 · eˣ is 0, never NaN."""
    return exp(clip(x, max=LARGEST_EXPONENT[x.data.itemsize]))


def maximum(a: Tensor, b: Operand) -> Tensor:
    """The larger of a and b; if they are equal, each receives half the gradient."""
    b = as_operand(b, a)
    return record(
        backend.of(a.data).maximum(a.data, b.data),
        (a, lambda g: unbroadcast(_share_of_larger(g, a.data, b.data), a.shape)),
        (b, lambda g: unbroadcast(_share_of_larger(g, b.data, a.data), b.shape)),
    )


def _share_of_larger(g: Tensor, a: Array, b: Array) -> Tensor:
    """g where a > b, g / 2 where a = b, 0 where a < b. (A NaN is not smaller, as in torch.)"""
    return select(g, ~(a < b)) * (1 - 0.5 * (a == b))


def where(condition: Array, a: Tensor, b: Operand) -> Tensor:
    """a where the boolean array `condition` is true, b elsewhere; so is the gradient, even if it is infinite.

    Raises:
        TypeError: the condition is not boolean.
    """
    backend.require_array("condition", condition)
    if condition.dtype != bool:
        raise TypeError(f"condition is an array of {condition.dtype}, must be of bool")
    b = as_operand(b, a)
    return record(
        backend.of(a.data).where(condition, a.data, b.data),
        (a, lambda g: unbroadcast(select(g, condition), a.shape)),
        (b, lambda g: unbroadcast(select(g, ~condition), b.shape)),
    )

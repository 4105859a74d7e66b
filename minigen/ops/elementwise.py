"""Functions of single elements: exp, log, sqrt, abs, clip, maximum, where."""

from __future__ import annotations

from minigen import backend
from minigen.autograd import Tensor, record
from minigen.backend import Array
from minigen.ops.operands import Operand, as_operand
from minigen.ops.shapes import unbroadcast


def exp(x: Tensor) -> Tensor:
    """eˣ; derivative eˣ"""
    return _exp(x, backend.of(x.data).exp(x.data))


def _exp(x: Tensor, value: Array) -> Tensor:
    # The derivative is the function itself: its value is known, only its place on the tape is made anew.
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
    xp = backend.of(x.data)
    return record(xp.abs(x.data), (x, lambda g: g * xp.sign(x.data)))


def clip(x: Tensor, min: float, max: float) -> Tensor:
    """x held in [min, max]; the gradient passes where x lies in the interval, its ends included.

    Raises:
        ValueError: min > max.
    """
    if min > max:
        raise ValueError(f"clip: min is {min}, must not exceed max, which is {max}")
    value = backend.of(x.data).clip(x.data, float(min), float(max))
    return record(value, (x, lambda g: g * ((x.data >= min) & (x.data <= max))))


def maximum(a: Tensor, b: Operand) -> Tensor:
    """The larger of a and b; where they are equal each receives half the gradient."""
    b = as_operand(b, a)
    return record(
        backend.of(a.data).maximum(a.data, b.data),
        (a, lambda g: unbroadcast(g * _share_of_larger(a.data, b.data, g.dtype), a.shape)),
        (b, lambda g: unbroadcast(g * _share_of_larger(b.data, a.data, g.dtype), b.shape)),
    )


def _share_of_larger(a: Array, b: Array, dtype: str) -> Array:
    """1 where a > b, ½ where a = b, 0 elsewhere."""
    return ((a > b).astype(dtype) + (a >= b).astype(dtype)) * 0.5


def where(condition: Array, a: Tensor, b: Operand) -> Tensor:
    """a where the boolean array `condition` is true, b elsewhere; so is the gradient, even where it is infinite.

    Raises:
        TypeError: the condition is not boolean.
    """
    if condition.dtype != bool:
        raise TypeError(f"where: condition is an array of {condition.dtype}, must be of bool")
    b = as_operand(b, a)
    return record(
        backend.of(a.data).where(condition, a.data, b.data),
        (a, lambda g: unbroadcast(where(condition, g, 0.0), a.shape)),
        (b, lambda g: unbroadcast(where(~condition, g, 0.0), b.shape)),
    )

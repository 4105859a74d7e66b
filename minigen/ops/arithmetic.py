"""a + b, a - b, a · b, a / b and -x: the value, and beside it the derivative to each operand."""

from __future__ import annotations

from minigen.autograd import Tensor, record
from minigen.ops.operands import Operand, as_operand
from minigen.ops.powers import power
from minigen.ops.shapes import unbroadcast


def add(a: Operand, b: Operand) -> Tensor:
    """a + b"""
    a, b = _pair(a, b)
    return record(
        a.data + b.data,
        (a, lambda g: unbroadcast(g, a.shape)),
        (b, lambda g: unbroadcast(g, b.shape)),
    )


def sub(a: Operand, b: Operand) -> Tensor:
    """a - b"""
    a, b = _pair(a, b)
    return record(
        a.data - b.data,
        (a, lambda g: unbroadcast(g, a.shape)),
        (b, lambda g: unbroadcast(-g, b.shape)),
    )


def mul(a: Operand, b: Operand) -> Tensor:
    """a · b, element by element"""
    a, b = _pair(a, b)
    return record(
        a.data * b.data,
        (a, lambda g: unbroadcast(g * b, a.shape)),
        (b, lambda g: unbroadcast(g * a, b.shape)),
    )


def div(a: Operand, b: Operand) -> Tensor:
    """a / b; d/db = -(a / b) / b, in this order because b² may overflow where the quotient does not"""
    a, b = _pair(a, b)
    return record(
        a.data / b.data,
        (a, lambda g: unbroadcast(g / b, a.shape)),
        (b, lambda g: unbroadcast(-g * (a / b / b), b.shape)),
    )


def neg(x: Tensor) -> Tensor:
    """-x"""
    return record(-x.data, (x, lambda g: -g))


def rsub(b: Tensor, a: Operand) -> Tensor:
    """a - b, where Python calls the right operand's method"""
    return sub(a, b)


def rdiv(b: Tensor, a: Operand) -> Tensor:
    """a / b, where Python calls the right operand's method"""
    return div(a, b)


def iadd(x: Tensor, other: Operand) -> Tensor:
    """x += other"""
    return add(_assigned(x, "+="), other)


def isub(x: Tensor, other: Operand) -> Tensor:
    """x -= other"""
    return sub(_assigned(x, "-="), other)


def imul(x: Tensor, other: Operand) -> Tensor:
    """x *= other"""
    return mul(_assigned(x, "*="), other)


def idiv(x: Tensor, other: Operand) -> Tensor:
    """x /= other"""
    return div(_assigned(x, "/="), other)


def ipow(x: Tensor, other: Operand) -> Tensor:
    """x **= other"""
    return power(_assigned(x, "**="), other)


def _pair(a: Operand, b: Operand) -> tuple[Tensor, Tensor]:
    """Two operands. At least one is a tensor; a Number may stand in for the other."""
    return (a, as_operand(b, a)) if isinstance(a, Tensor) else (as_operand(a, b), b)  # type: ignore[return-value,arg-type]


def _assigned(x: Tensor, operator: str) -> Tensor:
    """x, which `x += y` binds to a new tensor: a parameter would silently stay what it is."""
    if x.requires_grad and not x._edges:
        raise TypeError(f"p {operator} … leaves a parameter as it is: change its array, p.data {operator} …")
    return x

"""Powers, with a number or a tensor as the exponent."""

from __future__ import annotations

import math
import numbers

from minigen import backend
from minigen.autograd import Tensor, record
from minigen.ops.elementwise import log, where
from minigen.ops.masks import select
from minigen.ops.operands import Number, Operand, as_operand, as_tensor
from minigen.ops.shapes import unbroadcast


def power(x: Tensor, exponent: Operand) -> Tensor:
    """xⁿ for a number n, with derivative n·xⁿ⁻¹; a tensor or an array as the exponent goes to `pow`."""
    if not isinstance(exponent, numbers.Real):
        return pow(x, as_tensor(exponent, x))
    n = float(exponent)
    if n == 1:
        return x
    if n == 0:
        return select(x, x.data < -math.inf) + 1.0  # nothing of x, not even of a NaN, and none of the gradient
    value = x.data * x.data if n == 2 else x.data**n
    return record(value, (x, lambda g: g * (n * power(x, n - 1))))


def pow(a: Tensor, b: Tensor) -> Tensor:
    """aᵇ; derivatives b·aᵇ⁻¹, or 0 where a = b = 0, and aᵇ·ln a, or 0 where a = 0 and b ≥ 0 (as in torch)"""
    no_slope = (b.data == 0) & ((a.data == 0) | (a.data != a.data))
    no_log = (a.data == 0) & (b.data >= 0)
    return record(
        a.data**b.data,
        (a, lambda g: unbroadcast(g * where(~no_slope, b * where(~no_slope, a, 1.0) ** (b - 1.0), 0.0), a.shape)),
        (b, lambda g: unbroadcast(g * where(~no_log, a**b * log(where(~no_log, a, 1.0)), 0.0), b.shape)),
    )


def rpower(b: Tensor, a: Operand) -> Tensor:
    """aᵇ, where Python calls the exponent's method"""
    base = as_operand(a, b)
    if isinstance(base, Number):
        base = Tensor(backend.of(b.data).full((), base.data, b.dtype))
    return pow(base, b)

"""aᵇ with a tensor in the exponent."""

from __future__ import annotations

from minigen import backend
from minigen.autograd import Tensor, record
from minigen.ops.elementwise import log, where
from minigen.ops.operands import Number, Operand, as_operand
from minigen.ops.shapes import unbroadcast


def pow(a: Tensor, b: Operand) -> Tensor:
    """aᵇ; derivatives b·aᵇ⁻¹, which is 0 where b is 0, and aᵇ·ln a, which is 0 where a is 0 and b ≥ 0 (as in torch)"""
    b = as_operand(b, a)
    if isinstance(b, Number):
        return a**b.data
    no_slope, no_log = b.data == 0, (a.data == 0) & (b.data >= 0)
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

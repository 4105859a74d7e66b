"""The one list of cases: gradient checks, PyTorch parity, the fake device and mutation tests all use it."""

from minigen.gradcheck.case import Case
from minigen.gradcheck.cases import (
    activations,
    arithmetic,
    conv,
    elementwise,
    joining,
    linear,
    losses,
    lstm,
    normalization,
    pooling,
    sampling,
    shapes,
)

CASES: list[Case] = [
    *arithmetic.CASES,
    *shapes.CASES,
    *elementwise.CASES,
    *joining.CASES,
    *activations.CASES,
    *linear.CASES,
    *lstm.CASES,
    *conv.CASES,
    *pooling.CASES,
    *normalization.CASES,
    *sampling.CASES,
    *losses.CASES,
]

__all__ = ["CASES"]

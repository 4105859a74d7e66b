"""var and std over some dimensions or all, composed of other operations."""

from __future__ import annotations

import math

from minigen.autograd import Tensor
from minigen.ops.elementwise import sqrt, where
from minigen.ops.reductions import mean
from minigen.ops.shapes import Dims


def var(x: Tensor, dim: Dims = None, *, keepdim: bool = False, correction: int = 1) -> Tensor:
    """Σ (x - mean)² / (n - correction) over `dim`: 1 for the unbiased variance, as in torch, 0 for NumPy's."""
    deviation = x - mean(x, dim, keepdim=True)
    total = (deviation * deviation).sum(dim, keepdim)
    n = x.size // (total.size or 1)
    return total / (n - correction) if n > correction else total * math.nan


def std(x: Tensor, dim: Dims = None, *, keepdim: bool = False, correction: int = 1) -> Tensor:
    """√var; where it is 0 the gradient is 0, as in torch."""
    variance = var(x, dim, keepdim=keepdim, correction=correction)
    zero = variance.data == 0
    return where(~zero, sqrt(where(~zero, variance, 1.0)), 0.0)

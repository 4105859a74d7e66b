"""Dropout as a module."""

from __future__ import annotations

from minigen import ops
from minigen.autograd import Tensor
from minigen.nn.module import Module


class Dropout(Module):
    """In training each element is zeroed with probability p and the others scaled by 1/(1 - p)."""

    def __init__(self, p: float = 0.5) -> None:
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        """x: any shape"""
        return ops.dropout(x, self.p, self.training)

"""Activations as modules, for use in Sequential."""

from __future__ import annotations

from minigen import ops
from minigen.autograd import Tensor
from minigen.nn.module import Module


class ReLU(Module):
    """max(x, 0)"""

    def forward(self, x: Tensor) -> Tensor:
        """x: any shape"""
        return ops.relu(x)


class LeakyReLU(Module):
    """x for x > 0, else negative_slope · x"""

    def __init__(self, negative_slope: float = 0.01) -> None:
        self.negative_slope = negative_slope

    def forward(self, x: Tensor) -> Tensor:
        """x: any shape"""
        return ops.leaky_relu(x, self.negative_slope)


class Sigmoid(Module):
    """1/(1 + e⁻ˣ)"""

    def forward(self, x: Tensor) -> Tensor:
        """x: any shape"""
        return ops.sigmoid(x)


class Tanh(Module):
    """tanh x"""

    def forward(self, x: Tensor) -> Tensor:
        """x: any shape"""
        return ops.tanh(x)

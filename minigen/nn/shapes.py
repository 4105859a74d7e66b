"""Flatten and Reshape: between images and vectors."""

from __future__ import annotations

from minigen.autograd import Tensor
from minigen.nn.module import Module


class Flatten(Module):
    """(N, …) -> (N, product of …)"""

    def forward(self, x: Tensor) -> Tensor:
        """x: (N, …)"""
        return x.flatten(1)


class Reshape(Module):
    """(N, …) -> (N, *shape)"""

    def __init__(self, *shape: int) -> None:
        self.shape = shape

    def forward(self, x: Tensor) -> Tensor:
        """x: (N, …) with as many elements per example as `shape` holds"""
        return x.reshape(len(x), *self.shape)

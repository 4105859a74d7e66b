"""BatchNorm1d and BatchNorm2d."""

from __future__ import annotations

from typing import ClassVar

from minigen import backend, ops
from minigen.autograd import Tensor
from minigen.backend import Array
from minigen.nn import init
from minigen.nn.module import Module, Parameter


class _BatchNorm(Module):
    """`ops.batch_norm` with its weights and running statistics, as torch.nn keeps them."""

    running_mean: Array
    running_var: Array
    num_batches_tracked: Array
    _shapes: ClassVar[dict[int, str]]

    def __init__(self, num_features: int, eps: float = 1e-5, momentum: float | None = 0.1, affine: bool = True) -> None:
        init.require_sizes(type(self).__name__, num_features=num_features)
        xp = backend.module("cpu")
        self.num_features, self.eps, self.momentum, self.affine = num_features, eps, momentum, affine
        self.weight = Parameter(xp.ones(num_features, "float32")) if affine else None
        self.bias = Parameter(xp.zeros(num_features, "float32")) if affine else None
        self.register_buffer("running_mean", xp.zeros(num_features, "float32"))
        self.register_buffer("running_var", xp.ones(num_features, "float32"))
        self.register_buffer("num_batches_tracked", xp.array(0, "int64"))

    def forward(self, x: Tensor) -> Tensor:
        """x: a batch of the shape that the class names"""
        if x.ndim not in self._shapes:
            shapes = " or ".join(self._shapes.values())
            raise ValueError(f"{type(self).__name__}: x has shape {x.shape}, must be {shapes}")
        momentum = self.momentum
        if self.training and momentum is None:
            momentum = 1 / (int(self.num_batches_tracked) + 1)
        y = ops.batch_norm(
            x, self.running_mean, self.running_var, self.weight, self.bias, self.training, momentum or 0.0, self.eps
        )
        if self.training:
            self.num_batches_tracked += 1
        return y


class BatchNorm1d(_BatchNorm):
    """Batch normalisation of (N, C) or (N, C, L); arguments and attributes as BatchNorm2d."""

    _shapes: ClassVar = {2: "(N, C)", 3: "(N, C, L)"}


class BatchNorm2d(_BatchNorm):
    """Batch normalisation of images (N, C, H, W).

    Args:
        num_features: C.
        eps: added to the variance.
        momentum: the weight of a batch's statistics in the running ones; with None these are the mean of all batches
            (on a GPU it is counted on the host, which waits for the GPU).
        affine: whether there are a weight and a bias.

    Attributes:
        weight, bias: γ = 1 and β = 0, (C,), or None
        running_mean, running_var: buffers, (C,), from 0 and 1; used in evaluation.
        num_batches_tracked: a buffer, the number of batches seen in training.
    """

    _shapes: ClassVar = {4: "(N, C, H, W)"}

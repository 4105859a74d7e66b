"""MaxPool2d, AvgPool2d, MaxUnpool2d and Upsample: layers without parameters."""

from __future__ import annotations

from minigen import ops
from minigen.autograd import Tensor
from minigen.backend import Array
from minigen.nn.module import Module
from minigen.ops.pooling import refuse_ceil_mode
from minigen.ops.window import IntOrPair, Pair


class MaxPool2d(Module):
    """The largest element that each window sees: `ops.max_pool2d`; with return_indices also where it lies."""

    def __init__(
        self,
        kernel_size: IntOrPair,
        stride: IntOrPair | None = None,
        padding: IntOrPair = 0,
        *,
        return_indices: bool = False,
        ceil_mode: bool = False,
    ) -> None:
        refuse_ceil_mode(ceil_mode, "MaxPool2d: ")
        self.kernel_size, self.stride, self.padding = kernel_size, stride, padding
        self.return_indices = return_indices

    def forward(self, x: Tensor) -> Tensor | tuple[Tensor, Array]:
        """x: (N, C, H, W)"""
        return ops.max_pool2d(x, self.kernel_size, self.stride, self.padding, self.return_indices)


class AvgPool2d(Module):
    """The mean of what each window sees: `ops.avg_pool2d`."""

    def __init__(
        self,
        kernel_size: IntOrPair,
        stride: IntOrPair | None = None,
        padding: IntOrPair = 0,
        *,
        ceil_mode: bool = False,
    ) -> None:
        refuse_ceil_mode(ceil_mode, "AvgPool2d: ")
        self.kernel_size, self.stride, self.padding = kernel_size, stride, padding

    def forward(self, x: Tensor) -> Tensor:
        """x: (N, C, H, W)"""
        return ops.avg_pool2d(x, self.kernel_size, self.stride, self.padding)


class MaxUnpool2d(Module):
    """Each element put back where MaxPool2d found it, zeros elsewhere: `ops.max_unpool2d`."""

    def __init__(self, kernel_size: IntOrPair, stride: IntOrPair | None = None, padding: IntOrPair = 0) -> None:
        self.kernel_size, self.stride, self.padding = kernel_size, stride, padding

    def forward(self, x: Tensor, indices: Array, output_size: Pair | None = None) -> Tensor:
        """x and indices: (N, C, OH, OW); output_size: (H, W) of what was pooled, where it is not the smallest."""
        return ops.max_unpool2d(x, indices, self.kernel_size, self.stride, self.padding, output_size)


class Upsample(Module):
    """Each element repeated as a block: `ops.upsample_nearest2d`, torch.nn.Upsample's default mode."""

    def __init__(self, *, scale_factor: IntOrPair) -> None:
        self.scale_factor = scale_factor

    def forward(self, x: Tensor) -> Tensor:
        """x: (N, C, H, W)"""
        return ops.upsample_nearest2d(x, self.scale_factor)

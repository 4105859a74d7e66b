"""Conv2d and ConvTranspose2d."""

from __future__ import annotations

from minigen import ops
from minigen.autograd import Tensor
from minigen.nn import init
from minigen.nn.module import Module, Parameter
from minigen.ops.window import IntOrPair, Padding, as_pair


class Conv2d(Module):
    """`ops.conv2d` with its weights: (N, in_channels, H, W) -> (N, out_channels, OH, OW), as torch.nn.Conv2d.

    Args:
        in_channels, out_channels: C and O.
        kernel_size: (kh, kw), or one number for both, as all that follow.
        stride, padding, dilation, groups: as for `ops.conv2d`, which has the formula of the size;
            padding="same" is Keras's, at any stride.
        bias: whether b is there.

    Attributes:
        weight: (O, C / groups, kh, kw), from U(-1/√fan_in, 1/√fan_in) with fan_in = C / groups·kh·kw.
        bias: (O,), from the same.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: IntOrPair,
        stride: IntOrPair = 1,
        padding: Padding = 0,
        dilation: IntOrPair = 1,
        groups: int = 1,
        bias: bool = True,
    ) -> None:
        _check_channels("Conv2d", in_channels, out_channels, groups)
        self.in_channels, self.out_channels, self.kernel_size = in_channels, out_channels, kernel_size
        shape = (out_channels, in_channels // groups, *as_pair("Conv2d: kernel_size", kernel_size, 1))
        self.weight, self.bias = _initial(shape, out_channels, bias)
        self.stride, self.padding, self.dilation, self.groups = stride, padding, dilation, groups

    def forward(self, x: Tensor) -> Tensor:
        """x: (N, in_channels, H, W)"""
        return ops.conv2d(x, self.weight, self.bias, self.stride, self.padding, self.dilation, self.groups)


class ConvTranspose2d(Module):
    """`ops.conv_transpose2d` with its weights: (N, in_channels, H, W) -> (N, out_channels, OH, OW).

    Args:
        in_channels, out_channels: C and O.
        kernel_size: (kh, kw), or one number for both, as all that follow.
        stride, padding, output_padding, groups, dilation: as for `ops.conv_transpose2d`, which has the formula
            of the size; padding="same" makes it exactly stride times as large.
        bias: whether b is there.

    Attributes:
        weight: (C, O / groups, kh, kw), from U(-1/√fan_in, 1/√fan_in) with fan_in = O / groups·kh·kw as torch has it.
        bias: (O,), from the same.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: IntOrPair,
        stride: IntOrPair = 1,
        padding: Padding = 0,
        output_padding: IntOrPair = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: IntOrPair = 1,
    ) -> None:
        _check_channels("ConvTranspose2d", in_channels, out_channels, groups)
        self.in_channels, self.out_channels, self.kernel_size = in_channels, out_channels, kernel_size
        shape = (in_channels, out_channels // groups, *as_pair("ConvTranspose2d: kernel_size", kernel_size, 1))
        self.weight, self.bias = _initial(shape, out_channels, bias)
        self.stride, self.padding, self.output_padding = stride, padding, output_padding
        self.dilation, self.groups = dilation, groups

    def forward(self, x: Tensor) -> Tensor:
        """x: (N, in_channels, H, W)"""
        return ops.conv_transpose2d(
            x,
            self.weight,
            self.bias,
            self.stride,
            self.padding,
            self.output_padding,
            dilation=self.dilation,
            groups=self.groups,
        )


def _check_channels(layer: str, in_channels: int, out_channels: int, groups: int) -> None:
    init.require_sizes(layer, in_channels=in_channels, out_channels=out_channels, groups=groups)
    if groups < 1 or in_channels % groups or out_channels % groups:
        raise ValueError(
            f"{layer}: groups is {groups}, must divide in_channels {in_channels} and out_channels {out_channels}"
        )


def _initial(shape: tuple[int, int, int, int], out_channels: int, bias: bool) -> tuple[Parameter, Parameter | None]:
    fan_in = shape[1] * shape[2] * shape[3]
    weight = Parameter(init.torch_default(shape, fan_in))
    return weight, Parameter(init.torch_default((out_channels,), fan_in)) if bias else None

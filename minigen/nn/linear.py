"""Linear: the dense layer."""

from __future__ import annotations

from minigen import ops
from minigen.autograd import Tensor
from minigen.nn import init
from minigen.nn.module import Module, Parameter


class Linear(Module):
    """y = x·Wᵀ + b: (…, in_features) -> (…, out_features), as torch.nn.Linear.

    Args:
        in_features: I, the size of the input's last dimension.
        out_features: O.
        bias: whether b is there.

    Attributes:
        weight: W, (O, I), from U(-1/√I, 1/√I).
        bias: b, (O,), from the same.
    """

    def __init__(self, in_features: int, out_features: int, bias: bool = True) -> None:
        init.require_sizes("Linear", in_features=in_features, out_features=out_features)
        self.in_features, self.out_features = in_features, out_features
        self.weight = Parameter(init.torch_default((out_features, in_features), in_features))
        self.bias = Parameter(init.torch_default((out_features,), in_features)) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        """x: (…, in_features)"""
        return ops.linear(x, self.weight, self.bias)

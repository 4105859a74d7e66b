"""Sequential: layers one after the other."""

from __future__ import annotations

from collections.abc import Iterator

from minigen.autograd import Tensor
from minigen.nn.module import Module


class Sequential(Module):
    """The composition of modules, the first applied first. Its parts are named "0", "1", … as in torch.nn.

    Raises:
        TypeError: a layer is not a Module.
    """

    def __init__(self, *layers: Module) -> None:
        for position, layer in enumerate(layers):
            if not isinstance(layer, Module):
                raise TypeError(f"Sequential: layer {position} is a {type(layer).__name__}, must be a Module")
            setattr(self, str(position), layer)

    def __iter__(self) -> Iterator[Module]:
        return (child for _, child in self.named_children())

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __getitem__(self, position: int) -> Module:
        return list(self)[position]

    def forward(self, x: Tensor) -> Tensor:
        """layers[-1](…layers[1](layers[0](x)))"""
        for layer in self:
            x = layer(x)
        return x

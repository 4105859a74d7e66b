"""Sequential, ModuleList and ModuleDict: modules that hold modules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Self

from minigen import backend
from minigen.autograd import Tensor
from minigen.nn.module import Module


class ModuleList(Module):
    """A list of modules, which are found, trained and saved under the names "0", "1", …; without a forward.

    Raises:
        TypeError: an element is not a Module.
    """

    def __init__(self, modules: Iterable[Module] = ()) -> None:
        for module in modules:
            self.append(module)

    def append(self, module: Module) -> Self:
        """Add a module at the end."""
        position = len(self)
        if not isinstance(module, Module):
            raise TypeError(f"{type(self).__name__}: layer {position} is {backend.described(module)}, must be a Module")
        setattr(self, str(position), module)
        return self

    def __iter__(self) -> Iterator[Module]:
        return (child for _, child in self.named_children())

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __getitem__(self, position: int | slice) -> Any:
        """A module, or for a slice a container of the same kind that shares its modules with this one."""
        modules = list(self)
        if not isinstance(position, slice):
            return modules[position]
        return Sequential(*modules[position]) if isinstance(self, Sequential) else ModuleList(modules[position])


class Sequential(ModuleList):
    """The composition of modules, the first applied first. Its parts are named "0", "1", … as in torch.nn.

    Raises:
        TypeError: a layer is not a Module.
    """

    def __init__(self, *layers: Module) -> None:
        super().__init__(layers)

    def forward(self, x: Tensor) -> Tensor:
        """layers[-1](…layers[1](layers[0](x)))"""
        for layer in self:
            x = layer(x)
        return x


class ModuleDict(Module):
    """Modules by name, which are found, trained and saved under their names; without a forward.

    Raises:
        TypeError: a value is not a Module, or a name is that of a method.
    """

    def __init__(self, modules: Mapping[str, Module] | None = None) -> None:
        for name, module in (modules or {}).items():
            self[name] = module

    def __setitem__(self, name: str, module: Module) -> None:
        if not isinstance(module, Module):
            raise TypeError(f"ModuleDict: {name} is {backend.described(module)}, must be a Module")
        setattr(self, name, module)

    def __getitem__(self, name: str) -> Module:
        return dict(self.items())[name]

    def __iter__(self) -> Iterator[str]:
        return (name for name, _ in self.items())

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def items(self) -> Iterator[tuple[str, Module]]:
        """(name, module), in the order in which they were set."""
        return self.named_children()

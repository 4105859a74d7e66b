"""A case: one operation with inputs to check it on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

import numpy as np

from minigen import backend
from minigen.autograd import Tensor
from minigen.backend import Array

Draw: TypeAlias = Callable[[np.random.Generator], Any]


@dataclass(frozen=True)
class Case:
    """One way to call an operation.

    Attributes:
        op: the operation's public name.
        note: what is special here.
        call: maps the inputs to a tensor or several.
        draws: one for each input.
        order: 1 if the operation can be differentiated once, 2 if twice or more.
        options: the keywords with which `call` calls the operation.
        above: how many derivatives `call` has taken already: 1 where its value is a gradient.
    """

    op: str
    note: str
    call: Callable[..., Any]
    draws: tuple[Draw, ...]
    order: int
    options: dict[str, Any]
    above: int = 0

    @property
    def name(self) -> str:
        """The operation and what is special: unique in the list."""
        return f"{self.op}: {self.note}" if self.note else self.op

    def arrays(self, seed: int = 0) -> list[Any]:
        """Fresh NumPy inputs in float64."""
        generator = np.random.default_rng(seed)
        return [draw(generator) for draw in self.draws]

    def inputs(self, seed: int = 0, device: str = "cpu", dtype: str = "float64") -> list[Tensor]:
        """Fresh tensors that require a gradient."""
        arrays = [array.astype(dtype) for array in self.arrays(seed)]
        return [Tensor(backend.to_device(array, device), requires_grad=True) for array in arrays]


def case(
    op: str, call: Callable[..., Any], *draws: Draw, note: str = "", order: int = 2, above: int = 0, **options: Any
) -> Case:
    """A Case, its inputs listed as in the call call(*inputs, **options)."""
    return Case(op, note, partial(call, **options) if options else call, draws, order, options, above)


def beside(x: Tensor, array: Array) -> Array:
    """A constant of a case, such as noise or a mask, on the device of its input x."""
    return backend.to_device(array, x.device)


def normal(*shape: int) -> Draw:
    """From N(0, 1)."""
    return lambda generator: np.asarray(generator.standard_normal(shape))


def positive(*shape: int) -> Draw:
    """From [0.5, 2)."""
    return lambda generator: np.asarray(generator.uniform(0.5, 2.0, shape))


def zeros(*shape: int) -> Draw:
    """Nothing is drawn: all are 0."""
    return lambda _: np.zeros(shape)


def unit(*shape: int) -> Draw:
    """From [0.1, 0.9)."""
    return lambda generator: np.asarray(generator.uniform(0.1, 0.9, shape))


def apart(*shape: int) -> Draw:
    """Positive and negative numbers at least 0.1 from each other and from 0: no kink, no tie is near."""

    def draw(generator: np.random.Generator) -> Any:
        count = int(np.prod(shape))
        steps = np.arange(count) - count // 2
        return generator.permutation(0.2 * steps + 0.1).reshape(shape)

    return draw

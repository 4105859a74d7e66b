"""A function of a model as a list of the operations that it calls, with their weights, written down as it runs.

    trace(model.decode, z, weights)  ->  linear(z, decoder.0.weight, decoder.0.bias), relu(…), linear(…), sigmoid(…)

`record` in autograd remembers how a gradient flows back. This remembers the way forward, which the page repeats in
JavaScript: every operation of `minigen.ops` and every method of a tensor is watched while the function runs.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from msgspec import Struct

from minigen import ops
from minigen.autograd import Tensor, no_grad
from minigen.ops.methods import Methods

VIEWS = ("getitem", "permute", "transpose", "T", "broadcast_to", "unsqueeze", "squeeze", "reshape", "flatten")
"""Operations that compute nothing: their result looks at the same numbers with another offset and other strides."""


class TraceError(ValueError):
    """A function that cannot be written down as a list of operations: one line that says why."""


class Step(Struct):
    """One operation. Its arguments are numbers, words, {"value": n} for a tensor or {"weight": name}.

    shape: of its result; the first of them where there are several.
    """

    operation: str
    arguments: dict[str, Any]
    shape: Sequence[int]


class Program(Struct):
    """Tensors are numbered: the input is 0, then come the results of each step. `outputs` are the numbers to return."""

    input: Sequence[int]
    steps: list[Step] = []
    outputs: list[int] = []

    def arguments(self) -> Iterator[dict[str, Any]]:
        """All arguments that are tensors, also those in a list."""
        for step in self.steps:
            for value in step.arguments.values():
                yield from (part for part in (value if isinstance(value, list) else [value]) if isinstance(part, dict))


def trace(function: Callable[[Tensor], Any], x: Any, weights: dict[str, Any]) -> Program:
    """The program of function(x), where x is an array with a batch of one.

    weights: arrays by name; those that the function makes itself are added, as "constant: n".

    Raises:
        TraceError: its result comes from no operation of minigen, or it picks elements by a list of indices.
    """
    return _Trace(function, x, weights).program


class _Trace:
    def __init__(self, function: Callable[[Tensor], Any], x: Any, weights: dict[str, Any]) -> None:
        self.program, self.weights = Program(x.shape), weights
        self.names: dict[int, dict[str, Any]] = {id(array): {"weight": name} for name, array in weights.items()}
        self.kept: list[Any] = []  # lest another array get the id of one that is gone
        self.numbered, self.inside = 0, False
        first = Tensor(x)
        self._number(first.data)
        with no_grad(), self._watching():
            results = _flat(function(first))
        for result in results:
            if "value" not in self.names.get(id(result.data), {}):
                raise TraceError("its result comes from no operation of minigen")
            self.program.outputs.append(self.names[id(result.data)]["value"])

    @contextmanager
    def _watching(self) -> Iterator[None]:
        places: list[tuple[Any, str, Any]] = [(ops, name, vars(ops)[name]) for name in ops.__all__]
        places += [(Tensor, name, f) for name, f in vars(Methods).items() if inspect.isfunction(f) or name == "T"]
        for place, name, operation in places:
            setattr(place, name, self._watched(operation))
        try:
            yield
        finally:
            for place, name, operation in places:
                setattr(place, name, operation)

    def _watched(self, operation: Any) -> Any:
        """The operation, written down where it makes a new tensor, unless another operation calls it."""
        if isinstance(operation, property):
            return property(self._watched(operation.fget))

        @functools.wraps(operation)
        def watched(*args: Any, **kwargs: Any) -> Any:
            if self.inside:
                return operation(*args, **kwargs)
            self.inside = True
            try:
                result = operation(*args, **kwargs)
                results = _flat(result)
                if any(isinstance(r, Tensor) and id(r.data) not in self.names for r in results):
                    self._write(operation, args, kwargs, results)
            finally:
                self.inside = False
            return result

        return watched

    def _write(self, operation: Any, args: Any, kwargs: Any, results: Sequence[Any]) -> None:
        name, shape = operation.__name__, results[0].shape
        if name in VIEWS:
            name, arguments = _view(operation, args, kwargs)
            arguments["x"] = self._named(args[0])
        else:
            bound = inspect.signature(operation).bind(*args, **kwargs)
            bound.apply_defaults()
            arguments = {name: self._named(value) for name, value in bound.arguments.items()}
        self.program.steps.append(Step(name, arguments, shape))
        for result in results:
            self._number(result.data if isinstance(result, Tensor) else result)

    def _number(self, array: Any) -> None:
        self.names[id(array)] = {"value": self.numbered}
        self.kept.append(array)
        self.numbered += 1

    def _named(self, value: Any) -> Any:
        array = value.data if isinstance(value, Tensor) else value
        if id(array) in self.names:
            return self.names[id(array)]
        if isinstance(array, np.generic):
            return array.item()
        if isinstance(array, np.ndarray):
            name = f"constant: {len(self.weights)}"
            self.weights[name] = array
            self.names[id(array)] = {"weight": name}
            return self.names[id(array)]
        if isinstance(array, (list, tuple)):
            return [self._named(part) for part in array]
        return array


def _view(operation: Any, args: Any, kwargs: Any) -> tuple[str, dict[str, Any]]:
    """The name and arguments for the page: found by letting the operation look at an array that tells its strides."""
    numbers = np.zeros(args[0].shape, np.float32)
    seen = operation(Tensor(numbers), *args[1:], **kwargs).data
    if not np.shares_memory(numbers, seen):
        raise TraceError(f"{operation.__name__} with a list of indices")
    offset = (seen.ctypes.data - numbers.ctypes.data) // numbers.itemsize
    strides = [stride // numbers.itemsize for stride in seen.strides]
    if seen.size == numbers.size and seen.flags.c_contiguous and offset == 0:
        return "reshape", {}
    return "view", {"offset": offset, "strides": strides}


def _flat(value: Any) -> list[Any]:
    """A result, or the results in a tuple of tuples, in order."""
    return [part for item in value for part in _flat(item)] if isinstance(value, tuple) else [value]

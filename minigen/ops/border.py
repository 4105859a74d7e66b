"""The border between a user and the operations, where errors get the operation's name."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any, ParamSpec, TypeVar

from minigen import backend
from minigen.autograd import Tensor

P = ParamSpec("P")
R = TypeVar("R")

OF_OTHERS = ("im2col", "col2im", "where", "concat", "stack")
"""Operations whose first argument is a plain array or a list of tensors."""


def named_in_errors(operation: Callable[P, R]) -> Callable[P, R]:
    """The operation, whose errors begin with its name: "conv2d: stride is 0, must be …".

    A check that several operations share need not know which of them calls it. If an operation fails because its
    first argument is no tensor, the error says just that: "exp: x is a float, must be a tensor".
    """

    @functools.wraps(operation)
    def border(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return operation(*args, **kwargs)
        except (AttributeError, TypeError, ValueError) as error:
            name, argument = operation.__name__, next(iter(inspect.signature(operation).parameters))
            first = args[:1] or [value for parameter, value in kwargs.items() if parameter == argument]
            if first and name not in OF_OTHERS and not isinstance(first[0], Tensor):
                found = f"{name}: {argument} is {backend.described(first[0])}"
                raise TypeError(f"{found}, must be a tensor (minigen.tensor makes one)") from error
            if isinstance(error, AttributeError) or str(error).startswith(f"{name}: "):
                raise
            raise (ValueError if isinstance(error, ValueError) else TypeError)(f"{name}: {error}") from error

    return border


def pointing_to(instead: Mapping[str, str], module: str) -> Callable[[str], Any]:
    """The `__getattr__` of a module, for names of torch's that it does not have: the error says what to write."""

    def missing(name: str) -> Any:
        hint = f": write {instead[name]}" if name in instead else ""
        raise AttributeError(f"module {module!r} has no attribute {name!r}{hint}")

    return missing

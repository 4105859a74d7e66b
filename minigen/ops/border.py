"""The border between a user and the operations, where arguments are checked and errors get the operation's name."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from minigen import backend
from minigen.autograd import Tensor

P = ParamSpec("P")
R = TypeVar("R")


def named_in_errors(operation: Callable[P, R]) -> Callable[P, R]:
    """Let the operation's ValueErrors and TypeErrors begin with its name: "conv2d: stride is 0, must be …".

    A check that several operations share need not know which of them calls it.
    """

    @functools.wraps(operation)
    def border(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return operation(*args, **kwargs)
        except (ValueError, TypeError) as error:
            raise type(error)(f"{operation.__name__}: {error}") from error

    return border


def tensors_only(operation: Callable[P, R]) -> Callable[P, R]:
    """The operation, which names itself and its first argument if that is no tensor: "exp: x is a float, must be …"."""

    @functools.wraps(operation)
    def border(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return operation(*args, **kwargs)
        except (AttributeError, TypeError, ValueError) as error:
            first = args[0] if args else next(iter(kwargs.values()), None)
            items = first if isinstance(first, (list, tuple)) and operation.__name__ in ("concat", "stack") else [first]
            wrong = [item for item in items if not isinstance(item, Tensor)]
            if not wrong:
                raise
            argument = next(iter(inspect.signature(operation).parameters))
            found = f"{operation.__name__}: {argument} is {backend.described(wrong[0])}"
            raise TypeError(f"{found}, must be a tensor (minigen.tensor makes one)") from error

    return border

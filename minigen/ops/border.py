"""The border between a user and the operations, where arguments are checked and errors get the operation's name."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


def named_in_errors(operation: Callable[P, R]) -> Callable[P, R]:
    """The operation, whose ValueErrors and TypeErrors begin with its name: "conv2d: stride is 0, must be …".

    So a check that several operations share need not know which of them calls it.
    """

    @functools.wraps(operation)
    def border(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return operation(*args, **kwargs)
        except (ValueError, TypeError) as error:
            raise type(error)(f"{operation.__name__}: {error}") from error

    return border

"""CuPy's names and parameters, from cupy_api.txt (which _read_api.py writes)."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

API_FILE = Path(__file__).with_name("cupy_api.txt")
API = dict(line.split(" ", 1) for line in API_FILE.read_text().splitlines()[1:])


@functools.cache
def described(name: str) -> Callable[..., dict[str, Any]]:
    """A function with the parameters of `cupy.<name>` that returns its arguments by name."""
    namespace: dict[str, Any] = {}
    exec(f"def described{API[name]}: return locals()", namespace)
    return namespace["described"]


def bind(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """Refuse a keyword that NumPy's function takes and CuPy's does not, as CuPy does: TypeError."""
    try:
        return described(name)(*args, **kwargs)
    except TypeError as error:
        raise TypeError(f"cupy.{name}{API[name]}: {error}") from None


def parameters(name: str) -> list[str]:
    return list(inspect.signature(described(name)).parameters)


def missing(owner: str, name: str) -> AttributeError:
    """Tell a name that CuPy lacks from one that only this fake lacks."""
    described = f"{owner}.{name}".lstrip(".")
    if described in API:
        return AttributeError(f"cupy has {described}, but the fake does not: add it in tests/fake_cupy")
    return AttributeError(f"cupy has no {described}")


def follow(module: Any, path: str) -> Any:
    """`follow(cupy, "random.Generator")` is `cupy.random.Generator`."""
    for name in filter(None, path.split(".")):
        module = getattr(module, name)
    return module

"""What stands in the modules `cupy`, `cupy.linalg` and `cupy.lib.stride_tricks`."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any, NoReturn

import numpy as np

from ._api import API, follow, missing
from ._array import ndarray
from ._functions import FACTS, FROM_HOST, FROM_NUMBERS, ON_ARRAYS, fact, forward, from_host
from ._ufuncs import UFUNCS


def functions(path: str) -> dict[str, Any]:
    """The forwarded functions of `cupy.<path>`."""
    found = {}
    for names, wrapper in ((ON_ARRAYS + FROM_NUMBERS, forward), (FROM_HOST, from_host), (FACTS, fact)):
        for name in names:
            owner, _, short = name.rpartition(".")
            if owner == path:
                found[short] = wrapper(name, follow(np, name))
    return found


def top_level() -> dict[str, Any]:
    """Functions and ufuncs, and what CuPy took over from NumPy: dtypes, constants, `finfo`."""
    own_to_numpy = {name: getattr(np, name) for name, text in API.items() if text == "numpy"}
    return {**own_to_numpy, **UFUNCS, **functions("")}


def get_array_module(*args: Any) -> ModuleType:
    """NumPy unless one of the arguments is a GPU array."""
    return sys.modules[__package__] if any(isinstance(argument, ndarray) for argument in args) else np


class Namespace(ModuleType):
    """A submodule that holds forwarded functions only."""

    def __init__(self, path: str):
        super().__init__(path)
        vars(self).update(functions(path))

    def __getattr__(self, name: str) -> NoReturn:
        raise missing(self.__name__, name)


linalg = Namespace("linalg")
lib = Namespace("lib")
lib.stride_tricks = Namespace("lib.stride_tricks")

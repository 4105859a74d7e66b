"""What CuPy has, one line a name: `python -m fake_cupy._read_api`, run in tests/, writes cupy_api.txt.

Run it with the oldest CuPy that pyproject.toml allows: the fake then has what all have. CuPy imports without a GPU.

A line is `name (parameters)`, `name ufunc nin nout methods`, `name numpy` where CuPy's is NumPy's own, or `name value`
for the rest. A default that is no literal is written `...`: only the names and kinds of parameters matter here.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from typing import Any
from unittest.mock import MagicMock

import numpy as np

from ._api import API_FILE, follow

OWNERS = ("", "ndarray", "random", "random.Generator", "linalg", "lib.stride_tricks")
UFUNC_METHODS = {"accumulate": (), "at": (0, 0), "reduce": (), "reduceat": (0,)}  # name: arguments after the array


def api_lines(cupy: Any) -> Iterator[str]:
    """Describe every public name of `cupy` and of the submodules and classes in OWNERS."""
    for path in OWNERS:
        owner = follow(cupy, path)
        for name in dir(owner):
            described = f"{path}.{name}".lstrip(".")
            if not name.startswith("_") and described not in OWNERS:
                thing = getattr(owner, name)
                yield f"{described} {'numpy' if thing is getattr(np, described, cupy) else describe(thing)}"


def describe(thing: Any) -> str:
    if type(thing).__name__ == "ufunc":
        return " ".join(["ufunc", str(thing.nin), str(thing.nout), *filter(supports(thing), UFUNC_METHODS)])
    signature = signature_of(thing)
    return "value" if signature is None else plain(signature)


def supports(ufunc: Any) -> Any:
    """A method that CuPy does not support says so before it looks at its array."""

    def supported(method: str) -> bool:
        try:
            getattr(ufunc, method)(MagicMock(), *UFUNC_METHODS[method])
        except NotImplementedError:
            return False
        return True

    return supported


def signature_of(thing: Any) -> inspect.Signature | None:
    """None when `thing` has none, as a constant; NumPy's scalar types under other names count as constants."""
    if not callable(thing) or (isinstance(thing, type) and issubclass(thing, np.generic)):
        return None
    try:
        return inspect.signature(thing)
    except ValueError:
        return signature_in_docstring(thing.__doc__ or "")


def signature_in_docstring(doc: str) -> inspect.Signature | None:
    """Cython writes `_ndarray_base.dot(self, _ndarray_base b, out=None) -> _ndarray_base` on the first line."""
    written = re.match(r"[\w.]+\((.*)\)( ->.*)?$", doc.split("\n")[0])
    if not written:
        return None
    parameters = re.sub(r"\b\w+ (?=\w)", "", written[1])  # without the C types
    namespace: dict[str, Any] = {}
    exec(f"def described({parameters}): ...", namespace)
    return inspect.signature(namespace["described"])


def plain(signature: inspect.Signature) -> str:
    """Without annotations, and with `...` for a default that is no literal."""
    parameters = [
        p.replace(annotation=p.empty, default=p.default if is_literal(p.default) else ...)
        for p in signature.parameters.values()
    ]
    return str(inspect.Signature(parameters)).replace("Ellipsis", "...")


def is_literal(default: Any) -> bool:
    if default is inspect.Parameter.empty:
        return True
    try:
        ast.literal_eval(repr(default))
    except (SyntaxError, ValueError):
        return False
    return True


if __name__ == "__main__":
    import cupy

    API_FILE.write_text("\n".join([f"# cupy {cupy.__version__}", *api_lines(cupy)]) + "\n")

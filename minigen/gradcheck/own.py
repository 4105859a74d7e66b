"""The checks that a reader's own file asks for.

CHECKS = [
    (swish, (4, 5)),                                       a function, and a shape for each of its inputs,
    (scaled, (2, 3), [0.1, 2.0, 3.0]),                     or its numbers where random ones do not do,
    (conv, (2, 1, 5, 5), (3, 1, 3, 3), {"stride": 2}),     and its options, if it has some
]
"""

from __future__ import annotations

import runpy
import sys
import traceback
from pathlib import Path
from typing import Any

import numpy as np

from minigen.gradcheck.case import Case, Draw, case, normal

EXAMPLE = "CHECKS = [(swish, (4, 5)), (scaled, (2, 3), [0.5, 1.0, 2.0])], each a function and its inputs"


class OwnFileError(ValueError):
    """The file cannot be run, or its CHECKS are no checks; one line says where."""


def cases_in(path: Path) -> list[Case]:
    """Run the file, as a module and not as `__main__`, and read its CHECKS."""
    sys.path.insert(0, str(path.parent.absolute()))  # as python FILE.py does
    try:
        checks = runpy.run_path(str(path), run_name=path.stem).get("CHECKS")
    except (Exception, SystemExit) as error:
        if isinstance(error, OSError) and error.filename == str(path.absolute()):
            raise
        raise OwnFileError(where(error, path)) from error
    if not isinstance(checks, list) or not checks:
        raise OwnFileError(f"{path}: no list CHECKS, must be there, such as {EXAMPLE}")
    cases = [_case(f"{path}: CHECKS[{position}]", check) for position, check in enumerate(checks)]
    names = [case.op for case in cases]
    return sorted(cases, key=lambda case: names.index(case.op))  # those of one function together


def where(error: BaseException, path: Path) -> str:
    """The error in one line, with the last line of the file that ran into it."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
    line = error.lineno if isinstance(error, SyntaxError) else lines[-1] if lines else None
    what = error.msg if isinstance(error, SyntaxError) else error
    return f"{path}{f', line {line}' if line else ''}: {type(error).__name__}: {what}"


def _case(place: str, check: Any) -> Case:
    if not isinstance(check, tuple) or len(check) < 2 or not callable(check[0]):
        raise OwnFileError(f"{place} is {check!r:.60}, must be a function and its inputs: {EXAMPLE}")
    function, *inputs = check
    options = inputs.pop() if isinstance(inputs[-1], dict) else {}
    words = [str(given) if isinstance(given, tuple) else "given numbers" for given in inputs]
    words += [f"{name}={value}" for name, value in options.items()]
    draws = [_draw(place, given) for given in inputs]
    return case(
        getattr(function, "__name__", type(function).__name__), function, *draws, note=", ".join(words), **options
    )


def _draw(place: str, given: Any) -> Draw:
    if isinstance(given, tuple) and all(isinstance(length, int) and length >= 0 for length in given):
        return normal(*given)
    try:
        numbers = np.asarray(getattr(given, "data", given), dtype="float64")
    except (TypeError, ValueError):
        raise OwnFileError(f"{place}: {given!r:.60} must be a shape (2, 3) or numbers [0.1, 2.0]") from None
    return lambda _: numbers.copy()

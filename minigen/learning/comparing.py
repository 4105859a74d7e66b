"""Compare a reader's numbers with the right ones, and say in which way they differ."""

from __future__ import annotations

import numbers
from collections.abc import Mapping
from typing import Any

import numpy as np

from minigen.autograd import Tensor
from minigen.backend import described


class WrongError(Exception):
    """An answer is wrong; the message is for the reader."""


def number(yours: Any, right: float, mistakes: Mapping[float, str] | None = None, rtol: float = 5e-3) -> None:
    """Check a number that the reader worked out; a wrong one is not told the right one.

    Args:
        mistakes: hints by the wrong numbers that they explain.

    Raises:
        WrongError: it is further than rtol·|right| from the right one, or no number.
    """
    if isinstance(yours, bool) or not isinstance(yours, numbers.Real):
        raise WrongError(f"your answer is {yours!r}, must be a number")
    if close(yours, right, rtol):
        return
    ways = (
        *(mistakes or {}).items(),
        (-right, "the sign is wrong"),
        (2 * right, "it is twice the right value"),
        (right / 2, "it is half the right value"),
        (1 / right if right else np.inf, "it is upside down: 1/x"),
        (100 * right, "it is in percent"),
    )
    known = [why for value, why in ways if close(yours, value, rtol)]
    raise WrongError(f"{yours:g} is not the answer" + (f": {known[0]}" if known else ""))


def same(
    yours: Any,
    right: Any,
    what: str = "the result",
    mistakes: Mapping[str, Any] | None = None,
    given: Any = None,
    rtol: float = 1e-7,
) -> None:
    """Check a tensor, an array or a number against the right one.

    Args:
        what: the name of the value in the message, with the case: "y at stride 2".
        mistakes: wrong values by the hints against the mistakes that lead to them.
        given: the input, to notice an answer that is its input unchanged.

    Raises:
        WrongError: it is of another kind, shape or dtype, or its numbers differ; the message says how.
    """
    if yours is None:
        raise WrongError(f"{what} is None: is a `return` missing?")
    if isinstance(right, Tensor) != isinstance(yours, Tensor):
        wanted = "a Tensor" if isinstance(right, Tensor) else "an array or a number"
        raise WrongError(f"{what} is {described(yours)}, must be {wanted}")
    a, b = (np.asarray(value.data if isinstance(value, Tensor) else value) for value in (yours, right))
    if a.dtype.kind not in "fiub":
        raise WrongError(f"{what} is {described(yours)}, must be numbers")
    for hint, value in (mistakes or {}).items():
        wrong = np.asarray(value.data if isinstance(value, Tensor) else value)
        if a.shape == wrong.shape and close(a, wrong, rtol) and not (b.shape == wrong.shape and close(b, wrong, rtol)):
            raise WrongError(f"{what} is wrong: {hint}")
    if a.shape != b.shape:
        raise WrongError(f"{what} has shape {a.shape}, must be {b.shape}: {_shapes(a, b)}")
    if isinstance(right, Tensor | np.ndarray) and a.dtype != b.dtype:
        raise WrongError(f"{what} is {a.dtype}, must be {b.dtype}")
    if not close(a, b, rtol):
        raise WrongError(f"{what} {explain(a, b, {} if given is None else {'the input': np.asarray(given)})}")


def close(a: Any, b: Any, rtol: float = 1e-7) -> bool:
    """Whether |a - b| ≤ rtol·max|b| everywhere (rtol itself where b is 0); NaN is close to nothing."""
    a, b = np.asarray(a, "float64"), np.asarray(b, "float64")
    with np.errstate(invalid="ignore"):
        return a.shape == b.shape and bool((abs(a - b) <= rtol * (abs(b).max(initial=0) or 1)).all() or (a == b).all())


def explain(yours: Any, right: Any, given: Mapping[str, Any], truth: str = "right") -> str:
    """In which way an array differs from another of its shape, and the worst element of both."""
    return f"{_pattern(yours, right, given)}{_worst(yours, right, truth)}"


def _pattern(a: Any, b: Any, given: Mapping[str, Any]) -> str:
    if not np.isfinite(a).all():
        return f"is not finite in {np.count_nonzero(~np.isfinite(a))} of {a.size} elements"
    if not a.any():
        return "is 0 everywhere" if a.ndim else "is 0"
    for name, value in given.items():
        if close(a, value):
            return f"is {name}, unchanged"
    if close(a, -b):
        return "has the wrong sign"
    used = abs(b) > 1e-12 * abs(b).max()
    factor = (a[used] / b[used]).mean() if used.any() else 1.0
    simple = any(close(x, round(x), 1e-6) for x in (factor, 1 / factor))
    if close(a, factor * b, 1e-5) and (a.size > 1 or simple):
        return f"is {factor:.4g} times the right value" + " everywhere" * (a.size > 1)
    if a.size == 1:
        return "is wrong"
    if close(a - b, (a - b).mean() * np.ones(a.shape), 1e-5):
        return f"is too {'large' if (a - b).mean() > 0 else 'small'} by {abs((a - b).mean()):.4g} everywhere"
    if a.ndim == 2 and close(a, b.T):
        return "is transposed: rows and columns are exchanged"
    for axis in range(a.ndim):
        if close(a, np.flip(b, axis)):
            return f"runs backwards along axis {axis}"
        if any(close(a, np.roll(b, step, axis)) for step in (1, -1)):
            return f"is shifted by one along axis {axis}"
    off = abs(a - b) > 1e-6 * abs(b).max()
    if close(abs(a), abs(b)):
        return f"has the wrong sign in {off.sum()} of {a.size} elements"
    return f"is wrong in {off.sum()} of {a.size} elements"


def _worst(a: Any, b: Any, truth: str) -> str:
    at = np.unravel_index(np.argmax(np.where(np.isfinite(a), abs(a - b), np.inf)), a.shape)
    place = f"; worst element ({', '.join(str(i) for i in at)})" if a.ndim else ""
    return f"{place}: yours {a[at]:.6g}, {truth} {b[at]:.6g}"


def _shapes(a: Any, b: Any) -> str:
    if a.size == b.size:
        return "as many elements, but an axis is in the wrong place"
    return "is a sum over an axis missing?" if a.size > b.size else "is an axis summed or cut that must stay?"

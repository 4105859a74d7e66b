"""Check the derivatives of a reader's operation on many cases, and say where they are right and where wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from minigen import autograd
from minigen.autograd import Tensor
from minigen.gradcheck import GradcheckError, gradcheck
from minigen.gradcheck.pattern import pattern
from minigen.learning.comparing import WrongError, close, explain

Facts: TypeAlias = Mapping[str, Any]
Case: TypeAlias = tuple[Facts, Callable[..., Tensor], Sequence[Any]]  # what is special, the operation, its arrays

STEP = 1e-6


def recorded(y: Tensor) -> None:
    """Raise WrongError if a result was not recorded by the reader, but by an operation of minigen's."""
    for _, derivative in y._edges:
        if derivative.__module__.startswith("minigen."):
            name = autograd.operation_of(derivative)
            raise WrongError(f"this is minigen's own `{name}`: record the value with derivatives of your own")


def differentiates(cases: Sequence[Case], names: str, hints: Mapping[str, str] | None = None, order: int = 2) -> None:
    """Check derivatives with random cotangents: order 1 in all cases, then order 2.

    Args:
        cases: the simplest first.
        names: of the arguments, as in "x weight".
        hints: what to say if a fact (or an argument: "dx") separates the right cases from the wrong ones.

    Raises:
        WrongError: a derivative is wrong.
    """
    for degree in range(1, order + 1):
        right, wrong = _right_and_wrong(cases, degree)
        if not wrong:
            continue
        if degree == 2:
            raise WrongError(
                "the first derivative is right, but its own derivative is wrong: a part of it uses .data or "
                "NumPy, so that the tape does not see it; write the derivative with g and Tensors"
            )
        found = pattern([(facts, True) for facts, *_ in right] + [(facts, False) for facts, *_ in wrong])
        raise WrongError(_message(wrong[0], names.split(), found, hints or {}))


def _tensors(arrays: Sequence[Any]) -> list[Tensor]:
    return [Tensor(np.array(array, "float64"), requires_grad=True) for array in arrays]


def _right_and_wrong(cases: Sequence[Case], order: int) -> tuple[list[Case], list[Case]]:
    """The cases by whether they pass. What the reader's code raises counts only if no simpler case is wrong."""
    right: list[Case] = []
    wrong: list[Case] = []
    for case in cases:
        try:
            gradcheck(case[1], _tensors(case[2]), order)
            right.append(case)
        except GradcheckError:
            wrong.append(case)
        except Exception:
            if wrong:
                break
            raise
    return right, wrong


def _message(case: Case, names: list[str], where: str, hints: Mapping[str, str]) -> str:
    """The first argument whose derivative is wrong in this case, beside its difference quotient."""
    setting, call, arrays = case
    tensors, generator = _tensors(arrays), np.random.default_rng(0)
    y = call(*tensors)
    cotangent = generator.standard_normal(y.shape)
    if not y.requires_grad:
        return "the result has no derivative at all: `record` its value with an edge to each input"
    try:
        found = {id(x): g.data for x, g in autograd.gradients(y, Tensor(cotangent))}
    except autograd.DerivativeError as error:
        return f"{error}; unbroadcast(g, x.shape) sums over what was broadcast"
    place = f" ({', '.join(f'{name} = {value}' for name, value in setting.items())})" if setting else ""
    lines, good = [], []
    for position, (name, x) in enumerate(zip(names, tensors, strict=True)):
        analytic, numeric = found.get(id(x), np.zeros(x.shape)), _quotient(call, arrays, position, cotangent)
        if close(analytic, numeric, 1e-5):
            good.append(f"d{name} is right")
            continue
        told = [hint for key, hint in hints.items() if key == f"d{name}" or f"{key} =" in where]
        hint = f": {told[0]}" if told else ""
        if hint or "where" in where:
            lines.append(f"d{name} is {where if 'where' in where else 'wrong'}{hint}")
        lines.append(f"d{name} {explain(analytic, numeric, {'g': cotangent}, 'difference quotient')}{place}")
    return "\n".join([*lines, *good]) or "a derivative is wrong for some cotangents only: it must depend on g linearly"


def _quotient(call: Callable[..., Tensor], arrays: Sequence[Any], position: int, cotangent: Any) -> Any:
    """dL/d(array) of L = Σ cotangent·call(…), element by element."""
    slopes = np.zeros(np.shape(arrays[position]))
    for at in np.ndindex(slopes.shape):
        values = []
        for step in (STEP, -STEP):
            moved = [np.array(array, "float64") for array in arrays]
            moved[position][at] += step
            values.append(call(*(Tensor(array) for array in moved)).data)
        slopes[at] = (cotangent * (values[0] - values[1])).sum() / (2 * STEP)
    return slopes

"""What the checker says of a wrong derivative: to which argument, at which element, and where it is written."""

from __future__ import annotations

import functools
import inspect
import linecache
import math
import os
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import CodeType
from typing import Any, NamedTuple

from minigen.autograd import Tensor

MOST_ELEMENTS = 10
MOST_PLACES = 3
SMALLEST = 1e-6  # gradients below it count as if they had this size
_OWN = str(Path(__file__).parents[1]) + os.sep


class Element(NamedTuple):
    """One element of a derivative, beside the difference quotient that comes closest to it.

    `error` is relative to the gradient to this argument, `relative` to the element itself.
    """

    error: float
    argument: str
    at: tuple[int, ...]
    yours: float
    numeric: float

    @property
    def relative(self) -> float:
        """|yours - numeric| / max(|yours|, |numeric|)"""
        return relative(self.yours, self.numeric, SMALLEST)


class GradcheckError(AssertionError):
    """A derivative is wrong. Besides the message, which says all of this, the error holds

    Attributes:
        order: 1, or 2 where the first derivative is right and the second is not.
        elements: the wrong elements, the worst first; none if a shape, a dtype or the function itself is at fault.
        wrong, right: the names of the arguments to which the derivative is wrong or right.
        written: where: "swish.py, line 7, in swish: return record(…)", at most three places, the likeliest first.
    """

    def __init__(
        self,
        message: str,
        order: int = 1,
        elements: Sequence[Element] = (),
        wrong: Sequence[str] = (),
        right: Sequence[str] = (),
        written: Sequence[str] = (),
    ) -> None:
        super().__init__(message)
        self.order, self.elements, self.wrong, self.right, self.written = order, elements, wrong, right, written

    @property
    def error(self) -> float | None:
        """The relative error of the worst element, None if no element was compared."""
        return self.elements[0].relative if self.elements else None


class NondifferentiableError(GradcheckError):
    """The function has a kink or a jump within the step, so that differences prove nothing there."""


@dataclass(frozen=True)
class Subject:
    """What is checked: a function, the names of its arguments, the seed and the order."""

    function: str
    arguments: tuple[str, ...]
    seed: int
    order: int

    def fault(self, what: str, *wrong: str, kind: type[GradcheckError] = GradcheckError) -> GradcheckError:
        """The error for a fault that lies in no single element."""
        return kind(
            f"gradcheck of {self.function}, seed {self.seed}, order {self.order}: {what}", self.order, wrong=wrong
        )

    def wrong(self, elements: Sequence[Element], written: Sequence[str], zero: bool) -> GradcheckError:
        """The error for wrong elements, the worst first; `zero` where the derivatives to their arguments are 0."""
        named = {element.argument for element in elements}
        wrong = [name for name in self.arguments if name in named]
        right = [name for name in self.arguments if name not in named]
        title = f"the {'second ' * (self.order == 2)}derivative to {_listed(wrong)} is wrong"
        lines = [str(self.fault(title + f", to {_listed(right)} it is right" * bool(right)))]
        lines += [f"{'argument':<12}{'index':<16}{'yours':>14}{'difference quotient':>21}{'error':>9}"]
        lines += [
            f"{e.argument:<12}{e.at!s:<16}{e.yours:>14.7g}{e.numeric:>21.7g}{e.relative:>9.0e}"
            for e in elements[:MOST_ELEMENTS]
        ]
        lines += [f"written in {place}" for place in written]
        if zero:
            cut = (
                f"cut off from {_listed(wrong)}: written with arrays (.data, .numpy(), .detach()) and not with tensors?"
            )
            lines += [f"all of it is 0: {'the function' if self.order == 1 else 'its first derivative'} may be {cut}"]
        return GradcheckError("\n".join(lines), self.order, elements, wrong, right, written)


def relative(a: float, b: float, size: float) -> float:
    """|a - b| relative to the larger of the two, which counts at least as `size`; infinite if one is not a number."""
    error = abs(a - b) / max(abs(a), abs(b), size) if a != b else 0.0
    return error if error == error else math.inf


def name_of(function: Callable[..., Any]) -> str:
    """The function's name; for a lambda, its file and line."""
    name = getattr(function, "__name__", type(function).__name__)
    return f"a lambda in {_place(function.__code__)}" if name == "<lambda>" else name


def names_of_arguments(function: Callable[..., Any], inputs: Sequence[Tensor]) -> tuple[str, ...]:
    """The names that the function gives to its inputs: x, weight, tensors[1]; else "input 1"."""
    names = []
    try:
        bound = inspect.signature(getattr(function, "forward", function)).bind(*inputs).arguments
    except (TypeError, ValueError):
        bound = {}
    for name, value in bound.items():
        names += [f"{name}[{n}]" for n in range(len(value))] if isinstance(value, tuple) else [name]
    names += [""] * (len(inputs) - len(names))
    return tuple(name if name.strip("_[0123456789]") else f"input {n}" for n, name in enumerate(names))


def places(
    outputs: Sequence[Tensor], wrong: Collection[int], right: Collection[int], first: Sequence[Tensor] = ()
) -> list[str]:
    """Where the derivatives are written that may be at fault, the likeliest first.

    Those are the derivatives on the way from the outputs to a wrong input that is on no way to a right one (if there
    are any), in the user's files (if any are there). `wrong` and `right` hold the inputs' ids. A second derivative is
    at fault in its own graph or, if it was cut off, in the derivatives of the `first` outputs.
    """
    edges = list(_edges(outputs))
    edges = [edge for edge in edges if edge[1] & set(wrong)]
    edges = [edge for edge in edges if not edge[1] & set(right)] or edges
    codes = [code for code, _ in edges]
    if first:
        made = [code for code, _ in _edges(first)]
        files = {code.co_filename for code in made}
        codes = [code for code in codes if code.co_filename in files] + made
    codes = [code for code in codes if not code.co_filename.startswith(_OWN)] or codes
    return list(dict.fromkeys(_described(code) for code in codes))[:MOST_PLACES]


def _described(code: CodeType) -> str:
    """The place, the function that called `record` there, and the line."""
    *functions, last = code.co_qualname.split(".<locals>.")
    line = linecache.getline(code.co_filename, code.co_firstlineno).strip()
    return f"{_place(code)}, in {(functions or [last])[-1]}: {line}"


def _place(code: CodeType) -> str:
    path = Path(code.co_filename)
    path = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
    return f"{path}, line {code.co_firstlineno}"


def _edges(outputs: Sequence[Tensor]) -> Iterator[tuple[CodeType, set[int]]]:
    """Each derivative on the way back from the outputs, with the ids of the leaves that it leads to."""
    nodes = {id(y): y for y in outputs}
    waiting = list(nodes.values())
    while waiting:
        for parent, _ in waiting.pop()._edges:
            if id(parent) not in nodes:
                nodes[id(parent)] = parent
                waiting.append(parent)
    reached: dict[int, set[int]] = {}
    oldest_first = sorted(nodes.values(), key=lambda node: node._order)
    for node in oldest_first:
        reached[id(node)] = set().union(*(reached[id(parent)] for parent, _ in node._edges)) or {id(node)}
    for node in reversed(oldest_first):
        for parent, derivative in node._edges:
            derivative = inspect.unwrap(derivative)
            while isinstance(derivative, functools.partial):
                derivative = derivative.func
            if hasattr(derivative, "__code__"):
                yield derivative.__code__, reached[id(parent)]


def _listed(names: Sequence[str]) -> str:
    """a, b and c"""
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))

"""What do the cases have in common in which a derivative is wrong? "right where stride = 1, wrong where stride = 2"."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, TypeAlias

Labels: TypeAlias = Mapping[str, Any]
Condition: TypeAlias = tuple[str, Callable[[Labels], bool]]


def pattern(cases: Sequence[tuple[Labels, bool]]) -> str:
    """The simplest condition that tells the wrong cases from the right ones; "" where no case is wrong.

    Args:
        cases: the labels of each, such as {"stride": 2, "padding": 0}, and whether it is right.

    A condition on one label is tried first, then two conditions that must both hold, then two where one is enough.
    """
    wrong = sum(not right for _, right in cases)
    if wrong in (0, len(cases)):
        return "wrong in every case" if wrong > 1 else ""
    for name in sorted(_names(cases), key=lambda name: len(_values(cases, name))):
        values = {right: _values(cases, name, right) for right in (True, False)}
        if not set(map(repr, values[True])) & set(map(repr, values[False])):
            return f"right where {_described(name, values[True])}, wrong where {_described(name, values[False])}"
    conditions = list(_conditions(cases))
    for word, join in ((" and ", all), (" or ", any)):
        for pair in itertools.combinations(conditions, 2):
            if all(join(holds(labels) for _, holds in pair) != right for labels, right in cases):
                return f"wrong where {word.join(text for text, _ in pair)}, right elsewhere"
    return f"wrong in {wrong} of {len(cases)} cases"


def _names(cases: Sequence[tuple[Labels, bool]]) -> list[str]:
    return list(dict.fromkeys(name for labels, _ in cases for name in labels))


def _values(cases: Sequence[tuple[Labels, bool]], name: str, right: bool | None = None) -> list[Any]:
    """The different values of a label, sorted if they are numbers."""
    values = list(
        {repr(v): v for v in (labels.get(name, "default") for labels, r in cases if right in (None, r))}.values()
    )
    return sorted(values) if all(isinstance(value, (int, float)) for value in values) else values


def _conditions(cases: Sequence[tuple[Labels, bool]]) -> Iterator[Condition]:
    """label = value and, for numbers, label > value."""
    for name in _names(cases):
        values = _values(cases, name)
        for value in values:
            yield _described(name, [value]), partial(_equals, name, value)
        if all(type(value) in (int, float) for value in values):
            for value in values[:-2]:  # above the last but one there is a single value
                yield f"{name} > {value}", partial(_exceeds, name, value)


def _equals(name: str, value: Any, labels: Labels) -> bool:
    return repr(labels.get(name, "default")) == repr(value)


def _exceeds(name: str, value: Any, labels: Labels) -> bool:
    return bool(labels[name] > value)


def _described(name: str, values: Sequence[Any]) -> str:
    words = [("no", "yes")[value] if isinstance(value, bool) else str(value) for value in values]
    return f"{name} = {' or '.join(words)}"

"""Each way in which a value can miss its type is one line that names it, says what it is and what it must be."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest
from msgspec import Meta, Struct

from minigen.schema import convert, decode

Count = Annotated[int, Meta(ge=1, le=9)]
Part = Annotated[float, Meta(gt=0, lt=1)]


class Table(Struct, forbid_unknown_fields=True):
    size: Annotated[list[Count], Meta(min_length=2)]
    name: str = ""

    def __post_init__(self) -> None:
        if self.name == "bad":
            raise ValueError("name is 'bad', must be good")


@pytest.mark.parametrize(
    ("value", "kind", "line"),
    [
        (0, Count, "--n is 0, must be at least 1"),
        ("10", Count, "--n is 10, must be at most 9"),
        ("ten", Count, "--n is 'ten', must be of type int"),
        (0.0, Part, "--n is 0.0, must be above 0"),
        (1.0, Part, "--n is 1.0, must be below 1"),
        ("c", Annotated[Literal["a", "b"], Meta()], "--n is 'c', must be one of a, b"),
        (3, str | None, "--n is 3, must be of type str | null"),
        ([], Table, "--n is [], must be of type table"),
        ({}, Table, "--n lacks 'size'"),
        ({"size": [1, 2], "x": 1}, Table, "--n does not know 'x'"),
        ({"size": [1]}, Table, "size is [1], must be of type list of length >= 2"),
        ({"size": [1, 0]}, Table, "size[1] is 0, must be at least 1"),
        ({"size": [1, 2], "name": 3}, Table, "name is 3, must be of type str"),
        ({"size": [1, 2], "name": "bad"}, Table, "--n: name is 'bad', must be good"),
        ({"a": {"b": 0}}, dict[str, dict[str, Count]], "[...][...] is {'a': {'b': 0}}, must be at least 1"),
        ("x" * 999, int, "--n is '" + "x" * 99 + "…, must be of type int"),
    ],
)
def test_what_is_wrong_is_one_line(value: Any, kind: Any, line: str) -> None:
    with pytest.raises(ValueError, match=r"must be|lacks|does not know") as failure:
        convert(value, kind, "--n", strict=False)
    assert str(failure.value) == line


def test_text_is_read_as_a_number_only_where_asked() -> None:
    assert convert("7", Count, "--n", strict=False) == 7
    with pytest.raises(ValueError, match="must be of type int"):
        convert("7", Count, "--n")


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"[" * 100_000, b'{"size": [NaN, 1e999]}'])
def test_a_damaged_text_is_one_line(content: bytes) -> None:
    with pytest.raises(ValueError, match="the file is damaged"):
        decode(content, Table, "the file")

"""Values from outside, checked against a declared type with limits; the errors of msgspec become lines of ours.

`convert(0, Annotated[int, Meta(ge=1)], "--epochs")` raises ValueError: "--epochs is 0, must be at least 1".
"""

from __future__ import annotations

import errno
import re
import types
import typing
from typing import Any

import msgspec

_LIMITS = {">=": "at least", ">": "above", "<=": "at most", "<": "below"}


class NotJSONError(ValueError):
    """A text that is no JSON."""


def convert(value: Any, kind: Any, name: str, strict: bool = True) -> Any:
    """The value as an instance of `kind`, any type that msgspec knows.

    Args:
        name: of the value, for the error; a part of a table is named by its own path, such as data.input_shape[0].
        strict: False also reads numbers from text, as a command line gives them.

    Raises:
        ValueError: one line that names the value, or the part of it that is wrong, and says what it must be.
    """
    try:
        return msgspec.convert(value, kind, strict=strict)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at `$")
        path = path.removesuffix("`")
        for key, index in re.findall(r"\.(\w+)|\[(\d+)\]", path.partition("[...]")[0]):
            value = value[key or int(index)]
        raise ValueError(_explain(message, path.lstrip(".") or name, value, kind)) from error


def encode(value: Any) -> bytes:
    """The value as JSON.

    Raises:
        OSError: a text in it is the name of a file, in bytes that are no UTF-8, which JSON cannot hold.
    """
    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError as error:
        raise OSError(errno.EILSEQ, "its name is not UTF-8: rename it", error.object) from error


def decode(content: bytes, kind: Any, name: str) -> Any:
    """The same for a JSON text.

    Raises:
        NotJSONError: it is no JSON.
        ValueError: as `convert`.
    """
    try:
        value = msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise NotJSONError(f"{name} is damaged ({error})") from error
    return convert(value, kind, name)


def _explain(message: str, name: str, value: Any, kind: Any) -> str:
    found = repr(value) if len(repr(value)) < 100 else f"{repr(value)[:100]}…"
    if limit := re.fullmatch(r"Expected `\w+` ([<>]=?) (.+)", message):
        return f"{name} is {value}, must be {_LIMITS[limit[1]]} {limit[2].removesuffix('.0')}"
    if wanted := re.fullmatch(r"Expected `(.+?)`(.*?)(, got .*)?", message):
        what = wanted[1].replace("object", "table").replace("array", "list")
        return f"{name} is {found}, must be of type {what}{wanted[2]}"
    if message.startswith("Invalid enum value"):
        return f"{name} is {found}, must be one of {', '.join(map(str, choices(kind)))}"
    if field := re.fullmatch(r"Object (missing required|contains unknown) field `(.+)`", message):
        return f"{name} {'lacks' if field[1].startswith('missing') else 'does not know'} {field[2]!r}"
    return f"{name}: {message}"


def choices(kind: Any) -> tuple[Any, ...]:
    """The values of Literal["a", "b"], also within Annotated or beside None; () of any other type."""
    arguments = typing.get_args(kind)
    if typing.get_origin(kind) is typing.Literal:
        return arguments
    return choices(arguments[0]) if typing.get_origin(kind) in (typing.Annotated, typing.Union, types.UnionType) else ()

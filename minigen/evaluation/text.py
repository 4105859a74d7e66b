"""Text from outside, such as the names of classes, run folders and pictures, as a line or a figure can show it."""

from __future__ import annotations

from minigen.files import printable


def shown(text: str, most: int = 32) -> str:
    """One printable line of at most `most` characters; a longer text loses its middle, as names differ at both ends."""
    text = printable(text)
    return text if len(text) <= most else f"{text[: most - most // 2 - 1]}…{text[-(most // 2) :]}"


def counted(count: int, noun: str) -> str:
    """1 input; 1,000 inputs"""
    return f"{count:,} {noun}{'s' * (count != 1)}"

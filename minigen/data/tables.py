"""Rows of numbers from a CSV or .npy file, with or without a column of labels; a mistake is named by its line."""

from __future__ import annotations

import csv
import re
import reprlib
import shlex
from collections.abc import Iterator
from io import TextIOWrapper
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from minigen import files
from minigen.data.dataset import DataError
from minigen.data.npy import read_npy

MOST_BYTES = 2**28  # of a CSV file
MISSING = ("", "nan", "na", "n/a", "null", "none", "?")


class Table(NamedTuple):
    """values: float64, finite, (rows, columns) or with more axes; labels: one text per row, or None."""

    values: NDArray[np.float64]
    labels: list[str] | None = None


def read_table(path: Path, label_column: str | None = None, without: int | None = None) -> Table:
    """The rows of a .csv file, whose first line may name the columns, or of a .npy array.

    label_column: the name of the column that holds labels, or its number: 1 is the first, -1 the last. It may be
        missing if there are `without` columns.
    Raises DataError, one line, for a file that is neither, is empty or ragged, or lacks a value or the column.
    """
    if path.suffix.lower() not in (".npy", ".csv"):
        raise DataError(f"{path}: sequences are read from .npy and .csv files")
    if path.suffix.lower() == ".npy":
        return _of_array(path, label_column, without)
    rows, labels, place, header = list[NDArray[np.float64]](), list[str](), None, list[str]()
    count, counting = 0, list[bool]()
    for number, cells in _lines(path):
        if not count:
            count = len(cells)
            _refuse_row_numbers(path, cells)
            header = cells if all(map(_is_name, cells)) else []
            columns = header or [str(column + 1) for column in range(count)]
            place = _place(path, label_column, header, count, without)
        if len(cells) != count:
            raise DataError(
                f"{path}: ragged: line {number} has {len(cells)} values, the first has {count}: "
                f"all sequences must be equally long"
            )
        if cells is header:
            continue
        if place is not None:
            labels.append(cells[place])
        numbered = [(column, cell) for column, cell in enumerate(cells) if column != place]
        if len(rows) < 2:
            counting.append(_is_counting([cell for _, cell in numbered]))
        where = f"{path}: line {number}, column"
        rows.append(
            np.array([_number(cell, f"{where} {i + 1}", columns[i] if place is None else "") for i, cell in numbered])
        )
    if not rows or not rows[0].size:
        raise DataError(f"{path}: empty (no line of numbers)")
    if counting == [True, False] and not header:
        what = f"the first line looks like names that are numbers ({rows[0][0]:g}, {rows[0][1]:g}, …)"
        raise DataError(f"{path}: {what}: remove it, or write {rows[0][0]:.1f} if it is a sequence")
    return Table(np.array(rows), None if place is None else labels)


def _lines(path: Path) -> Iterator[tuple[int, list[str]]]:
    """The lines that are not blank, from 1 on, cut at the commas that are not within quotes."""
    try:
        with files.reading(path, MOST_BYTES) as file, TextIOWrapper(file, "utf-8-sig", newline="") as text:
            lines = csv.reader(text, skipinitialspace=True, strict=True)
            for cells in lines:
                if any(map(str.strip, cells)) or len(cells) > 1:
                    yield lines.line_num, [cell.strip() for cell in cells]
    except csv.Error as error:
        raise DataError(f"{path}: line {lines.line_num}: not CSV ({error})") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: not a text file in UTF-8 ({error.reason})") from error
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from error


def _refuse_row_numbers(path: Path, cells: list[str]) -> None:
    """DataError for a first line as pandas writes it above a column of row numbers."""
    numbered = [cell for cell in cells[1:] if not _is_name(cell)]
    if cells[0] in ("", "Unnamed: 0") and len(cells) > 1 and (not numbered or _is_counting(numbered)):
        raise DataError(f"{path}: column 1 has no name, it seems to be a row number: save with index=False")


def _is_counting(cells: list[str]) -> bool:
    """Whether three or more cells count 0, 1, 2 … or 2000, 2001, 2002 …, as column numbers and years do."""
    counts = [int(cell) if re.fullmatch("[0-9]{1,9}", cell) else -1 for cell in cells]
    return len(counts) > 2 and counts[0] >= 0 and counts == list(range(counts[0], counts[0] + len(counts)))


def _place(path: Path, label_column: str | None, header: list[str], count: int, without: int | None) -> int | None:
    """The index of the column of labels; None where there is none."""
    if label_column is None or count == without:
        return None
    if label_column in header:
        return header.index(label_column)
    try:
        number = int(label_column)
    except ValueError as error:
        known = f"its columns are {', '.join(header)[:200]}" if header else "its first line names no columns"
        raise DataError(f"{path}: no column {label_column!r}, {known}") from error
    if not 1 <= abs(number) <= count:
        raise DataError(f"{path}: --label-column is {number}, must be from 1 to {count}, or -1 for the last")
    return number - 1 if number > 0 else count + number


def _of_array(path: Path, label_column: str | None, without: int | None) -> Table:
    with np.errstate(invalid="ignore"):  # a NaN that is cast; it is refused below
        values = read_npy(path).astype(np.float64)
    if values.size == 0:
        raise DataError(f"{path}: empty (shape {values.shape})")
    bad = np.argwhere(~np.isfinite(values))
    if len(bad):
        where = f"row {bad[0][0] + 1}" if values.ndim < 2 else f"sequence {bad[0][0] + 1}, step {bad[0][1] + 1}"
        raise DataError(f"{path}: {values[tuple(bad[0])]} in {where}: must be a finite number")
    if label_column is None:
        return Table(values)
    if values.ndim != 2:
        raise DataError(f"{path}: {values.ndim} axes, --label-column needs an array (rows, columns)")
    place = _place(path, label_column, [], values.shape[1], without)
    if place is None:
        return Table(values)
    return Table(np.delete(values, place, axis=1), [f"{label:g}" for label in values[:, place]])


def _is_name(text: str) -> bool:
    return text[:1].isalpha() and text.lower() not in (*MISSING, "inf", "infinity")


def _number(text: str, where: str, column: str) -> float:
    """`column`: its name or number where it may hold labels; "" where another does."""
    if text.lower() in MISSING:
        raise DataError(f"{where}: a value is missing ({text!r}): fill it in, or remove the line")
    try:
        number = float(text)
    except ValueError as error:
        hint = (
            f"; if the column holds labels, train with --label-column {shlex.quote(column)}"
            if column and _is_name(text)
            else ""
        )
        hint = ": values are separated by commas" if re.search("[;\\t ]", text) else hint
        raise DataError(f"{where}: {reprlib.repr(text)} is not a number{hint}") from error
    if not np.isfinite(number):
        raise DataError(f"{where}: {number}, must be a finite number")
    return number

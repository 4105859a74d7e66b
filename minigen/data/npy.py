"""NumPy's .npy format: a magic string, the length of a header, the header, the values; .npz is a ZIP archive of them.

The header is a Python dict as text; its three entries are searched for, nothing is evaluated or unpickled.
Source: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html.
"""

from __future__ import annotations

import math
import re
import reprlib
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minigen import files
from minigen.data.dataset import DataError

MOST_BYTES = 2**30
MOST_HEADER = 1000
ENTRIES = {"descr": r"""['"]([<>=|]?\w+)['"]""", "fortran_order": "(True|False)", "shape": r"\(([\d, ]*)\)"}


def read_npy(path: Path) -> NDArray[Any]:
    """The array of real numbers in a .npy file of at most 1 GiB, of the type and shape that its header says.

    Raises DataError, one line, for a file that is none, is damaged, or holds other values.
    """
    try:
        with files.reading(path, MOST_BYTES) as file:
            return _read(str(path), file)
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from error


def read_npz(path: Path, names: Sequence[str]) -> dict[str, NDArray[Any]]:
    """Those of the named arrays that a .npz file holds: a ZIP archive of .npy files, each of at most 1 GiB.

    Raises DataError as `read_npy`.
    """
    try:
        with files.reading(path, 4 * MOST_BYTES) as file, zipfile.ZipFile(file) as archive:
            arrays = {}
            for name in set(names) & {member.removesuffix(".npy") for member in archive.namelist()}:
                with archive.open(f"{name}.npy") as member:
                    arrays[name] = _read(f"{path}: {name}", member)
            return arrays
    except DataError:
        raise
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or error})") from error
    except Exception as error:  # whatever zipfile raises for a damaged archive, or one of another kind
        raise DataError(f"{path}: not an .npz archive that can be read ({str(error)[:100]})") from error


def _read(path: str, file: Any) -> NDArray[Any]:
    magic = files.take(file, 8)
    if magic[:6] != b"\x93NUMPY":
        what = "it is an .npz archive" if magic[:2] == b"PK" else "numpy.save did not write it"
        raise DataError(f"{path}: not a .npy file of numbers ({what})")
    length = int.from_bytes(files.take(file, 2 if magic[6:7] == b"\1" else 4), "little")
    header = files.take(file, min(length, MOST_HEADER)).decode("latin-1")
    dtype, by_columns, shape = _entries(path, header)
    size = math.prod(shape) * dtype.itemsize
    content = files.take(file, min(size, MOST_BYTES))
    if len(content) < size:
        promise = f"the header promises {reprlib.repr(shape)}"
        raise DataError(f"{path}: cut short: {len(content)} bytes of values, {promise} of {dtype.itemsize} bytes each")
    return np.frombuffer(content, dtype).reshape(shape, order="F" if by_columns else "C")


def _entries(path: str, header: str) -> tuple[np.dtype[Any], bool, tuple[int, ...]]:
    found = [re.search(rf"""['"]{name}['"]: *{value}""", header) for name, value in ENTRIES.items()]
    try:
        kind, by_columns, lengths = (match[1] for match in found if match)
        dtype, shape = np.dtype(kind), tuple(map(int, lengths.replace(",", " ").split()))
    except (ValueError, TypeError) as error:
        raise DataError(f"{path}: not a .npy file of numbers (its header is {reprlib.repr(header)})") from error
    if dtype.kind not in "iufb":
        raise DataError(f"{path}: holds {dtype}, expected a .npy array of real numbers")
    return dtype, by_columns == "True", shape

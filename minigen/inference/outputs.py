"""Files for the user: pictures as PNG, tables as CSV, arrays as .npy; each whole or not at all."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from minigen.files import replace_file


def save_picture(path: Path, image: Any) -> Path:
    """An image (C, H, W) in [0, 1], grey or RGB, one pixel a value."""
    levels = np.round(255 * np.clip(image, 0, 1)).astype(np.uint8)
    content = io.BytesIO()
    Image.fromarray(levels[0] if len(levels) == 1 else levels.transpose(1, 2, 0)).save(content, "PNG")
    return save(path, content.getvalue())


def save_table(path: Path, heading: Sequence[str], rows: Iterable[Sequence[Any]]) -> Path:
    """A CSV file with a heading."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(heading)
    writer.writerows(rows)
    return save(path, text.getvalue().encode())


def save_array(path: Path, array: Any) -> Path:
    """A .npy file."""
    content = io.BytesIO()
    np.save(content, array, allow_pickle=False)
    return save(path, content.getvalue())


def save(path: Path, content: bytes) -> Path:
    """Any other file; its folder is made where it is missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_file(path, content)
    return path

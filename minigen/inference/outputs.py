"""Files for the user: pictures and figures as PNG, tables as CSV, arrays as .npy; each whole or not at all."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from minigen.evaluation.text import counted
from minigen.own_files import PICTURES, OwnFiles
from minigen.training.lock import changing_list

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SHOWN = 10  # examples in a row of a sheet


def warn(line: str) -> None:
    """Print a line on the standard error."""
    print(line, file=sys.stderr)


class Results:
    """What a use of a model gives: files, which `write` puts into a folder together, and lines to print.

    Attributes:
        invert: whether pictures are written dark on light.
        lines: what was found and written.
        notes: about the inputs, such as those that were left out.
    """

    def __init__(self, folder: Path, invert: bool) -> None:
        self.folder, self.invert = folder, invert
        self.lines, self.notes = list[str](), list[str]()
        self.contents: dict[str, bytes] = {}

    def say(self, line: str) -> None:
        """Add a line."""
        self.lines.append(line)

    def pictures(self, names: Sequence[str], images: Iterable[Any]) -> None:
        """An image (C, H, W) in [0, 1], grey or RGB, for each name: one pixel per value."""
        for name, image in zip(names, images, strict=True):
            levels = np.round(255 * np.clip(1 - image if self.invert else image, 0, 1)).astype(np.uint8)
            content = io.BytesIO()
            Image.fromarray(levels[0] if len(levels) == 1 else levels.transpose(1, 2, 0)).save(content, "PNG")
            self.contents[f"{PICTURES}/{name}.png"] = content.getvalue()
        ends = " to ".join(dict.fromkeys(f"{name}.png" for name in (names[0], names[-1])))
        self.say(f"wrote   {self.folder / PICTURES}: {counted(len(names), 'file')}, {ends}")

    def sheet(self, rows: dict[str, Any], title: str) -> None:
        """Images (N, C, H, W), or sequences as pictures: ten of each row by its name, or a hundred of one kind."""
        from minigen.evaluation.figures import show_images  # Matplotlib takes a second, for which --help need not wait

        images = np.concatenate([row[: SHOWN if len(rows) > 1 else SHOWN**2] for row in rows.values()])
        images = images if images.ndim == 4 else images[:, None]
        columns = min(SHOWN, *(len(row) for row in rows.values()))
        self.figure("sheet", show_images(images, columns, title, list(rows) if len(rows) > 1 else None))

    def figure(self, name: str, figure: Figure) -> None:
        """A figure."""
        from minigen.evaluation.figures import png

        self.file(f"{name}.png", png(figure))

    def table(self, name: str, heading: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """A CSV file with a heading."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(heading)
        writer.writerows(rows)
        self.file(f"{name}.csv", text.getvalue().encode())

    def array(self, name: str, array: Any) -> None:
        """A .npy file."""
        self.file(f"{name}.npy", npy(array))

    def file(self, name: str, content: bytes) -> None:
        """Any other file, and the line about it."""
        self.contents[name] = content
        self.say(f"wrote   {self.folder / name}")

    def write(self, maker: str, overwrite: bool) -> None:
        """Write the files; those that the same maker wrote before, and now would not, are removed.

        Raises:
            FileExistsError: a file of such a name is not minigen's, and `overwrite` is not set: nothing is written.
            LockedError: another process has been writing into the folder for half a minute.
        """
        if not self.contents:
            return
        with changing_list(self.folder):
            own = OwnFiles(self.folder, maker)
            own.save(self.contents, overwrite)
            own.remove(keep=self.contents)


def write_file(path: Path, content: bytes, maker: str, overwrite: bool) -> None:
    """Write a single file as `Results.write` writes many, with the same errors."""
    with changing_list(path.parent):
        OwnFiles(path.parent, maker).save({path.name: content}, overwrite)


def npy(array: Any) -> bytes:
    """The content of a .npy file."""
    content = io.BytesIO()
    np.save(content, array, allow_pickle=False)
    return content.getvalue()

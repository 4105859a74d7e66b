"""Files for the user: pictures and figures as PNG, tables as CSV, arrays as .npy; each whole or not at all."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from minigen import files

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SHOWN = 10  # examples in a row of a sheet


class Results:
    """What a use of a model gives: files in a folder, and `lines` about them.

    invert: pictures are written dark on light.
    """

    def __init__(self, folder: Path, invert: bool) -> None:
        self.folder, self.invert, self.lines = folder, invert, list[str]()

    def say(self, line: str) -> None:
        """A line that tells a number."""
        self.lines.append(line)

    def pictures(self, names: Sequence[str], images: Any) -> None:
        """An image (C, H, W) in [0, 1], grey or RGB, for each name: one pixel per value."""
        files.make_folder(self.folder / "pictures")
        for name, image in zip(names, images, strict=True):
            levels = np.round(255 * np.clip(1 - image if self.invert else image, 0, 1)).astype(np.uint8)
            content = io.BytesIO()
            Image.fromarray(levels[0] if len(levels) == 1 else levels.transpose(1, 2, 0)).save(content, "PNG")
            files.replace_file(self.folder / "pictures" / f"{name}.png", content.getvalue())
        self.say(f"wrote   {self.folder / 'pictures'}: {len(names)}, from {names[0]}.png on")

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

        self.wrote(save(self.folder / f"{name}.png", png(figure)))

    def table(self, name: str, heading: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """A CSV file with a heading."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(heading)
        writer.writerows(rows)
        self.wrote(save(self.folder / f"{name}.csv", text.getvalue().encode()))

    def array(self, name: str, array: Any) -> None:
        """A .npy file."""
        self.wrote(save_array(self.folder / f"{name}.npy", array))

    def wrote(self, path: Path) -> None:
        """The line about a file."""
        self.say(f"wrote   {path}")


def save_array(path: Path, array: Any) -> Path:
    """A .npy file."""
    content = io.BytesIO()
    np.save(content, array, allow_pickle=False)
    return save(path, content.getvalue())


def save(path: Path, content: bytes) -> Path:
    """Any other file; its folder is made where it is missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    files.replace_file(path, content)
    return path

"""Images side by side, at one call: `minigen.show(trained.sample(16))`."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from minigen import backend
from minigen.autograd import Tensor
from minigen.evaluation.figures import grid_levels
from minigen.evaluation.text import counted
from minigen.files import replace_file

MOST = 400  # images on a sheet
_PER_ROW = 10
_SIDE = 64  # pixels that an image takes at least


def show(images: Any, columns: int | None = None) -> Sheet:
    """A sheet of images, which a notebook shows; elsewhere `.save("sheet.png")` writes it.

    Args:
        images: an array or a tensor (N, C, H, W), (N, H, W) or (H, W), grey (C = 1) or RGB (C = 3), with values in
            [0, 1] or uint8; what lies outside is clipped. Grey images are drawn dark on light.
        columns: images per row, by default at most ten.

    Raises:
        TypeError: no array and no tensor.
        ValueError: another shape, no images, a value that is not finite, or fewer than one column.
    """
    array = images.data if isinstance(images, Tensor) else images
    backend.require_array("show: images", array)
    array = np.asarray(backend.to_device(array, "cpu"))
    array = array / np.float32(255) if array.dtype == np.uint8 else array.astype(np.float32)
    shape = array.shape
    array = array[None] if array.ndim == 2 else array
    array = array[:, None] if array.ndim == 3 else array
    if array.ndim != 4 or array.shape[1] not in (1, 3) or not array.size:
        raise ValueError(f"show: images have shape {shape}, must be (N, C, H, W) with C = 1 or 3, (N, H, W) or (H, W)")
    if not np.isfinite(array).all():
        raise ValueError("show: images hold a value that is not finite, must lie in [0, 1]")
    if columns is not None and columns < 1:
        raise ValueError(f"show: columns is {columns}, must be at least 1")
    count = min(len(array), MOST)
    columns = min(columns or -(-count // -(-count // _PER_ROW)), count)
    scale = max(1, _SIDE // max(array.shape[2:]))
    return Sheet(grid_levels(array[:count], columns, scale), count, len(array))


class Sheet:
    """The picture of a sheet, of the first `count` of `total` images."""

    def __init__(self, levels: Any, count: int, total: int) -> None:
        self.levels, self.count, self.total = levels, count, total

    def _repr_png_(self) -> bytes:
        content = io.BytesIO()
        Image.fromarray(self.levels).save(content, "PNG")
        return content.getvalue()

    def save(self, path: str | Path) -> Path:
        """Write the sheet as a PNG file; ValueError where the name ends otherwise."""
        path = Path(path)
        if path.suffix != ".png":
            raise ValueError(f"save: path is {str(path)!r}, must end with .png")
        replace_file(path, self._repr_png_())
        return path

    def __repr__(self) -> str:
        several = f"{self.count} of " * (self.total > self.count) + counted(self.total, "image")
        return f"Sheet of {several}: a notebook shows it, .save('sheet.png') writes it"

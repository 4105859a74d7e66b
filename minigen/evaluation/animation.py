"""How a generator learns: its images from the same noise after each epoch, side by side and as an animation."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from minigen.data import DataError
from minigen.data.npy import read_npy
from minigen.evaluation.drawing import Figure
from minigen.evaluation.figures import grid_levels, show_images

_SIDE, _SCALE = 8, 2
_MILLISECONDS, _LAST_HELD = 200, 2200


def read(files: dict[int, Path]) -> dict[int, Any]:
    """Images (64, C, H, W) in [0, 1] from .npy files, by epoch; a damaged file, or one of other images, is left out."""
    pictures = {}
    for epoch, file in files.items():
        try:
            levels = read_npy(file)
        except DataError:
            continue
        if levels.dtype == np.uint8 and levels.ndim == 4 and levels.size:
            pictures[epoch] = levels.astype(np.float32) / 255
    shape = next((images.shape for images in reversed(pictures.values())), ())
    return {epoch: images for epoch, images in pictures.items() if images.shape == shape}


def side_by_side(pictures: dict[int, Any], rows: int = 8, columns: int = 10) -> Figure:
    """A row of images for each of up to eight epochs, each column from one noise."""
    epochs = list(pictures)
    chosen = np.unique(np.linspace(0, len(epochs) - 1, rows).round().astype(int))
    images = np.concatenate([pictures[epochs[at]][:columns] for at in chosen])
    return show_images(images, columns, "from the same noise", [f"epoch {epochs[at]}" for at in chosen])


def gif(pictures: dict[int, Any]) -> bytes:
    """An animated GIF of all epochs, 64 images each; the last one stays for two seconds."""
    frames = [Image.fromarray(grid_levels(images, _SIDE, _SCALE)) for images in pictures.values()]
    times = [_MILLISECONDS] * (len(frames) - 1) + [_LAST_HELD]
    content = io.BytesIO()
    frames[0].save(content, "GIF", save_all=True, append_images=frames[1:], duration=times, loop=0)
    return content.getvalue()

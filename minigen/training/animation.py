"""How a generator learns: its images from the same noise after each epoch, side by side and as an animation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.animation import PillowWriter
from matplotlib.figure import Figure

from minigen.training.figures import image_grid, save, show_images
from minigen.training.run_folder import RunFolder

_SIDE, _SCALE, _DPI = 8, 2, 100
_IMAGES_A_SECOND, _LAST_HELD = 5, 10


def draw_all(run: RunFolder) -> list[Path]:
    """Both, where the run has pictures of its epochs; the paths."""
    if not any(run.frames.glob("*.npy")):
        return []
    return [save(side_by_side(run.frames), run.figure("learning")), animate(run.frames, run.animation)]


def read(frames: Path) -> tuple[list[int], Any]:
    """The epochs, and their images (epochs, 64, C, H, W) in [0, 1]."""
    files = sorted(frames.glob("*.npy"))
    return [int(file.stem) for file in files], np.stack([np.load(file) for file in files]).astype(np.float32) / 255


def side_by_side(frames: Path, rows: int = 8, columns: int = 10) -> Figure:
    """A row of images for each of up to eight epochs, each column from one noise."""
    epochs, images = read(frames)
    chosen = np.unique(np.linspace(0, len(epochs) - 1, rows).round().astype(int))
    picked = images[chosen, :columns]
    labels = [f"epoch {epochs[at]}" for at in chosen]
    return show_images(picked.reshape(-1, *picked.shape[2:]), columns, "from the same noise", labels)


def animate(frames: Path, path: Path) -> Path:
    """An animated GIF of all epochs, 64 images each, the last one held for two seconds."""
    _, images = read(frames)
    pictures = [image_grid(each, _SIDE) for each in images]
    height, width = pictures[0].shape[:2]
    figure = Figure(figsize=(_SCALE * width / _DPI, _SCALE * height / _DPI), dpi=_DPI)
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set_axis_off()
    shown = axes.imshow(pictures[0], cmap="gray_r", vmin=0, vmax=1, interpolation="nearest")
    writer = PillowWriter(fps=_IMAGES_A_SECOND)
    with writer.saving(figure, path, _DPI):
        for picture in [*pictures, *[pictures[-1]] * _LAST_HELD]:
            shown.set_data(picture)
            writer.grab_frame()
    return path

"""Do two figures look the same?

On another processor a training rounds otherwise, and its curves move a little. So each pixel of one figure is
compared with the most similar one near the same place in the other. A curve that moved by less than about 1 % of the
figure's width costs nothing; one that is missing costs 4 or more of the 255 levels of a pixel.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from PIL import Image

NEAR = 4  # pixels at half the resolution
DIFFERENT = 3.0  # levels, from which on a reader sees another figure


def difference(shown: Path, made: Path, near: int = NEAR) -> float:
    """The levels by which pixels differ, root mean square; infinite where the sizes differ."""
    a, b = (np.asarray(Image.open(path).convert("RGB").reduce(2), dtype=np.float32) for path in (shown, made))
    return math.inf if a.shape != b.shape else max(_not_found(a, b, near), _not_found(b, a, near))


def _not_found(a: np.ndarray, b: np.ndarray, near: int) -> float:
    """By how much the pixels of `a` differ from the most similar pixels of `b` at most `near` rows and columns away."""
    height, width, _ = a.shape
    around = np.pad(b, ((near, near), (near, near), (0, 0)), mode="edge")
    least = np.full((height, width), np.inf)
    for row in range(2 * near + 1):
        for column in range(2 * near + 1):
            moved = around[row : row + height, column : column + width]
            np.minimum(least, ((a - moved) ** 2).mean(2), out=least)
    return math.sqrt(least.mean())

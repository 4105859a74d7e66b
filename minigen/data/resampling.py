"""Averaging, blur and interpolation as matrices: each is linear in the pixels and acts on rows and columns alike.

With A for the height and B for the width, an image x (H, W) becomes A·x·Bᵀ.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.floating[Any]]


def averaging(size: int, scale: int) -> Matrix:
    """(size / scale, size): each pixel is the mean of `scale` neighbours, as in a camera with larger pixels."""
    return np.repeat(np.eye(size // scale), scale, axis=1) / scale


def blurring(size: int, std: float) -> Matrix:
    """(size, size): a neighbour d pixels away has the weight exp(-½·d² / std²); rows sum to 1, also at the border."""
    return _normalized(np.exp(-0.5 * (_distances(size, 1) / std) ** 2))


def bicubic(size: int, scale: int) -> Matrix:
    """(size·scale, size): cubic convolution interpolation with a = -½, exact for parabolas away from the border.

    Source: Keys 1981, "Cubic Convolution Interpolation for Digital Image Processing", equation 15.
    """
    d = _distances(size, scale)
    near = 1.5 * d**3 - 2.5 * d**2 + 1
    far = -0.5 * d**3 + 2.5 * d**2 - 4 * d + 2
    return _normalized(np.where(d < 1, near, np.where(d < 2, far, 0)))


def _distances(size: int, scale: int) -> Matrix:
    """(size·scale, size): from the centre of each new pixel to that of each old one, in old pixels."""
    centres = (np.arange(size * scale) + 0.5) / scale - 0.5
    return np.abs(centres[:, None] - np.arange(size))


def _normalized(weights: Matrix) -> Matrix:
    return weights / weights.sum(axis=1, keepdims=True)

"""Compression: is a code of k numbers worth more than the k numbers that a linear code would have?

Principal component analysis is the best linear code: no k directions leave a smaller squared error on the
training images. An autoencoder that does no better needs no layers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minigen.data import Dataset, Split
from minigen.evaluation.finding import Finding
from minigen.models.model import Encodes

Floats = NDArray[np.floating[Any]]

PART = 5000  # images that are in memory as floats
EXTRA_AXES, ROUNDS = 10, 8  # beyond what is asked for: the error is then that of the exact axes to 4 digits


def compare_with_pca(model: Encodes, data: Dataset, validation: Split) -> Finding:
    """The squared error per pixel on the test set of PCA with as many numbers as the code has."""
    return Finding({f"pca_{model.latent}_mse": pca_error(data.train, data.test, model.latent)})


def pca_error(train: Split, test: Split, components: int) -> float:
    """The mean of (x - x̂)² over test pixels in [0, 1], x̂ = μ + V·Vᵀ·(x - μ), with μ and V from the training images."""
    sums = sum(_rows(part).sum(axis=0, dtype=np.float64) for part in train.parts(PART))
    mean = (sums / len(train)).astype(np.float32)
    axes = principal_axes(lambda: (_rows(part) - mean for part in train.parts(PART)), components)
    squares = 0.0
    for part in test.parts(PART):
        y = _rows(part) - mean
        squares += float(((y - (y @ axes) @ axes.T) ** 2).sum(dtype=np.float64))
    return squares / (len(test) * len(mean))


def principal_axes(parts: Callable[[], Iterable[Floats]], count: int) -> Floats:
    """The `count` orthonormal directions (D, count) in which the rows of a matrix vary most.

    parts: gives the matrix, with a mean of 0, in parts (N, D), so that it need not be in memory as a whole.

    Random directions, multiplied by XᵀX repeatedly, turn towards those of the largest variance, without a D × D
    matrix. Source: Halko, Martinsson & Tropp 2011, "Finding Structure with Randomness", 4.5.
    """
    first = next(iter(parts()))
    features = first.shape[1]
    start = np.random.default_rng(0).standard_normal((features, min(count + EXTRA_AXES, features)))
    basis = start.astype(first.dtype)
    for _ in range(ROUNDS):
        basis, _ = np.linalg.qr(sum(x.T @ (x @ basis) for x in parts()))
    _, _, rotation = np.linalg.svd(np.concatenate([x @ basis for x in parts()]), full_matrices=False)
    return basis @ rotation[:count].T


def _rows(split: Split) -> Floats:
    return split.as_floats().reshape(len(split), -1)

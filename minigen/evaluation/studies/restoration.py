"""Restoration: damaged test images, the restored ones, and the true ones."""

from __future__ import annotations

import numpy as np

from minigen import rng
from minigen.autograd import Tensor, no_grad
from minigen.data import Batch, Dataset, Split
from minigen.evaluation.figures import enlarged, show_images
from minigen.evaluation.finding import Finding
from minigen.models.images import psnr
from minigen.models.model import HasBaseline

IMAGES = 10


def show_restorations(model: HasBaseline, data: Dataset, validation: Split) -> Finding:
    """The first ten test images: small, enlarged by interpolation (or damaged, at the same size), restored, true."""
    with no_grad(), rng.stream(model.config.seed):
        x = Tensor(Batch.of(data.test.first(IMAGES), model.config.device).inputs)
        damaged = model.damage(x)
        name, other = model.without_net(damaged)
        restored = model.restore(damaged)
    rows = {f"{name}\n{_decibels(other, x)}": other, f"restored\n{_decibels(restored, x)}": restored, "true": x}
    if damaged.shape != x.shape:
        rows = {"input": damaged, **rows}
    images = np.concatenate([enlarged(row.numpy(), x.shape[2]) for row in rows.values()])
    figure = show_images(images, len(x), f"{model.config.task}: test images, and the PSNR of each row", list(rows))
    return Finding(figures={"restorations": figure})


def _decibels(images: Tensor, truth: Tensor) -> str:
    return f"{psnr(images, truth).item():.1f} dB"

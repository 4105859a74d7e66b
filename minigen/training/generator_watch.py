"""What a generator has learned: after each epoch a picture from the same noise, measures, and warnings.

Losses that look healthy hide the three ways in which adversarial training fails. Each has a name and a sign:

    discriminator saturated   it is sure of every image: d real is near 1 and d fake near 0
    gradients vanished        the generator hardly learns from the discriminator's answer
    diversity collapsed       the samples are few different images, or lack digits
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minigen.data import Dataset
from minigen.evaluation.generator_measures import GeneratorMeasures, draw
from minigen.inference.outputs import npy
from minigen.training.run_folder import RunFolder

FRAME = 64  # images of a picture
_SURE = 0.98
_SMALL_GRADIENT = 1e-3
_EARLY = 5  # epochs in which any generator lacks variety
_FEW_CLASSES, _LITTLE_DIVERSITY = 8, 0.6


class GeneratorWatch:
    """Called by the trainer after each epoch with its row of metrics.jsonl, to which it adds "samples".

    Args:
        model: a Model that Samples.
        run: whose `frames` get the pictures, uint8 arrays (64, C, H, W) that become an animation.
    """

    def __init__(self, model: Any, data: Dataset, run: RunFolder) -> None:
        self.model, self.run = model, run
        self.measures = GeneratorMeasures(data, model.config.device)

    def __call__(self, row: dict[str, Any]) -> list[str]:
        """Measure and draw; returns the lines to print."""
        self.model.eval()
        seed = self.model.config.seed
        row["samples"] = self.measures.of_model(self.model, seed)
        images = draw(self.model, FRAME, self.model.config.device, seed)
        not_saved = self.run.save_frame(row["epoch"], npy(np.round(255 * images.clip(0, 1)).astype(np.uint8)))
        return [*not_saved, *warnings(row)]


def warnings(row: dict[str, Any]) -> list[str]:
    """A line for each failure that the row shows, with what to try."""
    train, samples = row["train"], row.get("samples", {})
    lines = []
    if train.get("d_real", 0) > _SURE and train.get("d_fake", 1) < 1 - _SURE:
        lines.append(
            f"discriminator saturated: it gives real images {train['d_real']:.3f} and fake ones {train['d_fake']:.3f}; "
            "try --real-label 0.9, or wgan-gp, whose critic cannot saturate"
        )
    if train.get("g_gradient_norm", 1) < _SMALL_GRADIENT:
        lines.append(
            f"gradients vanished: the generator's norm is {train['g_gradient_norm']:.1e}; "
            "try --loss non-saturating, or a smaller --lr"
        )
    few = samples.get("classes", 10) < _FEW_CLASSES or samples.get("diversity", 1) < _LITTLE_DIVERSITY
    if few and row["epoch"] > _EARLY:
        seen = [f"{samples['classes']} of 10 digits"] if "classes" in samples else []
        seen += [f"{samples['diversity']:.2f} of the variance of real images"] if "diversity" in samples else []
        lines.append(
            f"diversity collapsed: {', '.join(seen)}; "
            "more epochs may help, else try --real-label 0.9, a larger --batch-size, or wgan-gp"
        )
    return [f"      warning: {line}" for line in lines]

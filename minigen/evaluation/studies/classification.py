"""Classification: what a trained classifier confuses, how far its confidence can be trusted, what its first layer sees.

    interval       95 of 100 such intervals hold the accuracy on all images like these (Wilson 1927)
    confusion      how many images of each class went to each
    calibration    of images named with a probability of 0.8, are 0.8 named rightly? (Guo et al. 2017)
    kernels        the first layer's weights, and the parts of test images to which each responds most

The confidence in an image is the greatest of its classes' probabilities.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from minigen import nn, ops
from minigen.autograd import Tensor
from minigen.data import Dataset, Split
from minigen.evaluation.batches import outputs
from minigen.evaluation.drawing import Figure, legend, styled
from minigen.evaluation.figures import enlarged, image_grid, show_images
from minigen.evaluation.finding import Finding
from minigen.evaluation.text import shown
from minigen.models.model import Classifies

Z = 1.959964  # the standard normal's quantile at 0.975
BINS = 10
KERNELS, PER_ROW, RESPONSES, SEARCHED = 32, 16, 3, 500
_MISTAKES = 20
_NUMBERED = 20  # classes: the cells of a larger confusion matrix have no room for their numbers
_NAMED = 40


def judge_classifier(model: Classifies, data: Dataset, validation: Split) -> Finding:
    """The interval of the test accuracy and the calibration error; confusion, mistakes, calibration and kernels."""
    chances, labels = probabilities(model, data.test), data.test.labels
    calibrated = calibration(chances, labels)
    figures = {
        "confusion": draw_confusion(confusion(chances.argmax(axis=1), labels, len(data.classes)), data.classes),
        "calibration": draw_calibration(calibrated),
    }
    wrong = np.flatnonzero(chances.argmax(axis=1) != labels)
    if len(wrong):
        worst = wrong[np.argsort(-chances[wrong].max(axis=1), kind="stable")[:_MISTAKES]]
        images = data.test.take(worst).as_floats()
        titles = titled(chances[worst], data.classes, labels[worst])
        figures["mistakes"] = draw_labelled(images, titles, "the most confident mistakes on the test set")
    kernels = first_kernels(model, data.input_shape)
    if kernels is not None:
        figures["kernels"] = draw_kernels(kernels, data.test)
    remark = f"classified: {accuracy_line(chances.argmax(axis=1) == labels)}"
    return Finding({"calibration_error": calibrated.error}, [remark], figures)


def probabilities(model: Classifies, split: Split) -> Any:
    """softmax of the logits: (N, K)"""
    return outputs(lambda batch: ops.softmax(model.classify(Tensor(batch.inputs))), split, model.config.device)


def wilson_interval(right: int, count: int) -> tuple[float, float]:
    """The 95 % interval of a fraction p = right/count, which stays within [0, 1] also where p is 0 or 1.

    (p + z²/2n ± z·√(p·(1 - p)/n + z²/4n²)) / (1 + z²/n). Wilson 1927, "Probable Inference, the Law of Succession, and
    Statistical Inference".
    """
    p, spread = right / count, Z * Z / count
    centre, half = p + spread / 2, Z * math.sqrt(p * (1 - p) / count + spread / (4 * count))
    return max(0.0, (centre - half) / (1 + spread)), min(1.0, (centre + half) / (1 + spread))


def accuracy_line(right: Any) -> str:
    """The fraction of True among (N,) with its interval, in words."""
    low, high = wilson_interval(int(right.sum()), len(right))
    return f"accuracy {right.mean():.4f} of {len(right):,} (95 % interval {low:.4f} to {high:.4f})"


def confusion(named: Any, labels: Any, classes: int) -> Any:
    """(N,), (N,) -> (K, K): in row t and column c how many images of class t were named c."""
    return np.bincount(labels * classes + named, minlength=classes**2).reshape(classes, classes)


class Calibration(NamedTuple):
    """Images by the confidence in them, in ten bins of equal width.

    Attributes:
        counts: images in each bin.
        confidence: its mean over each bin, 0 where a bin is empty.
        accuracy: the fraction of each bin that was named rightly, 0 where it is empty.
    """

    counts: Any
    confidence: Any
    accuracy: Any

    @property
    def error(self) -> float:
        """The expected calibration error Σ nᵦ/N·|accuracyᵦ - confidenceᵦ| over the bins."""
        return float((self.counts * abs(self.accuracy - self.confidence)).sum() / self.counts.sum())


def calibration(chances: Any, labels: Any) -> Calibration:
    """From probabilities (N, K) and labels (N,); a confidence on a bin's edge belongs to the bin above it."""
    confidence, right = chances.max(axis=1).astype(np.float64), chances.argmax(axis=1) == labels
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    counts, sure, true = (np.bincount(bins, weights, BINS) for weights in (None, confidence, right))
    return Calibration(counts, sure / np.maximum(counts, 1), true / np.maximum(counts, 1))


def titled(chances: Any, classes: Sequence[str], labels: Any = None) -> list[str]:
    """For each image its class and probability, and below them the true class, or the next best where none is known."""
    names, order = [shown(name, 14) for name in classes], np.argsort(-chances, axis=1, kind="stable")
    lines = []
    for row, (chance, (best, *others)) in enumerate(zip(chances, order, strict=True)):
        below = [f"{names[other]} {chance[other]:.2f}" for other in others[:1]]
        if labels is not None:
            below = [f"true: {names[labels[row]]}"]
        lines.append("\n".join([f"{names[best]} {chance[best]:.2f}", *below]))
    return lines


@styled
def draw_labelled(images: Any, titles: Sequence[str], title: str, columns: int = 5) -> Figure:
    """Images (N, C, H, W) in [0, 1], each below two lines of its own."""
    columns = min(columns, len(images))
    rows = -(-len(images) // columns)
    figure = Figure(figsize=(max(1.4 * columns, 0.085 * len(title)), 1.75 * rows + 0.4), layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False)
    for axes in panels.flat:
        axes.set_axis_off()
    for axes, image, lines in zip(panels.flat, images, titles, strict=False):
        axes.imshow(image_grid(image[None], 1), cmap="gray_r", vmin=0, vmax=1, interpolation="nearest")
        axes.set_title(lines, fontsize=8)
    figure.suptitle(title, fontsize=10)
    return figure


@styled
def draw_confusion(counts: Any, classes: Sequence[str]) -> Figure:
    """The counts (K, K), each row shaded by its share of the true class; a class without images stays white."""
    side = min(0.55 * len(classes), 8.0) + 2.2
    figure = Figure(figsize=(side + 0.6, side), layout="constrained")
    axes = figure.add_subplot()
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    shading = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    figure.colorbar(shading, ax=axes, label="share of the true class", fraction=0.046)
    if len(classes) <= _NUMBERED:
        for row, column in np.argwhere(counts):
            color = "white" if shares[row, column] > 0.5 else "black"
            axes.text(column, row, f"{counts[row, column]}", ha="center", va="center", fontsize=7, color=color)
    if len(classes) <= _NAMED:
        names = [shown(name, 14) for name in classes]
        axes.set_xticks(range(len(classes)), names, rotation=90, fontsize=8)
        axes.set_yticks(range(len(classes)), names, fontsize=8)
    axes.spines[:].set_visible(False)
    axes.set(xlabel="named", ylabel="true", title=f"{counts.trace():,} of {counts.sum():,} right")
    return figure


@styled
def draw_calibration(found: Calibration) -> Figure:
    """The accuracy over the confidence, beside the diagonal of a perfect one, and how many images each bin has."""
    figure = Figure(figsize=(4.4, 4.6), layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
    some = found.counts > 0
    bars = [
        wilson_interval(round(part * n), n) for part, n in zip(found.accuracy[some], found.counts[some], strict=True)
    ]
    reach = np.abs(np.array(bars).T - found.accuracy[some])
    (perfect,) = upper.plot([0, 1], [0, 1], color="0.6", ls="--")
    own = upper.errorbar(found.confidence[some], found.accuracy[some], reach, marker="o", markersize=4, capsize=3)
    upper.set(ylabel="accuracy", ylim=(0, 1.02), title=f"calibration error {found.error:.3f}")
    legend(upper, [perfect, own], ["perfect", "measured, 95 % interval"])
    lower.stairs(found.counts, np.linspace(0, 1, BINS + 1), fill=True)
    lower.set(xlabel="confidence", ylabel="images", xlim=(0, 1), yticks=[0, int(found.counts.max())])
    return figure


# The first layer


def first_kernels(model: Any, input_shape: tuple[int, ...]) -> Any:
    """The weights (O, C, k, l) of the first layer that sees the image; a dense layer's kernels are as large as it.

    None where there is no such layer.
    """
    for _, layer in model.named_modules():
        if isinstance(layer, nn.Conv2d) and layer.weight.shape[1] == input_shape[0]:
            return layer.weight.numpy()
        if isinstance(layer, nn.Linear) and layer.weight.shape[1] == math.prod(input_shape):
            return layer.weight.numpy().reshape(-1, *input_shape)
    return None


def strongest_parts(kernels: Any, images: Any, count: int, margin: int) -> Any:
    """The parts of images (N, C, H, W) that answer each kernel most, one per image: (O, count, C, k + 2·margin, …).

    The answer at a position is Σ kernel·pixels. Each part is shown with `margin` pixels around it, 0 beyond the image.
    """
    *_, high, wide = kernels.shape
    windows = np.lib.stride_tricks.sliding_window_view(images, (high, wide), axis=(2, 3))  # (N, C, h, w, k, l)
    across = windows.shape[3]
    answers = np.stack([np.einsum("chwkl,ockl->ohw", part, kernels, optimize=True) for part in windows])
    answers = answers.reshape(len(images), len(kernels), -1)
    place, strength = answers.argmax(axis=2), answers.max(axis=2)  # (N, O)
    padded = np.pad(images, [(0, 0), (0, 0), (margin, margin), (margin, margin)])
    best = np.argsort(-strength, axis=0, kind="stable")[:count].T  # (O, count)
    return np.stack(
        [
            [
                padded[image, :, top : top + high + 2 * margin, left : left + wide + 2 * margin]
                for image, (top, left) in ((n, divmod(place[n, kernel], across)) for n in chosen)
            ]
            for kernel, chosen in enumerate(best)
        ]
    )


def draw_kernels(kernels: Any, test: Split) -> Figure:
    """The first 32 kernels, weight 0 as grey, each above the parts of test images to which it responds most."""
    spread = np.unique(np.linspace(0, len(test) - 1, SEARCHED).round().astype(int))  # a folder's classes lie in order
    kernels, images = kernels[:KERNELS], test.take(spread).as_floats()
    dense = kernels.shape[2:] == images.shape[2:]
    parts = strongest_parts(kernels, images, min(RESPONSES, len(images)), 0 if dense else kernels.shape[2])
    largest = abs(kernels).max(axis=(1, 2, 3), keepdims=True)
    looks = enlarged(0.5 + kernels / (2 * np.where(largest > 0, largest, 1)), parts.shape[3])
    tiles = np.concatenate([looks[:, None], parts], axis=1)  # (O, 1 + count, C, h, w)
    paper = 0 if tiles.shape[2] == 1 else 1  # as image_grid has it
    columns = min(PER_ROW, len(kernels))
    missing, gap = -len(kernels) % columns, (1, 1)
    tiles = np.pad(tiles, [(0, missing), (0, 0), (0, 0), gap, gap], constant_values=paper)
    bands = tiles.reshape(-1, columns, *tiles.shape[1:]).swapaxes(1, 2)  # (bands, 1 + count, columns, C, h, w)
    names = ["kernel", "strongest", *[""] * (bands.shape[1] - 2)] * len(bands)
    title = "first layer: kernels, and the parts of test images to which they respond most"
    return show_images(bands.reshape(-1, *tiles.shape[2:]), columns, title, names)

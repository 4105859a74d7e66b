"""What a page shows of a run: its programs and weights, some test examples, and their codes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from msgspec import Struct

from minigen.evaluation.figures import MOST_LINES
from minigen.exploring.programs import programs
from minigen.exploring.tracing import Program
from minigen.files import printable
from minigen.inference.arrays import Floats, UseError
from minigen.inference.inputs import Examples
from minigen.inference.trained import Trained
from minigen.models.model import Samples

PICTURES, PICTURE_BYTES = 60, 2**20  # test examples to choose from
SLIDERS = 512  # at most, however long the code
NOISES = 16  # in which each number is moved, to see how much it changes
SLIDER = 3.0  # where the sliders of N(0, 1) end
LEVEL = 1 / 255


class Content(Struct):
    """What the page's JavaScript reads.

    abilities: words that switch parts of the page on.
    latent: the size of a code, or of a generator's noise; 0 for a model that decodes nothing.
    order: the indices of the code's numbers, the one that varies most first; ranges: the ends of each slider.
    threshold: the score above which a sequence is anomalous.
    arrays: weights by their names, and with "page: " before theirs examples, example labels, codes, labels, and the
        mean and axes of PCA.
    """

    name: str
    summary: str
    data: str
    epochs: int
    shape: tuple[int, ...]
    classes: list[str]
    abilities: list[str]
    programs: dict[str, Program]
    arrays: dict[str, Any]
    latent: int = 0
    order: list[int] = []
    ranges: list[tuple[float, float]] = []
    threshold: float | None = None


def content(trained: Trained, examples: Examples) -> Content:
    """The content of a page about a trained model; examples: of the test set.

    Raises:
        UseError: the model cannot be shown, or its numbers are not finite.
    """
    if examples.lengths is not None:  # the page knows sequences of all T steps only
        whole = examples.lengths == trained.data.input_shape[0]
        examples = examples._replace(values=examples.values[whole], labels=examples.labels[whole])
    x, labels = trained.scaled(examples.values), examples.labels
    (tasks, weights), chosen = programs(trained, x[:1]), _some_of_each(labels, trained)
    shown = np.round(255 * x[chosen]).astype(np.uint8) if trained.data.holds_images else x[chosen]
    found = Content(
        trained.model.name,
        printable(trained.model.summary()),
        printable(trained.data.name),
        trained.epoch,
        trained.data.input_shape,
        [printable(name) for name in trained.data.classes],
        _abilities(trained, tasks),
        tasks,
        {"page: examples": shown, "page: example labels": labels[chosen].astype(np.uint16)},
        threshold=trained.threshold,
    )
    if "encode" in tasks:
        codes = trained.encode(examples.values)
        if not np.isfinite(codes).all():
            raise UseError(f"{trained.model.name} gives codes that are not finite: there is nothing to explore")
        _describe(found, codes, isinstance(trained.model, Samples))
        found.arrays["page: labels"] = labels.astype(np.uint16)
    elif "decode" in tasks:
        found.latent = trained.noise(1).shape[1]
        found.order = _order_of_noise(trained, found.latent)
        found.ranges = [(-SLIDER, SLIDER)] * found.latent
    found.arrays |= _halved(trained, tasks, weights, examples.values[chosen])
    return found


def _some_of_each(labels: Any, trained: Trained) -> Any:
    """The indices of a few examples of each class."""
    most = max(1, min(PICTURES, PICTURE_BYTES // math.prod(trained.data.input_shape)))
    found = np.unique(labels)
    places = [np.flatnonzero(labels == label)[: max(1, most // len(found))] for label in found]
    return np.concatenate(places)[:most]


def _abilities(trained: Trained, tasks: dict[str, Program]) -> list[str]:
    """The names of the programs, and what else decides which parts of the page are shown."""
    found = [*tasks]
    if "encode" in tasks and len(tasks["encode"].outputs) > 1:
        found.append("gaussian")
    if isinstance(trained.model, Samples):
        found.append("prior")
    if trained.data.holds_images:
        found.append("images")
    else:
        found += ["sequences", "lines" if trained.data.input_shape[1] <= MOST_LINES else "rows"]
    if {"reconstruct", "classify", "restore"} & tasks.keys():
        found.append("input")
    if trained.data.holds_images and trained.data.input_shape[0] == 3:
        found.append("colour")
    elif trained.data.holds_images and trained.data.name.startswith("mnist"):
        found.append("digits")
    return found


def _describe(found: Content, codes: Floats, prior: bool) -> None:
    """The order and range of the code's numbers, and the two directions in which the codes vary most (PCA)."""
    found.latent = codes.shape[1]
    found.order = np.argsort(-codes.std(axis=0), kind="stable")[:SLIDERS].tolist()
    low, high = codes.min(axis=0), codes.max(axis=0)
    if prior:
        high = np.maximum(np.abs(codes).max(axis=0), SLIDER)
        low = -high
    wide = np.where(high > low, high - low, 1)  # a number that is always the same
    found.ranges = list(zip((low - 0.05 * wide).tolist(), (high + 0.05 * wide).tolist(), strict=True))
    mean = codes.mean(axis=0)
    axes = np.linalg.svd(codes - mean, full_matrices=False)[2][:2]
    found.abilities += ["map"] * (len(axes) == 2)
    found.arrays |= {"page: codes": codes, "page: mean": mean, "page: axes": axes}


def _order_of_noise(trained: Trained, latent: int) -> list[int]:
    """The indices of the noise's numbers, first the one whose move from -1 to 1 changes the picture most."""
    model: Any = trained.model
    change = np.zeros(min(latent, SLIDERS))
    number = np.arange(len(change))
    for one in trained.noise(NOISES):
        low, high = np.tile(one, (2, len(change), 1))
        low[number, number], high[number, number] = -1, 1
        moved = trained._in_parts(model.sample, high) - trained._in_parts(model.sample, low)
        change += np.abs(moved).reshape(len(change), -1).mean(axis=1)
    return np.argsort(-change, kind="stable").tolist()


def _halved(trained: Trained, tasks: dict[str, Program], weights: dict[str, Any], values: Any) -> dict[str, Any]:
    """The weights in float16, if no picture and no probability changes by more than half a level; else in float32.

    A screen shows the levels 0, 1/255, … 1, and rounding to them may change the other half.
    """
    state = {name: array.copy() for name, array in trained.model.state_dict().items()}
    with np.errstate(over="ignore"):
        half = {name: array.astype(np.float16) for name, array in weights.items() if name in state}
    exact = _pictures(trained, tasks, values)
    try:
        trained.model.load_state_dict(state | {name: array.astype(np.float32) for name, array in half.items()})
        rounded = _pictures(trained, tasks, values)
    finally:
        trained.model.load_state_dict(state)
    same = all(np.abs(a - b).max() <= LEVEL / 2 for a, b in zip(exact, rounded, strict=True))
    return weights | half if same and all(np.isfinite(array).all() for array in half.values()) else weights


def _pictures(trained: Trained, tasks: dict[str, Program], values: Any) -> list[Floats]:
    """What the page shows of these examples, or of noise."""
    found = []
    if "encode" in tasks:
        found.append(trained.scaled(trained.decode(trained.encode(values))))
    if "decode" in tasks and isinstance(trained.model, Samples):
        found.append(trained.sample(PICTURES))
    if "reconstruct" in tasks:
        found.append(trained.scaled(trained.reconstruct(values)))
    if "classify" in tasks:
        found.append(trained.classify(values))
    if "restore" in tasks:
        found.append(trained.restore(trained.damage(values)))
    return found

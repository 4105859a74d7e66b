"""Does the code improve a classifier? The same classifier on raw pixels, random codes and learned codes.

The classifier is linear, softmax(V·f + d) with an L2 penalty on V, and trained with Adam. It sees the labelled images
only and is tested on the whole test set. All kinds of features are scaled to the same mean length, so that learning
rate and penalty mean the same for each. With few labels, the choice of the labelled images matters as much as the
features. So five balanced choices are tried, and their spread is reported.

    raw pixels      the baseline that any code must beat
    random codes    an untrained encoder of the same shape: does the training help, or only the size?
    codes           the trained encoder, unchanged
    fine-tuned      the encoder is trained further, with the classifier, on the labelled images
    joint           the classifier that --mode joint trained together with the autoencoder
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from minigen import nn, ops, rng
from minigen.autograd import Tensor, no_grad
from minigen.data import Dataset, Loader, Split
from minigen.evaluation.batches import in_parts
from minigen.evaluation.drawing import Figure, legend, logarithmic, styled
from minigen.evaluation.finding import Finding
from minigen.models.classification import accuracy, balanced_part
from minigen.optim import Adam

Map: TypeAlias = Callable[[Tensor], Tensor]

COUNTS = (100, 1000)
CHOICES = 5
STEPS, RATE, BATCH_SIZE, PENALTY, LENGTH = 300, 1e-2, 500, 1e-3, 10.0
FINE_STEPS, FINE_RATE = 100, 1e-3


def compare_features(model: Any, data: Dataset, validation: Split) -> Finding:
    """Test accuracies by kind of features and number of labels: numbers, a table and a figure.

    model: as models/tied.py has it, with `encode`, `classify` and `encoder`, and with --labels and --mode.
    With --mode joint the number of labels is the one that the model was trained with.
    """
    joint = model.config.mode == "joint"
    most = len(data.train) - len(validation) * joint
    labels = [model.config.labels or most] if joint or model.config.labels else [*COUNTS, most]
    counts = sorted({min(count, most) for count in labels})
    kinds = ("raw pixels", "random codes", *([] if joint else ["codes", "fine-tuned"]))
    choices = [(seed, count) for seed in range(CHOICES) for count in counts if count < len(data.train) or not seed]

    def accuracies(rows: slice) -> Any:
        tried = [
            _classifiers(model, data, balanced_part(data.train, count, seed), seed) for seed, count in choices[rows]
        ]
        return np.array([[accuracy(c[kind], data.test, model.config.device) for kind in kinds] for c in tried])

    right = in_parts(accuracies, len(choices)).T
    found = {
        kind: [[value for value, (_, of) in zip(row, choices, strict=True) if of == count] for count in counts]
        for kind, row in zip(kinds, right, strict=True)
    }
    if joint:
        found["joint"] = [[accuracy(model.classify, data.test, model.config.device)]]
    numbers = {
        f"{kind} {count}".replace(" ", "_"): float(np.mean(values))
        for kind, row in found.items()
        for count, values in zip(counts, row, strict=True)
    }
    return Finding(numbers, table(found, counts), {"few_labels": draw(found, counts)})


def _classifiers(model: Any, data: Dataset, part: Split, seed: int) -> dict[str, Map]:
    """A classifier for each kind of features, fitted to the labelled images `part`."""
    with rng.stream(seed):
        untrained = type(model)(model.config, data.input_shape, len(data.classes))
        untrained.to(model.config.device)
        classifiers: dict[str, Map] = {
            "raw pixels": LinearClassifier(lambda x: x.flatten(1), part, data, model.config.device),
            "random codes": LinearClassifier(untrained.encode, part, data, model.config.device),
        }
        if model.config.mode == "joint":  # its code has seen the labels of its own choice: no other may be tried on it
            return classifiers
        codes = LinearClassifier(model.encode, part, data, model.config.device)
        return {**classifiers, "codes": codes, "fine-tuned": fine_tuned(model, codes, part)}


class LinearClassifier(nn.Module):
    """softmax(V·f + d) of the scaled features of images; fitted when it is made.

    Args:
        features: (N, C, H, W) -> (N, F)
        part: the labelled images.
    """

    def __init__(self, features: Map, part: Split, data: Dataset, device: str) -> None:
        parts = -(-len(part) // BATCH_SIZE)
        batches = list(Loader(part, -(-len(part) // parts), 0, device).epoch(0))  # of nearly equal sizes, none left out
        with no_grad():
            known = [features(Tensor(batch.inputs)) for batch in batches]
            mean_square = sum(float((f * f).sum(1).mean().item()) for f in known) / len(known)
        self.features, self.scale = features, LENGTH / mean_square**0.5 if mean_square else 1.0  # all 0: all black
        self.classes = nn.Linear(known[0].shape[1], len(data.classes))
        self.classes.to(device)
        adam = Adam(self.classes.parameters(), RATE)
        for step in range(STEPS):
            batch, f = batches[step % len(batches)], known[step % len(batches)]
            adam.zero_grad()
            self.loss(f, batch.labels).backward()
            adam.step()

    def loss(self, features: Tensor, labels: Any) -> Tensor:
        """The cross-entropy of the classes, and the penalty."""
        return ops.cross_entropy(self.classes(features * self.scale), labels) + PENALTY * (self.classes.weight**2).sum()

    def forward(self, x: Tensor) -> Tensor:
        """Logits: (N, C, H, W) -> (N, classes)"""
        return self.classes(self.features(x) * self.scale)


def fine_tuned(model: Any, fitted: LinearClassifier, part: Split) -> Map:
    """The classifier after more steps, in which a copy of the encoder learns with it."""
    encoder, classifier = copy.deepcopy(model), copy.deepcopy(fitted.classes)
    head = copy.copy(fitted)
    head.classes, head.features = classifier, encoder.encode
    adam = Adam([*encoder.encoder.parameters(), *classifier.parameters()], FINE_RATE)
    loader = Loader(part, min(BATCH_SIZE, len(part)), 0, model.config.device, drop_last=True)
    for step in range(FINE_STEPS):
        batch = next(loader.epoch(*divmod(step, len(loader))))
        adam.zero_grad()
        head.loss(encoder.encode(Tensor(batch.inputs)), batch.labels).backward()
        adam.step()
    return head


def table(found: dict[str, list[list[float]]], counts: list[int]) -> list[str]:
    """Accuracies in per cent, mean ± standard deviation over the choices of the labelled images."""
    head = "".join(f"{count:>12,}" for count in counts)
    lines = [f"{'test accuracy, labels':<22}{head}"]
    for kind, row in found.items():
        lines.append(f"{kind:<22}{''.join(f'{_cell(values):>12}' for values in row)}")
    return lines


def _cell(values: list[float]) -> str:
    spread = f" ± {100 * np.std(values):.1f}" if len(values) > 1 else ""
    return f"{100 * np.mean(values):.1f}{spread}"


@styled
def draw(found: dict[str, list[list[float]]], counts: list[int]) -> Figure:
    """The accuracy over the number of labels, a line for each kind of features."""
    figure = Figure(figsize=(4.6, 3.2), layout="constrained")
    axes = figure.add_subplot()
    logarithmic(axes, "x")
    axes.set_xlim(counts[0] / 1.5, counts[-1] * 1.5)
    lines = []
    for row in found.values():
        means, spreads = [float(np.mean(v)) for v in row], [float(np.std(v)) for v in row]
        lines.append(axes.errorbar(counts, means, spreads, marker="o", markersize=4, capsize=3))
    axes.set_xticks(counts, [f"{count:,}" for count in counts])
    axes.set_xticks([], minor=True)
    axes.set_xlabel("labelled training images")
    axes.set_ylabel("test accuracy")
    legend(axes, lines, list(found))
    return figure

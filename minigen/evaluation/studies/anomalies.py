"""Anomalies: an autoencoder reconstructs badly what is unlike its training data.

The score of a sequence is its reconstruction error. A threshold turns it into an alarm; the area under the ROC curve
needs no threshold.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minigen.autograd import Tensor, no_grad
from minigen.data import Batch, Dataset, Split
from minigen.evaluation.batches import outputs
from minigen.evaluation.drawing import Figure, class_colors, legend, logarithmic, styled, whole_ticks
from minigen.evaluation.figures import MOST_LINES, show_sequences
from minigen.evaluation.finding import Finding
from minigen.evaluation.studies.detection import FALSE_ALARMS, detection, roc_auc, threshold_for
from minigen.evaluation.text import shown
from minigen.models.model import TakesLengths


def find_anomalies(model: TakesLengths, data: Dataset, validation: Split) -> Finding:
    """Threshold, alarms and ROC-AUC if the test set has normal and anomalous sequences.

    Sequences of few variables are drawn beside their reconstructions.
    """
    figure = {"series": draw_series(model, data)} if data.input_shape[1] <= MOST_LINES else {}
    anomalous = data.test.labels != 0
    if data.classes[0] != "normal" or not len(validation) or anomalous.all() or not anomalous.any():
        return Finding(figures=figure)
    normal, tested = scores(model, validation), scores(model, data.test)
    threshold = threshold_for(normal, FALSE_ALARMS)
    numbers = detection(tested, anomalous, threshold).numbers()
    for label in np.unique(data.test.labels[anomalous]):
        of_kind = ~anomalous | (data.test.labels == label)
        name = f"roc_auc_{data.classes[label].replace(' ', '_')}"
        numbers[name] = roc_auc(tested[of_kind], anomalous[of_kind])
    return Finding(numbers, figures={**figure, "scores": draw_scores(tested, data, threshold)})


def scores(model: TakesLengths, split: Split) -> Any:
    """The reconstruction error of each sequence, (N,)."""
    return outputs(model.squared_errors, split, model.config.device)


def draw_series(model: TakesLengths, data: Dataset, columns: int = 4) -> Figure:
    """The first test series of each class, of five classes at most, and their reconstructions."""
    labels = np.unique(data.test.labels)[:5]
    chosen = np.concatenate([np.flatnonzero(data.test.labels == label)[:columns] for label in labels])
    part = data.test.take(chosen)
    batch = Batch.of(part, model.config.device)
    with no_grad():
        decoded = model.reconstruct(Tensor(batch.inputs), batch.lengths).numpy()
    names = [shown(data.classes[label], 16) for label in part.labels]
    titles = [f"{name}: error {error:.4f}" for name, error in zip(names, scores(model, part), strict=True)]
    return show_sequences(part.inputs, decoded, titles, part.lengths, columns, data.units)


@styled
def draw_scores(tested: Any, data: Dataset, threshold: float) -> Figure:
    """Histograms of the scores by class, and the threshold."""
    figure = Figure(figsize=(6, 3), layout="constrained")
    axes = figure.add_subplot()
    low, high = max(tested.min(), 1e-12), max(tested.max(), 1e-12)
    bins = np.geomspace(low * 0.99, high * 1.01, 50).tolist()
    if high > 10 * low:
        logarithmic(axes, "x")
    whole_ticks(axes.yaxis)
    handles: list[Any] = []
    present = np.unique(data.test.labels)
    for label, color in zip(present, class_colors(len(present)), strict=True):
        of_class = tested[data.test.labels == label].clip(low)
        handles.append(axes.stairs(np.histogram(of_class, bins)[0], bins, lw=1.5, color=color))
    handles.append(axes.axvline(max(threshold, low), color="0.3", ls="--", lw=1))
    axes.set(xlabel="reconstruction error", ylabel="series")
    names = [*(data.classes[label] for label in present), f"threshold: {1 - FALSE_ALARMS:.0%} of validation"]
    legend(axes, handles, names, outside=True)
    return figure

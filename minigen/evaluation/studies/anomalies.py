"""Anomalies: an autoencoder reconstructs badly what is unlike its training data.

The score of a sequence is its reconstruction error. A threshold that 99 of 100 normal validation sequences
stay below turns the score into an alarm; the area under the ROC curve needs no threshold.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from minigen.autograd import Tensor, no_grad
from minigen.data import Dataset, Loader, Split
from minigen.evaluation.finding import Finding
from minigen.models.model import TakesLengths

QUANTILE = 0.99


def find_anomalies(model: TakesLengths, data: Dataset, validation: Split) -> Finding:
    """Scores, threshold and ROC-AUC where the data set labels anomalies; else only series of one variable."""
    figure = {"series": draw_series(model, data)} if data.input_shape[1] == 1 else {}
    if data.classes[0] != "normal" or not len(validation):
        return Finding(figures=figure)
    normal, tested = scores(model, validation), scores(model, data.test)
    anomalous = data.test.labels != 0
    threshold = float(np.quantile(normal, QUANTILE))
    numbers = {
        "roc_auc": roc_auc(tested, anomalous),
        "threshold": threshold,
        "anomalies_found": float((tested[anomalous] > threshold).mean()),
        "false_alarms": float((tested[~anomalous] > threshold).mean()),
    }
    for label, kind in enumerate(data.classes[1:], start=1):
        of_kind = ~anomalous | (data.test.labels == label)
        numbers[f"roc_auc_{kind.replace(' ', '_')}"] = roc_auc(tested[of_kind], anomalous[of_kind])
    return Finding(numbers, figures={**figure, "scores": draw_scores(tested, data, threshold)})


def scores(model: TakesLengths, split: Split) -> Any:
    """The reconstruction error of each sequence, (N,)."""
    with no_grad():
        batches = Loader(split, 500, 0, model.config.device, shuffle=False).epoch(0)
        return np.concatenate([model.squared_errors(batch).numpy() for batch in batches])


def roc_auc(score: Any, positive: Any) -> float:
    """The chance that a random positive scores above a random negative, ties counting half.

    From the ranks of the positives: (Σ rank - P·(P + 1)/2)/(P·Q), the statistic of Mann & Whitney 1947.
    """
    _, inverse, counts = np.unique(score, return_inverse=True, return_counts=True)
    rank = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    p, q = int(positive.sum()), int((~positive).sum())
    return float((rank[positive].sum() - p * (p + 1) / 2) / (p * q))


def draw_series(model: TakesLengths, data: Dataset, columns: int = 4) -> Figure:
    """Test series of each class and their reconstructions."""
    labels = range(min(len(data.classes), 5))
    figure = Figure(figsize=(2.4 * columns, 1.5 * len(labels)), layout="constrained")
    axes = figure.subplots(len(labels), columns, squeeze=False, sharex=True, sharey=True)
    for row, label in zip(axes, labels, strict=True):
        part = data.test.take(np.flatnonzero(data.test.labels == label)[:columns])
        batch = Loader(part, columns, 0, model.config.device, shuffle=False).first(columns)
        with no_grad():
            decoded = model.reconstruct(Tensor(batch.inputs), batch.lengths).numpy()
        errors = scores(model, part)
        for axis, x, y, error, length in zip(row, part.inputs, decoded, errors, _lengths(part), strict=False):
            axis.plot(x[:length, 0], color="0.6", lw=2, label="series")
            axis.plot(y[:length, 0], color="C3", lw=1, label="from code")
            axis.set_title(f"{data.classes[label]}: error {error:.4f}", fontsize=8)
            axis.spines[["top", "right"]].set_visible(False)
    axes[0, 0].legend(frameon=False, fontsize=7)
    return figure


def _lengths(split: Split) -> Any:
    return np.full(len(split), split.inputs.shape[1]) if split.lengths is None else split.lengths


def draw_scores(tested: Any, data: Dataset, threshold: float) -> Figure:
    """Histograms of the scores by class, and the threshold."""
    figure = Figure(figsize=(6, 3), layout="constrained")
    axes = figure.add_subplot()
    bins = np.geomspace(tested.min(), tested.max(), 50).tolist()
    for label, name in enumerate(data.classes):
        axes.hist(tested[data.test.labels == label], bins, histtype="step", lw=1.5, label=name)
    axes.axvline(threshold, color="0.3", ls="--", lw=1, label=f"threshold: {QUANTILE:.0%} of validation")
    axes.set_xscale("log")
    axes.set(xlabel="reconstruction error", ylabel="series")
    axes.legend(frameon=False, fontsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    return figure

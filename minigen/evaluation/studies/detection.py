"""Detectors of anomalies: the threshold's rule, ROC-AUC, and baselines without a net.

A detector gives each sequence a score, high for what is unlike the training data. Everything here but the ROC-AUC
knows normal sequences only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from minigen.evaluation.studies.compression import principal_axes

FALSE_ALARMS = 0.05
"""Of the thresholds that minigen chooses itself."""

AXES = 2, 32  # of PCA: a code that is small, and one that also reconstructs anomalies


def threshold_for(scores: Any, false_alarms: float) -> float:
    """The score above which a new normal sequence lies with a probability of at most `false_alarms`.

    Of n normal sequences that were not trained on and a new one, each is equally likely to have one of the k highest
    scores, so the new one exceeds the k-th highest of the others with probability k/(n + 1). k is the largest for which
    this is at most `false_alarms`, and 1 where there are too few sequences for any (see `possible`).
    """
    k = max(int(false_alarms * (len(scores) + 1)), 1)
    return float(np.sort(scores)[-k])


def possible(false_alarms: float, count: int) -> float:
    """The rate, or 1/(count + 1) where that is larger: `count` normal sequences give no threshold for a smaller one."""
    return max(false_alarms, 1 / (count + 1))


def roc_auc(score: Any, positive: Any) -> float:
    """The chance that a random positive scores above a random negative, ties counting half.

    From the ranks of the positives: (Σ rank - P·(P + 1)/2)/(P·Q), the statistic of Mann & Whitney 1947. There must be
    both positives and negatives.
    """
    _, inverse, counts = np.unique(score, return_inverse=True, return_counts=True)
    rank = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    p, q = int(positive.sum()), int((~positive).sum())
    return float((rank[positive].sum() - p * (p + 1) / 2) / (p * q))


def baselines(train: Any) -> dict[str, Callable[[Any], Any]]:
    """Detectors without a net, by name: each maps sequences (N, T, D) to scores (N,), from those to train on.

    The score is the mean squared distance to the mean training sequence, or to the plane through it along the first k
    axes of PCA, which is the reconstruction error of the best linear code of k numbers.
    """
    flat = train.reshape(len(train), -1)
    mean = flat.mean(axis=0)
    axes = principal_axes(lambda: [flat - mean], max(AXES))

    def distance(k: int) -> Callable[[Any], Any]:
        def score(x: Any) -> Any:
            y = x.reshape(len(x), -1) - mean
            return ((y - (y @ axes[:, :k]) @ axes[:, :k].T) ** 2).mean(axis=1)

        return score

    fitting = [k for k in AXES if k < min(flat.shape)]
    return {"distance to the mean": distance(0), **{f"PCA with {k} axes": distance(k) for k in fitting}}


class Detection(NamedTuple):
    """How a detector does on a labelled test set: `found` of the anomalies and `false_alarms` lie above `threshold`."""

    roc_auc: float
    threshold: float
    found: float
    false_alarms: float

    def numbers(self) -> dict[str, float]:
        """By the names under which a run keeps them."""
        return {
            "roc_auc": self.roc_auc,
            "threshold": self.threshold,
            "anomalies_found": self.found,
            "false_alarms": self.false_alarms,
        }


def detection(scores: Any, anomalous: Any, threshold: float) -> Detection:
    """The scores (N,) judged by which of them are anomalies, a boolean (N,)."""
    above = scores > threshold
    return Detection(
        roc_auc(scores, anomalous), threshold, float(above[anomalous].mean()), float(above[~anomalous].mean())
    )


def table(detectors: dict[str, Detection]) -> list[str]:
    """A line for each detector, the model first, and one that says so if a baseline has the larger area."""
    lines = [f"{'':<22}{'ROC-AUC':>9}{'found':>9}{'false alarms':>14}"]
    lines += [f"{name:<22}{d.roc_auc:9.4f}{d.found:9.1%}{d.false_alarms:14.1%}" for name, d in detectors.items()]
    model, best = next(iter(detectors)), max(detectors, key=lambda name: detectors[name].roc_auc)
    if best != model:
        lines.append(f"{best} tells these anomalies better than {model} does, and needs no net")
    return lines

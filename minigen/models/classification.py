"""What a classifier minimises, how many examples it gets right, and a balanced choice of labelled examples."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from minigen import ops
from minigen.autograd import Tensor, no_grad
from minigen.backend import Array
from minigen.data import Loader, Split
from minigen.models.config import ConfigError
from minigen.models.model import Loss


def require_classes(model: str, data: str, classes: int) -> None:
    """Refuse to classify what has but one class: every answer would be right.

    Raises:
        ConfigError: the data has fewer than two classes.
    """
    if classes < 2:
        raise ConfigError(
            f"--data {data} has one class only, {model} needs at least two: a folder of pictures for each"
        )


def classification_loss(logits: Tensor, labels: Array) -> Loss:
    """-ln softmax(logits)[label] in nats per image, and the accuracy beside it.

    Args:
        logits: (N, classes)
        labels: (N,), integers
    """
    return Loss("cross_entropy", ops.cross_entropy(logits, labels), {"accuracy": batch_accuracy(logits, labels)})


def batch_accuracy(logits: Tensor, labels: Array) -> Tensor:
    """The fraction of examples whose own class has the greatest logit, as a 0-d tensor."""
    return Tensor(_right(logits, labels).astype(logits.dtype).mean())


def accuracy(classify: Callable[[Tensor], Tensor], split: Split, device: str = "cpu") -> float:
    """The same fraction for a whole split; classify: (N, C, H, W) -> logits (N, classes)."""
    with no_grad():
        right = sum(
            int(_right(classify(Tensor(batch.inputs)), batch.labels).sum())
            for batch in Loader(split, 1000, 0, device, shuffle=False).epoch(0)
        )
    return right / len(split)


def _right(logits: Tensor, labels: Array) -> Array:
    return logits.data.argmax(axis=1) == labels


def balanced_part(split: Split, count: int, seed: int) -> Split:
    """`count` random examples, as many of each class as possible; all where there are no more."""
    order = np.random.default_rng(seed).permutation(len(split))
    labels, rank = split.labels[order], np.empty(len(split), np.int64)
    for label in np.unique(labels):
        rank[labels == label] = np.arange(np.count_nonzero(labels == label))
    return split.take(order[np.argsort(rank, kind="stable")[:count]])

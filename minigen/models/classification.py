"""What a classifier is measured by: the cross-entropy, which is minimised, and the accuracy beside it."""

from __future__ import annotations

from minigen import ops
from minigen.backend import Array
from minigen.models.model import Terms
from minigen.tensor import Tensor


def classification_terms(logits: Tensor, labels: Array) -> Terms:
    """-ln softmax(logits)[label] in nats an image, and the part of the images that are right.

    Args:
        logits: (N, classes)
        labels: (N,), integers
    """
    right = logits.data.argmax(axis=1) == labels
    return {
        "cross_entropy": ops.cross_entropy(logits, labels),
        "accuracy": Tensor(right.astype(logits.dtype).mean()),
    }

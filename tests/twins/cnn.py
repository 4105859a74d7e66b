"""The convolutional network as a PyTorch user writes it."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812 (PyTorch's own name for it)
from torch import nn

from twins.side_by_side import Batch, Case, Loss, Noise, Objective, Twin


def classification_loss(logits: torch.Tensor, labels: torch.Tensor) -> Loss:
    accuracy = (logits.argmax(1) == labels).to(logits.dtype).mean()
    return Loss("cross_entropy", F.cross_entropy(logits, labels), {"accuracy": accuracy})


class CNN(Twin):
    def __init__(self, config: Any, input_shape: tuple[int, ...], classes: int, noise: Noise) -> None:
        super().__init__(config, input_shape, classes, noise)
        self.features = nn.Sequential(
            nn.Conv2d(input_shape[0], 32, 3, padding="same"),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(32, 64, 3, padding="same"),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Flatten(),
        )
        self.classifier = nn.Sequential(
            nn.Linear(64 * (input_shape[1] // 4) * (input_shape[2] // 4), config.hidden),
            nn.ReLU(),
            nn.Identity(),
            nn.Linear(config.hidden, classes),
        )

    def dropout(self, x: torch.Tensor) -> torch.Tensor:
        if not self.training or self.config.dropout == 0:
            return x
        return x * (self.noise.uniform(*x.shape) >= self.config.dropout) / (1 - self.config.dropout)

    def evaluate(self, batch: Batch) -> Loss:
        hidden = self.dropout(self.classifier[:2](self.features(batch.inputs)))
        return classification_loss(self.classifier[3](hidden), batch.labels)

    def objectives(self) -> list[Objective]:
        return [Objective(torch.optim.Adam(self.parameters(), self.config.lr), self.evaluate)]


CASES = (Case("cnn", "cnn", CNN, {"batch_size": 8, "hidden": 32}),)

"""The deconvolution classifier and its CNN as a PyTorch user writes them."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812 (PyTorch's own name for it)
from torch import nn

from twins.cnn import classification_loss
from twins.side_by_side import Batch, Case, Loss, Noise, Objective, Twin


class Classifier(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, 32, 3, padding=1)
        self.conv2 = nn.Conv2d(32, 64, 3, padding=1)
        self.conv3 = nn.Conv2d(64, 128, 3, padding=1)

    def features(self, x: torch.Tensor) -> torch.Tensor:
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        return F.max_pool2d(F.relu(self.conv3(x)), 2)


class Deconvolution(Classifier):
    """For images of 28 × 28, which pooling leaves at 14, 7 and 3."""

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__(channels)
        self.deconv1 = nn.ConvTranspose2d(128, 64, 3, 2)
        self.deconv2 = nn.ConvTranspose2d(64, 32, 3, 2, padding=1, output_padding=1)
        self.deconv3 = nn.ConvTranspose2d(32, channels, 3, 2, padding=1, output_padding=1)
        self.dense = nn.Linear(channels * 28 * 28, classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = F.relu(self.deconv2(F.relu(self.deconv1(self.features(x)))))
        return self.dense(self.deconv3(x).flatten(1))


class Convolution(Classifier):
    def __init__(self, channels: int, classes: int) -> None:
        super().__init__(channels)
        self.conv4 = nn.Conv2d(128, 64, 3, padding=1)
        self.conv5 = nn.Conv2d(64, 32, 3, padding=1)
        self.conv6 = nn.Conv2d(32, 32, 3, padding=1)
        self.dense = nn.Linear(32 * 3 * 3, classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = F.relu(self.conv5(F.relu(self.conv4(self.features(x)))))
        return self.dense(self.conv6(x).flatten(1))


class DDNet(Twin):
    def __init__(self, config: Any, input_shape: tuple[int, ...], classes: int, noise: Noise) -> None:
        super().__init__(config, input_shape, classes, noise)
        self.ddnet = Deconvolution(input_shape[0], classes)
        self.cnn = Convolution(input_shape[0], classes)

    def loss(self, net: str, batch: Batch) -> Loss:
        loss = classification_loss(getattr(self, net)(batch.inputs * 2 - 1), batch.labels)
        return Loss(f"{net}_{loss.name}", loss.value, {f"{net}_{name}": term for name, term in loss.beside.items()})

    def objectives(self) -> list[Objective]:
        return [
            Objective(torch.optim.Adam(self.ddnet.parameters(), self.config.lr), lambda b: self.loss("ddnet", b)),
            Objective(torch.optim.Adam(self.cnn.parameters(), self.config.lr), lambda b: self.loss("cnn", b)),
        ]

    def evaluate(self, batch: Batch) -> Loss:
        return self.loss("ddnet", batch).with_beside(self.loss("cnn", batch).terms)


CASES = (Case("ddnet", "ddnet", DDNet, {"batch_size": 8, "lr": 2e-4}),)

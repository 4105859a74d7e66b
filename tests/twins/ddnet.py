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


def doubled(in_channels: int, out_channels: int, height: int, width: int) -> nn.ConvTranspose2d:
    """To height × width from half of it, rounded down."""
    even = 1 - height % 2, 1 - width % 2
    return nn.ConvTranspose2d(in_channels, out_channels, 3, 2, padding=even, output_padding=even)


class Deconvolution(Classifier):
    def __init__(self, channels: int, height: int, width: int, classes: int) -> None:
        super().__init__(channels)
        self.deconv1 = doubled(128, 64, height // 4, width // 4)
        self.deconv2 = doubled(64, 32, height // 2, width // 2)
        self.deconv3 = doubled(32, channels, height, width)
        self.dense = nn.Linear(channels * height * width, classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = F.relu(self.deconv2(F.relu(self.deconv1(self.features(x)))))
        return self.dense(self.deconv3(x).flatten(1))


class Convolution(Classifier):
    def __init__(self, channels: int, height: int, width: int, classes: int) -> None:
        super().__init__(channels)
        self.conv4 = nn.Conv2d(128, 64, 3, padding=1)
        self.conv5 = nn.Conv2d(64, 32, 3, padding=1)
        self.conv6 = nn.Conv2d(32, 32, 3, padding=1)
        self.dense = nn.Linear(32 * (height // 8) * (width // 8), classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = F.relu(self.conv5(F.relu(self.conv4(self.features(x)))))
        return self.dense(self.conv6(x).flatten(1))


class DDNet(Twin):
    def __init__(self, config: Any, input_shape: tuple[int, ...], classes: int, noise: Noise) -> None:
        super().__init__(config, input_shape, classes, noise)
        self.ddnet = Deconvolution(*input_shape, classes)
        self.cnn = Convolution(*input_shape, classes)

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

"""The autoencoder with tied weights as a PyTorch user writes it: F.linear with the weight's transpose."""

from __future__ import annotations

import itertools
import math
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812 (PyTorch's own name for it)
from torch import nn

from minigen.data import Loader, Split
from minigen.models.tied import balanced_part
from twins.autoencoder import pixel_loss
from twins.corruption import corrupted
from twins.side_by_side import Batch, Case, Loss, Noise, Objective, Twin, as_torch


class Bias(nn.Module):
    def __init__(self, size: int) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.empty(size))


class TiedAutoencoder(Twin):
    def __init__(self, config: Any, input_shape: tuple[int, ...], classes: int, noise: Noise) -> None:
        super().__init__(config, input_shape, classes, noise)
        pixels = math.prod(input_shape)
        self.encoder = nn.Linear(pixels, config.latent)
        self.decoder = Bias(pixels)
        self.classifier = nn.Linear(config.latent, classes)

    def code(self, x: torch.Tensor) -> torch.Tensor:
        return F.relu(self.encoder(x.flatten(1)))

    def logits(self, code: torch.Tensor) -> torch.Tensor:
        return F.linear(code, self.encoder.weight.T, self.decoder.bias)

    def loss(self, batch: Batch) -> Loss:
        x = corrupted(batch.inputs, self.config.corrupt, self.training, self.noise)
        return pixel_loss(self.logits(self.code(x)), batch.inputs, "bce")

    def joint(self, batch: Batch) -> Loss:
        labelled = next(self.labelled)
        bce = self.loss(batch).value
        cross_entropy = F.cross_entropy(self.classifier(self.code(labelled.inputs)), labelled.labels)
        loss = bce + self.config.label_weight * cross_entropy
        return Loss("loss", loss, {"bce": bce, "cross_entropy": cross_entropy})

    def evaluate(self, batch: Batch) -> Loss:
        code = self.code(batch.inputs)
        loss = pixel_loss(self.logits(code), batch.inputs, "bce", "mse")
        if self.config.mode != "joint":
            return loss
        return loss.with_beside({"accuracy": (self.classifier(code).argmax(1) == batch.labels).to(code.dtype).mean()})

    def prepare(self, train: Split) -> None:
        part = balanced_part(train, self.config.labels or len(train), self.config.seed)
        loader = Loader(part, self.config.batch_size, self.config.seed, dtype=str(self.decoder.bias.dtype)[6:])
        self.labelled = map(as_torch, itertools.chain.from_iterable(map(loader.epoch, itertools.count())))

    def objectives(self) -> list[Objective]:
        if self.config.mode == "pretrain":
            parameters = [*self.encoder.parameters(), *self.decoder.parameters()]
            return [Objective(torch.optim.Adam(parameters, self.config.lr), self.loss)]
        return [Objective(torch.optim.Adam(self.parameters(), self.config.lr), self.joint)]


CASES = (
    Case("sae-pretrain", "sae", TiedAutoencoder, {"batch_size": 64}),
    Case("sae-pretrain-masked", "sae", TiedAutoencoder, {"batch_size": 64, "corrupt": "mask:0.5"}),
    Case("sae-joint", "sae", TiedAutoencoder, {"batch_size": 64, "mode": "joint", "labels": 100, "label_weight": 0.25}),
)

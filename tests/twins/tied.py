"""The autoencoder with tied weights as a PyTorch user writes it: F.linear with the weight's transpose."""

from __future__ import annotations

import math
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812 (PyTorch's own name for it)
from torch import nn

from minigen.data import Loader, load
from minigen.models.tied import balanced_part
from twins.autoencoder import corrupted
from twins.side_by_side import Batch, Case, Noise, Objective, Terms, Twin


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

    def pixel_error(self, batch: Batch) -> torch.Tensor:
        code = self.code(corrupted(batch.inputs, self.config.corrupt, self.noise))
        logits = F.linear(code, self.encoder.weight.T, self.decoder.bias)
        return F.binary_cross_entropy_with_logits(logits, batch.inputs.flatten(1))

    def joint(self, batch: Batch) -> Terms:
        inputs, labels = next(self.labelled)
        bce = self.pixel_error(batch)
        cross_entropy = F.cross_entropy(self.classifier(self.code(inputs)), labels)
        return {"loss": bce + self.config.label_weight * cross_entropy, "bce": bce, "cross_entropy": cross_entropy}

    def objectives(self) -> list[Objective]:
        if self.config.mode == "pretrain":
            parameters = [*self.encoder.parameters(), *self.decoder.parameters()]
            adam = torch.optim.Adam(parameters, self.config.lr)
            return [Objective(adam, lambda batch: {"bce": self.pixel_error(batch)})]
        part = balanced_part(load("mnist5k").train, self.config.labels, self.config.seed)
        loader = Loader(part, self.config.batch_size, self.config.seed, dtype=str(self.decoder.bias.dtype)[6:])
        self.labelled = (
            (torch.from_numpy(batch.inputs.copy(order="C")), torch.from_numpy(batch.labels))
            for epoch in range(100)
            for batch in loader.epoch(epoch)
        )
        return [Objective(torch.optim.Adam(self.parameters(), self.config.lr), self.joint)]


CASES = (
    Case("sae-pretrain", "sae", TiedAutoencoder, {"batch_size": 64}),
    Case("sae-pretrain-masked", "sae", TiedAutoencoder, {"batch_size": 64, "corrupt": "mask:0.5"}),
    Case("sae-joint", "sae", TiedAutoencoder, {"batch_size": 64, "mode": "joint", "labels": 100}),
)

"""The dense autoencoder: reproduce the input from a code that is smaller than it.

Documents 000 §2.2 and 003 §2.1, 3.1; Hinton & Salakhutdinov 2006, "Reducing the Dimensionality of Data with
Neural Networks".

    encoder   x -> relu(dense) -> code           no activation: each number of the code is free
    decoder   code -> relu(dense) -> sigmoid(dense)

It minimises the error per pixel, either squared or as binary cross-entropy. Unlike a VAE it has no prior over codes:
it compresses, but a code drawn at random may decode to anything.
"""

from __future__ import annotations

import math
from typing import Annotated, Literal

from msgspec import Meta

from minigen import nn, ops
from minigen.autograd import Tensor
from minigen.backend import Array
from minigen.data import Batch, Dataset, Split
from minigen.evaluation.finding import Finding
from minigen.models.config import Epochs, Hidden, Latent, WorkersOfShortSteps
from minigen.models.corruption import CorruptionConfig, corrupted
from minigen.models.model import Good, Loss, Model, Objective
from minigen.optim import Adam


def squared_error(logits: Tensor, x: Array) -> Tensor:
    """(sigmoid(logits) - x)², averaged over pixels and examples: (N, pixels) and (N, C, H, W)."""
    return ops.mse_loss(ops.sigmoid(logits), x.reshape(logits.shape))


def binary_cross_entropy(logits: Tensor, x: Array) -> Tensor:
    """-x·ln p - (1 - x)·ln(1 - p) with p = sigmoid(logits), in nats, averaged over pixels and examples.

    A grey pixel costs something even where p = x, so the minimum is above 0 (0.06 on MNIST).
    """
    return ops.binary_cross_entropy_with_logits(logits, x.reshape(logits.shape))


PIXEL_ERRORS = {"mse": squared_error, "bce": binary_cross_entropy}


def pixel_loss(name: str, logits: Tensor, x: Array, *beside: str) -> Loss:
    """The error of that name, "mse" or "bce", and the others that are shown beside it."""
    others = {other: PIXEL_ERRORS[other](logits, x) for other in beside if other != name}
    return Loss(name, PIXEL_ERRORS[name](logits, x), others)


PixelLoss = Annotated[Literal["mse", "bce"], Meta(description="error per pixel: squared, or binary cross-entropy")]


class AutoencoderConfig(CorruptionConfig, kw_only=True):
    """The document's code of 32 numbers, one hidden layer on each side."""

    epochs: Epochs = 50
    workers: WorkersOfShortSteps = 1
    hidden: Hidden = 400
    latent: Latent = 32
    loss: PixelLoss = "mse"


class Autoencoder(Model):
    """Autoencoder with dense layers: compresses an input to a few numbers and back."""

    name = "ae"
    good = (
        Good("mse per pixel of 0.010", "mnist5k", {"loss": "mse"}),
        Good("bce per pixel of 0.091", "mnist5k", {"loss": "bce"}),
        Good("bce per pixel of 0.074", "mnist", {"loss": "bce"}),
    )
    config_type = AutoencoderConfig
    config: AutoencoderConfig

    def __init__(self, config: AutoencoderConfig, input_shape: tuple[int, ...], classes: int) -> None:
        self.config, self.input_shape, self.latent = config, input_shape, config.latent
        pixels = math.prod(input_shape)
        self.encoder = nn.Sequential(
            nn.Flatten(), nn.Linear(pixels, config.hidden), nn.ReLU(), nn.Linear(config.hidden, config.latent)
        )
        self.decoder = nn.Sequential(
            nn.Linear(config.latent, config.hidden), nn.ReLU(), nn.Linear(config.hidden, pixels)
        )

    def logits(self, batch: Batch) -> Tensor:
        """Logits of the reconstruction, (N, pixels); in training the input is damaged first."""
        return self.decoder(self.encode(Tensor(corrupted(batch.inputs, self.config.corrupt, self.training))))

    def loss(self, batch: Batch) -> Loss:
        """The error per pixel; the target is the clean input."""
        return pixel_loss(self.config.loss, self.logits(batch), batch.inputs)

    def objectives(self) -> list[Objective]:
        """The error, by Adam."""
        return [Objective("error", Adam(self.parameters(), self.config.lr), self.loss)]

    def evaluate(self, batch: Batch) -> Loss:
        """The same error, and the squared one, which can be compared between losses."""
        return pixel_loss(self.config.loss, self.logits(batch), batch.inputs, "mse")

    def study(self, data: Dataset, validation: Split) -> Finding:
        """The error beside that of PCA with as many numbers."""
        from minigen.evaluation.studies.compression import compare_with_pca  # Matplotlib is slow to import

        return compare_with_pca(self, data, validation)

    def encode(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, latent)"""
        return self.encoder(x)

    def decode(self, z: Tensor) -> Tensor:
        """(N, latent) -> (N, C, H, W) in [0, 1]"""
        return ops.sigmoid(self.decoder(z)).reshape(len(z), *self.input_shape)

    def reconstruct(self, x: Tensor) -> Tensor:
        """decode(encode(x))"""
        return self.decode(self.encode(x))

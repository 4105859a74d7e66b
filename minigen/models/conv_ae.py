"""The convolutional autoencoder: an encoder of convolutions, and a decoder that mirrors it layer by layer.

Document 003 §2.2, 3.2, 4.1; Masci et al. 2011, "Stacked Convolutional Auto-Encoders".

    encoder   relu(conv 32) -> relu(conv 64, stride 2) -> flatten -> dense 16
    decoder   relu(dense) -> reshape -> relu(conv-transpose 32, stride 2) -> sigmoid(conv-transpose C)

    --pooling strided    the second convolution halves the image, its mirror doubles it
    --pooling max        max-pooling halves it, and unpooling doubles it: the largest of four values goes back
                         to its "switch", the position that it came from, and the three others are 0
                         (Zeiler & Fergus 2014, "Visualizing and Understanding Convolutional Networks", 2.1)

Each layer of the decoder undoes one of the encoder: the same kernel, stride and channels, the other way round.
The document's code has the strides 1, 2 on the way in and 2, 1, 2 on the way out, and reshapes 4,096 numbers
to 32·32·3.

The switches bypass the code: they tell the decoder things that are not in its 16 numbers, so a reconstruction
with switches says little about the code. `evaluate` therefore also gives the error of the code alone.
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
from minigen.models.autoencoder import PixelLoss, pixel_loss, squared_error
from minigen.models.config import Epochs, Latent, Warmup
from minigen.models.corruption import CorruptionConfig, corrupted
from minigen.models.images import image_shape
from minigen.models.model import Good, Loss, Model, Objective
from minigen.optim import Adam


class ConvAutoencoderConfig(CorruptionConfig, kw_only=True):
    """The document's: a code of 16 numbers, squared error, Adam, 50 epochs, batch 128, validation 0.1.

    Without a warm-up Adam's first steps, as long as any later one, can drive all pixels so far below 0 that the
    sigmoid's slope is gone: the error stays at 0.11, that of a black image (seen on mnist with seed 0).
    """

    epochs: Epochs = 50
    warmup: Warmup = 200
    latent: Latent = 16
    pooling: Annotated[Literal["strided", "max"], Meta(description="how the image is halved and doubled")] = "strided"
    loss: PixelLoss = "mse"


class ConvAutoencoder(Model):
    """Autoencoder with convolutions: compresses an image to a few numbers and back."""

    name = "conv-ae"
    good = (Good("mse per pixel of 0.012 with --epochs 3, where PCA has 0.027", "mnist", {"loss": "mse"}),)
    config_type = ConvAutoencoderConfig
    config: ConvAutoencoderConfig

    def __init__(self, config: ConvAutoencoderConfig, input_shape: tuple[int, ...], classes: int) -> None:
        channels, height, width = image_shape(self.name, config, input_shape, multiple=2)
        self.config, self.input_shape, self.latent = config, input_shape, config.latent
        stride = 2 if config.pooling == "strided" else 1
        halved = 64, height // 2, width // 2
        self.features = nn.Sequential(
            nn.Conv2d(channels, 32, 3, padding="same"),
            nn.ReLU(),
            nn.Conv2d(32, 64, 3, stride=stride, padding="same"),
            nn.ReLU(),
        )
        self.code = nn.Sequential(nn.Flatten(), nn.Linear(math.prod(halved), config.latent))
        self.expansion = nn.Sequential(
            nn.Linear(config.latent, math.prod(halved)),
            nn.ReLU(),
            nn.Reshape(*halved),
        )
        self.image = nn.Sequential(
            nn.ConvTranspose2d(64, 32, 3, stride=stride, padding="same"),
            nn.ReLU(),
            nn.ConvTranspose2d(32, channels, 3, padding="same"),
        )

    def encode_with_switches(self, x: Tensor) -> tuple[Tensor, Array | None]:
        """The code (N, latent), and with --pooling max the positions of the maxima (N, 64, H / 2, W / 2)."""
        features, switches = self.features(x), None
        if self.config.pooling == "max":
            features, switches = ops.max_pool2d(features, 2, return_indices=True)
        return self.code(features), switches

    def logits(self, z: Tensor, switches: Array | None) -> Tensor:
        """Logits of the image: (N, latent) -> (N, C, H, W)

        Without switches a maximum may have come from any of four positions: each gets its mean there, a quarter.
        """
        features = self.expansion(z)
        if self.config.pooling == "max":
            if switches is None:
                features = 0.25 * ops.upsample_nearest2d(features, 2)
            else:
                features = ops.max_unpool2d(features, switches, 2)
        return self.image(features)

    def loss(self, batch: Batch) -> Loss:
        """The error per pixel between the clean input and the reconstruction of the damaged one."""
        x = Tensor(corrupted(batch.inputs, self.config.corrupt, self.training))
        return pixel_loss(self.config.loss, self.logits(*self.encode_with_switches(x)), batch.inputs)

    def objectives(self) -> list[Objective]:
        """The error, by Adam."""
        return [Objective("error", Adam(self.parameters(), self.config.lr), self.loss)]

    def evaluate(self, batch: Batch) -> Loss:
        """The same error, the squared one, and with --pooling max the squared error without the switches."""
        z, switches = self.encode_with_switches(Tensor(batch.inputs))
        loss = pixel_loss(self.config.loss, self.logits(z, switches), batch.inputs, "mse")
        if switches is None:
            return loss
        return loss.with_beside({"mse_of_the_code_alone": squared_error(self.logits(z, None), batch.inputs)})

    def study(self, data: Dataset, validation: Split) -> Finding:
        """The error beside that of PCA with as many numbers."""
        from minigen.evaluation.studies.compression import compare_with_pca  # Matplotlib is slow to import

        return compare_with_pca(self, data, validation)

    def encode(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, latent)"""
        return self.encode_with_switches(x)[0]

    def decode(self, z: Tensor) -> Tensor:
        """(N, latent) -> (N, C, H, W) in [0, 1]: from the code alone"""
        return ops.sigmoid(self.logits(z, None))

    def reconstruct(self, x: Tensor) -> Tensor:
        """(N, C, H, W) in [0, 1] -> the same shape, with the switches where there are any"""
        return ops.sigmoid(self.logits(*self.encode_with_switches(x)))

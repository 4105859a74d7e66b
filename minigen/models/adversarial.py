"""What all adversarial models share: two nets with opposite aims, and an optimizer for each.

    generator       G: noise z of N(0, 1) -> image
    discriminator   D: image -> one number, high for real images

Document 002's code has one optimizer for both, which would move the discriminator to please the generator and
the generator to please the discriminator. Here each step moves one net while the other is fixed.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Annotated

from msgspec import Meta

from minigen import nn
from minigen.autograd import Tensor
from minigen.backend import Array
from minigen.data import Batch, Dataset, Split
from minigen.evaluation.finding import Finding
from minigen.models.config import BatchSize, Config, Count, Epochs, Fraction, LearningRate
from minigen.models.model import Loss, Model, Objective
from minigen.ops.noise import normal_batch
from minigen.optim import Adam

Validation = Annotated[
    Fraction, Meta(description="part of the training set held out to measure the losses on; the last epoch is kept")
]
Beta1 = Annotated[Fraction, Meta(description="Adam's decay of the mean gradient: short, as the aim moves")]
Beta2 = Annotated[Fraction, Meta(description="Adam's decay of the mean squared gradient")]
Filters = Annotated[
    Count, Meta(description="filters of the convolution next to the image; the inner one has twice as many")
]


class AdversarialConfig(Config, kw_only=True):
    """The documents' optimizer, Adam with 2e-4 and β₁ 0.5, and noise of 100 numbers.

    The losses tell who is winning, not how good the images are, so the last epoch is kept with or without validation.
    """

    epochs: Epochs = 50
    validation: Validation = 0.0
    batch_size: BatchSize = 64
    lr: LearningRate = 2e-4
    beta1: Beta1 = 0.5
    beta2: Beta2 = 0.999
    latent: Annotated[Count, Meta(description="numbers in the noise z")] = 100


class Adversarial(Model):
    """A generator, (N, latent) -> (N, C, H, W), and a discriminator, (N, C, H, W) -> (N, 1)."""

    config: AdversarialConfig
    latent: int
    generator: nn.Module
    discriminator: nn.Module
    watch_samples = True
    steps_per_generator_step = 1

    @abstractmethod
    def discriminator_loss(self, x: Tensor, noise: Tensor) -> Loss:
        """The discriminator's loss: images (N, C, H, W) in [0, 1] and noise (N, latent)."""

    @abstractmethod
    def generator_loss(self, noise: Tensor) -> Loss:
        """The generator's loss: noise (N, latent)."""

    @abstractmethod
    def sample(self, noise: Tensor) -> Tensor:
        """(N, latent) -> (N, C, H, W) in [0, 1]"""

    def objectives(self) -> list[Objective]:
        """The discriminator's loss, then the generator's, each with its own noise and its own Adam."""
        lr, betas = self.config.lr, (self.config.beta1, self.config.beta2)
        return [
            Objective(
                "d",
                Adam(self.discriminator.parameters(), lr, betas),
                lambda batch: self.discriminator_loss(Tensor(batch.inputs), self.noise(batch.inputs)),
            ),
            Objective(
                "g",
                Adam(self.generator.parameters(), lr, betas),
                lambda batch: self.generator_loss(self.noise(batch.inputs)),
                every=self.steps_per_generator_step,
            ),
        ]

    def noise(self, like: Array) -> Tensor:
        """z ~ N(0, 1), (N, latent), one for each of the N examples of `like`"""
        return Tensor(normal_batch(len(like), self.latent, like))

    def evaluate(self, batch: Batch) -> Loss:
        """The discriminator's loss, and the generator's beside it: who is winning, not how good the images are."""
        noise = self.noise(batch.inputs)
        discriminator_loss = self.discriminator_loss(Tensor(batch.inputs), noise)
        return discriminator_loss.with_beside(self.generator_loss(noise).terms)

    def study(self, data: Dataset, validation: Split) -> Finding:
        """Measures of the samples, and pictures that could show the generator up."""
        from minigen.evaluation.studies.generation import judge_samples  # Matplotlib is slow to import

        return judge_samples(self, data, validation)

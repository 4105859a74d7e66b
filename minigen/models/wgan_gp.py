"""The Wasserstein GAN with gradient penalty: the cure for mode collapse and vanishing gradients.

Documents 002 §5.2, 6.2 and 004 §6 name the two failures and offer nothing; Gulrajani et al. 2017, "Improved
Training of Wasserstein GANs", algorithm 1.

    D minimises     D(G(z)) - D(x) + λ·(‖∇D(x̂)‖ - 1)²,     x̂ = ε·x + (1 - ε)·G(z), ε from U(0, 1)
    G minimises     -D(G(z))

D(x) - D(G(z)) estimates the Wasserstein distance between the generator's images and the real ones, provided that D
is nowhere steeper than 1, which the penalty encourages. Unlike a probability, a distance does not saturate:
however bad the generator is, D tells it which way to go.

The penalty contains a gradient and is itself differentiated with respect to D's weights: a second derivative.
The paper calls D a "critic", as it gives no probability; it takes several steps per generator step. It has no batch
normalisation, because the penalty constrains the gradient of each image alone.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from minigen import nn, ops
from minigen.autograd import Tensor, grad
from minigen.backend import Array
from minigen.data import Batch
from minigen.models.adversarial import Adversarial, AdversarialConfig, Beta1, Beta2, Filters
from minigen.models.config import Count, Epochs, LearningRate, NotNegative, Schedule
from minigen.models.dcgan import conv_generator
from minigen.models.images import image_shape
from minigen.models.model import Good, Loss
from minigen.ops.noise import uniform


class WGANGPConfig(AdversarialConfig, kw_only=True):
    """The paper's λ, β₁ and β₂; a learning rate five times the paper's and three critic steps instead of five,
    which these small nets tolerate and which save hours.
    """

    schedule: Schedule = "cosine"
    epochs: Epochs = 40
    lr: LearningRate = 5e-4
    beta1: Beta1 = 0.0
    beta2: Beta2 = 0.9
    filters: Filters = 32
    penalty: Annotated[NotNegative, Meta(description="λ, the weight of the gradient penalty")] = 10.0
    critic_steps: Annotated[Count, Meta(description="critic steps per generator step")] = 3


class WGANGP(Adversarial):
    """Wasserstein GAN with gradient penalty: convolutions, and a loss that does not saturate."""

    name = "wgan-gp"
    good = (Good("all 10 digits in the samples, frechet below 100 with --epochs 10 (real: 12)", "mnist"),)
    config_type = WGANGPConfig
    config: WGANGPConfig

    def __init__(self, config: WGANGPConfig, input_shape: tuple[int, ...], classes: int) -> None:
        self.config, self.input_shape, self.latent = config, input_shape, config.latent
        channels, height, width = image_shape(self.name, config, input_shape, multiple=4)
        outer, inner = config.filters, 2 * config.filters
        self.steps_per_generator_step = config.critic_steps
        self.generator = conv_generator(config.latent, input_shape, config.filters, "tanh")
        self.discriminator = nn.Sequential(
            nn.Conv2d(channels, outer, 4, stride=2, padding=1),
            nn.LeakyReLU(0.2),
            nn.Conv2d(outer, inner, 4, stride=2, padding=1),
            nn.LeakyReLU(0.2),
            nn.Flatten(),
            nn.Linear(inner * (height // 4) * (width // 4), 1),
        )

    def discriminator_loss(self, x: Tensor, noise: Tensor) -> Loss:
        """D(G(z)) - D(x) + λ·penalty; beside it the estimated distance D(x) - D(G(z)) and the penalty."""
        real, fake = x * 2.0 - 1.0, self.generator(noise).detach()
        distance = self.distance(real, fake)
        mixing = uniform((len(x), 1, 1, 1), x.data)
        penalty = self.gradient_penalty(mixing * real.data + (1 - mixing) * fake.data)
        loss = self.config.penalty * penalty - distance
        return Loss("d_loss", loss, {"distance": distance, "penalty": penalty})

    def distance(self, real: Tensor, fake: Tensor) -> Tensor:
        """The mean of D(real) - D(fake)."""
        return (self.discriminator(real) - self.discriminator(fake)).mean()

    def gradient_penalty(self, between: Array) -> Tensor:
        """(‖∇D‖ - 1)² at the images `between` (N, C, H, W), averaged; ∇D is the gradient to the pixels."""
        x = Tensor(between, requires_grad=True)
        (gradient,) = grad(self.discriminator(x).sum(), x, create_graph=True)
        norm = ops.sqrt((gradient * gradient).flatten(1).sum(1) + 1e-12)
        return ((norm - 1.0) ** 2).mean()

    def generator_loss(self, noise: Tensor) -> Loss:
        """-D(G(z))"""
        return Loss("g_loss", -self.discriminator(self.generator(noise)).mean())

    def evaluate(self, batch: Batch) -> Loss:
        """The estimated distance: how the game stands, not how good the images are."""
        real, fake = Tensor(batch.inputs) * 2.0 - 1.0, self.generator(self.noise(batch.inputs))
        return Loss("distance", self.distance(real, fake))

    def sample(self, noise: Tensor) -> Tensor:
        """G(noise) in [0, 1]"""
        return self.generator(noise) * 0.5 + 0.5

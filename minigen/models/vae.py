"""The variational autoencoder with dense layers.

Documents 000 §2.4, 3.2, 4.2 and 002 §2.1, 3.1, 4.1; Kingma & Welling 2014, "Auto-Encoding Variational Bayes".

    encoder   x -> relu(dense) -> μ, ln σ²          q(z|x) = N(μ, σ²)
    noise     z = μ + σ·ε, ε from N(0, 1)
    decoder   z -> relu(dense) -> p(x|z)            Bernoulli, or Gaussian with its own variance

The loss is the negative ELBO in nats per image,

    -ELBO = -ln p(x|z) + β·KL(q(z|x) ‖ N(0, 1)),

both terms summed over their axes and averaged over the batch. The documents' code averages one term and sums the
other, which changes their ratio by a factor of 784; lesson 18 shows the effect.
"""

from __future__ import annotations

import math
from typing import Annotated, ClassVar, Literal

from msgspec import Meta

from minigen import nn, ops
from minigen.autograd import Tensor
from minigen.data import Batch
from minigen.models.config import Epochs, Hidden, Latent, NotNegative, WorkersOfShortSteps
from minigen.models.corruption import CorruptionConfig, corrupted
from minigen.models.images import image_shape
from minigen.models.model import Good, Loss, Model, Objective
from minigen.optim import Adam


class VAEConfig(CorruptionConfig, kw_only=True):
    """The documents' sizes, dense 400 and Adam 1e-3, but a latent of 10 where document 000 has 32.

    On 4,500 digits a latent of 32 gains 5 nats (111.8 against 117.3), but its samples look worse: most draws from the
    prior then lie far from the codes of training images.
    """

    epochs: Epochs = 100
    workers: WorkersOfShortSteps = 1
    hidden: Hidden = 400
    latent: Latent = 10
    beta: Annotated[
        NotNegative, Meta(description="weight of the KL term: above 1 for simpler codes (Higgins et al. 2017)")
    ] = 1.0
    likelihood: Annotated[
        Literal["bernoulli", "gaussian"], Meta(description="p(x|z): pixels as probabilities, or as reals")
    ] = "bernoulli"


class VAE(Model):
    """Variational autoencoder with dense layers: compresses images, and draws new ones."""

    name = "vae"
    good: ClassVar[tuple[Good, ...]] = (
        Good("negative ELBO of 117 nats per image; blur is normal", "mnist5k", {"likelihood": "bernoulli"}),
        Good("negative ELBO of 106 nats per image with --latent 20 --epochs 10", "mnist", {"likelihood": "bernoulli"}),
    )
    config_type = VAEConfig
    config: VAEConfig
    pixel: nn.Module
    pixel_log_var: nn.Module

    def __init__(self, config: VAEConfig, input_shape: tuple[int, ...], classes: int) -> None:
        self.config, self.input_shape, self.latent = config, input_shape, config.latent
        pixels = math.prod(image_shape(self.name, config, input_shape, multiple=1))
        self.encoder = nn.Sequential(nn.Flatten(), nn.Linear(pixels, config.hidden), nn.ReLU())
        self.mean = nn.Linear(config.hidden, config.latent)
        self.log_var = nn.Linear(config.hidden, config.latent)
        self.decoder = nn.Sequential(nn.Linear(config.latent, config.hidden), nn.ReLU())
        self.pixel = nn.Linear(config.hidden, pixels)
        if config.likelihood == "gaussian":
            self.pixel_log_var = nn.Linear(config.hidden, pixels)

    def posterior(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """q(z|x): (N, C, H, W) -> mean and log-variance, each (N, latent)"""
        hidden = self.encoder(x)
        return self.mean(hidden), self.log_var(hidden)

    def negative_log_likelihood(self, x: Tensor, z: Tensor) -> Tensor:
        """-ln p(x|z), in nats, summed over pixels, averaged over the batch."""
        hidden, pixels = self.decoder(z), x.flatten(1)
        if self.config.likelihood == "bernoulli":
            return ops.binary_cross_entropy_with_logits(self.pixel(hidden), pixels, "sum") / len(x)
        mean, log_var = ops.sigmoid(self.pixel(hidden)), self._bounded_log_var(hidden)
        return ops.gaussian_nll_loss(mean, pixels, log_var, "sum") / len(x)

    def _bounded_log_var(self, hidden: Tensor) -> Tensor:
        """ln σ², kept within [-6, 6]: the likelihood of a pixel that is always 0 grows without bound as σ goes to 0."""
        return ops.clip(self.pixel_log_var(hidden), -6.0, 6.0)

    def elbo_terms(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """The reconstruction term and the KL term, each in nats per image."""
        mean, log_var = self.posterior(Tensor(corrupted(batch.inputs, self.config.corrupt, self.training)))
        z = ops.reparameterize(mean, log_var)
        return self.negative_log_likelihood(Tensor(batch.inputs), z), ops.kl_standard_normal(mean, log_var).mean()

    def loss(self, batch: Batch) -> Loss:
        """The negative ELBO with the KL term weighted by β, and its two terms."""
        reconstruction, kl = self.elbo_terms(batch)
        return Loss("loss", reconstruction + self.config.beta * kl, {"reconstruction": reconstruction, "kl": kl})

    def objectives(self) -> list[Objective]:
        """The negative ELBO, by Adam."""
        return [Objective("elbo", Adam(self.parameters(), self.config.lr), self.loss)]

    def evaluate(self, batch: Batch) -> Loss:
        """The negative ELBO itself (β = 1), in nats per image, from one draw of z."""
        reconstruction, kl = self.elbo_terms(batch)
        return Loss("negative_elbo", reconstruction + kl, {"reconstruction": reconstruction, "kl": kl})

    def encode(self, x: Tensor) -> Tensor:
        """The mean of q(z|x): (N, C, H, W) -> (N, latent)"""
        return self.posterior(x)[0]

    def decode(self, z: Tensor) -> Tensor:
        """The mean of p(x|z): (N, latent) -> (N, C, H, W)"""
        return ops.sigmoid(self.pixel(self.decoder(z))).reshape(len(z), *self.input_shape)

    def reconstruct(self, x: Tensor) -> Tensor:
        """decode(encode(x))"""
        return self.decode(self.encode(x))

    def sample(self, noise: Tensor) -> Tensor:
        """decode(noise): noise of N(0, 1) is a draw from the prior."""
        return self.decode(noise)

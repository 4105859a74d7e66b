"""The generative adversarial network with dense layers.

Documents 002 §2.2, 3.2, 4.2 and 004 §3.2, 4.2; Goodfellow et al. 2014, "Generative Adversarial Nets".

With σ(D(x)) the probability that D gives to x being real,

    D minimises     -ln σ(D(x)) - ln(1 - σ(D(G(z))))
    G minimises     -ln σ(D(G(z)))            --loss non-saturating
                    ln(1 - σ(D(G(z))))        --loss minimax, the formula of document 002

In the discriminator's step G(z) is detached, so no gradient reaches the generator. The derivative of the minimax
loss with respect to D is -σ(D), which vanishes where the generator does badly, at σ(D) ≈ 0, and training stalls.
The non-saturating loss has the derivative σ(D) - 1: the same equilibrium without the stall.
"""

from __future__ import annotations

import math
from typing import Annotated, Literal

from msgspec import Meta

from minigen import backend, nn, ops
from minigen.autograd import Tensor
from minigen.models.adversarial import Adversarial, AdversarialConfig
from minigen.models.config import WorkersOfShortSteps
from minigen.models.images import image_shape
from minigen.models.model import Good, Loss
from minigen.nn import init


class GANConfig(AdversarialConfig, kw_only=True):
    """The documents' losses and their variants."""

    workers: WorkersOfShortSteps = 1
    loss: Annotated[Literal["non-saturating", "minimax"], Meta(description="what the generator minimises")] = (
        "non-saturating"
    )
    real_label: Annotated[
        float, Meta(gt=0, le=1, description="target for real images; 0.9 smooths it (Salimans et al. 2016)")
    ] = 1.0
    output: Annotated[
        Literal["tanh", "sigmoid"], Meta(description="range of the generator's images: [-1, 1] or [0, 1]")
    ] = "tanh"


class GAN(Adversarial):
    """Generative adversarial network with dense layers: draws new images."""

    name = "gan"
    good = (Good("all 10 digits in the samples, none below 2 %, with --epochs 3 --lr 4e-4 --real-label 0.9", "mnist"),)
    config_type = GANConfig
    config: GANConfig

    def __init__(self, config: GANConfig, input_shape: tuple[int, ...], classes: int) -> None:
        self.config, self.input_shape, self.latent = config, input_shape, config.latent
        pixels = math.prod(image_shape(self.name, config, input_shape, multiple=1))
        self.generator = nn.Sequential(
            nn.Linear(config.latent, 256),
            nn.ReLU(),
            nn.Linear(256, 512),
            nn.ReLU(),
            nn.Linear(512, pixels),
            output_activation(config.output),
            nn.Reshape(*input_shape),
        )
        self.discriminator = nn.Sequential(
            nn.Flatten(),
            nn.Linear(pixels, 1024),
            nn.LeakyReLU(0.2),
            nn.Linear(1024, 512),
            nn.LeakyReLU(0.2),
            nn.Linear(512, 1),
        )
        draw_glorot_weights(self)

    def discriminator_loss(self, x: Tensor, noise: Tensor) -> Loss:
        """-ln σ(D(x)) - ln(1 - σ(D(G(z)))); beside it the mean probabilities given to real and to fake images."""
        on_real = self.discriminator(self.to_output_range(x))
        on_fake = self.discriminator(self.generator(noise).detach())
        loss = bce_for_label(on_real, self.config.real_label) + bce_for_label(on_fake, 0.0)
        return Loss("d_loss", loss, {"d_real": ops.sigmoid(on_real).mean(), "d_fake": ops.sigmoid(on_fake).mean()})

    def generator_loss(self, noise: Tensor) -> Loss:
        """-ln σ(D(G(z))), or with --loss minimax ln(1 - σ(D(G(z))))."""
        on_fake = self.discriminator(self.generator(noise))
        if self.config.loss == "minimax":
            return Loss("g_loss", -bce_for_label(on_fake, 0.0))
        return Loss("g_loss", bce_for_label(on_fake, 1.0))

    def to_output_range(self, x: Tensor) -> Tensor:
        """Images in [0, 1] -> the range of the generator's."""
        return x * 2.0 - 1.0 if self.config.output == "tanh" else x

    def sample(self, noise: Tensor) -> Tensor:
        """G(noise) in [0, 1]"""
        images = self.generator(noise)
        return images * 0.5 + 0.5 if self.config.output == "tanh" else images


def draw_glorot_weights(model: nn.Module) -> None:
    """Keras's first weights for dense layers, as the documents' nets have them; biases 0.

    With torch.nn's smaller weights the generator's first images are all nearly alike, and it takes long to vary them.
    """
    for _, layer in model.named_modules():
        if isinstance(layer, nn.Linear):
            out_features, in_features = layer.weight.shape
            layer.weight.data = init.xavier_uniform((out_features, in_features), in_features, out_features)
            if layer.bias is not None:
                layer.bias.data *= 0.0


def output_activation(name: str) -> nn.Module:
    """The generator's last activation."""
    return nn.Tanh() if name == "tanh" else nn.Sigmoid()


def bce_for_label(logits: Tensor, label: float) -> Tensor:
    """The mean binary cross-entropy of logits whose targets are all `label`, in nats."""
    return ops.binary_cross_entropy_with_logits(logits, backend.of(logits.data).full_like(logits.data, label))

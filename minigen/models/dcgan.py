"""The convolutional GAN: the losses of `gan`, with convolutions instead of dense layers.

Documents 000 and 002 imply it (a generator of transposed convolutions); Radford et al. 2016, "Unsupervised
Representation Learning with Deep Convolutional Generative Adversarial Networks", whose rules it keeps:

    strided convolutions in the discriminator, transposed ones in the generator, no pooling
    batch normalisation in both, but not where an image enters or leaves
    relu in the generator, leaky relu 0.2 in the discriminator, weights from N(0, 0.02²)

A kernel of 4 at stride 2 covers each pixel equally often; one of 3 would leave checkerboard artifacts.
"""

from __future__ import annotations

from minigen import nn
from minigen.models.adversarial import Filters
from minigen.models.config import Epochs, Workers
from minigen.models.gan import GAN, GANConfig, output_activation
from minigen.models.images import image_shape
from minigen.models.model import Good
from minigen.nn import init


class DCGANConfig(GANConfig, kw_only=True):
    """Radford's rules, at a size that trains on a CPU."""

    epochs: Epochs = 20
    workers: Workers = 1
    filters: Filters = 32


class DCGAN(GAN):
    """Generative adversarial network with convolutions."""

    name = "dcgan"
    good = (
        Good("all 10 digits in the samples, none below 4 %, frechet below 120 with --epochs 4 (real: 12)", "mnist"),
    )
    config_type = DCGANConfig
    config: DCGANConfig

    def __init__(self, config: DCGANConfig, input_shape: tuple[int, ...], classes: int) -> None:
        self.config, self.input_shape, self.latent = config, input_shape, config.latent
        channels, height, width = image_shape(self.name, config, input_shape, multiple=4)
        outer, inner = config.filters, 2 * config.filters
        self.generator = conv_generator(config.latent, input_shape, config.filters, config.output)
        self.discriminator = nn.Sequential(
            nn.Conv2d(channels, outer, 4, stride=2, padding=1),
            nn.LeakyReLU(0.2),
            nn.Conv2d(outer, inner, 4, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(inner),
            nn.LeakyReLU(0.2),
            nn.Flatten(),
            nn.Linear(inner * (height // 4) * (width // 4), 1),
        )
        draw_radford_weights(self)


def conv_generator(latent: int, input_shape: tuple[int, ...], filters: int, output: str) -> nn.Sequential:
    """(N, latent) -> (N, C, H, W): a dense layer to a quarter of the size, then twice as large, twice."""
    channels, height, width = input_shape
    inner = 2 * filters
    return nn.Sequential(
        nn.Linear(latent, inner * (height // 4) * (width // 4), bias=False),
        nn.Reshape(inner, height // 4, width // 4),
        nn.BatchNorm2d(inner),
        nn.ReLU(),
        nn.ConvTranspose2d(inner, filters, 4, stride=2, padding=1, bias=False),
        nn.BatchNorm2d(filters),
        nn.ReLU(),
        nn.ConvTranspose2d(filters, channels, 4, stride=2, padding=1),
        output_activation(output),
    )


def draw_radford_weights(model: nn.Module) -> None:
    """Weights of convolutions and dense layers from N(0, 0.02²); biases 0."""
    for _, layer in model.named_modules():
        if isinstance(layer, (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)):
            layer.weight.data = init.normal(layer.weight.shape, 0.02)
            if layer.bias is not None:
                layer.bias.data *= 0.0

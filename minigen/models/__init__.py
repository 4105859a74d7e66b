"""The documents' models, one file a family, by the name of the command line."""

from minigen.models.autoencoder import Autoencoder
from minigen.models.cnn import CNN
from minigen.models.config import Config, ConfigError
from minigen.models.conv_ae import ConvAutoencoder
from minigen.models.conv_vae import ConvVAE
from minigen.models.dcgan import DCGAN
from minigen.models.ddnet import DDNet
from minigen.models.deconv import Deconvolution
from minigen.models.gan import GAN
from minigen.models.model import Model
from minigen.models.recurrent_ae import RecurrentAutoencoder
from minigen.models.tied import TiedAutoencoder
from minigen.models.vae import VAE
from minigen.models.wgan_gp import WGANGP

MODELS: dict[str, type[Model]] = {
    model.name: model
    for model in (
        *(Autoencoder, TiedAutoencoder, ConvAutoencoder, RecurrentAutoencoder),
        *(CNN, DDNet, Deconvolution),
        *(VAE, ConvVAE),
        *(GAN, DCGAN, WGANGP),
    )
}

__all__ = ["MODELS", "Config", "ConfigError", "Model"]

"""The documents' models, one file a family, by the name of the command line."""

from minigen.models.autoencoder import Autoencoder
from minigen.models.config import Config, ConfigError
from minigen.models.gan import GAN
from minigen.models.model import Model
from minigen.models.recurrent_ae import RecurrentAutoencoder
from minigen.models.tied import TiedAutoencoder
from minigen.models.vae import VAE

MODELS: dict[str, type[Model]] = {
    model.name: model for model in (Autoencoder, TiedAutoencoder, RecurrentAutoencoder, VAE, GAN)
}

__all__ = ["MODELS", "Config", "ConfigError", "Model"]

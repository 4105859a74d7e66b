"""The documents' models, one file a family, by the name of the command line."""

from minigen.models.autoencoder import Autoencoder
from minigen.models.config import Config, ConfigError
from minigen.models.model import Model
from minigen.models.vae import VAE

MODELS: dict[str, type[Model]] = {model.name: model for model in (Autoencoder, VAE)}

__all__ = ["MODELS", "Config", "ConfigError", "Model"]

"""The documents' models, one file per family, by their names on the command line; and `register` for your own."""

import inspect
from typing import Any, TypeVar

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

MODELS: dict[str, type[Model]] = {}

M = TypeVar("M", bound=type[Model])


def register(model: M) -> M:
    """Let `train`, `apply`, `compare` and `load` know a model by its `name`; also a decorator of its class.

    Raises:
        TypeError: the class lacks something, or another model has its name.
    """
    what = getattr(model, "__name__", repr(model))
    if not (isinstance(model, type) and issubclass(model, Model)):
        raise TypeError(f"{what} is no Model: write `class {what}(minigen.models.Model):`")
    if not isinstance(getattr(model, "name", None), str):
        raise TypeError(f'{what} has no name for the command line: write `name = "{what.lower()}"` in its class')
    if not issubclass(model.config_type, Config):
        raise TypeError(f"{what}.config_type is {model.config_type}, must be a class that inherits Config")
    if inspect.isabstract(model):
        raise TypeError(f"{what} lacks {', '.join(sorted(model.__abstractmethods__))}: a model must define them")
    known = MODELS.get(model.name)
    if known is not None and (known.__module__, known.__qualname__) != (model.__module__, model.__qualname__):
        raise TypeError(
            f"{what}.name is {model.name!r}, must be another: {known.__module__}.{known.__qualname__} has it"
        )
    MODELS[model.name] = model
    return model


def able(protocol: type[Any]) -> str:
    """The names of the models that have the methods of a protocol of models/model.py, in one line."""
    methods = [name for name, value in vars(protocol).items() if inspect.isfunction(value) and name[0] != "_"]
    return ", ".join(name for name, model in MODELS.items() if all(hasattr(model, method) for method in methods))


for _model in (
    *(Autoencoder, TiedAutoencoder, ConvAutoencoder, RecurrentAutoencoder),
    *(CNN, DDNet, Deconvolution),
    *(VAE, ConvVAE),
    *(GAN, DCGAN, WGANGP),
):
    register(_model)

__all__ = ["MODELS", "Config", "ConfigError", "Model", "able", "register"]

"""What image models share: the shape that they ask of a data set, and the quality of a restored image."""

from __future__ import annotations

from minigen import backend
from minigen.autograd import Tensor
from minigen.backend import Array
from minigen.models.config import Config, ConfigError


def image_shape(model: str, config: Config, input_shape: tuple[int, ...], multiple: int) -> tuple[int, int, int]:
    """input_shape as (C, H, W), with H and W multiples of `multiple`.

    Raises:
        ConfigError: the data set holds sequences, or images of another size.
    """
    if len(input_shape) != 3:
        raise ConfigError(f"--data {config.data} holds sequences (T, D) = {input_shape}, {model} needs images")
    channels, height, width = input_shape
    if height % multiple or width % multiple:
        near = "x".join(str(max(round(side / multiple), 1) * multiple) for side in (height, width))
        what = f"--data {config.data} holds images of {height} × {width}"
        raise ConfigError(f"{what}, {model} needs multiples of {multiple}, as --size {near} makes of your own pictures")
    return channels, height, width


def psnr(x: Tensor, truth: Tensor) -> Tensor:
    """-10·log₁₀ of an image's mean squared error, in decibels, averaged over the images; 100 at most."""
    error: Array = ((x.data - truth.data) ** 2).mean(axis=(1, 2, 3))
    return Tensor((-10 * backend.of(error).log10(error.clip(1e-10))).mean())

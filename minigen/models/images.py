"""What the image models ask of a data set: images, of a size that their layers can halve."""

from __future__ import annotations

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
        raise ConfigError(
            f"--data {config.data} holds images of {height} × {width}, {model} needs multiples of {multiple}"
        )
    return channels, height, width

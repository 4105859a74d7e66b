"""Corruption: an autoencoder that must reconstruct the clean input from a damaged one learns to denoise.

In training the input is damaged and the target is not; in evaluation nothing is damaged. Copying the input is no
longer enough: to restore what was lost, the net must learn what digits look like.

    gaussian:0.3    x + 0.3·ε, ε from N(0, 1)
    mask:0.3        each pixel is 0 with probability 0.3

Document 003 §1 names noise reduction; Vincent et al. 2010, "Stacked Denoising Autoencoders", sections 3.3, 4.1.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from minigen.backend import Array
from minigen.models.config import Config, ConfigError
from minigen.ops.noise import normal_like, uniform_like


class CorruptionConfig(Config, kw_only=True):
    """A Config with --corrupt."""

    corrupt: Annotated[
        str, Meta(description="damage to the input, in training only: none, gaussian:STD or mask:PART")
    ] = "none"

    def __post_init__(self) -> None:
        super().__post_init__()
        parse(self.corrupt)


def parse(text: str) -> tuple[str, float]:
    """ "mask:0.3" -> ("mask", 0.3)

    Raises:
        ConfigError: not one of the three forms, or an amount that cannot be.
    """
    kind, _, number = text.partition(":")
    if text == "none":
        return kind, 0.0
    try:
        amount = float(number)
    except ValueError:
        amount = -1.0
    if (kind == "gaussian" and 0 <= amount < float("inf")) or (kind == "mask" and 0 <= amount < 1):
        return kind, amount
    raise ConfigError(
        f"--corrupt is {text!r}, must be none, gaussian:STD with STD >= 0, or mask:PART with PART from 0 to below 1"
    )


def corrupted(x: Array, how: str, training: bool) -> Array:
    """x damaged as `how` says, of the same shape and layout; x itself where not training."""
    kind, amount = parse(how)
    if not training or amount == 0:
        return x
    if kind == "gaussian":
        return x + amount * normal_like(x)
    return x * (uniform_like(x) >= amount)

"""minigen/models/corruption.py as a PyTorch user writes it."""

from __future__ import annotations

import torch

from minigen.models.corruption import parse
from twins.side_by_side import Noise


def corrupted(x: torch.Tensor, how: str, training: bool, noise: Noise) -> torch.Tensor:
    """x damaged as --corrupt says; x itself where not training."""
    kind, amount = parse(how)
    if not training or amount == 0:
        return x
    if kind == "gaussian":
        return x + amount * noise.normal(*x.shape)
    return x.masked_fill(noise.uniform(*x.shape) < amount, 0)

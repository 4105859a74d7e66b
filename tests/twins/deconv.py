"""The deconvolution network as a PyTorch user writes it, for images of 28 × 28."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812 (PyTorch's own name for it)
from torch import nn

from twins.conv_ae import SameConvTranspose
from twins.side_by_side import Batch, Case, Noise, Objective, Terms, Twin


class Deconvolution(Twin):
    def __init__(self, config: Any, input_shape: tuple[int, ...], classes: int, noise: Noise) -> None:
        super().__init__(config, input_shape, classes, noise)
        channels = input_shape[0]
        scale = config.scale if config.task == "superres" else 1
        self.net = nn.Sequential(
            nn.Conv2d(channels, 32, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(32, 64, 3, padding=1),
            nn.ReLU(),
            SameConvTranspose(64, 32, 3, 2) if scale > 1 else nn.ConvTranspose2d(64, 32, 3, padding=1),
            nn.ReLU(),
            SameConvTranspose(32, channels, 3, 2) if scale == 4 else nn.ConvTranspose2d(32, channels, 3, padding=1),
        )

        self.blur: torch.Tensor | None = None

    def load(self, state: dict[str, torch.Tensor]) -> None:
        """The net's weights, and how much of each neighbour a blurred pixel has; averaging the twin knows by itself."""
        self.load_state_dict({name: value for name, value in state.items() if name.startswith("net.")})
        self.blur = state.get("blurring.rows")

    def damage(self, x: torch.Tensor) -> torch.Tensor:
        if self.config.task == "superres":
            return F.avg_pool2d(x, self.config.scale)
        if self.config.task == "denoise":
            return x + self.config.noise * self.noise.draw(*x.shape)
        return self.blur @ x @ self.blur.T

    def loss(self, batch: Batch) -> Terms:
        return {"mse": F.mse_loss(self.net(self.damage(batch.inputs)), batch.inputs)}

    def objectives(self) -> list[Objective]:
        return [Objective(torch.optim.Adam(self.parameters(), self.config.lr), self.loss)]


SMALL = {"batch_size": 4, "lr": 5e-4}

CASES = (
    Case("deconv-superres-4", "deconv", Deconvolution, {"batch_size": 8}),
    Case("deconv-superres-2", "deconv", Deconvolution, {"batch_size": 8, "scale": 2}),
    Case("deconv-denoise", "deconv", Deconvolution, {**SMALL, "task": "denoise"}),
    # With seed 0, an even ground lies within float32's rounding of a relu's kink.
    Case("deconv-deblur", "deconv", Deconvolution, {**SMALL, "task": "deblur", "seed": 1}),
)

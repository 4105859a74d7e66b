"""The deconvolution network as a PyTorch user writes it, for images of 28 × 28."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812 (PyTorch's own name for it)
from torch import nn

from twins.conv_ae import SameConvTranspose
from twins.corruption import corrupted
from twins.side_by_side import Batch, Case, Loss, Noise, Objective, Twin


def psnr(x: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    error = F.mse_loss(x, truth, reduction="none").flatten(1).mean(1)
    return -10 * error.clamp(min=1e-10).log10().mean()


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
        self.bicubic: torch.Tensor | None = None

    def load(self, state: dict[str, torch.Tensor]) -> None:
        """The net's weights, and how much of each neighbour a blurred or a bicubic pixel has; averaging the twin
        knows by itself.
        """
        self.load_state_dict({name: value for name, value in state.items() if name.startswith("net.")})
        self.blur, self.bicubic = state.get("blurring.rows"), state.get("bicubic.rows")

    def damage(self, x: torch.Tensor) -> torch.Tensor:
        if self.config.task == "superres":
            return F.avg_pool2d(x, self.config.scale)
        if self.config.task == "denoise":
            return corrupted(x, f"gaussian:{self.config.noise}", True, self.noise)
        return self.blur @ x @ self.blur.T

    def loss(self, batch: Batch) -> Loss:
        return Loss("mse", F.mse_loss(self.net(self.damage(batch.inputs)), batch.inputs))

    def evaluate(self, batch: Batch) -> Loss:
        x, damaged = batch.inputs, self.damage(batch.inputs)
        restored = self.net(damaged).clamp(0, 1)
        loss = Loss("mse", F.mse_loss(restored, x), {"psnr": psnr(restored, x)})
        if self.config.task == "superres":
            enlarged = self.bicubic @ damaged @ self.bicubic.T
            return loss.with_beside({"bicubic_psnr": psnr(enlarged.clamp(0, 1), x)})
        return loss.with_beside({"identity_psnr": psnr(damaged.clamp(0, 1), x)})

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

"""The deconvolution network: restore an image that was made smaller, noisy or blurred.

Document 000 §2.3, 3.1, 4.1; Dong et al. 2016, "Accelerating the Super-Resolution Convolutional Neural
Network", which also ends with a transposed convolution.

    conv 32 -> relu -> conv 64 -> relu -> conv-transpose 32 -> relu -> conv-transpose C

all 3 × 3 with "same" padding. The strides of the two transposed convolutions are the enlargement:
2 and 2 for --scale 4, 2 and 1 for --scale 2, 1 and 1 for noise and blur. Without the relu between them,
which the document's code leaves out, the two would be one linear map.

The document defines a loss but has no data. Here the images of a data set are the targets, and each step makes
the inputs from them:

    --task superres    the mean of scale × scale pixels
    --task denoise     x + noise·ε, ε from N(0, 1)
    --task deblur      x blurred by a Gaussian of standard deviation `blur`

The loss is the squared error. Quality is the peak signal-to-noise ratio, PSNR = -10·log₁₀(mean squared error) in
decibels for pixels in [0, 1]. The baseline beside it is bicubic interpolation, or the damaged image itself.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from minigen import nn, ops
from minigen.autograd import Tensor
from minigen.backend import Array
from minigen.data import Batch, Dataset, Split
from minigen.data.resampling import averaging, bicubic, blurring
from minigen.evaluation.finding import Finding
from minigen.models.config import Config, Positive, only
from minigen.models.images import image_shape, psnr
from minigen.models.model import Good, Loss, Model, Objective
from minigen.ops.noise import normal_like
from minigen.optim import Adam

_STRIDES = {4: (2, 2), 2: (2, 1), 1: (1, 1)}


class DeconvolutionConfig(Config, kw_only=True):
    """The document's sizes and its Adam; it fixes no epochs."""

    task: Annotated[Literal["superres", "denoise", "deblur"], Meta(description="which damage to undo")] = "superres"
    scale: Annotated[
        Literal[2, 4], Meta(description="how many times larger the image becomes"), only(task="superres")
    ] = 4
    noise: Annotated[
        Positive, Meta(description="standard deviation of the noise, for pixels in [0, 1]"), only(task="denoise")
    ] = 0.3
    blur: Annotated[Positive, Meta(description="standard deviation of the blur, in pixels"), only(task="deblur")] = 1.5


class Resampling(nn.Module):
    """y = rows·x·columnsᵀ for every channel of every image, (N, C, H, W) -> (N, C, h, w); nothing is trained.

    Args:
        rows: (h, H)
        columns: (w, W)
    """

    def __init__(self, rows: Array, columns: Array) -> None:
        self.rows: Array
        self.columns: Array
        self.register_buffer("rows", rows.astype("float32"))
        self.register_buffer("columns", columns.astype("float32"))

    def forward(self, x: Tensor) -> Tensor:
        """x: (N, C, H, W)"""
        resampled_rows = ops.linear(x.transpose(-1, -2), Tensor(self.rows)).transpose(-1, -2)
        return ops.linear(resampled_rows, Tensor(self.columns))


class Deconvolution(Model):
    """Transposed convolutions that restore images: enlarge, denoise or deblur."""

    name = "deconv"
    good = (
        Good("PSNR of 18.3 dB, where bicubic has 14.6", "mnist5k", {"task": "superres", "scale": 4}),
        Good("PSNR of 20.3 dB with --epochs 10, where bicubic has 14.6", "mnist", {"task": "superres", "scale": 4}),
    )
    config_type = DeconvolutionConfig
    reach = 4  # pixels of the damaged image around one that its restoration depends on: one per layer
    config: DeconvolutionConfig

    def __init__(self, config: DeconvolutionConfig, input_shape: tuple[int, ...], classes: int) -> None:
        self.config, self.input_shape = config, input_shape
        scale = config.scale if config.task == "superres" else 1
        channels, height, width = image_shape(self.name, config, input_shape, multiple=scale)
        if config.task == "superres":
            self.averaging = Resampling(averaging(height, scale), averaging(width, scale))
            self.bicubic = Resampling(bicubic(height // scale, scale), bicubic(width // scale, scale))
        if config.task == "deblur":
            self.blurring = Resampling(blurring(height, config.blur), blurring(width, config.blur))
        first, second = _STRIDES[scale]
        self.net = nn.Sequential(
            nn.Conv2d(channels, 32, 3, padding="same"),
            nn.ReLU(),
            nn.Conv2d(32, 64, 3, padding="same"),
            nn.ReLU(),
            nn.ConvTranspose2d(64, 32, 3, stride=first, padding="same"),
            nn.ReLU(),
            nn.ConvTranspose2d(32, channels, 3, stride=second, padding="same"),
        )

    def damage(self, x: Tensor) -> Tensor:
        """Images (N, C, H, W) as the net gets them: (N, C, H / scale, W / scale), or of the same size."""
        if self.config.task == "superres":
            return self.averaging(x)
        if self.config.task == "deblur":
            return self.blurring(x)
        return x + Tensor(self.config.noise * normal_like(x.data))

    def restore(self, damaged: Tensor) -> Tensor:
        """Damaged images -> (N, C, H, W) in [0, 1]"""
        return ops.clip(self.net(damaged), 0.0, 1.0)

    def without_net(self, damaged: Tensor) -> tuple[str, Tensor]:
        """The name of the baseline that a restoration must beat, and its images (N, C, H, W) in [0, 1]."""
        if self.config.task == "superres":
            return "bicubic", ops.clip(self.bicubic(damaged), 0.0, 1.0)
        return "identity", ops.clip(damaged, 0.0, 1.0)

    def loss(self, batch: Batch) -> Loss:
        """The squared error per pixel."""
        x = Tensor(batch.inputs)
        return Loss("mse", ops.mse_loss(self.net(self.damage(x)), x))

    def objectives(self) -> list[Objective]:
        """The squared error, by Adam."""
        return [Objective("error", Adam(self.parameters(), self.config.lr), self.loss)]

    def evaluate(self, batch: Batch) -> Loss:
        """The squared error per pixel, the PSNR in decibels, and the PSNR of the baseline."""
        x = Tensor(batch.inputs)
        damaged = self.damage(x)
        restored, (name, other) = self.restore(damaged), self.without_net(damaged)
        return Loss("mse", ops.mse_loss(restored, x), {"psnr": psnr(restored, x), f"{name}_psnr": psnr(other, x)})

    def study(self, data: Dataset, validation: Split) -> Finding:
        """Damaged, restored and true images."""
        from minigen.evaluation.studies.restoration import show_restorations  # Matplotlib is slow to import

        return show_restorations(self, data, validation)

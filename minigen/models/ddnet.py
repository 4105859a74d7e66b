"""The deep deconvolution classifier, and beside it the convolutional network that it is compared with.

Document 001 says that deconvolution layers on top of a convolutional network cure vanishing and exploding
gradients, but shows no evidence. Here both nets train on the same batches, and the gradient norm of each layer is
recorded.

    both     (conv 3 × 3 -> relu -> max-pool 2) three times, to 32, 64, 128 channels
    ddnet    conv-transpose 3 × 3, stride 2, three times, to 64, 32, C channels: back to the image's size
    cnn      conv 3 × 3 three times, to 64, 32, 32 channels: at the size that pooling left
    both     flatten -> dense -> softmax

The text asks for pooling, for features "mapped back to the original space" and for a dense layer; its code
has none of these and applies the cross-entropy to an image. With the three poolings, the three strides of 2
lead back to the image's size. The two nets have as many layers and about as many weights. The code pools before
relu, as `cnn` does.
"""

from __future__ import annotations

from minigen import nn, ops
from minigen.autograd import Tensor
from minigen.data import Batch, Dataset, Split
from minigen.evaluation.finding import Finding
from minigen.models.classification import classification_loss, require_classes
from minigen.models.config import Config, ConfigError, Epochs, Validation
from minigen.models.images import image_shape
from minigen.models.model import Good, Loss, Model, Objective
from minigen.optim import Adam


class DDNetConfig(Config, kw_only=True):
    """The document's Adam 1e-3, batch 128, 10 epochs; nothing is held out, and the last epoch of both nets counts."""

    epochs: Epochs = 10
    validation: Validation = 0.0


class Classifier(nn.Module):
    """Three stages of convolution and pooling; a subclass adds the upper three layers and the dense one."""

    def __init__(self, channels: int) -> None:
        self.conv1 = nn.Conv2d(channels, 32, 3, padding=1)
        self.conv2 = nn.Conv2d(32, 64, 3, padding=1)
        self.conv3 = nn.Conv2d(64, 128, 3, padding=1)

    def features(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, 128, ⌊H / 8⌋, ⌊W / 8⌋)"""
        for conv in (self.conv1, self.conv2, self.conv3):
            x = ops.relu(ops.max_pool2d(conv(x), 2))
        return x


class DeconvolutionalNet(Classifier):
    """The upper layers are transposed convolutions: (N, C, H, W) -> (N, classes)."""

    def __init__(self, channels: int, height: int, width: int, classes: int) -> None:
        super().__init__(channels)
        self.deconv1 = _enlarging(128, 64, height // 4, width // 4)
        self.deconv2 = _enlarging(64, 32, height // 2, width // 2)
        self.deconv3 = _enlarging(32, channels, height, width)
        self.dense = nn.Linear(channels * height * width, classes)

    def forward(self, x: Tensor) -> Tensor:
        """x: (N, C, H, W)"""
        x = ops.relu(self.deconv1(self.features(x)))
        return self.dense(self.deconv3(ops.relu(self.deconv2(x))).flatten(1))


class ConvolutionalNet(Classifier):
    """The upper layers are convolutions: (N, C, H, W) -> (N, classes)."""

    def __init__(self, channels: int, height: int, width: int, classes: int) -> None:
        super().__init__(channels)
        self.conv4 = nn.Conv2d(128, 64, 3, padding=1)
        self.conv5 = nn.Conv2d(64, 32, 3, padding=1)
        self.conv6 = nn.Conv2d(32, 32, 3, padding=1)
        self.dense = nn.Linear(32 * (height // 8) * (width // 8), classes)

    def forward(self, x: Tensor) -> Tensor:
        """x: (N, C, H, W)"""
        x = ops.relu(self.conv4(self.features(x)))
        return self.dense(self.conv6(ops.relu(self.conv5(x))).flatten(1))


class DDNet(Model):
    """Classifier with transposed convolutions, trained beside a plain one of the same size."""

    name = "ddnet"
    good = (
        Good("accuracy of 0.989 of both nets with --epochs 2", "mnist"),
        Good("accuracy of 0.73 and of 0.72 with --epochs 10, of its pictures as JPEG files", "cifar10"),
    )
    config_type = DDNetConfig
    config: DDNetConfig

    def __init__(self, config: DDNetConfig, input_shape: tuple[int, ...], classes: int) -> None:
        self.config, self.input_shape = config, input_shape
        shape = image_shape(self.name, config, input_shape, multiple=1)
        if min(shape[1:]) < 8:
            size = f"{shape[1]} × {shape[2]}"
            raise ConfigError(f"--data {config.data} holds images of {size}, {self.name} needs at least 8 × 8")
        require_classes(self.name, config.data, classes)
        self.ddnet = DeconvolutionalNet(*shape, classes)
        self.cnn = ConvolutionalNet(*shape, classes)

    def classify(self, x: Tensor) -> Tensor:
        """Logits of the classes, by the deconvolution net: (N, C, H, W) in [0, 1] -> (N, classes)"""
        return self.ddnet(x * 2.0 - 1.0)

    def loss(self, net: str, batch: Batch) -> Loss:
        """The cross-entropy, in nats per image, and the accuracy of one of the nets, on pixels in [-1, 1]."""
        loss = classification_loss(getattr(self, net)(Tensor(batch.inputs) * 2.0 - 1.0), batch.labels)
        return Loss(f"{net}_{loss.name}", loss.value, {f"{net}_{name}": term for name, term in loss.beside.items()})

    def objectives(self) -> list[Objective]:
        """The cross-entropy of each net, by an Adam of its own."""
        return [self._objective("ddnet", self.ddnet), self._objective("cnn", self.cnn)]

    def _objective(self, name: str, net: nn.Module) -> Objective:
        adam = Adam(net.parameters(), self.config.lr)
        return Objective(name, adam, lambda batch: self.loss(name, batch), layers=dict(net.named_children()))

    def evaluate(self, batch: Batch) -> Loss:
        """The cross-entropy and the accuracy of both; that of the deconvolution net chooses the epoch."""
        return self.loss("ddnet", batch).with_beside(self.loss("cnn", batch).terms)

    def study(self, data: Dataset, validation: Split) -> Finding:
        """What the deconvolution net confuses, how far its confidence can be trusted, and what its first layer sees."""
        from minigen.evaluation.studies.classification import judge_classifier  # Matplotlib is slow to import

        return judge_classifier(self, data, validation)


def _enlarging(in_channels: int, out_channels: int, height: int, width: int) -> nn.Module:
    """A transposed convolution 3 × 3, stride 2, to (height, width) from half of it, rounded down.

    n elements become 2·n + 1 without padding, and 2·n with a padding of 1 and an output_padding of 1.
    """
    even = 1 - height % 2, 1 - width % 2
    return nn.ConvTranspose2d(in_channels, out_channels, 3, stride=2, padding=even, output_padding=even)

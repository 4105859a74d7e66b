"""The convolutional network: a classifier, and the baseline of the deconvolution classifier.

Documents 000 §2.1 and 001 §2.1; LeCun et al. 1998, "Gradient-Based Learning Applied to Document Recognition".

    features      (conv 3 × 3 -> relu -> max-pool 2) twice: each pooling halves height and width
    classifier    flatten -> relu(dense) -> dropout -> dense -> softmax

A convolution applies the same few weights at every position, pooling discards the exact position, and the dense
layers decide. The loss is the cross-entropy -ln p(label|x), in nats per image. The code pools before relu, which leaves
relu a quarter of the work: the relu of the largest is the largest relu, so numbers and gradients are the same.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from minigen import nn
from minigen.autograd import Tensor
from minigen.data import Batch, Dataset, Split
from minigen.evaluation.finding import Finding
from minigen.models.classification import classification_loss, require_classes
from minigen.models.config import Config, Epochs, Fraction, Hidden
from minigen.models.images import image_shape
from minigen.models.model import Good, Loss, Model, Objective
from minigen.optim import Adam


class CNNConfig(Config, kw_only=True):
    """The documents describe the layers without their sizes; 32 and 64 channels are those of their other nets."""

    epochs: Epochs = 10
    hidden: Hidden = 128
    dropout: Annotated[Fraction, Meta(description="part of the hidden units that a training step leaves out")] = 0.5


class CNN(Model):
    """Convolutional network: classifies images."""

    name = "cnn"
    good = (
        Good("accuracy of 0.99 with --epochs 8 --schedule cosine", "mnist"),
        Good("accuracy of 0.68 with --epochs 10, of its pictures as JPEG files", "cifar10"),
    )
    config_type = CNNConfig
    config: CNNConfig

    def __init__(self, config: CNNConfig, input_shape: tuple[int, ...], classes: int) -> None:
        channels, height, width = image_shape(self.name, config, input_shape, multiple=4)
        require_classes(self.name, config.data, classes)
        self.config, self.input_shape = config, input_shape
        self.features = nn.Sequential(
            nn.Conv2d(channels, 32, 3, padding="same"),
            nn.MaxPool2d(2),
            nn.ReLU(),
            nn.Conv2d(32, 64, 3, padding="same"),
            nn.MaxPool2d(2),
            nn.ReLU(),
            nn.Flatten(),
        )
        self.classifier = nn.Sequential(
            nn.Linear(64 * (height // 4) * (width // 4), config.hidden),
            nn.ReLU(),
            nn.Dropout(config.dropout),
            nn.Linear(config.hidden, classes),
        )

    def classify(self, x: Tensor) -> Tensor:
        """Logits of the classes: (N, C, H, W) -> (N, classes)"""
        return self.classifier(self.features(x))

    def evaluate(self, batch: Batch) -> Loss:
        """The cross-entropy, in nats per image, and the accuracy."""
        return classification_loss(self.classify(Tensor(batch.inputs)), batch.labels)

    def objectives(self) -> list[Objective]:
        """The cross-entropy, by Adam."""
        return [Objective("cross_entropy", Adam(self.parameters(), self.config.lr), self.evaluate)]

    def study(self, data: Dataset, validation: Split) -> Finding:
        """What it confuses, how far its confidence can be trusted, and what its first layer responds to."""
        from minigen.evaluation.studies.classification import judge_classifier  # Matplotlib is slow to import

        return judge_classifier(self, data, validation)

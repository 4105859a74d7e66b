"""The "supervised-learning" autoencoder: one matrix encodes and decodes, and its code feeds a classifier.

Document 004 §3.1, 4.1 promises that encoder and decoder share their weights and that the code improves a
classifier; its example does neither. With W the shared matrix, (latent, pixels):

    code             h = relu(W·x + b)
    reconstruction   x̂ = sigmoid(Wᵀ·h + c)
    classifier       softmax(V·h + d)

W is used twice, so its gradient is the sum of two parts, which the tape adds by itself. Sharing halves the number
of weights, and the code reads and writes along the same directions (Vincent et al. 2010, section 2.2).

    --mode pretrain   reconstruction only, no label seen; afterwards classifiers are fitted to the code
    --mode joint      reconstruction of every image + cross-entropy of the labelled ones, in each step
"""

from __future__ import annotations

import math
from typing import Annotated, Literal

from msgspec import Meta

from minigen import nn, ops, rng
from minigen.autograd import Tensor
from minigen.data import Batch, Dataset, Loader, Split
from minigen.evaluation.finding import Finding
from minigen.models.autoencoder import binary_cross_entropy, squared_error
from minigen.models.classification import balanced_part, batch_accuracy, require_classes
from minigen.models.config import BatchSize, CountOrZero, Epochs, Latent, NotNegative, only
from minigen.models.corruption import CorruptionConfig, corrupted
from minigen.models.model import Good, Loss, Model, Objective
from minigen.nn import Parameter, init
from minigen.optim import Adam


class TiedConfig(CorruptionConfig, kw_only=True):
    """The document's: 784 -> 32 relu -> 784 sigmoid, binary cross-entropy, Adam, 100 epochs, batch 256."""

    epochs: Epochs = 100
    batch_size: BatchSize = 256
    latent: Latent = 32
    mode: Annotated[
        Literal["pretrain", "joint"], Meta(description="learn to reconstruct first, or together with the classes")
    ] = "pretrain"
    labels: Annotated[
        CountOrZero,
        Meta(
            description="training images whose label may be used; 0: all (--mode pretrain compares 100, 1,000 and all)"
        ),
    ] = 0
    label_weight: Annotated[
        NotNegative, Meta(description="weight of the cross-entropy beside the error per pixel"), only(mode="joint")
    ] = 0.1


class TransposedLinear(nn.Module):
    """y = x·W + c with the weight W of another layer, (in, out) here and (out, in) there; only c is its own."""

    def __init__(self, in_features: int, out_features: int) -> None:
        self.bias = Parameter(init.torch_default((out_features,), in_features))

    def forward(self, x: Tensor, weight: Tensor) -> Tensor:
        """x: (N, in), weight: (in, out)"""
        return ops.linear(x, weight.T, self.bias)


class TiedAutoencoder(Model):
    """Autoencoder with tied weights: one matrix encodes and decodes, and its code feeds a classifier."""

    name = "sae"
    good = (
        Good(
            "81 % right with 100 labels and --latent 256 --corrupt mask:0.5, where raw pixels give 76 %",
            "mnist",
            {"mode": "pretrain"},
        ),
    )
    config_type = TiedConfig
    config: TiedConfig

    def __init__(self, config: TiedConfig, input_shape: tuple[int, ...], classes: int) -> None:
        self.config, self.input_shape, self.latent = config, input_shape, config.latent
        if config.mode == "joint":
            require_classes(f"{self.name} --mode joint", config.data, classes)
        pixels = math.prod(input_shape)
        self.encoder = nn.Linear(pixels, config.latent)
        self.decoder = TransposedLinear(config.latent, pixels)
        self.classifier = nn.Linear(config.latent, classes)
        self.knows_classes = config.mode == "joint"

    def prepare(self, train: Split) -> None:
        """With --mode joint, choose the labelled images by --labels and --seed: called once, before training."""
        if self.config.mode == "pretrain":
            return
        part = balanced_part(train, self.config.labels or len(train), self.config.seed)
        dtype = str(self.encoder.weight.dtype)
        self._labelled = Loader(part, self.config.batch_size, self.config.seed, self.config.device, dtype=dtype)

    def encode(self, x: Tensor) -> Tensor:
        """relu(W·x + b): (N, C, H, W) -> (N, latent)"""
        return ops.relu(self.encoder(x.flatten(1)))

    def logits(self, code: Tensor) -> Tensor:
        """Wᵀ·h + c: (N, latent) -> (N, pixels)"""
        return self.decoder(code, self.encoder.weight)

    def pixel_error(self, batch: Batch) -> Tensor:
        """The binary cross-entropy per pixel, in nats; the input is damaged, the target is clean."""
        damaged = Tensor(corrupted(batch.inputs, self.config.corrupt, self.training))
        return binary_cross_entropy(self.logits(self.encode(damaged)), batch.inputs)

    def label_error(self, batch: Batch) -> Tensor:
        """The cross-entropy of the classes, in nats per image."""
        return ops.cross_entropy(self.classify(Tensor(batch.inputs)), batch.labels)

    def joint_loss(self, batch: Batch, labelled: Batch) -> Loss:
        """The error per pixel of the batch, plus the weighted cross-entropy of the labelled images."""
        bce, cross_entropy = self.pixel_error(batch), self.label_error(labelled)
        loss = bce + self.config.label_weight * cross_entropy
        return Loss("loss", loss, {"bce": bce, "cross_entropy": cross_entropy})

    def objectives(self) -> list[Objective]:
        """The error per pixel, or with --mode joint both errors, by Adam."""
        if self.config.mode == "pretrain":
            parameters = [*self.encoder.parameters(), *self.decoder.parameters()]
            adam = Adam(parameters, self.config.lr)
            return [Objective("error", adam, lambda batch: Loss("bce", self.pixel_error(batch)))]
        adam = Adam(self.parameters(), self.config.lr)
        return [Objective("error", adam, lambda batch: self.joint_loss(batch, self._labelled_batch(adam.steps)))]

    def _labelled_batch(self, step: int) -> Batch:
        epoch, position = divmod(step, len(self._labelled))
        return next(self._labelled.epoch(epoch, position))

    def evaluate(self, batch: Batch) -> Loss:
        """The errors per pixel; with --mode joint also the accuracy of the classifier."""
        code = self.encode(Tensor(batch.inputs))
        logits = self.logits(code)
        beside = {"mse": squared_error(logits, batch.inputs)}
        if self.config.mode == "joint":
            beside["accuracy"] = batch_accuracy(self.classifier(code), batch.labels)
        return Loss("bce", binary_cross_entropy(logits, batch.inputs), beside)

    def study(self, data: Dataset, validation: Split) -> Finding:
        """What the code is worth to a classifier where labels are few; with --mode joint also how its own does."""
        from minigen.evaluation.studies.classification import judge_classifier  # Matplotlib is slow to import
        from minigen.evaluation.studies.few_labels import compare_features

        if len(data.classes) < 2:
            return Finding()
        found = compare_features(self, data, validation)
        return found.joined(judge_classifier(self, data, validation)) if self.knows_classes else found

    def fit_classifier(self, data: Dataset) -> None:
        """After --mode pretrain: fit V and d to the codes of --labels training images, or of all of them."""
        from minigen.evaluation.studies.few_labels import LinearClassifier  # Matplotlib is slow to import

        require_classes(f"{self.name}'s classifier", data.name, len(data.classes))
        part = balanced_part(data.train, self.config.labels or len(data.train), self.config.seed)
        with rng.stream(self.config.seed):
            fitted = LinearClassifier(self.encode, part, data, self.config.device)
        state = fitted.classes.state_dict()
        self.classifier.load_state_dict({**state, "weight": state["weight"] * fitted.scale})
        self.knows_classes = True

    def classify(self, x: Tensor) -> Tensor:
        """Logits of the classes: (N, C, H, W) -> (N, classes)"""
        return self.classifier(self.encode(x))

    def decode(self, z: Tensor) -> Tensor:
        """(N, latent) -> (N, C, H, W) in [0, 1]"""
        return ops.sigmoid(self.logits(z)).reshape(len(z), *self.input_shape)

    def reconstruct(self, x: Tensor) -> Tensor:
        """decode(encode(x))"""
        return self.decode(self.encode(x))

"""The recurrent autoencoder: a whole sequence in one code, and back.

Document 003 §2.3, 3.3, 4.2; Srivastava, Mansimov & Salakhutdinov 2015, "Unsupervised Learning of Video
Representations using LSTMs", the LSTM autoencoder.

    encoder   x₁ … x_T -> LSTM -> its last state h -> dense -> code
    decoder   the code at every step -> LSTM -> dense -> sigmoid -> x̂₁ … x̂_T

The document's code flattens the sequence and never repeats the code over time, which leaves its decoder no time
axis. Three things help the net to learn long and real sequences, and each has a flag, --no-…, that leaves it out:

    reversed_target   the decoder writes from the end to the beginning, so the last step, which the encoder's state
                      remembers best, comes first
    standardise       the encoder reads values with mean 0 and variance 1: one outlier squeezes the others into a small
                      part of [0, 1], where the encoder would hardly tell them apart
    clock             the decoder also reads the time, and need not count
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta

from minigen import backend, nn, ops
from minigen.autograd import Tensor
from minigen.backend import Array
from minigen.data import Batch, Dataset, Split
from minigen.evaluation.finding import Finding
from minigen.models.config import (
    BatchSize,
    ClipNorm,
    ConfigError,
    Count,
    DataDir,
    DataName,
    Epochs,
    Hidden,
    Latent,
    LearningRate,
    Schedule,
    Warmup,
    only,
)
from minigen.models.corruption import CorruptionConfig, corrupted
from minigen.models.model import Good, Loss, Model, Objective
from minigen.nn import init
from minigen.optim import Adam


class RecurrentAEConfig(CorruptionConfig, kw_only=True):
    """The document's code of 16 numbers; its LSTM activation, relu, is an option.

    --no-reversed-target --no-standardise --no-clock is the net that the document describes.
    """

    data: Annotated[DataName, only(data_file=None)] = "mnist5k-rows"
    data_dir: Annotated[DataDir, only(data_file=None)] = None
    data_file: Annotated[
        str | None, Meta(description="your own sequences, as --data FILE: .csv with one per line, or .npy (N, T, D)")
    ] = None
    window: Annotated[
        Count | None, Meta(description="own file: one long recording with a step per row, cut into windows of N steps")
    ] = None
    stride: Annotated[
        Count | None, Meta(description="steps from the start of one window to that of the next (default: --window)")
    ] = None
    label_column: Annotated[
        str | None, Meta(description="own file: column of labels, by its name or its number (-1 is the last)")
    ] = None
    normal: Annotated[
        str | None, Meta(description="own file: label of the normal sequences, instead of 0 and normal")
    ] = None
    test: Annotated[str | None, Meta(description="own file: another for the test split, instead of a tenth")] = None
    epochs: Epochs = 30
    batch_size: BatchSize = 32
    lr: LearningRate = 5e-3
    schedule: Schedule = "cosine"
    warmup: Warmup = 200
    clip_norm: ClipNorm = 1.0
    hidden: Hidden = 64
    latent: Latent = 16
    activation: Annotated[
        Literal["tanh", "relu"], Meta(description="activation of candidate and output in the LSTMs")
    ] = "tanh"
    reversed_target: Annotated[
        bool, Meta(description="decode from the last step, which the encoder remembers best, to the first")
    ] = True
    standardise: Annotated[
        bool, Meta(description="the encoder reads each variable with the training data's mean at 0 and variance at 1")
    ] = True
    clock: Annotated[
        bool, Meta(description="the decoder also reads the time, from -1 to 1, and need not count its steps")
    ] = True


class RecurrentAutoencoder(Model):
    """Autoencoder of sequences: one LSTM reads into a code, another writes it out."""

    name = "recurrent-ae"
    good = (
        Good("mse of 0.025, where the mean image has 0.067", "mnist5k-rows"),
        Good("ROC-AUC of anomalies above 0.99", "waves"),
    )
    config_type = RecurrentAEConfig
    config: RecurrentAEConfig
    mean: Array
    deviation: Array

    def __init__(self, config: RecurrentAEConfig, input_shape: tuple[int, ...], classes: int) -> None:
        self.config, self.input_shape, self.latent = config, input_shape, config.latent
        if len(input_shape) != 2:
            raise ConfigError(f"--data {config.data} holds images {input_shape}, recurrent-ae needs sequences (T, D)")
        _, features = input_shape
        self.encoder = nn.LSTM(features, config.hidden, activation=config.activation)
        self.code = nn.Linear(config.hidden, config.latent)
        self.decoder = nn.LSTM(config.latent + config.clock, config.hidden, activation=config.activation)
        self.output = nn.Linear(config.hidden, features)
        for lstm in (self.encoder, self.decoder):
            draw_keras_weights(lstm)
        if config.standardise:
            self.register_buffer("mean", backend.of(self.code.weight.data).zeros(features, "float32"))
            self.register_buffer("deviation", self.mean + 1)

    def prepare(self, train: Split) -> None:
        """Measure each variable's mean and standard deviation over the training sequences, to standardise them."""
        if self.config.standardise:
            batch = Batch.of(train, self.config.device)
            inputs, lengths = batch.inputs, batch.lengths
            steps = inputs.reshape(-1, inputs.shape[2])
            steps = steps if lengths is None else inputs[_within(lengths, inputs.shape[1])[:, :, 0]]
            deviation = steps.std(0, dtype="float64")  # NumPy sums along this axis one by one, which float32 rounds
            self.mean[...] = steps.mean(0, dtype="float64")
            self.deviation[...] = backend.of(steps).where(deviation > 1e-6, deviation, 1)  # a constant's is not quite 0

    def encode(self, x: Tensor, lengths: Array | None = None) -> Tensor:
        """(N, T, D) -> (N, latent)"""
        if self.config.standardise:
            x = (x - self.mean) / self.deviation
        _, (h, _) = self.encoder(x, None, lengths)
        return self.code(h)

    def decode(self, z: Tensor, lengths: Array | None = None) -> Tensor:
        """(N, latent) -> (N, T, D) in [0, 1], from the first step to the last; zeros beyond a sequence's length."""
        steps = self._decoded(z, lengths)
        if self.config.reversed_target:
            steps = steps[_backwards(lengths, steps.shape[1])]
        return steps if lengths is None else steps * _within(lengths, steps.shape[1])

    def _decoded(self, z: Tensor, lengths: Array | None = None) -> Tensor:
        """(N, latent) -> (N, T, D) in the order in which the decoder says the steps."""
        steps = self.input_shape[0]
        every_step = z.expand_dims(1).broadcast_to(len(z), steps, self.latent)
        if self.config.clock:
            time = backend.of(z.data).linspace(-1, 1, steps, dtype=z.dtype)[:, None]
            every_step = ops.concat([every_step, Tensor(time).broadcast_to(len(z), steps, 1)], 2)
        outputs, _ = self.decoder(every_step, None, lengths)
        return ops.sigmoid(self.output(outputs))

    def reconstruct(self, x: Tensor, lengths: Array | None = None) -> Tensor:
        """decode(encode(x))"""
        return self.decode(self.encode(x, lengths), lengths)

    def squared_errors(self, batch: Batch) -> Tensor:
        """(x̂ - x)² averaged over the steps that a sequence has and their values: (N,)"""
        x, lengths = batch.inputs, batch.lengths
        target = x[_backwards(lengths, x.shape[1])] if self.config.reversed_target else x
        damaged = Tensor(corrupted(x, self.config.corrupt, self.training))
        errors = (self._decoded(self.encode(damaged, lengths), lengths) - target) ** 2
        if lengths is None:
            return errors.mean((1, 2))
        return (errors * _within(lengths, x.shape[1])).sum((1, 2)) / (lengths * x.shape[2])

    def loss(self, batch: Batch) -> Loss:
        """The squared error per value, averaged over sequences."""
        return Loss("mse", self.squared_errors(batch).mean())

    def objectives(self) -> list[Objective]:
        """The squared error, by Adam."""
        return [Objective("error", Adam(self.parameters(), self.config.lr), self.loss)]

    def evaluate(self, batch: Batch) -> Loss:
        """The same error."""
        return self.loss(batch)

    def study(self, data: Dataset, validation: Split) -> Finding:
        """How well the reconstruction error tells anomalies."""
        from minigen.evaluation.studies.anomalies import find_anomalies  # Matplotlib is slow to import

        return find_anomalies(self, data, validation)


def draw_keras_weights(lstm: nn.LSTM) -> None:
    """First weights like Keras's, which the document's net has: each gate's state matrix is orthogonal (Keras draws the
    four as one orthonormal block, half as large), and the forget gates are open (bias 1; Jozefowicz et al. 2015).

    With torch.nn's weights the LSTM forgets a digit's first rows before its last, and for two epochs of MNIST the
    autoencoder produces only the mean image.
    """
    hidden, features = lstm.hidden_size, lstm.weight_ih_l0.shape[1]
    lstm.weight_ih_l0.data = init.xavier_uniform((4 * hidden, features), features, 4 * hidden)
    xp = backend.of(lstm.weight_ih_l0.data)
    lstm.weight_hh_l0.data = xp.concatenate([init.orthogonal(hidden) for _ in range(4)])
    for bias, forget in ((lstm.bias_ih_l0, 1.0), (lstm.bias_hh_l0, 0.0)):
        if bias is not None:
            bias.data *= 0.0
            bias.data[hidden : 2 * hidden] = forget


def _backwards(lengths: Array | None, steps: int) -> Any:
    """The index of (N, T, D) from each sequence's own last step to its first; what lies beyond its end stays there."""
    if lengths is None:
        return slice(None), slice(None, None, -1)
    xp = backend.of(lengths)
    time, length = xp.arange(steps), lengths[:, None]
    return xp.arange(len(lengths))[:, None], xp.where(time < length, length - 1 - time, time)


def _within(lengths: Array, steps: int) -> Array:
    """(N, T, 1): true up to each sequence's length."""
    return (backend.of(lengths).arange(steps) < lengths[:, None])[:, :, None]

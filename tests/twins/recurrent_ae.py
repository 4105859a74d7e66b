"""The twin of recurrent-ae, with torch.nn.LSTM and packed sequences."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 (PyTorch's own name for it)
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from minigen.data import Split
from twins.corruption import corrupted
from twins.side_by_side import Batch, Case, Loss, Noise, Objective, Twin


class RecurrentAutoencoder(Twin):
    def __init__(self, config: Any, input_shape: tuple[int, ...], classes: int, noise: Noise) -> None:
        super().__init__(config, input_shape, classes, noise)
        if config.activation != "tanh":
            raise ValueError(
                f"the twin of recurrent-ae: activation is {config.activation!r}, torch.nn.LSTM has tanh only"
            )
        _, features = input_shape
        self.encoder = torch.nn.LSTM(features, config.hidden, batch_first=True)
        self.code = torch.nn.Linear(config.hidden, config.latent)
        self.decoder = torch.nn.LSTM(config.latent + config.clock, config.hidden, batch_first=True)
        self.output = torch.nn.Linear(config.hidden, features)
        if config.standardise:
            self.register_buffer("mean", torch.zeros(features))
            self.register_buffer("deviation", torch.ones(features))

    def prepare(self, train: Split) -> None:
        if self.config.standardise:
            shape = train.inputs.shape[1:]
            used = np.arange(shape[0]) < (shape[0] if train.lengths is None else train.lengths[:, None])
            steps = train.inputs[np.broadcast_to(used, train.inputs.shape[:2])]
            deviation = steps.std(0, dtype="float64")  # NumPy's, to the last digit
            self.mean[...] = torch.tensor(steps.mean(0, dtype="float64"))
            self.deviation[...] = torch.tensor(np.where(deviation > 1e-6, deviation, 1))

    def squared_errors(self, batch: Batch) -> torch.Tensor:
        x, steps = batch.inputs, batch.inputs.shape[1]
        damaged = corrupted(x, self.config.corrupt, self.training, self.noise)
        if self.config.standardise:
            damaged = (damaged - self.mean) / self.deviation
        if batch.lengths is None:
            target = x.flip(1) if self.config.reversed_target else x
            every_step = self.at_every_step(self.encoder(damaged)[1][0][0], steps)
            return ((torch.sigmoid(self.output(self.decoder(every_step)[0])) - target) ** 2).mean((1, 2))
        lengths = batch.lengths
        packed = pack_padded_sequence(damaged, lengths, batch_first=True, enforce_sorted=False)
        every_step = self.at_every_step(self.encoder(packed)[1][0][0], steps)
        packed = pack_padded_sequence(every_step, lengths, batch_first=True, enforce_sorted=False)
        outputs, _ = pad_packed_sequence(self.decoder(packed)[0], batch_first=True, total_length=steps)
        errors = []
        for decoded, target, length in zip(torch.sigmoid(self.output(outputs)), x, lengths, strict=True):
            wanted = target[:length].flip(0) if self.config.reversed_target else target[:length]
            errors.append(F.mse_loss(decoded[:length], wanted))
        return torch.stack(errors)

    def at_every_step(self, state: torch.Tensor, steps: int) -> torch.Tensor:
        code = self.code(state)[:, None].expand(-1, steps, -1)
        time = torch.linspace(-1, 1, steps, dtype=code.dtype)[None, :, None].expand(len(code), -1, -1)
        return torch.cat([code, time], 2) if self.config.clock else code

    def evaluate(self, batch: Batch) -> Loss:
        return Loss("mse", self.squared_errors(batch).mean())

    def objectives(self) -> list[Objective]:
        return [Objective(torch.optim.Adam(self.parameters(), self.config.lr), self.evaluate)]


SMALL = {"hidden": 24, "latent": 8, "batch_size": 32}

CASES = [
    Case("recurrent-ae", "recurrent-ae", RecurrentAutoencoder, {**SMALL, "clip_norm": 0.0}),
    Case("recurrent-ae clipped", "recurrent-ae", RecurrentAutoencoder, {**SMALL, "clip_norm": 0.01}),
    Case(
        "recurrent-ae of the document",
        "recurrent-ae",
        RecurrentAutoencoder,
        {**SMALL, "reversed_target": False, "standardise": False, "clock": False},
    ),
    Case("recurrent-ae lengths", "recurrent-ae", RecurrentAutoencoder, {**SMALL, "data": "waves-varied"}, 20),
    Case("recurrent-ae masked", "recurrent-ae", RecurrentAutoencoder, {**SMALL, "corrupt": "mask:0.5"}, 20),
]

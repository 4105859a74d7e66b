"""The twin of recurrent-ae, with torch.nn.LSTM and packed sequences."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812 (PyTorch's own name for it)
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

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
        self.decoder = torch.nn.LSTM(config.latent, config.hidden, batch_first=True)
        self.output = torch.nn.Linear(config.hidden, features)

    def evaluate(self, batch: Batch) -> Loss:
        x, steps = batch.inputs, batch.inputs.shape[1]
        damaged = corrupted(x, self.config.corrupt, self.training, self.noise)
        if batch.lengths is None:
            target = x.flip(1) if self.config.reversed_target else x
            code = self.code(self.encoder(damaged)[1][0][0])[:, None].expand(-1, steps, -1)
            return Loss("mse", F.mse_loss(torch.sigmoid(self.output(self.decoder(code)[0])), target))
        lengths = batch.lengths
        packed = pack_padded_sequence(damaged, lengths, batch_first=True, enforce_sorted=False)
        code = self.code(self.encoder(packed)[1][0][0])[:, None].expand(-1, steps, -1)
        packed = pack_padded_sequence(code, lengths, batch_first=True, enforce_sorted=False)
        outputs, _ = pad_packed_sequence(self.decoder(packed)[0], batch_first=True, total_length=steps)
        errors = []
        for decoded, target, length in zip(torch.sigmoid(self.output(outputs)), x, lengths, strict=True):
            wanted = target[:length].flip(0) if self.config.reversed_target else target[:length]
            errors.append(F.mse_loss(decoded[:length], wanted))
        return Loss("mse", torch.stack(errors).mean())

    def objectives(self) -> list[Objective]:
        return [Objective(torch.optim.Adam(self.parameters(), self.config.lr), self.evaluate)]


SMALL = {"hidden": 24, "latent": 8, "batch_size": 32}

CASES = [
    Case("recurrent-ae", "recurrent-ae", RecurrentAutoencoder, {**SMALL, "clip_norm": 0.0}),
    Case("recurrent-ae clipped", "recurrent-ae", RecurrentAutoencoder, {**SMALL, "clip_norm": 0.01}),
    Case(
        "recurrent-ae reversed, lengths",
        "recurrent-ae",
        RecurrentAutoencoder,
        {**SMALL, "data": "waves-varied", "reversed_target": True},
    ),
    Case("recurrent-ae masked", "recurrent-ae", RecurrentAutoencoder, {**SMALL, "corrupt": "mask:0.5"}, 20),
]

"""Averages over examples: of a loss during an epoch, and of a model's measures over a whole split."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from minigen import parallel, rng
from minigen.autograd import Tensor, no_grad
from minigen.data import Loader, Split
from minigen.models.model import Model
from minigen.training.exchange import Exchange


class Averages:
    """Means of terms over examples, summed on the device in float64 and read only when asked for."""

    def __init__(self, sums: Mapping[str, float] = {}, counts: Mapping[str, int] = {}) -> None:
        self.sums: dict[str, Any] = dict(sums)
        self.counts = dict(counts)

    def add(self, terms: Mapping[str, Tensor], examples: int) -> None:
        """Count each term `examples` times."""
        for name, value in terms.items():
            self.sums[name] = self.sums.get(name, 0.0) + value.data.astype("float64") * examples
            self.counts[name] = self.counts.get(name, 0) + examples

    def read(self) -> dict[str, float]:
        """The means so far, as numbers: a GPU is waited for."""
        return {name: float(total) / self.counts[name] for name, total in self.sums.items()}


def measure(model: Model, split: Split) -> tuple[str, dict[str, float]]:
    """The score's name and all of the model's measures over a split, with the same noise at every call.

    Several workers measure it together: all of them call this.
    """
    config, averages, exchange = model.config, Averages(), Exchange(parallel.workers())
    model.eval()
    with no_grad(), rng.stream(config.seed), np.errstate(all="ignore"):
        for batch in Loader(split, 1000, config.seed, config.device, shuffle=False).epoch(0, workers=exchange.workers):
            with parallel.computing(batch.shard):
                score = model.evaluate(batch)
            averages.add(exchange.sum(batch, score.terms), batch.total)
    return score.name, averages.read()

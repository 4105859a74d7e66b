"""What the workers of a test do; they import it, so it stands in a file of its own.

mpiexec -n 2 python tests/workers_at_work.py all_models FILE.npz
"""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from minigen import parallel, rng
from minigen.data import Loader, Split, load
from minigen.models import MODELS
from minigen.parallel.ranks import ranks
from minigen.training import averages, resuming
from minigen.training.loop import Trainer
from minigen.training.run_folder import RunFolder

BATCH = 7  # rows 3 + 4, or 2 + 2 + 3
SIZES = (BATCH, BATCH, 3)  # the last has too few rows to share
OPTIONS: dict[str, dict[str, Any]] = {
    "ae": {"corrupt": "gaussian:0.3"},
    "sae": {"mode": "joint", "labels": 10, "corrupt": "mask:0.3"},
    "recurrent-ae": {"corrupt": "gaussian:0.3"},
    "deconv": {"task": "denoise"},
    "conv-ae": {"pooling": "max", "corrupt": "mask:0.3"},
    "dcgan": {"filters": 4},
    "wgan-gp": {"filters": 4, "critic_steps": 2, "clip_norm": 1.0},
}


def all_models() -> dict[str, Any]:
    """Parameters, buffers, averages and measures of each model after three steps in float64, by "model/name"."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (averages, resuming):
            patch.setattr(module, "Loader", partial(Loader, dtype="float64"))
        return {key: value for name in MODELS for key, value in three_steps(name).items()}


def three_steps(name: str) -> dict[str, Any]:
    """The same of one model, in the dtype of the loaders."""
    config = MODELS[name].config_type(batch_size=BATCH, epochs=1, **OPTIONS.get(name, {}))
    data = load(config.data, None, 0)
    train, held_out = data.train.take(range(sum(SIZES))), data.train.take(range(20, 31))
    rng.manual_seed(0)
    model = MODELS[name](config, data.input_shape, len(data.classes)).to(dtype="float64")
    trainer = Trainer(model, train, Split(train.inputs[:0], train.labels[:0]), RunFolder(Path("none")), print)
    for batch in trainer.loader.epoch(0, 0, trainer.workers):
        trainer.step(batch)
        trainer.batch += 1
    found = {**model.state_dict(), **trainer.averages.read(), **averages.measure(model, held_out)[1]}
    for objective in trainer.objectives:
        trainer.exchange.complete(objective.optimizer)
        found |= {f"{objective.name}.{key}": value for key, value in objective.optimizer.state_dict().items()}
    return {f"{name}/{key}": value for key, value in found.items()}


def exchange_arrays() -> int:
    """Sums and gatherings of arrays that fit into a slot and of those that do not; the number of workers."""
    workers = parallel.workers()
    for count in (0, 1, 5, 2_000, 700_001):
        array = np.arange(count, dtype="float64") * (workers.rank + 1)
        workers.all_reduce(array)
        np.testing.assert_array_equal(array, np.arange(count) * sum(range(1, workers.size + 1)))
        rows = np.full((count, 3), -1.0)
        rows[workers.own(count)] = np.arange(3 * count).reshape(count, 3)[workers.own(count)]
        workers.gather(rows)
        np.testing.assert_array_equal(rows, np.arange(3 * count).reshape(count, 3))
    assert workers.share(f"rank {workers.rank}") == "rank 0"
    assert workers.decide(workers.rank + 7) == 7
    return workers.size


def fail(rank: int) -> None:
    """Raise on one worker while the others wait for it."""
    if parallel.workers().rank == rank:
        raise ZeroDivisionError("on purpose")
    parallel.workers().decide(0)


def fail_locally() -> None:
    """Raise what no other process knows."""

    class LocalError(Exception):
        pass

    if parallel.workers().rank == 1:
        raise LocalError("on purpose")
    parallel.workers().decide(0)


if __name__ == "__main__":
    with ranks("cpu") as world:
        found = globals()[sys.argv[1]]()
    if world.rank == 0:
        np.savez(sys.argv[2], **found if isinstance(found, dict) else {"size": found})

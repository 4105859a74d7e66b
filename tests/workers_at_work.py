"""What the workers of a test do; they import it, so it stands in a file of its own.

mpiexec -n 2 python tests/workers_at_work.py all_models FILE.npz
"""

from __future__ import annotations

import errno
import inspect
import itertools
import pkgutil
import sys
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import fake_cupy
import fake_nccl
import numpy as np
import pytest
from support import to_numpy

from minigen import backend, ops, parallel, rng, train
from minigen.autograd import Tensor, grad
from minigen.data import Batch, Loader, Split, load
from minigen.evaluation import batches, figures
from minigen.evaluation.studies import few_labels
from minigen.evaluation.studies.classification import probabilities
from minigen.models import MODELS
from minigen.models.model import Classifies, Encodes, Loss, Objective
from minigen.ops.sharding import all_reduce
from minigen.optim import SGD
from minigen.parallel.ranks import MPI, ranks
from minigen.train import _Task, _train_together
from minigen.training import averages, checkpoint
from minigen.training.exchange import Exchange
from minigen.training.loop import Trainer
from minigen.training.run_folder import RunFolder
from minigen.training.ways import Way, share_steps

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

RUNS = {
    "sae": ["--labels", "50", "--mode", "joint"],
    "recurrent-ae": ["--data", "waves", "--hidden", "8"],
    "gan": [],
}


@contextmanager
def float64() -> Iterator[None]:
    """All batches are in float64."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Loader.__init__, "__defaults__", (*Loader.__init__.__defaults__[:-1], "float64"))
        yield


def all_models() -> dict[str, Any]:
    """Parameters, buffers, averages and measures of each model after three steps in float64, by "model/name"."""
    with float64():
        steps = {key: value for name in MODELS for key, value in three_steps(name).items()}
    return steps | higher_orders()


def models_on_gpus() -> dict[str, Any]:
    """The same of three models on the stand-in for GPUs, one for each rank."""
    with float64(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(backend, "_gpu", fake_cupy)
        patch.setitem(sys.modules, "cupy.cuda.nccl", fake_nccl)
        patch.setattr(fake_cupy.cuda.runtime, "getDeviceCount", lambda: 3)
        workers = parallel.workers()
        with parallel.working_with(workers.on("gpu") if isinstance(workers, MPI) else workers):
            found = {
                key: value for name in ("vae", "dcgan", "wgan-gp") for key, value in three_steps(name, "gpu").items()
            }
        return {key: value if isinstance(value, float) else to_numpy(value) for key, value in found.items()}


def in_every_way() -> dict[str, Any]:
    """The same of four models after steps in every way, from every way to each other."""
    ways = [Way(int(number)) for number in "1213231"]
    with float64():
        return {
            key: value
            for name in ("vae", "dcgan", "sae", "recurrent-ae")
            for key, value in steps(name, [BATCH] * len(ways), ways).items()
        }


def three_steps(name: str, device: str = "cpu") -> dict[str, Any]:
    """The same of one model, in the dtype of the loaders."""
    return steps(name, SIZES, (), device)


def steps(name: str, sizes: Sequence[int], ways: Sequence[Way], device: str = "cpu") -> dict[str, Any]:
    """The same after a step on each of the batches, several workers each in its way if there are any."""
    config = MODELS[name].config_type(batch_size=BATCH, epochs=1, device=device, **OPTIONS.get(name, {}))
    data = load(config.data, None, 0)
    train, held_out = data.train.take(range(sum(sizes))), data.train.take(range(20, 31))
    rng.manual_seed(0)
    model = MODELS[name](config, data.input_shape, len(data.classes)).to(device, "float64")
    trainer = Trainer(model, train, Split(train.inputs[:0], train.labels[:0]), RunFolder(Path("none")), print)
    while trainer.batch < len(sizes):
        if ways and parallel.workers().size > 1:
            if parallel.workers().rank == 0:
                trainer.pace.wanted = ways[trainer.batch]
            share_steps(trainer, 0)
        with parallel.working_with(trainer.workers):
            trainer.step(next(trainer.loader.epoch(0, trainer.batch, trainer.workers)))
        trainer.batch += 1
    found = {**model.state_dict(), **trainer.averages.read(), **averages.measure(model, held_out)[1]}
    if isinstance(model, Encodes):
        found["codes"] = batches.codes(model, held_out)
    if isinstance(model, Classifies):
        found["probabilities"] = probabilities(model, held_out)
    for objective in trainer.objectives:
        trainer.exchange.complete(objective.optimizer)
        found |= {f"{objective.name}.{key}": value for key, value in objective.optimizer.state_dict().items()}
    return {f"{name}/{key}": value for key, value in found.items()}


def higher_orders() -> dict[str, Any]:
    """Gradients of gradients of gradients, through batch normalisation and `all_reduce`."""
    workers, draws = parallel.workers(), np.random.default_rng(0)
    rows, numbers = workers.shard(BATCH), draws.normal(size=(2, BATCH, 3, 2))
    own, factor = numbers[:, rows.start : rows.stop]
    x, weight = Tensor(own, requires_grad=True), Tensor(draws.normal(size=3), requires_grad=True)
    found: dict[str, Any] = {}
    with parallel.computing(rows):
        y = ops.batch_norm(x, None, None, weight, training=True)
        function = (ops.tanh(y) * factor * all_reduce((x * y).sum(0, keepdim=True))).sum()
        for order in (1, 2, 3):
            by_x, by_weight = grad(function, [x, weight], create_graph=True)
            function = (by_x * by_x * factor).sum()
            found[f"order {order} by x"] = whole = np.zeros((BATCH, 3, 2))
            whole[rows.start : rows.stop] = by_x.data
            found[f"order {order} by weight"] = by_weight.data.copy()
    return {name: workers.all_reduce(array) for name, array in found.items()}


def far_from_zero() -> Any:
    """Batch normalisation in float32 of a channel whose mean is 3,000 deviations from 0, and of a constant one."""
    workers, x = parallel.workers(), np.full((BATCH, 2), 1e6, "float32")
    x[:, 0] = 3000 + np.random.default_rng(0).normal(size=BATCH)
    rows, whole = workers.shard(BATCH), np.zeros_like(x)
    with parallel.computing(rows):
        whole[rows.start : rows.stop] = ops.batch_norm(
            Tensor(x[rows.start : rows.stop]), None, None, training=True
        ).data
    return workers.all_reduce(whole)


def falsified(mutations: list[tuple[str, str, str, str]]) -> list[float]:
    """By how much a result differs from one worker's, for each (what is computed, module:function, a line, another)."""
    compute = {name: partial(three_steps, name) for name in MODELS} | {
        "higher orders": higher_orders,
        "every way": in_every_way,
    }
    alone: dict[str, dict[str, Any]] = {}
    differences = []
    with float64():
        for what, function, line, instead in mutations:
            if what not in alone:
                with parallel.working_with(parallel.ALONE):
                    alone[what] = compute[what]()
            with rewritten(pkgutil.resolve_name(function), line, instead):
                found = compute[what]()
            differences.append(max(difference(found[name], value) for name, value in alone[what].items()))
    return differences


def difference(found: Any, expected: Any) -> float:
    """The largest, relative to the largest expected."""
    return float(np.max(np.abs(found - expected)) / max(1.0, np.max(np.abs(expected))))


@contextmanager
def rewritten(function: Any, line: str, instead: str) -> Iterator[None]:
    """The function with another line, also for those who imported it before."""
    function = inspect.unwrap(getattr(function, "fget", function))
    source = textwrap.dedent(inspect.getsource(function))
    assert source.count(line) == 1, f"{function.__qualname__} has no line {line!r}"
    names: dict[str, Any] = {}
    exec(source[source.index("def ") :].replace(line, instead), function.__globals__, names)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(function, "__code__", names[function.__name__].__code__)
        yield


def exchange_arrays() -> int:
    """Sums and gatherings of arrays that fit into a slot and of those that do not; the number of workers."""
    workers = parallel.workers()
    factor, lengths = sum(range(1, workers.size + 1)), (0, 1, 5, 2_000, 1_500_001)
    for count in lengths:
        array = np.arange(2.0 * count).reshape(2, count).T
        np.testing.assert_array_equal(workers.all_reduce(array * (workers.rank + 1)), array * factor)
        arrays = [np.arange(3.0), array, np.arange(6.0).reshape(2, 3).T]
        whole = np.full(9 + 2 * count, -1.0)
        whole[workers.own(len(whole))] = np.concatenate(
            workers.reduce_scatter([array * (workers.rank + 1) for array in arrays])
        )
        workers.gather(whole)
        np.testing.assert_array_equal(whole, np.concatenate([array.reshape(-1) * factor for array in arrays]))
        rows = np.full((count, 3), -1.0)
        rows[workers.own(count)] = np.arange(3 * count).reshape(count, 3)[workers.own(count)]
        workers.gather(rows)
        np.testing.assert_array_equal(rows, np.arange(3 * count).reshape(count, 3))
    with pytest.raises(ValueError, match="does not lie row by row"):
        workers.gather(rows.T)
    for count in (1, 1001):
        seen: list[slice] = []
        squares = batches.in_parts(partial(_squares, seen), count, 100)
        np.testing.assert_array_equal(squares, np.arange(count) ** 2)
    assert slice(seen[0].start, seen[-1].stop) == workers.own(count)
    assert workers.share(f"rank {workers.rank}") == "rank 0"
    assert workers.decide(workers.rank + 7) == workers.size + 6
    return workers.size


def drift_apart(how: str) -> None:
    """A step after which two workers would have different parameters, in silence."""
    workers = parallel.workers()
    first, second = (Tensor(np.ones(3), requires_grad=True) for _ in range(2))
    optimizer = SGD([first, second], lr=1.0)
    exchange = Exchange(workers, [Objective("loss", optimizer, lambda batch: Loss("loss", (first * second).sum()))])
    if how == "another array":
        first.data = first.data.copy()
    loss = (first * second).sum() if how == "another array" or workers.rank == 0 else first.sum()
    loss.backward(0.5)
    batch = Batch(np.zeros((2, 1)), np.zeros(2, int), None, np.arange(2), workers.shard(4))
    exchange.sum_gradients(batch, optimizer)
    exchange.step(optimizer)


def _squares(seen: list[slice], rows: slice) -> Any:
    seen.append(rows)
    return batches.in_parts(
        lambda part: (rows.start + np.arange(rows.stop - rows.start)[part]) ** 2, rows.stop - rows.start
    )


def whole_runs(folder: str) -> None:
    """Trainings of a moment, with all that follows, but no pictures in their files: a model for each kind of study."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(figures, "png", lambda figure: b"")
        patch.setattr(few_labels, "STEPS", 20)
        patch.setattr(few_labels, "FINE_STEPS", 5)
        for name, words in RUNS.items():
            given = train._parse(MODELS[name], ["--smoke", "--epochs", "1", "--out", f"{folder}/{name}", *words])
            task: Any = None if parallel.workers().rank else train._task(MODELS[name], given)
            train._train_together(parallel.workers().share(task))


def fail(rank: int) -> None:
    """Raise on one worker while the others wait for it."""
    if parallel.workers().rank == rank:
        raise ZeroDivisionError("on purpose")
    parallel.workers().all_reduce(np.ones(100_000))


class NamedError(Exception):
    """What pickle writes and cannot read: it passes the message as `name`, and no `value`."""

    def __init__(self, name: str, value: int) -> None:
        super().__init__(f"{name} is {value}")


def fail_with_a_name() -> None:
    """Raise what another process cannot make again."""
    if parallel.workers().rank == 1:
        raise NamedError("it", 7)
    parallel.workers().decide(0)


def send_what_nobody_can_read() -> None:
    """Worker 0 sends what is no pickle to the others, who wait for something that it shares."""
    workers = parallel.workers()
    if workers.rank == 0:
        for pipe in workers._pipes:
            pipe.send_bytes(b"no pickle")
        workers.decide(0)
    else:
        workers.share(None)


def fail_locally() -> None:
    """Raise what no other process knows."""

    class LocalError(Exception):
        pass

    if parallel.workers().rank == 1:
        raise LocalError("on purpose")
    parallel.workers().decide(0)


FAILURES: dict[str, tuple[Any, str, BaseException]] = {
    "disk": (checkpoint, "write", OSError(errno.ENOSPC, "No space left on device", "last.safetensors")),
    "save": (checkpoint, "write", KeyboardInterrupt()),
    "measure": (MODELS["vae"], "evaluate", ZeroDivisionError("on purpose")),  # tried twice before training
}


@contextmanager
def failing(what: str, rank: int, call: int) -> Iterator[None]:
    """From this call on, something fails on one of the workers."""
    owner, name, error = FAILURES[what]
    whole, calls = getattr(owner, name), itertools.count(1)

    def fails(*args: Any) -> Any:
        if parallel.workers().rank == rank and next(calls) >= call:
            raise error
        return whole(*args)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(owner, name, fails)
        yield


def train_failing(what: str, rank: int, call: int, task: _Task) -> int:
    """What a process does that `minigen.train` begins, where something fails."""
    with failing(what, rank, call):
        return _train_together(task)


if __name__ == "__main__":
    with ranks() as world:
        found = globals()[sys.argv[1]]()
    if world.rank == 0:
        np.savez(sys.argv[2], **found if isinstance(found, dict) else {"size": found})

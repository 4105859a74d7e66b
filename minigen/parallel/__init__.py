"""One training step on several workers: each takes a shard of the batch, and the sums are those of the whole batch.

    gradient of the mean loss of N examples = Σ over shards (n / N) · gradient of the shard's mean loss

Every worker runs the same program with the same seed and so has the same weights, data order and random streams. In
each step it computes the gradient of its own rows of the batch. `reduce_scatter` adds the gradients up: each worker
gets a part of the sum, as if it had computed the whole batch alone, and updates that part of the parameters. `gather`
then completes these. Three kinds of workers exchange in different ways:

    Workers     one worker, this process: nothing to add
    Processes   processes of one machine, through memory that they share (processes.py)
    MPI, NCCL   ranks of `mpiexec` on any number of machines, or on their GPUs (ranks.py)

What depends on the whole batch asks this file. Random numbers are drawn for all N rows, and a worker takes its own
(ops/noise.py), so they do not depend on the number of workers. Batch normalisation sums over the batch with the
operation `ops.all_reduce`, whose derivative is `all_reduce` of the gradient.
"""

from __future__ import annotations

import contextlib
import itertools
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from minigen import backend
from minigen.backend import Array

T = TypeVar("T")


@dataclass(frozen=True)
class Shard:
    """The rows start:stop of a batch of `total` examples, and their weight in the mean over the batch."""

    start: int
    stop: int
    total: int
    weight: float

    @property
    def is_part(self) -> bool:
        """Whether other workers have other rows."""
        return self.stop - self.start < self.total


class Workers:
    """What training asks of its workers. This class is the case of one, which exchanges nothing and costs nothing.

    All workers call the same methods in the same order: each call waits for the others.

    Attributes:
        rank: which of the workers this is. Worker 0 alone prints and writes.
        size: how many there are.
        weights: how large each one's part is beside the others'; empty where all are equal.
        pids: of the processes of the others, where worker 0 has started them.
    """

    rank, size = 0, 1
    weights: tuple[int, ...] = ()
    pids: tuple[int, ...] = ()

    def shard(self, total: int) -> Shard:
        """This worker's rows of a batch, at least two of them: a batch too small for that is computed whole by each."""
        if self.size == 1 or min(part.stop - part.start for part in self.parts(total)) < 2:
            return Shard(0, total, total, 1 / self.size)
        own = self.own(total)
        return Shard(own.start, own.stop, total, (own.stop - own.start) / total)

    def own(self, count: int) -> slice:
        """This worker's part of `count` things."""
        return self.parts(count)[self.rank]

    def parts(self, count: int, width: int = 1) -> list[slice]:
        """All workers' parts of `count` things, each of them `width` numbers."""
        ends = list(itertools.accumulate(self.weights or (1,) * self.size, initial=0))
        return [slice(*pair) for pair in itertools.pairwise(end * count // ends[-1] * width for end in ends)]

    def divide(self, evenly: bool) -> None:
        """Equal parts for all from now on; or a small one for the last worker, whose core other programs get."""

    def all_reduce(self, array: Array) -> Array:
        """The sum of all workers' arrays, the same to the bit for each."""
        return array

    def reduce_scatter(self, arrays: list[Array]) -> list[Array]:
        """This worker's part of the sum of all workers' arrays: `own(N)` of their N numbers, laid end to end.

        Returns:
            of each array the numbers that lie in this part, flat
        """
        return [array.reshape(-1) for array in arrays]

    def gather(self, array: Array) -> None:
        """Complete a contiguous array (N, …): each worker has computed its rows `own(N)`."""

    def share(self, value: T) -> T:
        """Worker 0's value, for all: anything that can be pickled."""
        return value

    def decide(self, number: int) -> int:
        """The largest of all workers' numbers, for all."""
        return number


ALONE = Workers()


class _Current(threading.local):
    """Each thread has workers and a shard of its own."""

    def __init__(self) -> None:
        self.workers, self.shard = ALONE, None


_current: Any = _Current()


def workers() -> Workers:
    """Those that this thread works with: by default itself alone."""
    return _current.workers


def shard() -> Shard | None:
    """The rows that this worker computes now, or None where it computes the whole batch."""
    return _current.shard


@contextlib.contextmanager
def working_with(others: Workers) -> Iterator[None]:
    """`workers()` are these in a `with` block."""
    before, _current.workers = _current.workers, others
    try:
        yield
    finally:
        _current.workers = before


@contextlib.contextmanager
def computing(rows: Shard | None) -> Iterator[None]:
    """`shard()` is this in a `with` block."""
    before, _current.shard = _current.shard, rows if rows and rows.is_part else None
    try:
        yield
    finally:
        _current.shard = before


def end_to_end(arrays: list[Array]) -> tuple[Array, list[Array]]:
    """A copy of the arrays as one flat array, and the parts of that in the arrays' shapes."""
    flat = backend.of(arrays[0]).concatenate([array.reshape(-1) for array in arrays])
    ends = itertools.accumulate(array.size for array in arrays)
    return flat, [flat[end - a.size : end].reshape(a.shape) for a, end in zip(arrays, ends, strict=True)]


def within(part: slice, arrays: list[Array]) -> list[Array]:
    """Of each array the numbers, flat, that lie in this part of all arrays laid end to end."""
    return [array.reshape(-1)[inside] for array, inside in zip(arrays, parts_within(part, arrays), strict=True)]


def parts_within(part: slice, arrays: list[Array]) -> list[slice]:
    """The slice of each array, flattened, that lies in this part of all arrays laid end to end."""
    begins = [0, *itertools.accumulate(array.size for array in arrays)]
    return [slice(max(part.start - begin, 0), max(part.stop - begin, 0)) for begin in begins[:-1]]


def require_rows(array: Array) -> None:
    """Raise a ValueError where an array does not lie row by row: workers could not complete it where it lies."""
    if not array.flags.c_contiguous:
        raise ValueError(f"an array of shape {array.shape} does not lie row by row: workers cannot complete it")


class WorkerError(RuntimeError):
    """The workers cannot begin or go on; the message is one line and says what to do."""

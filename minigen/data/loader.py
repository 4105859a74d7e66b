"""Minibatches in an order that follows from a seed, as float arrays that lie batch-last in memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from minigen import backend
from minigen.backend import Array, to_device
from minigen.data.dataset import DataError, Dataset, Split, require_levels
from minigen.parallel import ALONE, Shard, Workers


@dataclass(frozen=True, slots=True)
class Batch:
    """What a training step gets, N examples at once.

    inputs: float (N, C, H, W) in [0, 1] or float (N, T, D), on the loader's device.
    labels: int64 (N,), on the device. lengths: int64 (N,), on the device, or None.
    index: int64 (N,), always a NumPy array: which examples of the split these are.
    shard: which rows these are of a batch that several workers share; None for a batch of its own.
    """

    inputs: Array
    labels: Array
    lengths: Array | None
    index: NDArray[np.int64]
    shard: Shard | None = None

    @classmethod
    def of(cls, split: Split, device: str) -> Batch:
        """All examples of a split in their own order, float32."""
        return Loader(split, len(split), 0, device, shuffle=False).first(len(split))

    @property
    def total(self) -> int:
        """How many examples the whole batch has."""
        return self.shard.total if self.shard else len(self.index)

    @property
    def weight(self) -> float | None:
        """The factor of this worker's gradient in that of the whole batch; None where it is alone."""
        return self.shard.weight if self.shard and self.shard.weight < 1 else None


class Loader:
    """Batches of a split, shuffled anew in every epoch.

    The order depends on nothing but (seed, epoch number): `epoch(3, start=40)` goes on exactly where a
    stopped run left epoch 3, and there is no state to save.

    Inputs have the shape (N, C, H, W) or (N, T, D) and lie in memory as (C, H, W, N) or (T, D, N), the
    layout in which the layers are fastest. The whole split moves to the device once, and the order once per
    epoch: within an epoch nothing is transferred.

    Raises DataError for a split, a batch size, a seed or a dtype that gives no batches.
    """

    def __init__(
        self,
        split: Split,
        batch_size: int,
        seed: int,
        device: str = "cpu",
        shuffle: bool = True,
        drop_last: bool = False,
        dtype: str = "float32",
    ) -> None:
        if not isinstance(split, Split):
            hint = "its .train or .test" if isinstance(split, Dataset) else "a Split(inputs, labels) of arrays"
            raise DataError(f"Loader: split is a {type(split).__name__}, must be {hint}")
        if batch_size < 1:
            raise DataError(f"Loader: batch_size is {batch_size}, must be at least 1")
        if seed < 0:
            raise DataError(f"Loader: seed is {seed}, must be at least 0")
        if dtype not in ("float32", "float64"):
            raise DataError(f"Loader: dtype is {dtype!r}, must be 'float32' or 'float64'")
        if len(split) < (batch_size if drop_last else 1):
            raise DataError(f"Loader: {len(split)} examples give no batch (batch_size {batch_size})")
        self._pictures = split.stored.dtype == np.uint8 and split.stored.ndim == 4
        if self._pictures and split.rows is None:  # those on the disk were looked at when they were decoded
            require_levels(split.inputs, "Loader")
        self.batch_size, self.seed = batch_size, seed
        self.shuffle, self.drop_last = shuffle, drop_last
        self.device, self.dtype = device, np.dtype(dtype)
        self.input_shape = split.stored.shape[1:]
        self._count = len(split)
        self._rows = split.rows if device == "cpu" else None  # a mapped split is read batch by batch
        stored = split.inputs if self._rows is None else split.stored
        self._inputs = to_device(stored.reshape(len(stored), -1), device)
        self._labels = to_device(split.labels, device)
        self._lengths = None if split.lengths is None else to_device(split.lengths, device)

    def __len__(self) -> int:
        """How many batches an epoch has."""
        whole, rest = divmod(self._count, self.batch_size)
        return whole + (rest > 0 and not self.drop_last)

    def __repr__(self) -> str:
        return f"Loader({self._count:,} × {self.input_shape}: {len(self):,} batches of {self.batch_size} per epoch)"

    def __iter__(self) -> NoReturn:
        raise TypeError("Loader: an order belongs to an epoch: write `for batch in loader.epoch(0)`")

    def epoch(self, number: int, start: int = 0, workers: Workers = ALONE) -> Iterator[Batch]:
        """The batches of epoch `number`, from batch `start` on; of each, with several workers, this one's rows."""
        order = self._order(number)
        on_device = to_device(order, self.device)
        for i in range(start, len(self)):
            begin, end = i * self.batch_size, min((i + 1) * self.batch_size, self._count)
            shard = workers.shard(end - begin)
            part = slice(begin + shard.start, begin + shard.stop)
            yield self._batch(order[part], on_device[part], shard)

    def first(self, n: int) -> Batch:
        """The first n examples of the split (all, if it has fewer) in their own order: for figures."""
        index = np.arange(min(n, self._count))
        return self._batch(index, to_device(index, self.device))

    def _order(self, epoch: int) -> NDArray[np.int64]:
        if not self.shuffle:
            return np.arange(self._count)
        return np.random.default_rng([self.seed, epoch]).permutation(self._count)

    def _batch(self, index: NDArray[np.int64], at: Array, shard: Shard | None = None) -> Batch:
        columns = _columns(self._inputs[at if self._rows is None else self._rows[at]]).astype(self.dtype, copy=False)
        if self._pictures:
            columns /= 255
        inputs = columns.T.reshape(len(index), *self.input_shape)
        return Batch(inputs, self._labels[at], None if self._lengths is None else self._lengths[at], index, shard)


def _columns(rows: Array) -> Array:
    """One row per example becomes one column per example: (N, features) -> (features, N), contiguous."""
    spaced = backend.empty_rows(rows.shape, rows)
    if spaced.strides != rows.strides:
        spaced[...] = rows
        rows = spaced
    return backend.of(rows).ascontiguousarray(rows.T)

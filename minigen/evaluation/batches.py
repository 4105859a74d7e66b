"""Whole splits through a model, in parts that fit into memory; several workers compute a share of the rows each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minigen import parallel
from minigen.autograd import Tensor, no_grad
from minigen.data import Batch, Split

AT_ONCE = 500  # examples


def in_parts(compute: Callable[[slice], Any], count: int, at_once: int = AT_ONCE) -> Any:
    """An array of `count` rows: compute(rows) for parts of at most `at_once` rows, end to end.

    Where there are several workers, all of them call this with the same arguments: each computes its rows, alone, and
    gets those of the others.
    """
    workers = parallel.workers()
    own = workers.own(count) if count >= workers.size else slice(0, count)
    with parallel.working_with(parallel.ALONE):
        starts = range(own.start, own.stop, at_once)
        computed = np.concatenate([compute(slice(at, min(at + at_once, own.stop))) for at in starts])
    if len(computed) == count:
        return computed
    rows = np.empty((count, *computed.shape[1:]), computed.dtype)
    rows[own] = computed
    workers.gather(rows)
    return rows


def codes(model: Any, split: Split) -> Any:
    """The codes of a split's examples, (N, latent); of sequences, of the steps that they have."""
    return outputs(
        lambda batch: model.encode(Tensor(batch.inputs), *([] if batch.lengths is None else [batch.lengths])),
        split,
        model.config.device,
    )


def outputs(function: Callable[[Batch], Tensor], split: Split, device: str) -> Any:
    """function(batch) of a split's examples, without gradients: (N, …)"""

    def compute(rows: slice) -> Any:
        return function(Batch.of(split.take(range(rows.start, rows.stop)), device)).numpy()

    with no_grad():
        return in_parts(compute, len(split))

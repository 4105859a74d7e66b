"""What the workers exchange in a training step: sums of gradients and terms, and the updated parameters.

Each worker has the gradients of its shard of the batch, weighted by its part of the examples. One array takes them all,
and the terms of the loss behind them; it is added up, and every worker has what one worker alone would have. Each then
updates its own part of the parameters, so Adam's work is shared, and collects the other parts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from minigen import backend
from minigen.autograd import Tensor
from minigen.backend import Array
from minigen.data import Batch
from minigen.models.model import Objective
from minigen.nn import Parameter
from minigen.optim import Optimizer
from minigen.parallel import Workers


class Exchange:
    """For each optimizer, which part of its parameters this worker updates; with one worker nothing happens."""

    def __init__(self, workers: Workers, objectives: Iterable[Objective] = ()) -> None:
        self.workers = workers
        if workers.size > 1:
            for objective in objectives:
                _share_out(objective.optimizer, workers)

    def sum(self, batch: Batch, terms: Mapping[str, Tensor], parameters: Iterable[Parameter] = ()) -> dict[str, Tensor]:
        """The terms of the whole batch; the parameters' gradients, weighted by `batch.weight`, become its gradients."""
        if batch.weight is None:
            return dict(terms)
        trained = [(p, p.grad) for p in parameters if p.grad is not None]
        pieces = [g.data.reshape(-1) for _, g in trained]
        pieces += [term.data.reshape(1) * batch.weight for term in terms.values()]
        flat = backend.of(pieces[0]).concatenate(pieces)
        self.workers.all_reduce(flat)
        sums = iter(_split(flat, [piece.size for piece in pieces]))
        for p, g in trained:
            p.grad = Tensor(next(sums).reshape(g.shape))
        return {name: Tensor(next(sums).reshape(term.shape)) for name, term in terms.items()}

    def step(self, optimizer: Optimizer) -> None:
        """The optimizer's step, each worker on its part of the parameters."""
        optimizer.step()
        self._collect([p.data for p in optimizer.parameters])

    def complete(self, optimizer: Optimizer) -> None:
        """Collect the parts of the optimizer's state from all workers, for a checkpoint."""
        for name in optimizer.state_names:
            self._collect([optimizer.state[f"{position}.{name}"] for position in range(len(optimizer.parameters))])

    def _collect(self, arrays: list[Array]) -> None:
        if self.workers.size > 1:
            flat = backend.of(arrays[0]).concatenate([array.reshape(-1) for array in arrays])
            self.workers.gather(flat)
            for array, whole in zip(arrays, _split(flat, [array.size for array in arrays]), strict=True):
                array[...] = whole.reshape(array.shape)


def _share_out(optimizer: Optimizer, workers: Workers) -> None:
    """Let the optimizer update only this worker's part of all its parameters, laid end to end."""
    own, begin = workers.own(sum(p.size for p in optimizer.parameters)), 0
    optimizer.parts = []
    for p in optimizer.parameters:
        p.data = backend.of(p.data).ascontiguousarray(p.data)
        optimizer.parts.append(slice(max(own.start - begin, 0), max(own.stop - begin, 0)))
        begin += p.size
    for name, array in optimizer.state.items():
        optimizer.state[name] = backend.of(array).ascontiguousarray(array)


def _split(flat: Array, sizes: list[int]) -> list[Array]:
    ends = [sum(sizes[: n + 1]) for n in range(len(sizes))]
    return [flat[end - size : end] for end, size in zip(ends, sizes, strict=True)]

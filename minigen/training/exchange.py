"""What the workers exchange in a training step: sums of gradients and terms, and the updated parameters.

Each worker has the gradients of its shard of the batch, weighted by its part of the examples. One array takes them all,
and the terms of the loss behind them; it is added up, and every worker has what one worker alone would have. Each then
updates its own part of the parameters, so Adam's work is shared, and collects the other parts.
"""

from __future__ import annotations

import itertools
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
    """Sums over the workers; and each worker updates its own part of each optimizer's parameters.

    With one worker nothing happens. With several, an optimizer's parameters lie end to end in one array, and so does
    what it remembers of them: then a part of all is one slice, and the workers complete the array where it lies.
    """

    def __init__(self, workers: Workers, objectives: Iterable[Objective] = ()) -> None:
        self.workers = workers
        self._shared = {o.optimizer: _share_out(o.optimizer, workers) for o in objectives if workers.size > 1}

    def sum(self, batch: Batch, terms: Mapping[str, Tensor], parameters: Iterable[Parameter] = ()) -> dict[str, Tensor]:
        """The terms of the whole batch; the parameters' gradients, weighted by `batch.weight`, become its gradients."""
        if batch.weight is None:
            return dict(terms)
        trained = [(p, p.grad) for p in parameters if p.grad is not None]
        weighted = [term.data.reshape(1) * batch.weight for term in terms.values()]
        flat, sums = _end_to_end([g.data for _, g in trained] + weighted)
        self.workers.all_reduce(flat)
        for (p, _), whole in zip(trained, sums, strict=False):
            p.grad = Tensor(whole)
        return {name: Tensor(whole[0]) for name, whole in zip(terms, sums[len(trained) :], strict=True)}

    def step(self, optimizer: Optimizer) -> None:
        """The optimizer's step, each worker on its part of the parameters."""
        optimizer.step()
        if optimizer in self._shared:
            parameters, *_ = self._shared[optimizer]
            self.workers.gather(parameters)

    def complete(self, optimizer: Optimizer) -> None:
        """Collect the parts of the optimizer's state from all workers, for a checkpoint."""
        if optimizer in self._shared:
            _, *states = self._shared[optimizer]
            for state in states:
                self.workers.gather(state)


def _share_out(optimizer: Optimizer, workers: Workers) -> list[Array]:
    """Let the optimizer update only this worker's part of all its parameters.

    Returns:
        the parameters, laid end to end, and then the same of each of its state's arrays
    """
    parameters, places = _end_to_end([p.data for p in optimizer.parameters])
    own, begin = workers.own(parameters.size), 0
    optimizer.parts = []
    for p, place in zip(optimizer.parameters, places, strict=True):
        p.data = place
        optimizer.parts.append(slice(max(own.start - begin, 0), max(own.stop - begin, 0)))
        begin += p.size
    shared = [parameters]
    for name in optimizer.state_names:
        keys = [f"{position}.{name}" for position in range(len(places))]
        state, places = _end_to_end([optimizer.state[key] for key in keys])
        optimizer.state.update(zip(keys, places, strict=True))
        shared.append(state)
    return shared


def _end_to_end(arrays: list[Array]) -> tuple[Array, list[Array]]:
    """A copy of the arrays as one flat array, and the parts of that in the arrays' shapes."""
    flat = backend.of(arrays[0]).concatenate([array.reshape(-1) for array in arrays])
    ends = list(itertools.accumulate(array.size for array in arrays))
    return flat, [flat[end - a.size : end].reshape(a.shape) for a, end in zip(arrays, ends, strict=True)]

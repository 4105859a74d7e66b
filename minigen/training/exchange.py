"""What the workers exchange in a training step: sums of gradients, terms and norms, and the updated parameters.

Each worker has the gradients of its shard of the batch, weighted by its part of the examples. They are added up, and
each worker gets a part of the sum, which is what one worker alone would have there. It updates this part of the
parameters, so Adam's work is shared, too, and collects the other parts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from minigen import backend
from minigen.autograd import Tensor
from minigen.backend import Array
from minigen.data import Batch
from minigen.models.model import Objective
from minigen.optim import Optimizer
from minigen.parallel import Workers, end_to_end, parts_within


class Exchange:
    """Sums over the workers; and each worker updates its own part of each optimizer's parameters.

    With one worker nothing happens. With several, an optimizer's parameters lie end to end in one array, and so does
    what it remembers of them: then a part of all is one slice, and the workers complete the array where it lies.
    """

    def __init__(self, workers: Workers, objectives: Iterable[Objective] = ()) -> None:
        self.workers = workers
        self._shared = {o.optimizer: _share_out(o.optimizer, workers) for o in objectives if workers.size > 1}

    def sum_gradients(self, batch: Batch, optimizer: Optimizer) -> None:
        """Make the gradients of this worker's rows those of the whole batch, for the elements that it updates."""
        if batch.weight is not None:
            gradients = [
                backend.of(p.data).zeros_like(p.data) if p.grad is None else p.grad.data for p in optimizer.parameters
            ]
            for p, part in zip(optimizer.parameters, self.workers.reduce_scatter(gradients), strict=True):
                if p.grad is None and part.any():
                    raise ValueError(
                        f"a parameter of shape {p.shape} has a gradient on some workers only: let the loss depend on "
                        "it on all, as by + 0 * p.sum()"
                    )
                p.grad = None if p.grad is None else Tensor(part)

    def sum(self, batch: Batch, terms: Mapping[str, Tensor], norms: Mapping[str, Tensor] = {}) -> dict[str, Tensor]:
        """The terms of the whole batch, from the shards', and the norms of its gradients, from those of the parts."""
        if batch.weight is None:
            return {**terms, **norms}
        shares = [term.data * batch.weight for term in terms.values()] + [norm.data**2 for norm in norms.values()]
        sums = self.workers.all_reduce(backend.of(shares[0]).stack(shares))
        sums[len(terms) :] **= 0.5
        return {name: Tensor(whole) for name, whole in zip([*terms, *norms], sums, strict=True)}

    def step(self, optimizer: Optimizer) -> None:
        """The optimizer's step, each worker on its part of the parameters."""
        optimizer.step()
        if optimizer in self._shared:
            places, parameters, _ = self._shared[optimizer]
            for p, place in zip(optimizer.parameters, places, strict=True):
                if p.data is not place:
                    raise ValueError(
                        f"a parameter of shape {p.shape} has got another array, or belongs to two optimizers: workers "
                        "cannot complete it. p.data[...] = numbers changes it where it lies"
                    )
            self.workers.gather(parameters)

    def complete(self, optimizer: Optimizer) -> None:
        """Collect the parts of the optimizer's state from all workers, for a checkpoint."""
        if optimizer in self._shared:
            for state in self._shared[optimizer].states:
                self.workers.gather(state)


class _Shared(NamedTuple):
    """What workers complete where it lies: an optimizer's parameters, end to end, and each of its state's arrays so."""

    places: list[Array]  # of each parameter, within them all
    parameters: Array
    states: list[Array]


def _share_out(optimizer: Optimizer, workers: Workers) -> _Shared:
    """Let the optimizer update only this worker's part of all its parameters."""
    parameters, places = end_to_end([p.data for p in optimizer.parameters])
    optimizer.parts = parts_within(workers.own(parameters.size), places)
    for p, place in zip(optimizer.parameters, places, strict=True):
        p.data = place
    states = []
    for name in optimizer.state_names:
        keys = [f"{position}.{name}" for position in range(len(places))]
        state, parts = end_to_end([optimizer.state[key] for key in keys])
        optimizer.state.update(zip(keys, parts, strict=True))
        states.append(state)
    return _Shared(places, parameters, states)

"""The gradients of one objective: taken for its own parameters alone, measured layer by layer, and clipped."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from minigen import nn, optim
from minigen.autograd import Tensor
from minigen.models.model import Objective


@contextlib.contextmanager
def only_these_take_gradients(parameters: list[nn.Parameter], model: nn.Module) -> Iterator[None]:
    """Freeze the model's other parameters, so that gradients that no optimizer uses are not computed."""
    wanted = {id(parameter) for parameter in parameters}
    others = [parameter for parameter in model.parameters() if parameter.requires_grad and id(parameter) not in wanted]
    for parameter in others:
        parameter.requires_grad = False
    try:
        yield
    finally:
        for parameter in others:
            parameter.requires_grad = True


def norms(objective: Objective, prefix: str) -> dict[str, Tensor]:
    """The norm of the gradient, as f"{prefix}gradient_norm", and those of the layers, by "objective/layer"."""
    measured = {f"{prefix}gradient_norm": objective.optimizer.parameters}
    measured |= {f"{objective.name}/{name}": list(layer.parameters()) for name, layer in objective.layers.items()}
    return {name: Tensor(optim.grad_norm(parameters)) for name, parameters in measured.items()}


def clip(parameters: list[nn.Parameter], max_norm: float, norm: Tensor) -> None:
    """Shorten the gradient, whose norm is known, to max_norm, where that is not 0."""
    if max_norm:
        optim.clip_grads_with_norm_(parameters, max_norm, norm.data)

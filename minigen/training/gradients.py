"""The gradients of one objective: taken for its own parameters alone, and measured layer by layer."""

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


def layer_norms(objective: Objective) -> dict[str, Tensor]:
    """The norm of each layer's gradient, by "objective/layer"."""
    return {
        f"{objective.name}/{name}": Tensor(optim.grad_norm(list(layer.parameters())))
        for name, layer in objective.layers.items()
    }

"""What a model must be before it is trained, said in one line: mistakes in a model of your own."""

from __future__ import annotations

import inspect
from typing import Any

from minigen import rng
from minigen.autograd import Tensor
from minigen.data import Batch
from minigen.models.config import Config
from minigen.models.model import Loss, Model, Objective
from minigen.optim import Optimizer


class ModelError(TypeError):
    """A model that is not what `Model` asks for: one line that names its class, what it gave and what it must give."""


def build(model_type: type[Model], config: Config, input_shape: tuple[int, ...], classes: int) -> Model:
    """model_type(config, input_shape, classes)

    Raises:
        ModelError: it takes something else, or does not keep its config or input_shape.
    """
    name = model_type.__name__
    try:
        inspect.signature(model_type).bind(config, input_shape, classes)
    except TypeError as error:
        raise ModelError(f"{name}.__init__ must take (config, input_shape, classes): {error}") from error
    model = model_type(config, input_shape, classes)
    for needed in ("config", "input_shape"):
        if not hasattr(model, needed):
            raise ModelError(f"{name} has no {needed}: write `self.{needed} = {needed}` in its __init__")
    return model


def require_losses(model: Model, objectives: Any, batch: Batch) -> None:
    """Nothing, where `objectives` are what model.objectives() must return; their losses and `evaluate` are tried.

    Raises:
        ModelError: one of them returns something other than it must.
    """
    name = type(model).__name__
    model.eval()
    with rng.stream(0):
        _require_loss(f"{name}.evaluate", model.evaluate(batch))
        if not isinstance(objectives, list) or not objectives:
            raise ModelError(f"{name}.objectives returns {_what(objectives)}, must return a list of Objectives")
        for objective in objectives:
            if not isinstance(objective, Objective) or not isinstance(objective.optimizer, Optimizer):
                what = _what(getattr(objective, "optimizer", objective))
                wanted = "an Optimizer" if isinstance(objective, Objective) else "an Objective"
                raise ModelError(f"{name}.objectives returns a list with {what}, must be {wanted}")
            _require_loss(f"{name}: the loss of objective {objective.name!r}", objective.loss(batch))


def _require_loss(source: str, loss: Any) -> None:
    if not isinstance(loss, Loss):
        raise ModelError(f"{source} returns {_what(loss)}, must return a Loss: Loss(name, value)")
    for term, value in loss.terms.items():
        if not isinstance(value, Tensor) or value.shape:
            raise ModelError(
                f"{source} returns {_what(value)} as {term!r}, must be a 0-d Tensor: a mean over the batch"
            )


def _what(value: Any) -> str:
    shape = f" of shape {value.shape}" if isinstance(getattr(value, "shape", None), tuple) else ""
    return "None" if value is None else f"a {type(value).__name__}{shape}"

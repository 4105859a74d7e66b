"""The table of a model's layers: the shape that each one returns, and how many parameters it has."""

from __future__ import annotations

from typing import Any

from minigen import nn, rng
from minigen.autograd import Tensor, no_grad
from minigen.data import Batch
from minigen.models import Model


def layer_table(model: Model, batch: Batch) -> list[str]:
    """A line for each layer that `evaluate` passes the batch through: path, type, output shape, parameters."""
    paths = {module: path for path, module in model.named_modules() if not any(module.named_children())}
    shapes: dict[nn.Module, str] = {}

    def note(module: nn.Module, inputs: tuple[Any, ...], output: Any) -> None:
        first = output[0] if isinstance(output, tuple) else output
        if isinstance(first, Tensor):
            shapes[module] = str(("N", *first.shape[1:])).replace("'", "")

    model.eval()
    handles = [module.register_forward_hook(note) for module in paths]
    with no_grad(), rng.stream(0):
        model.evaluate(batch)
    for handle in handles:
        handle.remove()
    rows = [(paths[layer], type(layer).__name__, shape, f"{_count(layer):,}") for layer, shape in shapes.items()]
    rows.append(("", "all parameters", "", f"{_count(model):,}"))
    path, kind, shape, count = (max(map(len, column)) for column in zip(*rows, strict=True))
    return [f"  {a:<{path}}  {b:<{kind}}  {c:<{shape}}  {d:>{count}}" for a, b, c, d in rows]


def _count(module: nn.Module) -> int:
    return sum(parameter.size for parameter in module.parameters())

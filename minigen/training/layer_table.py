"""The table of a model's layers: what goes through, and where the parameters are."""

from __future__ import annotations

from typing import Any
from unittest import mock

from minigen import nn, random
from minigen.autograd import Tensor, no_grad
from minigen.data import Batch
from minigen.models import Model


def layer_table(model: Model, batch: Batch) -> list[str]:
    """A line for each layer that a batch passes when the model is evaluated: path, type, output shape, parameters."""
    paths = {id(module): path for path, module in model.named_modules()}
    shapes: dict[int, tuple[nn.Module, str]] = {}
    call = nn.Module.__call__

    def observed(module: nn.Module, *inputs: Any, **options: Any) -> Any:
        output = call(module, *inputs, **options)
        first = output[0] if isinstance(output, tuple) else output
        if isinstance(first, Tensor) and not any(module.named_children()) and id(module) in paths:
            shapes[id(module)] = (module, str(("N", *first.shape[1:])).replace("'", ""))
        return output

    model.eval()
    with mock.patch.object(nn.Module, "__call__", observed), no_grad(), random.stream(0):
        model.evaluate(batch)
    rows = [
        (paths[key], type(module).__name__, shape, f"{_count(module):,}") for key, (module, shape) in shapes.items()
    ]
    rows.append(("", "all parameters", "", f"{_count(model):,}"))
    path, kind, shape, count = (max(map(len, column)) for column in zip(*rows, strict=True))
    return [f"  {a:<{path}}  {b:<{kind}}  {c:<{shape}}  {d:>{count}}" for a, b, c, d in rows]


def _count(module: nn.Module) -> int:
    return sum(parameter.size for parameter in module.parameters())

"""The graph as it is drawn: read from a tensor's edges, with the numbers and the gradients of a backward pass."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

from minigen import backend
from minigen.autograd import Edge, Tensor, gradients, no_grad, operation_of
from minigen.graph.formulas import Formula, formula
from minigen.nn import Parameter
from minigen.ops.operands import Number

FEW = 6  # numbers that are shown


@dataclass(eq=False)
class Node:
    """A box: an operation, a parameter, an input or a constant, or operations folded into one.

    Attributes:
        kind: "operation", "parameter", "input", "constant" or "folded".
        title: the operation's or the tensor's name.
        shape: that of its value; "" for a folded box.
        value, gradient: the numbers, if there are few.
        norm: ‖gradient‖.
        settings: operands that are plain numbers, "n = 2".
        about: what the operation computes, from the first line of its docstring; what is in a folded box.
        order: greater than that of each of its inputs.
        links: one for each input.
        tensor, arrived: the tensor and its gradient, until `fill_in` has written down their numbers.
    """

    kind: str
    title: str
    shape: str = ""
    value: str = ""
    gradient: str = ""
    norm: str = ""
    settings: str = ""
    about: str = ""
    order: float = 0
    links: list[Link] = field(default_factory=list)
    tensor: Tensor | None = None
    arrived: Tensor | None = None


@dataclass(eq=False)
class Link:
    """An edge, from an operation to one of its inputs; a constant receives no gradient."""

    to: Node
    formula: Formula
    edge: Edge | None = None
    sent: str = ""
    norm: str = ""


def read(output: Tensor, names: Mapping[int, str]) -> tuple[list[Node], str]:
    """All nodes in the order in which `backward` visits them, and why there are no gradients ("" where there are).

    names: of tensors, by id. A constant is found where a derivative refers to it.
    """
    found, why = _gradients(output)
    nodes = {id(tensor): _node(tensor, names, g) for tensor, g in found}
    for tensor, _ in found:
        links = nodes[id(tensor)].links
        links += [Link(nodes[id(parent)], formula(d), (parent, d)) for parent, d in tensor._edges]
        for role, value in _captured(tensor).items():
            if isinstance(value, Tensor) and not value.requires_grad:
                constant = nodes.setdefault(id(value), _node(value, names, None, role))
                links.append(Link(constant, Formula(role, "", "", "")))
    return list(nodes.values()), why


def fill_in(nodes: Sequence[Node]) -> None:
    """Write down the numbers of the nodes and of what their links carry, and let go of the tensors."""
    with no_grad():
        for node in nodes:
            if node.tensor is not None:
                node.value = few(node.tensor.data)
                node.about, node.settings = _documented(node.tensor), _settings(node.tensor)
            if node.arrived is not None:
                node.gradient, node.norm = few(node.arrived.data), norm(node.arrived.data)
            for link in node.links:
                if link.edge and node.arrived is not None:
                    _, derivative = link.edge
                    sent = derivative(node.arrived).data
                    link.sent, link.norm = few(sent), norm(sent)
                link.edge = None
            node.tensor = node.arrived = None


def few(array: Any) -> str:
    """At most six numbers as text, "[1, 2.5]", with three digits each, a single one with four; "" for more."""
    return _spelled(backend.to_device(array, "cpu").tolist(), 4 if array.size < 2 else 3) if array.size <= FEW else ""


def _spelled(values: Any, digits: int) -> str:
    if isinstance(values, list):
        return f"[{', '.join(_spelled(value, digits) for value in values)}]"
    return f"{values:.{digits}g}"


def norm(array: Any) -> str:
    """‖array‖, the root of the sum of the squares."""
    return f"{float((array * array).sum().item()) ** 0.5:.4g}"


def _gradients(output: Tensor) -> tuple[list[tuple[Tensor, Tensor | None]], str]:
    """(tensor, its gradient) in the order of a backward pass that starts with ones; without gradients, the reason."""
    tensors = {id(output): output}
    waiting = [output]
    while waiting:
        for parent, _ in waiting.pop()._edges:
            if id(parent) not in tensors:
                tensors[id(parent)] = parent
                waiting.append(parent)
    newest_first = sorted(tensors.values(), key=lambda tensor: -tensor._order)
    try:
        return list(gradients(output, backend.of(output.data).ones_like(output.data), inputs=newest_first)), ""
    except (RuntimeError, ArithmeticError) as error:  # NotImplementedError is a RuntimeError
        return [(tensor, None) for tensor in newest_first], str(error)


def _node(tensor: Tensor, names: Mapping[int, str], g: Tensor | None, role: str = "") -> Node:
    name = names.get(id(tensor), "")
    shape = "×".join(map(str, tensor.shape)) or "number"
    node = Node("operation", name, shape, order=tensor._order, tensor=tensor, arrived=g)
    if tensor._edges:
        operation = operation_of(tensor._edges[0][1])
        node.title = f"{name} = {operation}" if name else operation
    else:
        trained = isinstance(tensor, Parameter)
        node.kind = "parameter" if trained else "input" if tensor.requires_grad else "constant"
        node.title = name or role or node.kind
    return node


def _documented(tensor: Tensor) -> str:
    """The first line of the docstring of the operation that made a tensor: its formula."""
    if not tensor._edges:
        return ""
    derivative = inspect.unwrap(tensor._edges[0][1])
    scope, written = getattr(derivative, "__globals__", {}), operation_of(derivative)
    function = scope.get(written) or scope.get(f"_{written}")
    return (getattr(function, "__doc__", None) or "").strip().partition("\n")[0].replace("`", "")


def _captured(tensor: Tensor) -> dict[str, Any]:
    """What the derivatives of a tensor refer to, by name."""
    found: dict[str, Any] = {}
    for _, derivative in tensor._edges:
        derivative = inspect.unwrap(derivative)
        if cells := getattr(derivative, "__closure__", None):
            found |= {n: cell.cell_contents for n, cell in zip(derivative.__code__.co_freevars, cells, strict=True)}
    return found


def _settings(tensor: Tensor) -> str:
    """The operands that are plain numbers: "n = 2". Integers, such as a dim or a stride, are no operands."""
    numbers = {name: v.data if isinstance(v, Number) else v for name, v in _captured(tensor).items()}
    return ", ".join(f"{name} = {v:.4g}" for name, v in numbers.items() if type(v) is float and isfinite(v))

"""Automatic differentiation: a tensor remembers how it was made, and `backward` walks that memory back.

An operation computes its value from arrays and calls

    record(value, (input, derivative), ...)

where each `derivative` turns dL/dvalue into dL/dinput. For y = a · b that is

    record(a.data * b.data, (a, lambda g: g * b), (b, lambda g: g * a))

The pairs are the edges of a graph. `backward` starts at the loss with dL/dL = 1 and follows the edges to the
leaves, the tensors that no operation made. If a tensor is used twice, two gradients arrive at it, and they add up
before they travel on. Derivatives are written in Tensor operations. With `create_graph=True` these are recorded like
any others, so a gradient has a graph of its own and can be differentiated again: second derivatives need no more code.
This file is the whole engine; the operations, `a + b` among them, are in minigen/ops/.
"""

from __future__ import annotations

import contextlib
import heapq
import inspect
import itertools
from collections.abc import Callable, Iterable, Sequence
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, TypeAlias

from minigen import backend

if TYPE_CHECKING:  # `x + y`, `x.sum()` and all other methods: minigen/ops/methods.py gives them to Tensor
    from minigen.ops.methods import Methods
else:
    Methods = object

Edge: TypeAlias = tuple[Any, Callable[["Tensor"], "Tensor"]]  # (input, derivative); an input may be a constant


class Tensor(Methods):
    """An array with a place in the graph; `backward` fills `.grad` of the leaves made with requires_grad=True.

    The array is NumPy's or CuPy's, of float32 or float64, else a TypeError is raised. It is wrapped, not copied
    (`minigen.tensor` copies). Labels, indices and masks are not differentiated: they stay plain arrays.
    """

    __slots__ = ("_changed", "_edges", "_order", "data", "grad", "requires_grad")

    def __init__(self, data: backend.Array, requires_grad: bool = False) -> None:
        if not backend.is_array(data, "float32", "float64"):
            raise TypeError(f"Tensor: data is {backend.described(data)}, must be an array of float32 or float64")
        self.data: backend.Array = data if data.ndim else backend.of(data).asarray(data)
        self.grad: Tensor | None = None
        self.requires_grad = requires_grad
        self._edges: Sequence[Edge] = ()  # how it was made: a leaf has none
        self._order = self._changed = next(creation)  # when it was made, and when its numbers last changed

    def backward(self, gradient: Any = None, create_graph: bool = False) -> None:
        """Add dL/dleaf to `.grad` of every leaf that requires a gradient.

        `gradient` is dL/d(self), of self's shape. A loss has one element and needs none. `create_graph` records the
        backward pass too, so that the gradients can be differentiated. Gradients may share memory: replace them, do
        not change their arrays. The graph lives as long as this tensor: keep `loss.item()`, not `loss`.
        Before it, do not change arrays that were operands, masks or indices, or frozen parameters: nobody would notice.
        """
        for leaf, g in gradients(self, gradient, create_graph):
            leaf.grad = g if leaf.grad is None else leaf.grad + g


def record(value: backend.Array, *edges: Edge) -> Tensor:
    """A tensor of `value`, with an edge to each (input, derivative) whose input requires a gradient.

    A derivative sees the inputs' arrays as they are when `backward` runs: do not change them before.
    It must not refer to the tensor that `record` returns, a circle that would keep the arrays alive: see `ops.exp`.
    """
    recording, checking, _ = switches.get()
    out = Tensor.__new__(Tensor)
    out.data = value if value.ndim else backend.of(value).asarray(value)
    out.grad, out._order, out._changed = None, next(creation), 0
    out._edges = [edge for edge in edges if edge[0].requires_grad] if recording else ()
    out.requires_grad = bool(out._edges)
    if checking and not backend.of(value).isfinite(value).all():
        name = operation_of(edges[0][1] if edges else None)
        raise NonFiniteError(f"{name} gave a value that is not finite, of shape {value.shape}")
    return out


def gradients(
    output: Tensor, gradient: Any = None, create_graph: bool = False, inputs: Sequence[Tensor] | None = None
) -> list[tuple[Tensor, Tensor]]:
    """(tensor, its gradient) for each leaf, or for each of the inputs on which the output depends.

    The newest tensor goes first: all that was made from a tensor is newer, so its gradient is complete at its turn.
    """
    wanted = {id(tensor): tensor._order for tensor in inputs or ()}
    found, queue, oldest = [], [(-output._order, output)], min(wanted.values(), default=0)
    with Switch(recording=create_graph):
        arrived = {id(output): first_gradient(output, gradient, "grad_output" if inputs else "gradient")}
        while queue:
            _, node = heapq.heappop(queue)
            g = arrived.pop(id(node))
            if id(node) in wanted if wanted else not node._edges:
                found.append((node, g))
            for parent, derivative in node._edges:
                if not parent._edges and parent._changed > node._order:
                    what = f"a parameter of shape {parent.shape} has changed since {operation_of(derivative)} used it"
                    raise RuntimeError(f"backward: {what} (an optimizer's step changes it): compute the loss anew")
                if wanted and id(parent) not in wanted and (not parent._edges or parent._order < oldest):
                    continue  # a leaf that is not asked for, or too old to be made from an input
                try:
                    carried = derivative(g)
                except NonFiniteError as error:
                    raise NonFiniteError(f"{error}, in the derivative of {operation_of(derivative)}") from error
                if not isinstance(carried, Tensor) or carried.data.shape != parent.data.shape:
                    shape = f" of shape {carried.shape}" if isinstance(carried, Tensor) else ""
                    gave = f"the derivative of {operation_of(derivative)} gave {backend.described(carried)}{shape}"
                    must = f"must be a Tensor of its input's shape {parent.shape}"
                    raise DerivativeError(f"{gave}, {must}: write it with g and the inputs, not their .data")
                if id(parent) in arrived:
                    arrived[id(parent)] = arrived[id(parent)] + carried
                else:
                    arrived[id(parent)] = carried
                    heapq.heappush(queue, (-parent._order, parent))
    return found


def first_gradient(output: Tensor, gradient: Any, name: str) -> Tensor:
    """dL/d(output), where the walk begins: the given gradient, or 1."""
    if not output.requires_grad:
        raise ValueError("backward: nothing that this tensor was computed from requires a gradient")
    shape = getattr(gradient, "shape", ())
    if shape != output.shape and (gradient is not None or output.data.size != 1):
        found = "missing" if gradient is None else f"of shape {shape}" if shape else backend.described(gradient)
        raise ValueError(f"backward: {name} is {found}, must have the tensor's shape {output.shape}")
    if isinstance(gradient, Tensor) and gradient.dtype == output.dtype:
        return gradient
    one = Tensor(backend.of(output.data).ones_like(output.data))
    return one if gradient is None else one * gradient


def grad(
    output: Tensor, inputs: Tensor | Sequence[Tensor], grad_output: Any = None, create_graph: bool = False
) -> tuple[Tensor, ...]:
    """dL/dinput for each of the inputs, leaves or not; no `.grad` changes. For the rest see `Tensor.backward`."""
    inputs = (inputs,) if isinstance(inputs, Tensor) or not isinstance(inputs, Iterable) else tuple(inputs)
    if wrong := [x for x in inputs if not isinstance(x, Tensor)]:
        raise TypeError(f"grad: an input is {backend.described(wrong[0])}, must be a tensor: net.parameters() are")
    found = {id(tensor): g for tensor, g in gradients(output, grad_output, create_graph, inputs)}
    for position, wanted in enumerate(inputs):
        if id(wanted) not in found:
            why = "output does not depend on it" if wanted.requires_grad else "it does not require a gradient"
            raise ValueError(f"grad: input {position}, of shape {wanted.shape}: {why}")
    return tuple(found[id(wanted)] for wanted in inputs)


switches: ContextVar[tuple[bool, bool, Any]] = ContextVar("switches", default=(True, False, None))
"""Each thread's own: whether operations are recorded, whether values are checked, and the switches before these."""
creation = itertools.count()


class Switch(contextlib.ContextDecorator):
    """Set this thread's switches in a `with` block, or while a decorated function runs; then set them back."""

    def __init__(self, recording: bool | None = None, checking: bool | None = None) -> None:
        self.wanted = recording, checking

    def __call__(self, function: Any) -> Any:
        """The function with the switches set whenever it runs."""
        if inspect.isgeneratorfunction(function) or inspect.iscoroutinefunction(function):
            raise TypeError(f"{function.__name__} is a generator or a coroutine: write the `with` block inside it")
        return super().__call__(function)

    def __enter__(self) -> None:
        before = switches.get()
        recording, checking = (old if new is None else new for old, new in zip(before, self.wanted, strict=False))
        switches.set((recording, checking, before))

    def __exit__(self, *_: object) -> None:
        switches.set(switches.get()[2])


def no_grad(function: Callable[..., Any] | None = None) -> Any:
    """`with minigen.no_grad():` or `@minigen.no_grad` records nothing: for evaluation, and for updating parameters."""
    return Switch(recording=False) if function is None else Switch(recording=False)(function)


def check_finite() -> Switch:
    """Raise NonFiniteError at the first operation, forward or backward, whose value is not finite."""
    return Switch(checking=True)


class NonFiniteError(ArithmeticError):
    """An operation gave NaN or infinity while `check_finite` was on."""


class DerivativeError(TypeError):
    """The derivative of an operation gave something other than a Tensor of its input's shape."""


def operation_of(derivative: Callable[[Tensor], Tensor] | None) -> str:
    """The name of the function in which a derivative was written: "mul" for mul.<locals>.<lambda>."""
    return getattr(derivative, "__qualname__", "an operation").partition(".<locals>")[0].strip("_")

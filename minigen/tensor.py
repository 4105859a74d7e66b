"""Tensor and the tape: arrays that remember how they were made, so that they can be differentiated.

An operation computes its value from arrays and calls

    record(value, (input, derivative), ...)

where each `derivative` carries a gradient of the value back to a gradient of that input. Derivatives
are written in Tensor operations, hence they can be recorded and differentiated themselves: that is
all there is to second and higher derivatives.

`backward` visits the recorded tensors from the newest to the oldest. Creation order is a topological
order (an operation's inputs exist before its output), so a priority queue replaces both the recursion
and the sort.
"""

from __future__ import annotations

import contextlib
import heapq
import itertools
import math
import numbers
import sys
import types
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias

from minigen import backend
from minigen.backend import Array, DeviceError

Shape: TypeAlias = tuple[int, ...]
Derivative: TypeAlias = Callable[["Tensor"], "Tensor"]
Edge: TypeAlias = tuple["Tensor", Derivative]
Dims: TypeAlias = int | Sequence[int] | None
Operand: TypeAlias = "Tensor | Array | float"

_FLOATS = ("float32", "float64")
_creation = itertools.count()
_recording = True
_checking = False


class Tensor:
    """An array of float32 or float64 with a place on the tape.

    Args:
        data: a NumPy or CuPy array; it is wrapped, not copied (`minigen.tensor` copies and converts).
        requires_grad: whether `backward` shall fill `.grad` of this tensor.

    Labels, indices and masks are not differentiated: they stay plain arrays.

    Raises:
        TypeError: the data is not an array of float32 or float64.
    """

    __slots__ = ("_edges", "_order", "data", "grad", "requires_grad")
    __array_ufunc__ = None  # array * tensor becomes tensor.__rmul__, not an array of objects

    data: Array
    grad: Tensor | None
    requires_grad: bool
    _edges: Sequence[Edge]
    _order: int

    def __init__(self, data: Array, requires_grad: bool = False) -> None:
        dtype = getattr(data, "dtype", None)
        if dtype not in _FLOATS or isinstance(data, Tensor):
            found = f"a {type(data).__name__}" if dtype is None or isinstance(data, Tensor) else f"an array of {dtype}"
            raise TypeError(
                f"Tensor: data is {found}, must be an array of float32 or float64 "
                "(minigen.tensor(data, dtype='float32') converts)"
            )
        self.data = data
        self.grad = None
        self.requires_grad = requires_grad
        self._edges = ()
        self._order = next(_creation)

    @property
    def shape(self) -> Shape:
        """The length of each dimension."""
        return self.data.shape

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return self.data.ndim

    @property
    def size(self) -> int:
        """The number of elements."""
        return self.data.size

    @property
    def dtype(self) -> Any:
        """float32 or float64."""
        return self.data.dtype

    @property
    def device(self) -> str:
        """ "cpu" or "gpu"."""
        return backend.device_of(self.data)

    @property
    def T(self) -> Tensor:  # noqa: N802 (NumPy's and PyTorch's name)
        """The transpose of a matrix (M, N) -> (N, M)."""
        if self.ndim != 2:
            raise ValueError(f"T: the tensor has shape {self.shape}, must have 2 dimensions (permute reorders any)")
        return permute(self, (1, 0))

    def __repr__(self) -> str:
        text = f"tensor({self.data}, dtype={self.dtype}, device={self.device}"
        return text + (", requires_grad=True)" if self.requires_grad else ")")

    def __len__(self) -> int:
        return len(self.data)

    def __bool__(self) -> bool:
        raise TypeError("a tensor is neither true nor false: compare its numbers, x.item() or x.numpy()")

    __hash__ = object.__hash__

    def __eq__(self, other: object) -> bool:
        raise TypeError("tensors are not compared: compare their numbers, a.numpy() == b.numpy(), or use `a is b`")

    def __reduce__(self) -> Any:
        """To copy or pickle: a new place on the tape, for a leaf only."""
        if self._edges:
            raise TypeError("a tensor that was computed cannot be copied or pickled: x.detach() can")
        return _leaf, (type(self), self.data, self.requires_grad, self.grad)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        """For NumPy's functions and matplotlib: np.asarray(x) is x.numpy()."""
        return backend.module("cpu").array(self.numpy(), dtype=dtype, copy=copy)

    # Out of the tape

    def detach(self) -> Tensor:
        """The same data, not connected to what made it."""
        return Tensor(self.data)

    def numpy(self) -> Any:
        """The data as a NumPy array (a view on the CPU, a copy from the GPU)."""
        return backend.to_device(self.data, "cpu")

    def item(self) -> float:
        """The one element as a Python number. On a GPU this waits for the GPU."""
        return float(self.data.item())

    def to(self, device: str) -> Tensor:
        """The tensor on "cpu" or "gpu"; gradients travel back the same way."""
        if device == self.device:
            return self
        return record(backend.to_device(self.data, device), (self, lambda g: g.to(self.device)))

    def backward(self, gradient: Operand | None = None, create_graph: bool = False) -> None:
        """Add the gradient of this tensor to `.grad` of every leaf that requires one.

        Gradients may share memory with each other and with `gradient`: replace them, never change their arrays.
        The graph lives as long as this tensor (torch frees it here): keep `loss.item()`, not `loss`.

        Args:
            gradient: dL/d(self), of self's shape; may be left out where self has one element (then 1).
            create_graph: record the backward pass too, so that the gradients can be differentiated.

        Raises:
            ValueError: the gradient is missing or has another shape, or nothing here requires one.
        """
        for leaf, g in backpropagate(self, gradient, create_graph):
            leaf.grad = g if leaf.grad is None else leaf.grad + g

    # Arithmetic

    def __add__(self, other: Operand) -> Tensor:
        return add(self, other)

    def __radd__(self, other: Operand) -> Tensor:
        return add(other, self)

    def __sub__(self, other: Operand) -> Tensor:
        return sub(self, other)

    def __rsub__(self, other: Operand) -> Tensor:
        return sub(other, self)

    def __mul__(self, other: Operand) -> Tensor:
        return mul(self, other)

    def __rmul__(self, other: Operand) -> Tensor:
        return mul(other, self)

    def __truediv__(self, other: Operand) -> Tensor:
        return div(self, other)

    def __rtruediv__(self, other: Operand) -> Tensor:
        return div(other, self)

    def __iadd__(self, other: Operand) -> Tensor:
        return add(_assigned(self, "+="), other)

    def __isub__(self, other: Operand) -> Tensor:
        return sub(_assigned(self, "-="), other)

    def __imul__(self, other: Operand) -> Tensor:
        return mul(_assigned(self, "*="), other)

    def __itruediv__(self, other: Operand) -> Tensor:
        return div(_assigned(self, "/="), other)

    def __matmul__(self, other: Operand) -> Tensor:
        return matmul(self, other)

    def __rmatmul__(self, other: Operand) -> Tensor:
        return matmul(as_tensor(other, self), self)

    def __pow__(self, exponent: float) -> Tensor:
        return power(self, exponent)

    def __neg__(self) -> Tensor:
        return neg(self)

    def __getitem__(self, index: Any) -> Tensor:
        return getitem(self, index)

    # Reductions and shapes: `dim` counts as in NumPy, negative from the end

    def sum(self, dim: Dims = None, keepdim: bool = False) -> Tensor:
        """The sum over `dim` (all dimensions where it is left out)."""
        return sum_(self, dim, keepdim)

    def mean(self, dim: Dims = None, keepdim: bool = False) -> Tensor:
        """The mean over `dim` (all dimensions where it is left out)."""
        total = sum_(self, dim, keepdim)
        gone = dims_of(dim, self.ndim)
        count = math.prod(n for d, n in enumerate(self.shape) if d in gone)
        return total / count if count else total * math.nan

    def max(self, dim: Dims = None, keepdim: bool = False) -> Tensor:
        """The largest value over `dim`; equal maxima share the gradient evenly, as torch.amax has it."""
        return extremum(self, "max", dim, keepdim)

    def min(self, dim: Dims = None, keepdim: bool = False) -> Tensor:
        """The smallest value over `dim`; equal minima share the gradient evenly, as torch.amin has it."""
        return extremum(self, "min", dim, keepdim)

    def reshape(self, *shape: int | Shape) -> Tensor:
        """The same elements in another shape; one length may be -1."""
        return reshape(self, _as_shape(shape))

    def transpose(self, dim0: int, dim1: int) -> Tensor:
        """Two dimensions exchanged."""
        order = list(range(self.ndim))
        a, b = *dims_of(dim0, self.ndim), *dims_of(dim1, self.ndim)
        order[a], order[b] = b, a
        return permute(self, tuple(order))

    def permute(self, *dims: int | Shape) -> Tensor:
        """The dimensions in another order."""
        return permute(self, _as_shape(dims))

    def expand_dims(self, dim: int) -> Tensor:
        """A new dimension of length 1 at `dim`."""
        (at,) = dims_of(dim, self.ndim + 1)
        return reshape(self, (*self.shape[:at], 1, *self.shape[at:]))

    def squeeze(self, dim: int | None = None) -> Tensor:
        """Without the dimensions of length 1 (or only `dim`, where that has length 1)."""
        gone = dims_of(dim, self.ndim)
        return reshape(self, tuple(n for d, n in enumerate(self.shape) if n != 1 or d not in gone))

    def flatten(self, start_dim: int = 0) -> Tensor:
        """All dimensions from `start_dim` on as one: (N, C, H, W).flatten(1) is (N, C·H·W)."""
        (start,) = dims_of(start_dim, self.ndim)
        return reshape(self, (*self.shape[:start], math.prod(self.shape[start:])))

    def broadcast_to(self, *shape: int | Shape) -> Tensor:
        """Repeated along new or length-1 dimensions, as NumPy's broadcasting does."""
        return broadcast_to(self, _as_shape(shape))


def tensor(data: Any, requires_grad: bool = False, dtype: Any = None, device: str | None = None) -> Tensor:
    """A new tensor with a copy of the data: an array, a number, or nested lists of numbers.

    Args:
        dtype: "float32" or "float64"; where left out, a float array keeps its own and all else is float32.
        device: "cpu" or "gpu"; where left out, an array stays where it is.

    Raises:
        TypeError: dtype, or the data's own, is float16, bfloat16, complex or not numeric.
        DeviceError: the device is unknown, or there is no GPU.
    """
    if isinstance(data, Tensor):
        data = data.data
    if not hasattr(data, "dtype"):
        data = backend.module("cpu").asarray(data)
        dtype = dtype or "float32"
    if not backend.holds_real_numbers(data):
        raise TypeError(f"tensor: dtype is {data.dtype}, must be float32 or float64")
    if device is not None:
        data = backend.to_device(data, device)
    if dtype is None and data.dtype.kind in "iub":
        raise TypeError(
            f"tensor: data has dtype {data.dtype}, must be float32 or float64; "
            "labels and indices stay plain arrays, dtype='float32' converts"
        )
    return Tensor(backend.of(data).array(data, dtype=checked_dtype("tensor", dtype or data.dtype)), requires_grad)


def checked_dtype(caller: str, dtype: Any) -> str:
    """The name of a dtype that a tensor may have."""
    name = getattr(dtype, "name", None) or getattr(dtype, "__name__", str(dtype))
    if name not in _FLOATS:
        raise TypeError(f"{caller}: dtype is {name}, must be float32 or float64")
    return name


def as_tensor(value: Operand, like: Tensor) -> Tensor:
    """`value` as an operand beside `like`: an array takes like's dtype, a Python number stays a number.

    A bare number keeps NumPy from promoting float32 to float64 and CuPy from a transfer.

    Raises:
        TypeError: a tensor of another dtype, or something that is neither tensor, array nor real number;
            `like` is no tensor.
        DeviceError: an array or a tensor on another device.
    """
    if not isinstance(like, Tensor):
        raise TypeError(f"an operation on a {type(like).__name__}, must be on a tensor: minigen.tensor makes one")
    if isinstance(value, Tensor):
        if type(value.data) is not float:
            if value.data.dtype != like.data.dtype:
                raise TypeError(f"tensors of {like.dtype} and {value.dtype} do not mix: minigen.tensor converts one")
            _same_device(value.data, like)
        return value
    if type(value) is float or isinstance(value, numbers.Real):
        return _constant(float(value))
    if hasattr(value, "dtype"):
        _same_device(value, like)
        if not backend.holds_real_numbers(value):
            raise TypeError(f"an operand is an array of {value.dtype}, must be of real numbers")
        return _constant(backend.of(value).asarray(value, dtype=like.data.dtype))
    raise TypeError(f"an operand is a {type(value).__name__}, must be a tensor, an array or a number")


def _same_device(value: Array, like: Tensor) -> None:
    if type(value) is not type(like.data) and backend.device_of(value) != like.device:
        raise DeviceError(
            f"one operand of shape {value.shape} is on {backend.device_of(value)}, "
            f"the other of shape {like.shape} on {like.device}: move one with .to(...)"
        )


def _constant(data: Array | float) -> Tensor:
    constant = Tensor.__new__(Tensor)
    constant.data, constant.grad, constant.requires_grad, constant._edges, constant._order = (
        data,
        None,
        False,
        (),
        -1,
    )
    return constant


def _leaf(kind: type[Tensor], data: Array, requires_grad: bool, grad: Tensor | None) -> Tensor:
    leaf = kind(data)
    leaf.requires_grad, leaf.grad = requires_grad, grad
    return leaf


def _assigned(x: Tensor, operator: str) -> Tensor:
    """x, whose name an operator like += binds to a new tensor: a parameter would silently stay what it is."""
    if x.requires_grad and not x._edges:
        raise TypeError(f"p {operator} … leaves a parameter as it is: change its array, p.data {operator} …")
    return x


# The tape


def record(value: Array, *edges: Edge) -> Tensor:
    """A tensor of `value`, tied to each (input, derivative) whose input requires a gradient.

    `derivative` maps dL/dvalue to dL/dinput. It must not refer to the tensor that `record` returns:
    that circle would keep the arrays alive until Python's cycle collector runs (an operation whose
    derivative uses its own result makes it anew from the known value, see `ops.exp`). It sees the inputs'
    arrays as they are when `backward` runs: between the two no array may be changed in place (torch counts
    versions and refuses).
    """
    out = Tensor.__new__(Tensor)
    out.data = value if value.ndim else backend.of(value).asarray(value)
    out.grad = None
    out._order = next(_creation)
    out._edges = [edge for edge in edges if edge[0].requires_grad] if _recording else ()
    out.requires_grad = bool(out._edges)
    if _checking and not backend.of(value).isfinite(value).all():
        raise NonFiniteError(f"{_caller_name()} gave a value that is not finite, of shape {value.shape}")
    return out


def _seed(output: Tensor, gradient: Operand | None) -> Tensor:
    if not output.requires_grad:
        raise ValueError("backward: nothing that this tensor was computed from requires a gradient")
    if gradient is None:
        if output.size != 1:
            raise ValueError(
                f"backward: the tensor has shape {output.shape}, a gradient of that shape must be given "
                "(only a tensor of one element starts from 1)"
            )
        return Tensor(backend.of(output.data).ones_like(output.data))
    seed = as_tensor(gradient, output)
    if isinstance(seed.data, float) and output.ndim == 0:
        return Tensor(backend.of(output.data).full_like(output.data, seed.data))
    if isinstance(seed.data, float) or seed.shape != output.shape:
        found = () if isinstance(seed.data, float) else seed.shape
        raise ValueError(f"backward: gradient has shape {found}, must have the tensor's shape {output.shape}")
    return seed


def backpropagate(
    output: Tensor, gradient: Operand | None = None, create_graph: bool = False, path: set[int] | None = None
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield (tensor, its whole gradient), newest first: the leaves, or with a `path` all tensors on it.

    `path` holds the ids of the tensors through which gradients shall flow.
    """
    gradients = {id(output): _seed(output, gradient)}
    queue = [(-output._order, output)]
    with _record(create_graph):
        while queue:
            _, node = heapq.heappop(queue)
            g = gradients.pop(id(node))
            if path is not None or not node._edges:
                yield node, g
            for parent, derivative in node._edges:
                if path is not None and id(parent) not in path:
                    continue
                if id(parent) in gradients:
                    gradients[id(parent)] = gradients[id(parent)] + derivative(g)
                else:
                    gradients[id(parent)] = derivative(g)
                    heapq.heappush(queue, (-parent._order, parent))


def grad(
    output: Tensor,
    inputs: Tensor | Sequence[Tensor],
    grad_output: Operand | None = None,
    create_graph: bool = False,
) -> tuple[Tensor, ...]:
    """dL/dinput for each of the inputs, and no `.grad` touched.

    Args:
        output: the tensor L that is differentiated, or one that L depends on by `grad_output`.
        inputs: leaves or tensors in the middle of the computation.
        grad_output: dL/doutput; may be left out where the output has one element.
        create_graph: make the results differentiable.

    Raises:
        ValueError: the output does not depend on one of the inputs, or that requires no gradient.
    """
    inputs = (inputs,) if isinstance(inputs, Tensor) else tuple(inputs)
    path = _path(output, inputs)
    for position, wanted in enumerate(inputs):
        if not wanted.requires_grad:
            raise ValueError(f"grad: input {position}, of shape {wanted.shape}, does not require a gradient")
        if id(wanted) not in path[1]:
            raise ValueError(f"grad: output does not depend on input {position}, of shape {wanted.shape}")
    asked = {id(wanted) for wanted in inputs}
    found = {id(t): g for t, g in backpropagate(output, grad_output, create_graph, path[0]) if id(t) in asked}
    return tuple(found[id(wanted)] for wanted in inputs)


def _path(output: Tensor, inputs: Sequence[Tensor]) -> tuple[set[int], set[int]]:
    """The ids of the tensors between the inputs and the output, and of all that the output depends on."""
    seen = {id(output): output}
    stack = [output]
    while stack:
        for parent, _ in stack.pop()._edges:
            if id(parent) not in seen:
                seen[id(parent)] = parent
                stack.append(parent)
    path = {id(t) for t in inputs}
    for node in sorted(seen.values(), key=lambda t: t._order):
        if any(id(parent) in path for parent, _ in node._edges):
            path.add(id(node))
    return path, set(seen)


@contextlib.contextmanager
def _record(on: bool) -> Iterator[None]:
    global _recording
    before, _recording = _recording, on
    try:
        yield
    finally:
        _recording = before


def no_grad() -> contextlib.AbstractContextManager[None]:
    """`with minigen.no_grad():` records nothing, in any thread: for evaluation, and for updating parameters."""
    return _record(False)


class NonFiniteError(ArithmeticError):
    """An operation gave NaN or infinity while `check_finite` was on."""


@contextlib.contextmanager
def check_finite() -> Iterator[None]:
    """Raise NonFiniteError at the first operation, forward or backward, whose value is not finite."""
    global _checking
    before, _checking = _checking, True
    try:
        yield
    finally:
        _checking = before


def _caller_name() -> str:
    """The operation that called `record`, and whether it was computing a gradient."""
    names: list[types.CodeType] = []
    frame = sys._getframe(2)
    while frame is not None and frame.f_code is not backpropagate.__code__ and len(names) < 8:
        if frame.f_globals.get("__name__", "").startswith("minigen."):
            names.append(frame.f_code)
        frame = frame.f_back  # type: ignore[assignment]
    name = names[0].co_name.strip("_")
    if frame is None or frame.f_code is not backpropagate.__code__:
        return name
    return f"{name}, in the derivative of {names[-1].co_qualname.split('.')[0].strip('_')},"


def unbroadcast(g: Tensor, shape: Shape) -> Tensor:
    """Undo broadcasting: sum `g` over the dimensions along which `shape` was repeated to g's shape."""
    if g.shape == shape:
        return g
    new = g.ndim - len(shape)
    repeated = tuple(d for d in range(g.ndim) if d < new or (shape[d - new] == 1 and g.shape[d] != 1))
    return reshape(sum_(g, repeated), shape)


# Arithmetic: value, and beside it the derivative to each operand


def _pair(a: Operand, b: Operand) -> tuple[Tensor, Tensor]:
    if isinstance(a, Tensor) and type(a.data) is not float:
        return a, as_tensor(b, a)
    return as_tensor(a, b), b  # type: ignore[arg-type,return-value]  # an operator has at least one tensor


def add(a: Operand, b: Operand) -> Tensor:
    """A + b"""
    a, b = _pair(a, b)
    return record(
        a.data + b.data,
        (a, lambda g: unbroadcast(g, a.shape)),
        (b, lambda g: unbroadcast(g, b.shape)),
    )


def sub(a: Operand, b: Operand) -> Tensor:
    """A - b"""
    a, b = _pair(a, b)
    return record(
        a.data - b.data,
        (a, lambda g: unbroadcast(g, a.shape)),
        (b, lambda g: unbroadcast(-g, b.shape)),
    )


def mul(a: Operand, b: Operand) -> Tensor:
    """A · b, element by element"""
    a, b = _pair(a, b)
    return record(
        a.data * b.data,
        (a, lambda g: unbroadcast(g * b, a.shape)),
        (b, lambda g: unbroadcast(g * a, b.shape)),
    )


def div(a: Operand, b: Operand) -> Tensor:
    """A / b; d/db = -(a / b) / b, in this order because b² may overflow where the quotient does not"""
    a, b = _pair(a, b)
    return record(
        a.data / b.data,
        (a, lambda g: unbroadcast(g / b, a.shape)),
        (b, lambda g: unbroadcast(-g * (a / b / b), b.shape)),
    )


def neg(x: Tensor) -> Tensor:
    """-x"""
    return record(-x.data, (x, lambda g: -g))


def power(x: Tensor, exponent: float) -> Tensor:
    """xⁿ for a number n; derivative n·xⁿ⁻¹

    Raises:
        TypeError: the exponent is not a number (write exp(y * log(x)) for a tensor y).
    """
    if not isinstance(exponent, numbers.Real):
        raise TypeError(f"power: exponent is a {type(exponent).__name__}, must be a number")
    n = float(exponent)
    if n == 1:
        return x
    value = x.data * x.data if n == 2 else x.data**n
    return record(value, (x, lambda g: g * (n * power(x, n - 1)) if n else g * 0.0))


def matmul(a: Tensor, b: Operand) -> Tensor:
    """The matrix product (…, M, K) @ (…, K, N) -> (…, M, N); vectors as in NumPy and PyTorch.

    d/da = g·bᵀ and d/db = aᵀ·g.

    Raises:
        TypeError: an operand is a number.
        ValueError: an operand is 0-dimensional, or the inner sizes differ.
    """
    b = as_tensor(b, a)
    if isinstance(a.data, float) or isinstance(b.data, float):
        raise TypeError("matmul: an operand is a number, must be a tensor or an array (x * 2.0 scales)")
    if a.ndim == 0 or b.ndim == 0 or a.shape[-1] != b.shape[-2 if b.ndim > 1 else 0]:
        raise ValueError(f"matmul: shapes {a.shape} and {b.shape} do not fit: (…, M, K) @ (…, K, N) is needed")
    if a.ndim == 1:
        return matmul(a.expand_dims(0), b)[..., 0, :] if b.ndim > 1 else (a * b).sum()
    if b.ndim == 1:
        return matmul(a, b.expand_dims(1))[..., 0]
    return record(
        a.data @ b.data,
        (a, lambda g: unbroadcast(matmul(g, b.transpose(-1, -2)), a.shape)),
        (b, lambda g: unbroadcast(matmul(a.transpose(-1, -2), g), b.shape)),
    )


# Reductions


def dims_of(dim: Dims, ndim: int) -> tuple[int, ...]:
    """`dim` counted from 0, as a tuple; None is all dimensions. A 0-d tensor takes 0 and -1, as in PyTorch.

    Raises:
        IndexError: there is no such dimension.
    """
    if dim is None:
        return tuple(range(ndim))
    dims = tuple(dim) if isinstance(dim, Sequence) else (dim,)
    bound = max(1, ndim)
    for d in dims:
        if not -bound <= d < bound:
            raise IndexError(f"dim is {d}, must lie in {-bound}…{bound - 1}")
    return tuple(d % bound for d in dims)


def _axis(dim: Dims) -> int | tuple[int, ...] | None:
    """`dim` as NumPy takes it, which refuses lists."""
    return tuple(dim) if isinstance(dim, Sequence) else dim


def _with_kept_dims(shape: Shape, dim: Dims) -> Shape:
    """The shape after a reduction over `dim` with keepdim=True."""
    gone = dims_of(dim, len(shape))
    return tuple(1 if d in gone else n for d, n in enumerate(shape))


def sum_(x: Tensor, dim: Dims = None, keepdim: bool = False) -> Tensor:
    """Σ x over `dim`; every element summed receives the sum's gradient."""
    return record(
        x.data.sum(axis=_axis(dim), keepdims=keepdim),
        (x, lambda g: broadcast_to(reshape(g, _with_kept_dims(x.shape, dim)), x.shape)),
    )


def extremum(x: Tensor, kind: str, dim: Dims = None, keepdim: bool = False) -> Tensor:
    """Max or min of x over `dim`; the gradient goes to where it is attained, shared evenly."""
    axis = _axis(dim)
    extreme = getattr(x.data, kind)(axis=axis, keepdims=True)
    attained = x.data == extreme
    value = extreme if keepdim else extreme.squeeze(axis)

    def derivative(g: Tensor) -> Tensor:
        share = attained / attained.sum(axis=axis, keepdims=True)
        return reshape(g, extreme.shape) * share

    return record(value, (x, derivative))


# Shapes


def _as_shape(arguments: Sequence[int | Shape]) -> Shape:
    """(2, 3) and ((2, 3),) both as (2, 3)."""
    if len(arguments) == 1 and isinstance(arguments[0], Sequence):
        return tuple(arguments[0])
    return tuple(arguments)  # type: ignore[arg-type]


def reshape(x: Tensor, shape: Shape) -> Tensor:
    """The same elements, in row-major order, in another shape."""
    if x.shape == shape:
        return x
    return record(x.data.reshape(shape), (x, lambda g: reshape(g, x.shape)))


def permute(x: Tensor, dims: Shape) -> Tensor:
    """The dimensions in the order `dims`; back by the inverse order."""
    value = x.data.transpose(dims)
    inverse = sorted(range(x.ndim), key=[d % x.ndim for d in dims].__getitem__)
    return record(value, (x, lambda g: permute(g, tuple(inverse))))


def broadcast_to(x: Tensor, shape: Shape) -> Tensor:
    """X repeated to `shape`: the adjoint of `unbroadcast`."""
    if x.shape == shape:
        return x
    return record(backend.of(x.data).broadcast_to(x.data, shape), (x, lambda g: unbroadcast(g, x.shape)))


def getitem(x: Tensor, index: Any) -> Tensor:
    """x[index] for integers, slices, None, … and plain arrays of integers or booleans."""
    return record(x.data[index], (x, lambda g: put(g, index, x.shape)))


def put(g: Tensor, index: Any, shape: Shape) -> Tensor:
    """Zeros of `shape` with `g` added at `index`: the adjoint of `getitem`."""
    xp = backend.of(g.data)
    value = xp.zeros(shape, g.data.dtype)
    parts = index if isinstance(index, tuple) else (index,)
    if all(part is None or part is ... or isinstance(part, (int, slice)) for part in parts):
        value[index] = g.data
    else:  # an element may stand in it more than once
        xp.add.at(value, index, g.data)
    return record(value, (g, lambda gg: getitem(gg, index)))

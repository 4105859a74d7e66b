"""What a Tensor can do: its operators and methods, each of them an operation of this folder.

The engine knows none of them. This table gives them to Tensor when `minigen` is imported, and for type checkers
and editors it is a base class of Tensor. Below it stand the names of PyTorch that minigen does not have, each
with what to write instead.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from minigen import backend
from minigen.autograd import Edge, Tensor, switches
from minigen.backend import Array
from minigen.ops import (
    activations,
    arithmetic,
    dense,
    display,
    elementwise,
    indexing,
    operands,
    powers,
    reductions,
    shapes,
    statistics,
)
from minigen.ops.operands import Operand, as_operand


class Methods:
    """Operators, functions of elements, reductions, shapes, and the ways out of the graph."""

    data: Array
    grad: Tensor | None
    requires_grad: bool
    _edges: Sequence[Edge]

    __add__ = __radd__ = arithmetic.add
    __mul__ = __rmul__ = arithmetic.mul
    __sub__, __rsub__ = arithmetic.sub, arithmetic.rsub
    __truediv__, __rtruediv__ = arithmetic.div, arithmetic.rdiv
    __matmul__, __rmatmul__ = dense.matmul, dense.rmatmul
    __pow__, __rpow__ = powers.power, powers.rpower
    __neg__, __abs__ = arithmetic.neg, elementwise.abs
    __iadd__, __isub__ = arithmetic.iadd, arithmetic.isub
    __imul__, __itruediv__, __ipow__ = arithmetic.imul, arithmetic.idiv, arithmetic.ipow
    __getitem__ = indexing.getitem

    matmul = mm = dense.matmul
    pow = powers.power
    abs, exp, log, sqrt = elementwise.abs, elementwise.exp, elementwise.log, elementwise.sqrt
    clip = clamp = elementwise.clip
    relu, sigmoid, tanh = activations.relu, activations.sigmoid, activations.tanh
    softmax, log_softmax = activations.softmax, activations.log_softmax

    sum, mean, max, min = reductions.sum, reductions.mean, reductions.max, reductions.min
    var, std = statistics.var, statistics.std
    reshape = view = shapes.reshape
    flatten, squeeze = shapes.flatten, shapes.squeeze
    permute, transpose = shapes.permute, shapes.transpose
    unsqueeze = expand_dims = shapes.unsqueeze
    broadcast_to = expand = shapes.broadcast_to
    to, clone = operands.to, operands.clone

    t = shapes.t

    @property
    def T(self) -> Tensor:  # noqa: N802 (NumPy's and PyTorch's name)
        """The transpose of a matrix (M, N) -> (N, M)."""
        return shapes.t(self)  # type: ignore[arg-type]  # self is a Tensor

    @property
    def shape(self) -> shapes.Shape:
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

    def dim(self) -> int:
        """The number of dimensions, torch's other name for `ndim`."""
        return self.ndim

    def numel(self) -> int:
        """The number of elements, torch's name for `size`."""
        return self.size

    @property
    def dtype(self) -> Any:
        """float32 or float64."""
        return self.data.dtype

    @property
    def device(self) -> str:
        """ "cpu" or "gpu"."""
        return backend.device_of(self.data)

    def cpu(self) -> Tensor:
        """The tensor on the CPU: `to("cpu")`."""
        return operands.to(self, "cpu")  # type: ignore[arg-type]

    def requires_grad_(self, on: bool = True) -> Tensor:
        """Let a leaf take a gradient, or not; returns it."""
        if self._edges:
            raise TypeError("requires_grad_: the tensor was computed, must be a leaf (x.detach() is one)")
        self.requires_grad = on
        return self  # type: ignore[return-value]  # self is a Tensor

    def detach(self) -> Tensor:
        """The same data, not connected to what made it."""
        return Tensor(self.data)

    def numpy(self) -> Any:
        """The data as a NumPy array (a view on the CPU, a copy from the GPU)."""
        return backend.to_device(self.data, "cpu")

    def item(self) -> float:
        """The only element as a Python number. On a GPU this waits for the GPU."""
        return float(self.data.item())

    __float__ = item

    def __int__(self) -> int:
        return int(self.data.item())

    def __format__(self, spec: str) -> str:
        return format(self.item(), spec) if spec else str(self)

    def argmax(self, dim: int | None = None) -> Array:
        """Where the largest element is, as a plain array of integers: over all elements, or along `dim`."""
        return self.data.argmax(axis=dim)

    def argmin(self, dim: int | None = None) -> Array:
        """Where the smallest element is, as a plain array of integers: over all elements, or along `dim`."""
        return self.data.argmin(axis=dim)

    __array_ufunc__ = None  # array * tensor becomes tensor.__rmul__, not an array of objects

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        """For NumPy's functions and Matplotlib: np.asarray(x) is x.numpy(), if no gradient is lost by it."""
        if self.requires_grad and switches.get()[0]:
            raise TypeError(
                "NumPy would cut the tensor off from its gradient: write x.sum(), ops.exp(x) and so on to keep the "
                "gradient, x.detach() or x.item() for the numbers alone"
            )
        return backend.module("cpu").array(self.numpy(), dtype=dtype, copy=copy)

    def __array_function__(self, function: Any, types: Any, arguments: Any, options: Any) -> Any:
        """np.mean(x) and its like: the operation to use is named if a gradient would be lost."""
        name = function.__name__
        try:
            return function(*_as_arrays(arguments), **_as_arrays(options))
        except TypeError as error:
            if "cut the tensor off" not in str(error):
                raise
            own = OWN_NAMES.get(name) or (f"x.{name}(…)" if hasattr(Methods, name) else "minigen's operations")
            message = f"np.{name} would cut the tensor off from its gradient: write {own} to keep it"
            raise TypeError(f"{message}, x.detach() for the numbers alone") from None

    def __repr__(self) -> str:
        text = f"tensor({self.data}, dtype={self.dtype}, device={self.device}"
        return text + (", requires_grad=True)" if self.requires_grad else ")")

    def _repr_html_(self) -> str:
        """For notebooks: shape, range and a table of the numbers."""
        return display.as_html(self)  # type: ignore[arg-type]  # self is a Tensor

    def __len__(self) -> int:
        if not self.ndim:
            raise TypeError("len() of a 0-d tensor")
        return len(self.data)

    def __iter__(self) -> Iterator[Tensor]:
        """The rows: x[0], x[1], …"""
        if not self.ndim:
            raise TypeError("iteration over a 0-d tensor: it is one number, x.item()")
        return (indexing.getitem(self, n) for n in range(len(self)))  # type: ignore[arg-type]

    def __bool__(self) -> bool:
        raise TypeError("a tensor is neither true nor false: compare its numbers, x.item() or x.numpy()")

    def __eq__(self, other: object) -> bool:
        """Whether they are the same tensor, so that `x in list_of_tensors` works. Their numbers are not compared."""
        if not isinstance(other, Tensor):
            raise TypeError("a tensor is not compared with numbers by == or !=: compare x.item() or x.numpy()")
        return self is other

    __hash__ = object.__hash__

    def __lt__(self, other: Operand) -> Array:
        return self.data < as_operand(other, self).data  # type: ignore[arg-type]  # self is a Tensor

    def __le__(self, other: Operand) -> Array:
        return self.data <= as_operand(other, self).data  # type: ignore[arg-type]

    def __gt__(self, other: Operand) -> Array:
        return self.data > as_operand(other, self).data  # type: ignore[arg-type]

    def __ge__(self, other: Operand) -> Array:
        return self.data >= as_operand(other, self).data  # type: ignore[arg-type]

    def __setitem__(self, index: Any, value: Any) -> None:
        raise TypeError(
            "a tensor's elements are not assigned, its graph would not know: x.data[...] = … changes a leaf, "
            "ops.where(mask, x, y) makes a new tensor"
        )

    def __reduce__(self) -> Any:
        """To copy or pickle: a leaf only, which takes a new place in the order of creation."""
        if self._edges:
            raise TypeError("a tensor that was computed cannot be copied or pickled: x.detach() can")
        return _leaf, (type(self), self.data, self.requires_grad, self.grad)


class Missing:
    """A name that PyTorch's tensors have and minigen's have not: reading it raises an error that says what to write."""

    def __init__(self, name: str, hint: str) -> None:
        self.message = f"a tensor has no {name!r}: write {hint}"

    def __get__(self, tensor: Tensor | None, kind: type) -> None:
        raise AttributeError(self.message)


INSTEAD = {
    "double": "minigen.tensor(x, dtype='float64')",
    "float": "minigen.tensor(x, dtype='float32')",
    "type": "minigen.tensor(x, dtype='float32')",
    "astype": "minigen.tensor(x, dtype='float32')",
    "half": "minigen.tensor(x, dtype='float32'): there is no float16",
    "long": "x.data.astype('int64'): labels and indices are plain arrays",
    "int": "x.data.astype('int64'): labels and indices are plain arrays",
    "bool": "x.data != 0: masks are plain arrays",
    "cuda": "x.to('gpu')",
    "zero_grad": "x.grad = None, or optimizer.zero_grad()",
    "zero_": "w.grad = None, or optimizer.zero_grad(), for a gradient; x.data[...] = 0 for a leaf",
    "fill_": "x.data[...] = 0 for a leaf",
    "tolist": "x.numpy().tolist()",
    "copy": "x.clone()",
    "repeat": "ops.concat([x, x], dim), or x.expand(…)",
    "is_leaf": "not x._edges: a leaf has none",
    "retain_grad": "minigen.grad(loss, x), which takes tensors that were computed too",
    "norm": "(x * x).sum().sqrt()",
    "prod": "x.log().sum().exp() for positive numbers",
    "cumsum": "x.numpy().cumsum(), or a product with a triangular matrix for a gradient",
    "add": "x + y",
    "sub": "x - y",
    "mul": "x * y",
    "div": "x / y",
    "dot": "x @ y",
    "bmm": "x @ y",
    "eq": "x.data == y",
    "masked_fill": "ops.where(mask, x, number)",
    "sort": "x[x.data.argsort()] for one dimension",
    "topk": "x[x.data.argsort()[-k:]] for one dimension",
    "chunk": "x[:n], x[n:]",
    "split": "x[:n], x[n:]",
    "contiguous": "x: every operation takes any layout",
}
"""PyTorch's and NumPy's methods that a tensor does not have: what to write instead."""

OWN_NAMES = {
    "concatenate": "ops.concat(…)",
    "stack": "ops.stack(…)",
    "where": "ops.where(…)",
    "pad": "ops.pad(…)",
    "dot": "x @ y",
    "norm": "(x * x).sum().sqrt()",
    "amax": "x.max(…)",
    "amin": "x.min(…)",
}
"""NumPy's functions of another name here."""


def _as_arrays(value: Any) -> Any:
    """Tensors in an argument as NumPy arrays, also inside lists, tuples and dicts."""
    if isinstance(value, Tensor):
        return value.__array__()
    if isinstance(value, (list, tuple)):
        return type(value)(_as_arrays(part) for part in value)
    return {name: _as_arrays(part) for name, part in value.items()} if isinstance(value, dict) else value


def _leaf(kind: type[Tensor], data: Array, requires_grad: bool, grad: Tensor | None) -> Tensor:
    leaf = kind(data)
    leaf.requires_grad, leaf.grad = requires_grad, grad
    return leaf


for name, member in vars(Methods).items():
    if callable(member) or isinstance(member, property) or name == "__array_ufunc__":
        setattr(Tensor, name, member)
for name in (*INSTEAD, *vars(Methods)):  # not by __getattr__, which would slow every attribute down
    if name in INSTEAD:
        setattr(Tensor, name, Missing(name, INSTEAD[name]))
    if not name.endswith("_"):
        new = INSTEAD.get(name, f"x.{name}(…)")
        setattr(Tensor, f"{name}_", Missing(f"{name}_", f"{new} for a new tensor, x.data[...] = … for a leaf"))

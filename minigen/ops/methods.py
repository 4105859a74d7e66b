"""What a Tensor can do: its operators and methods, each of them an operation of this folder.

The engine knows none of them. This table gives them to Tensor when `minigen` is imported, and for type checkers
and editors it is a base class of Tensor.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from minigen import backend
from minigen.autograd import Edge, Tensor
from minigen.backend import Array
from minigen.ops import arithmetic, dense, indexing, operands, reductions, shapes


class Methods:
    """Operators, reductions, shapes, and the ways out of the graph."""

    data: Array
    grad: Tensor | None
    requires_grad: bool
    _edges: Sequence[Edge]

    __add__ = __radd__ = arithmetic.add
    __mul__ = __rmul__ = arithmetic.mul
    __sub__, __rsub__ = arithmetic.sub, arithmetic.rsub
    __truediv__, __rtruediv__ = arithmetic.div, arithmetic.rdiv
    __matmul__, __rmatmul__ = dense.matmul, dense.rmatmul
    __pow__ = arithmetic.power
    __neg__ = arithmetic.neg
    __iadd__, __isub__ = arithmetic.iadd, arithmetic.isub
    __imul__, __itruediv__ = arithmetic.imul, arithmetic.idiv
    __getitem__ = indexing.getitem

    sum, mean, max, min = reductions.sum, reductions.mean, reductions.max, reductions.min
    reshape, flatten, squeeze = shapes.reshape, shapes.flatten, shapes.squeeze
    permute, transpose = shapes.permute, shapes.transpose
    unsqueeze = expand_dims = shapes.unsqueeze
    broadcast_to = shapes.broadcast_to
    to = operands.to

    @property
    def T(self) -> Tensor:  # noqa: N802 (NumPy's and PyTorch's name)
        """The transpose of a matrix (M, N) -> (N, M)."""
        if self.ndim != 2:
            raise ValueError(f"T: the tensor has shape {self.shape}, must have 2 dimensions (permute reorders any)")
        return shapes.permute(self, 1, 0)  # type: ignore[arg-type]  # self is a Tensor

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

    @property
    def dtype(self) -> Any:
        """float32 or float64."""
        return self.data.dtype

    @property
    def device(self) -> str:
        """ "cpu" or "gpu"."""
        return backend.device_of(self.data)

    def detach(self) -> Tensor:
        """The same data, not connected to what made it."""
        return Tensor(self.data)

    def numpy(self) -> Any:
        """The data as a NumPy array (a view on the CPU, a copy from the GPU)."""
        return backend.to_device(self.data, "cpu")

    def item(self) -> float:
        """The one element as a Python number. On a GPU this waits for the GPU."""
        return float(self.data.item())

    __array_ufunc__ = None  # array * tensor becomes tensor.__rmul__, not an array of objects

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        """For NumPy's functions and Matplotlib: np.asarray(x) is x.numpy()."""
        return backend.module("cpu").array(self.numpy(), dtype=dtype, copy=copy)

    def __repr__(self) -> str:
        text = f"tensor({self.data}, dtype={self.dtype}, device={self.device}"
        return text + (", requires_grad=True)" if self.requires_grad else ")")

    def __len__(self) -> int:
        return len(self.data)

    def __bool__(self) -> bool:
        raise TypeError("a tensor is neither true nor false: compare its numbers, x.item() or x.numpy()")

    def __eq__(self, other: object) -> bool:
        """Whether they are the same tensor, so that `x in list_of_tensors` works. Their numbers are not compared."""
        if not isinstance(other, Tensor):
            raise TypeError("a tensor is not compared with numbers: compare x.item() or x.numpy()")
        return self is other

    __hash__ = object.__hash__

    def __reduce__(self) -> Any:
        """To copy or pickle: a leaf only, which takes a new place in the order of creation."""
        if self._edges:
            raise TypeError("a tensor that was computed cannot be copied or pickled: x.detach() can")
        return _leaf, (type(self), self.data, self.requires_grad, self.grad)


def _leaf(kind: type[Tensor], data: Array, requires_grad: bool, grad: Tensor | None) -> Tensor:
    leaf = kind(data)
    leaf.requires_grad, leaf.grad = requires_grad, grad
    return leaf


for name, member in vars(Methods).items():
    if callable(member) or isinstance(member, property) or name == "__array_ufunc__":
        setattr(Tensor, name, member)

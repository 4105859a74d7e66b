"""The operands of an operation: tensors, arrays and Python numbers."""

from __future__ import annotations

import numbers
from typing import Any, TypeAlias

from minigen import backend
from minigen.autograd import Tensor, record, switches
from minigen.backend import Array, DeviceError

Operand: TypeAlias = Tensor | Array | float


class Number:
    """A Python number as an operand: a constant without a gradient.

    It stays a number: an array of it would promote float32 to float64 in NumPy and cost a transfer in CuPy.
    """

    __slots__ = ("data",)
    shape: tuple[int, ...] = ()
    requires_grad = False

    def __init__(self, data: float) -> None:
        self.data = data


def tensor(data: Any, *, requires_grad: bool = False, dtype: Any = None, device: str | None = None) -> Tensor:
    """A new tensor with a copy of the data: an array, a number, or nested lists of numbers.

    Args:
        dtype: "float32" or "float64". By default a float array keeps its own and everything else is float32.
        device: "cpu" or "gpu". By default an array stays where it is.

    Raises:
        TypeError: dtype, or the data's own, is float16, bfloat16, complex or not numeric; or the data is a matrix, a
            masked array or another library's tensor, or a computed tensor, whose gradient would be lost.
        DeviceError: the device is unknown, or there is no GPU.
    """
    if isinstance(data, Tensor):
        if data._edges and switches.get()[0]:
            raise TypeError("tensor: a copy would cut a computed tensor off from its gradient: copy x.detach()")
        data = data.data
    if not hasattr(data, "dtype"):
        data = backend.module("cpu").asarray(data)
        dtype = dtype or "float32"
    if not backend.holds_real_numbers(data):
        raise TypeError(f"tensor: dtype is {data.dtype}, must be float32 or float64")
    if device is not None:
        data = backend.to_device(data, device)
    if dtype is None and data.dtype.kind in "iub":
        dtype = "float32"
    return Tensor(backend.of(data).array(data, dtype=checked_dtype("tensor", dtype or data.dtype)), requires_grad)


def checked_dtype(caller: str, dtype: Any) -> str:
    """The name of a dtype that a tensor may have."""
    name = getattr(dtype, "name", None) or getattr(dtype, "__name__", str(dtype))
    if name not in ("float32", "float64"):
        raise TypeError(f"{caller}: dtype is {name}, must be float32 or float64")
    return name


def as_operand(value: Operand, like: Tensor) -> Tensor | Number:
    """`value` as an operand beside `like`: a tensor, an array as a tensor of like's dtype, or a Number.

    Raises:
        TypeError: `value` is a tensor of another dtype, or no tensor, array or real number; `like` is no tensor.
        DeviceError: an array or a tensor on another device.
    """
    if not isinstance(like, Tensor):
        what = f"the operation got {backend.described(like)}"
        raise TypeError(f"{what}, must get a tensor: minigen.tensor makes one")
    if isinstance(value, Tensor):
        if value.data.dtype != like.data.dtype:
            raise TypeError(
                f"tensors of {like.dtype} and {value.dtype} do not mix: minigen.tensor(x, dtype={str(like.dtype)!r}) "
                "converts one"
            )
        if type(value.data) is not type(like.data):
            require_same_device(value.data, like)
        return value
    if isinstance(value, Number):
        return value
    if isinstance(value, (float, numbers.Real)):  # float is asked first because numbers.Real is slow
        return Number(float(value))
    if hasattr(value, "dtype"):
        require_same_device(value, like)
        if not backend.holds_real_numbers(value):
            raise TypeError(f"an operand is an array of {value.dtype}, must be of real numbers")
        return constant(backend.of(value).asarray(value, dtype=like.data.dtype))
    raise TypeError(f"an operand is {backend.described(value)}, must be a tensor, an array or a number")


def as_tensor(value: Tensor | Array, like: Tensor) -> Tensor:
    """As `as_operand`, but a number is a TypeError too."""
    operand = as_operand(value, like)
    if isinstance(operand, Number):
        raise TypeError(f"an operand is the number {operand.data:g}, must be a tensor or an array")
    return operand


def constant(data: Array) -> Tensor:
    """An array as a tensor without a gradient: `Tensor(data)` without its check and its number in the order."""
    out = Tensor.__new__(Tensor)
    out.data, out.grad, out.requires_grad, out._edges, out._order = data, None, False, (), -1
    return out


def require_same_device(value: Array, like: Tensor) -> None:
    """Raise DeviceError if the array is not on like's device."""
    if type(value) is not type(like.data) and backend.device_of(value) != like.device:
        raise DeviceError(
            f"one operand of shape {value.shape} is on {backend.device_of(value)}, "
            f"the other of shape {like.shape} on {like.device}: move one with .to(...)"
        )


def to(x: Tensor, device: str) -> Tensor:
    """The tensor on "cpu" or "gpu"; gradients travel back the same way."""
    if device == x.device:
        return x
    home = x.device
    return record(backend.to_device(x.data, device), (x, lambda g: to(g, home)))


def clone(x: Tensor) -> Tensor:
    """A copy of x; the gradient passes through it"""
    return record(backend.of(x.data).array(x.data), (x, lambda g: g))

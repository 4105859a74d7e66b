"""A strict stand-in for the module `cupy`, for tests on a machine without a GPU.

It computes with NumPy, has no more than minigen needs, and refuses what CuPy refuses: implicit conversion to NumPy,
mixing with NumPy arrays, arguments that CuPy does not take. Where CuPy would silently compute something else than
NumPy, it raises `DifferenceError`. `counting` lists copies between host and GPU, and reads that make the host wait.

To add a name, write it into a table below; test_cupy_api.py compares the tables with the installed CuPy.
Quotations are from https://docs.cupy.dev/en/stable/user_guide/difference.html unless another source is named.
"""

from __future__ import annotations

import operator
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any, NoReturn

import numpy as np


def words(text: str) -> list[str]:
    return text.split()


def table(text: str) -> dict[str, list[str]]:
    """The line `all any: axis out` gives the parameters of `all` and of `any`, in CuPy's order."""
    lines = [line.split(":") for line in text.strip().splitlines()]
    return {name: words(parameters) for names, parameters in lines for name in words(names)}


FUNCTIONS = table("""
    arange: start stop step dtype
    broadcast_to: array shape
    clip: a a_min a_max out
    concatenate: tup axis out
    diag: v k
    dot: a b out
    empty ones zeros: shape dtype order
    empty_like: prototype dtype order
    full: shape fill_value dtype order
    full_like: a fill_value dtype order
    ones_like zeros_like: a dtype order
    linspace: start stop num endpoint retstep dtype axis
    pad: array pad_width mode constant_values
    roll: a shift axis
    stack: tup axis out
    where: condition x y
""")
FROM_HOST = table("""
    array: obj dtype copy order
    asarray: a dtype order
    ascontiguousarray: a dtype
""")
METHODS = table("""
    all any max min: axis out keepdims
    argmax: axis
    clip: min max
    copy ravel: order
    mean prod sum: axis dtype out keepdims
    std: axis dtype out ddof keepdims
    reshape: *shape order
    squeeze: axis
    swapaxes: axis1 axis2
    transpose: *axes
    view: dtype
""")
UFUNCS = words("""
    abs add divide exp isfinite log log1p matmul maximum minimum multiply negative rint sign sqrt subtract tanh
""")
UFUNC_KEYWORDS = {"out", "dtype", "casting"}  # cupy/_core/_kernel.pyx
ADD_AT_DTYPES = "iILQefd"  # cupy/_core/_routines_indexing.pyx: _scatter_op_single, before CuPy 15
FACTS = words("dtype itemsize nbytes ndim shape size strides")  # the host knows them without asking the GPU
READS = words("__bool__ __float__ __format__ __int__ __repr__ item tolist")  # the host waits for the GPU
OPERATORS = words("""
    add:add sub:subtract mul:multiply truediv:true_divide floordiv:floor_divide mod:remainder pow:power matmul:matmul
    and:bitwise_and or:bitwise_or xor:bitwise_xor
""")
COMPARISONS = words("lt:less le:less_equal gt:greater ge:greater_equal eq:equal ne:not_equal")
SIGNS = words("neg:negative pos:positive abs:absolute invert:invert")

# "Universal Functions in CuPy only work with CuPy array or scalar."  (cupy/_core/_scalar.pyx: scalar_type_set)
DTYPES = "?bhilqBHILQefdFD"
SCALARS = {bool, int, float, complex, *(np.dtype(char).type for char in DTYPES)}


class DifferenceError(AssertionError):
    """CuPy would silently compute something else here than NumPy, or something undefined."""


# What makes the host wait for the GPU

_counting: list[list[str]] = []


@contextmanager
def counting() -> Iterator[list[str]]:
    """List each copy between host and GPU and each wait of this block, as "transfer (get) at file:line"."""
    sites: list[str] = []
    _counting.append(sites)
    try:
        yield sites
    finally:
        _counting.remove(sites)


def count(what: str) -> None:
    frame = sys._getframe(1)
    while frame.f_back and frame.f_code.co_filename == __file__:
        frame = frame.f_back
    for sites in _counting:
        sites.append(f"{what} at {frame.f_code.co_filename}:{frame.f_lineno}")


# The array


class ndarray:  # noqa: N801
    """`cupy.ndarray`: holds a NumPy array and hands it to nobody but `.get()`."""

    __module__ = "cupy"
    __slots__ = ("__weakref__", "_host")
    __hash__ = None  # type: ignore[assignment]

    # CuPy lets `np.add(gpu_array, 1)` run as `cupy.add`, and `np.sum(gpu_array)` as `cupy.sum`.
    # Stricter here: code names the module that it means.
    __array_ufunc__ = None

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> NoReturn:
        raise TypeError(f"numpy.{function.__name__} was called with a GPU array; call cupy's function instead")

    def __array__(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError("Implicit conversion to a NumPy array is not allowed.")  # cupy/_core/core.pyx

    def __getattr__(self, name: str) -> NoReturn:
        raise missing(f"ndarray.{name}")

    def __len__(self) -> int:
        return len(self._host)

    def __iter__(self) -> Iterator[ndarray]:
        if self.ndim == 0:
            raise TypeError("iteration over a 0-d array")
        return (self[i] for i in range(len(self)))

    @property
    def T(self) -> ndarray:  # noqa: N802
        return wrap(self._host.T)

    def __getitem__(self, index: Any) -> ndarray:
        """A view where `index` has only integers, slices, None and `...`, else a copy."""
        where, fancy = host_index(index)
        with wrapping_refused(fancy):
            return wrap(np.array(self._host[where], order="C") if fancy else self._host[where])

    def __setitem__(self, index: Any, value: Any) -> None:
        where, fancy = host_index(index)
        if isinstance(value, ndarray):
            value = cast(value._host, self.dtype)
        elif np.ndim(value) > 0:
            raise ValueError("non-scalar numpy.ndarray cannot be used for fill")  # cupy/_core/core.pyx
        with wrapping_refused(fancy):
            if fancy and np.size(value) > 1:
                # "when integer arrays reference the same location multiple times [...] the value that is actually
                # stored is undefined"
                locations = np.arange(self.size).reshape(self.shape)[where]
                if len(np.unique(locations)) < locations.size:
                    raise DifferenceError(
                        "x[index] = values: index names a location twice; CuPy may store either value"
                    )
            self._host[where] = value

    def astype(self, dtype: Any, copy: bool = True) -> ndarray:
        return wrap(cast(self._host, dtype)) if copy or self.dtype != dtype else self

    @property
    def flags(self) -> Any:
        return self._host.flags

    @property
    def data(self) -> Any:
        return SimpleNamespace(ptr=self._host.ctypes.data)

    def get(self) -> np.ndarray:
        count("transfer (get)")
        return np.array(self._host, order="C")

    def set(self, arr: np.ndarray) -> None:
        if not isinstance(arr, np.ndarray) or (arr.dtype, arr.shape) != (self.dtype, self.shape):
            raise TypeError(f"a NumPy array of {self.dtype} and shape {self.shape} can be set, not {arr!r}")
        count("transfer (set)")
        self._host[...] = arr


def wrap(host: Any) -> ndarray:
    """The GPU array around `host`. "CuPy counterparts return zero-dimensional ndarrays" where NumPy has scalars."""
    array = object.__new__(ndarray)
    array._host = np.asarray(host)
    if array.dtype.char not in DTYPES:
        raise ValueError(f"Unsupported dtype {array.dtype}")
    return array


def host_index(index: Any) -> tuple[tuple[Any, ...], bool]:
    """NumPy's index, and whether an array is in it."""
    hosts, fancy = [], False
    for part in index if isinstance(index, tuple) else (index,):
        if isinstance(part, (np.ndarray, list, bool, np.bool_)):
            count("transfer (index)")  # CuPy copies it without a word
            part = wrap(part)
        if isinstance(part, ndarray):
            fancy = True
            if part.dtype.kind == "b":
                count("synchronisation (boolean index)")  # the shape of the result depends on the number of True
        hosts.append(part._host if isinstance(part, ndarray) else part)
    return tuple(hosts), fancy


@contextmanager
def wrapping_refused(fancy: bool) -> Iterator[None]:
    """Refuse out-of-bounds index arrays: "NumPy handles them by raising an error, but CuPy wraps around them"."""
    try:
        yield
    except IndexError as error:
        if fancy and "out of bounds" in str(error):
            raise DifferenceError(f"{error}: CuPy wraps it around") from error
        raise


def cast(host: np.ndarray, dtype: Any) -> np.ndarray:
    """Convert. "Some casting behaviors from float to integer are not defined": those are refused."""
    dtype = np.dtype(dtype)
    if host.dtype.kind == "f" and dtype.kind in "iu":
        limits = np.iinfo(dtype)
        if not ((host > limits.min - 1.0) & (host < limits.max + 1.0)).all():
            raise DifferenceError(f"{host} to {dtype}: CuPy's result is not NumPy's")
    return host.astype(dtype)


# Functions, methods and operators


def missing(name: str) -> AttributeError:
    return AttributeError(f"the stand-in has no {name}: if cupy has it, add it in tests/fake_cupy.py")


def forward(name: str, function: Callable[..., Any], parameters: list[str]) -> Callable[..., Any]:
    """`cupy.<name>` by NumPy's `function`: arguments as CuPy takes them, arrays in, a 0-d array for a scalar out."""
    keywords = {parameter for parameter in parameters if not parameter.startswith("*")}
    most = len(parameters) if len(keywords) == len(parameters) else np.inf

    def forwarded(*args: Any, **kwargs: Any) -> ndarray:
        if len(args) > most or not keywords.issuperset(kwargs):
            raise TypeError(f"cupy.{name} takes {', '.join(parameters)}; got {len(args)} and {sorted(kwargs)}")
        if parameters[0] not in ("shape", "start"):
            for value in args[0] if isinstance(args[0], (tuple, list)) else args[:1]:
                if not isinstance(value, ndarray):
                    raise TypeError(f"cupy.{name}: Unsupported type {type(value)}")
        arrays: list[ndarray] = []
        hosts = to_host((args, kwargs), arrays)
        with np.errstate(all="ignore"):
            result = function(*hosts[0], **hosts[1])
        if name in ("empty", "empty_like") and result.dtype.kind == "f":
            result.fill(np.nan)  # new memory holds what was there before; nobody shall take it for zeros
        return to_gpu(result, arrays, "order" in keywords)

    return forwarded


def to_host(value: Any, arrays: list[ndarray]) -> Any:
    """Put the private NumPy arrays for the GPU arrays, which are collected in `arrays`; refuse NumPy's own."""
    if isinstance(value, ndarray):
        arrays.append(value)
        return value._host
    if isinstance(value, np.ndarray):
        raise TypeError(f"Unsupported type {type(value)}")
    if isinstance(value, dict):
        return {key: to_host(item, arrays) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return type(value)([to_host(item, arrays) for item in value])
    return value


def to_gpu(result: Any, arrays: list[ndarray], decides_order: bool) -> ndarray:
    """Wrap NumPy's result; an array that came in (as `out`) goes out itself.

    A new array lies in C order unless the function has an `order`: "the contiguity of a resulting ndarray is not
    guaranteed to match with that of NumPy's output".
    """
    for array in arrays:
        if result is array._host:
            return array
    is_view = any(np.may_share_memory(result, array._host) for array in arrays)
    return wrap(result if is_view or decides_order else np.array(result, order="C", copy=None))


def from_host(name: str, function: Callable[..., Any], parameters: list[str]) -> Callable[..., ndarray]:
    """`cupy.asarray` and its like: what is not on the GPU is copied there, and counted."""
    forwarded = forward(name, function, parameters)

    def copied(source: Any, *args: Any, **kwargs: Any) -> ndarray:
        if not any(isinstance(value, ndarray) for value in (source if isinstance(source, (tuple, list)) else [source])):
            count(f"transfer ({name})")
            source = wrap(np.array(source))  # the GPU has memory of its own
        return forwarded(source, *args, **kwargs)

    return copied


def asnumpy(a: Any) -> np.ndarray:
    return a.get() if isinstance(a, ndarray) else np.asarray(a)


class ufunc:  # noqa: N801
    """`cupy.add` and its like, in C order and without floating-point warnings."""

    def __init__(self, function: np.ufunc):
        self.function = function

    def __call__(self, *inputs: Any, out: ndarray | None = None, **kwargs: Any) -> ndarray:
        if not UFUNC_KEYWORDS.issuperset(kwargs):
            raise TypeError(f"Wrong arguments {kwargs}")
        hosts = [host_operand(value) for value in inputs]
        with np.errstate(all="ignore"):
            if out is None:
                return wrap(self.function(*hosts, order="C", **kwargs))
            if not isinstance(out, ndarray):
                raise TypeError(f"out must be cupy.ndarray, not {type(out)}")
            self.function(*hosts, out=out._host, **kwargs)
        return out

    def at(self, a: ndarray, indices: Any, b: Any) -> None:
        if self.function is not np.add or a.dtype.char not in ADD_AT_DTYPES:
            raise TypeError(f"cupy.{self.function.__name__}.at does not support {a.dtype}")
        where, fancy = host_index(indices)
        with wrapping_refused(fancy):
            np.add.at(a._host, where, host_operand(b))


def host_operand(value: Any) -> Any:
    """Refuse all but GPU arrays and scalars: "They do not accept other objects (e.g., lists or numpy.ndarray)."."""
    if isinstance(value, ndarray):
        return value._host
    if type(value) not in SCALARS:
        raise TypeError(f"Unsupported type {type(value)}")
    return value


def forwards(apply: ufunc) -> Callable[[ndarray, Any], Any]:
    """`x + y`, left to `y` where its class asks for that (cupy/_core/core.pyx: _should_use_rop)."""

    def operate(x: ndarray, y: Any) -> Any:
        if not isinstance(y, ndarray) and getattr(y, "__array_ufunc__", "") is None:
            return NotImplemented
        return apply(x, y)

    return operate


def operators(pairs: list[str]) -> Iterator[tuple[str, ufunc]]:
    for name, _, function in (pair.partition(":") for pair in pairs):
        yield name, ufunc(getattr(np, function))


def read(name: str) -> Callable[..., Any]:
    def method(self: ndarray, *spec: str) -> Any:
        count(f"synchronisation ({name})")
        return getattr(self._host, name)(*spec)

    return method


for name in FACTS:
    setattr(ndarray, name, property(operator.attrgetter(f"_host.{name}")))
for name in READS:
    setattr(ndarray, name, read(name))
for name, parameters in METHODS.items():
    setattr(ndarray, name, forward(f"ndarray.{name}", getattr(np.ndarray, name), ["self", *parameters]))
for name, apply in operators(OPERATORS + COMPARISONS):
    setattr(ndarray, f"__{name}__", forwards(apply))
for name, apply in operators(OPERATORS):
    setattr(ndarray, f"__r{name}__", lambda y, x, apply=apply: apply(x, y))
    if name != "matmul":
        setattr(ndarray, f"__i{name}__", lambda x, y, apply=apply: apply(x, y, out=x))
for name, apply in operators(SIGNS):
    setattr(ndarray, f"__{name}__", lambda x, apply=apply: apply(x))


# Random numbers: neither CuPy's nor NumPy's, so that no test depends on a stream


class Philox4x3210:
    """The state lies on the GPU: the seed, the number of threads, on which the stream depends, and the draws so far."""

    def __init__(self, seed: Any = None, *, size: int = -1):
        seed = np.random.SeedSequence(seed).generate_state(1)[0]
        self._state = wrap(np.array([seed, size, 0]).astype(np.uint32))


class Generator:
    """CuPy's has no `normal`, `permutation`, `shuffle` or `choice`."""

    def __init__(self, bit_generator: Philox4x3210):
        self.bit_generator = bit_generator

    def random(self, size: Any = None, dtype: Any = np.float64) -> ndarray:
        return wrap(self._draws().random(size, dtype))

    def standard_normal(self, size: Any = None, dtype: Any = np.float64) -> ndarray:
        return wrap(self._draws().standard_normal(size, dtype))

    def _draws(self) -> np.random.Generator:
        self.bit_generator._state._host[2] += 1
        return np.random.default_rng(self.bit_generator._state._host)


class CUDARuntimeError(RuntimeError): ...


STREAM = 77
gpu_in_use: int | None = None


class Device:
    def __init__(self, device: int):
        self.id, self.pci_bus_id = device, f"0000:{device:02}:00.0"

    def use(self) -> None:
        global gpu_in_use
        gpu_in_use = self.id


# The module's names

random = SimpleNamespace(Generator=Generator, Philox4x3210=Philox4x3210)
cuda = SimpleNamespace(
    runtime=SimpleNamespace(CUDARuntimeError=CUDARuntimeError, getDeviceCount=lambda: 1),
    Device=Device,
    get_current_stream=lambda: SimpleNamespace(ptr=STREAM),
)
globals().update({name: ufunc(getattr(np, name)) for name in UFUNCS})
globals().update({name: forward(name, getattr(np, name), parameters) for name, parameters in FUNCTIONS.items()})
globals().update({name: from_host(name, getattr(np, name), parameters) for name, parameters in FROM_HOST.items()})


def __getattr__(name: str) -> NoReturn:
    raise missing(name)

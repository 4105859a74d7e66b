"""The stand-in for CuPy: what it refuses, what it counts, and that the rest is NumPy's.

test_cupy_api.py compares its tables with the installed CuPy.
"""

from __future__ import annotations

import copy
from typing import Any

import fake_cupy as cupy
import numpy as np
import pytest

CPU = np.arange(12, dtype=np.float32).reshape(3, 4)


def result_of(expression: str, xp: Any, x: Any) -> Any:
    """What the expression gives, or `x` after the statements."""
    names = {"xp": xp, "x": x, "np": np, "CPU": CPU.copy()}
    if "= " in expression or ".at(" in expression:
        exec(expression, names)
        return names["x"]
    return eval(expression, names)


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        # implicit conversion to NumPy
        ("np.asarray(x)", "Implicit conversion"),
        ("np.array([x, x])", "Implicit conversion"),
        ("np.sum(x)", "numpy.sum was called with a GPU array"),
        ("np.concatenate([x, x])", "numpy.concatenate"),
        ("np.exp(x)", "does not support ufuncs"),
        ("np.add(CPU, x, out=CPU)", "does not support ufuncs"),
        ("CPU += x", "does not support ufuncs"),
        ("range(x[0, 0].astype(np.int64))", "integer"),
        ("[1, 2, 3][xp.asarray(1)]", "indices must be"),
        # "Universal Functions in CuPy only work with CuPy array or scalar. They do not accept other objects
        # (e.g., lists or numpy.ndarray)."
        ("x + CPU", "numpy.ndarray"),
        ("CPU + x", "numpy.ndarray"),
        ("CPU @ x.T", "numpy.ndarray"),
        ("x > CPU", "numpy.ndarray"),
        ("CPU < x", "numpy.ndarray"),
        ("x * np.array(2.0)", "numpy.ndarray"),
        ("x += CPU", "numpy.ndarray"),
        ("x * [1.0, 2.0, 3.0, 4.0]", "list"),
        ("xp.multiply(x, CPU)", "numpy.ndarray"),
        ("xp.multiply(x, x, out=CPU)", "numpy.ndarray"),
        ("xp.add.at(x, 0, CPU[0])", "numpy.ndarray"),
        ("xp.where(x > 0, x, CPU)", "numpy.ndarray"),
        ("xp.concatenate([x, CPU])", "numpy.ndarray"),
        ("xp.concatenate([CPU, CPU])", "numpy.ndarray"),
        ("xp.roll([1.0, 2.0], 1)", "float"),
        ("xp.dot(x, CPU.T)", "numpy.ndarray"),
        ("x[...] = CPU", "non-scalar numpy.ndarray"),
        ("x.set(xp.zeros(3))", "can be set"),
        ("x.set(CPU.astype(np.float64))", "float32"),
        # names
        ("xp.vecdot", "no vecdot"),
        ("xp.errstate", "no errstate"),
        ("xp.linalg.vector_norm", "no linalg"),
        ("x.setflags(write=False)", "no ndarray.setflags"),
        ("xp.random.Generator(xp.random.Philox4x3210(0)).normal()", "normal"),
        # arguments that NumPy takes and CuPy does not
        ("xp.add(x, x, where=x > 1)", "where"),
        ("xp.add(x, x, order='K')", "order"),
        ("xp.clip(x, min=0, max=1)", "min"),
        ("xp.zeros(3, like=x)", "like"),
        ("xp.asarray(CPU, device='gpu')", "device"),
        ("xp.where(x > 0, x, 0, x)", "4"),
        ("x.sum(where=x > 1)", "where"),
        ("x.max(initial=0.0)", "initial"),
        ("x.argmax(0, None)", "axis"),
        # dtypes
        ("xp.asarray('text')", "Unsupported dtype"),
        ("xp.asarray([None])", "Unsupported dtype"),
        ("xp.asarray(np.longdouble(1))", "Unsupported dtype"),
        ("xp.add.at(xp.zeros(3, np.int64), 0, 1)", "add.at does not support int64"),
        ("xp.multiply.at(x, 0, 1)", "multiply.at"),
        ("n = xp.arange(3); n += 0.5", "same_kind"),
        # as NumPy
        ("bool(x)", "ambiguous"),
        ("len(x[0, 0])", "unsized"),
        ("list(x[0, 0])", "0-d"),
        ("x[3]", "out of bounds"),
    ],
)
def test_what_cupy_refuses_is_refused(expression: str, message: str) -> None:
    with pytest.raises((TypeError, AttributeError, ValueError, IndexError), match=message):
        result_of(expression, cupy, cupy.asarray(CPU))


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("xp.asarray([-1.0]).astype(np.uint8)", "to uint8"),
        ("xp.asarray([256.0]).astype(np.uint8)", "to uint8"),
        ("xp.asarray([np.nan]).astype(np.int32)", "to int32"),
        ("bytes = xp.zeros(2, np.uint8); bytes[:] = xp.asarray([1.0, 300.0])", "to uint8"),
        ("x[xp.asarray([0, 3])]", "wraps"),
        ("x[:, xp.asarray([-5])] = 0.0", "wraps"),
        ("xp.add.at(x, xp.asarray([3]), 1.0)", "wraps"),
        ("x[xp.asarray([0, 0])] = xp.zeros((2, 4))", "twice"),
    ],
)
def test_tells_where_cupy_differs_without_a_word(expression: str, message: str) -> None:
    with pytest.raises(cupy.DifferenceError, match=message):
        result_of(expression, cupy, cupy.asarray(CPU))


@pytest.mark.parametrize(
    "expression",
    [
        "xp.matmul(x, x.T, out=xp.zeros((3, 3), np.float32))",
        "xp.dot(x, x.T)",
        "xp.pad(x, ((1, 2), (0, 3)), constant_values=1)",
        "xp.broadcast_to(x[:1], (5, 4))",
        "xp.concatenate([x, x * 2], axis=1)",
        "xp.clip(x, 1, 5)",
        "xp.where(x > 5, x, -1.0)",
        "xp.add(x, x, dtype=np.float64)",
        "xp.zeros_like(x, dtype=np.int32) + 1",
        "xp.full((2, 3), 7.0) - xp.ones(3)",
        "xp.array(x)",
        "xp.asarray([x[0, 1], x[1, 2]])",
        "xp.diag(x[:, :3])",
        "xp.log(x) / x",
        "abs(-x) ** 2 // 3 % 2",
        "(x > 2) & ~(x > 5) | (x < 1) ^ (x == 7)",
        "2 ** x + (np.float32(3) - x)",
        "x * np.float64(2)",
        "x.sum()",
        "x.max(axis=1, keepdims=True)",
        "x.argmax(axis=1)",
        "x.mean(axis=(0, 1))",
        "x.all()",
        "x[0] @ x[0]",
        "x[1, 2]",
        "x[1:, ::-2]",
        "x[xp.asarray([2, 0]), xp.asarray([1, 3])]",
        "x[:, [1, -1]]",
        "x[x > 3]",
        "x.T[0] = -1.0",
        "x.reshape(2, 6)[1, 5] = -2.0",
        "x[xp.asarray([2, 0])] = x[:2]",
        "x[xp.asarray([0, 0])] = 3.0",
        "y = x[1, 2]; y += 100",
        "y = x; y *= 2; y -= y.mean()",
        "xp.add.at(x, xp.asarray([0, 0, -1]), xp.ones((3, 4), np.float32))",
        "x.astype(np.int64) + xp.asarray([-0.9, 2.9, 3, 4]).astype(np.int64)",
    ],
)
def test_results_are_numpy_s(expression: str) -> None:
    with np.errstate(all="ignore"):  # CuPy gives no warnings
        expected = np.asarray(result_of(expression, np, CPU.copy()))
    result = result_of(expression, cupy, cupy.asarray(CPU))
    assert isinstance(result, cupy.ndarray)
    assert (result.dtype, result.shape) == (expected.dtype, expected.shape)
    np.testing.assert_array_equal(result.get(), expected)


def test_the_gpu_has_memory_of_its_own() -> None:
    cpu = CPU.copy()
    x = cupy.asarray(cpu)
    cpu[:] = x.get()[:] = -1
    copy.deepcopy(x)[...] = -2
    assert np.array_equal(cupy.asnumpy(x), CPU)
    assert cupy.asarray(x) is x
    x.set(-CPU)
    assert np.array_equal(x.get(), -CPU)


def test_what_minigen_asks_of_an_array() -> None:
    x = cupy.asarray(CPU)
    assert type(x).__module__ == "cupy"
    assert (x.shape, x.dtype, x.ndim, x.size, x.nbytes, x.strides, len(x)) == ((3, 4), "float32", 2, 12, 48, (16, 4), 3)
    assert [type(row) for row in x] == [cupy.ndarray] * 3
    out = cupy.empty_like(x)
    assert cupy.exp(x, out=out) is out
    assert x + type("Tensor", (), {"__array_ufunc__": None, "__radd__": lambda self, other: "mine"})() == "mine"


def test_element_wise_results_lie_in_c_order() -> None:
    """ "The contiguity of a resulting ndarray is not guaranteed to match with that of NumPy's output." """
    x = cupy.asarray(CPU).T
    assert x.strides == x.astype(np.float32).strides == cupy.empty_like(x).strides == (4, 16)
    assert (x + x).strides == cupy.exp(x).strides == cupy.where(x > 1, x, 0).strides == x.copy().strides == (12, 4)


def test_new_memory_holds_anything_but_zeros() -> None:
    assert np.isnan(cupy.empty((2, 2)).get()).all()
    assert np.isnan(cupy.empty_like(cupy.zeros(3, np.float32)).get()).all()


@pytest.mark.parametrize(
    ("expression", "counted"),
    [
        ("x.get()", "transfer (get)"),
        ("xp.asnumpy(x)", "transfer (get)"),
        ("xp.asarray(CPU)", "transfer (asarray)"),
        ("xp.array([1.0, 2.0])", "transfer (array)"),
        ("x.set(CPU)", "transfer (set)"),
        ("x[[0, 1]]", "transfer (index)"),
        ("x[np.array([0, 1])]", "transfer (index)"),
        ("x.sum().item()", "synchronisation (item)"),
        ("float(x[0, 0])", "synchronisation (__float__)"),
        ("int(x[0, 0])", "synchronisation (__int__)"),
        ("bool((x > 0).any())", "synchronisation (__bool__)"),
        ("f'{x[0, 0]:.3f}'", "synchronisation (__format__)"),
        ("repr(x)", "synchronisation (__repr__)"),
        ("x.tolist()", "synchronisation (tolist)"),
        ("x[x > 3]", "synchronisation (boolean index)"),
        ("x[x > 3] = 0.0", "synchronisation (boolean index)"),
    ],
)
def test_a_wait_is_counted_with_its_place(expression: str, counted: str) -> None:
    x = cupy.asarray(CPU)
    with cupy.counting() as sites:
        result_of(expression, cupy, x)
    assert len(sites) == 1
    assert sites[0].startswith(f"{counted} at ")
    assert "fake_cupy.py" not in sites[0].removeprefix(f"{counted} at {__file__}")


def test_work_on_the_gpu_is_not_counted() -> None:
    x = cupy.asarray(CPU)
    with cupy.counting() as sites:
        y = cupy.exp(x - x.max()) @ x.T
        y[0] = cupy.where(y[1] > 0, y[1], 0.5)
        y[:, cupy.arange(2)] = 1
        cupy.asarray(cupy.concatenate([y, y])).astype(np.float64).copy()
        cupy.random.Generator(cupy.random.Philox4x3210(0, size=64)).standard_normal((3, 4))
    assert sites == []


def test_a_seed_and_a_size_give_a_stream_and_the_state_restores_it() -> None:
    a, b, c = (cupy.random.Generator(cupy.random.Philox4x3210(7, size=size)) for size in (64, 64, 128))
    first = a.random(5, np.float32).tolist()
    assert first == b.random(5, np.float32).tolist() != c.random(5, np.float32).tolist()
    saved = a.bit_generator._state.get()
    expected = a.standard_normal((2, 3)).tolist()
    assert expected != a.standard_normal((2, 3)).tolist()
    a.bit_generator._state.set(saved)
    assert expected == a.standard_normal((2, 3)).tolist()

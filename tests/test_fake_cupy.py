"""The fake GPU itself, line by line against what CuPy documents to differ from NumPy.

Quotations are from https://docs.cupy.dev/en/stable/user_guide/difference.html unless another source is named.
The names and keywords in fake_cupy/cupy_api.txt are compared with the installed CuPy in test_cupy_api.py.
"""

from __future__ import annotations

import copy
import pickle
from typing import Any

import fake_cupy as cupy
import numpy as np
import pytest
from fake_cupy._api import API
from fake_cupy._functions import FACTS, FROM_HOST, FROM_NUMBERS, METHODS, ON_ARRAYS

CPU = np.arange(12, dtype=np.float32).reshape(3, 4)


@pytest.fixture
def x() -> Any:
    return cupy.asarray(CPU)


# --- an array of its own kind -------------------------------------------------------------------------------


def test_is_no_numpy_array(x):
    assert isinstance(x, cupy.ndarray)
    assert not isinstance(x, np.ndarray)
    assert (x.shape, x.dtype, x.ndim, x.size, x.nbytes, len(x)) == ((3, 4), np.float32, 2, 12, 48, 3)


@pytest.mark.parametrize("convert", [np.asarray, np.array, np.ascontiguousarray, lambda x: np.array([x, x])])
def test_implicit_conversion_is_refused(x, convert):
    with pytest.raises(TypeError, match=r"Implicit conversion to a NumPy array is not allowed"):
        convert(x)


def test_numpy_functions_are_refused(x):
    with pytest.raises(TypeError, match=r"numpy.sum was called with a GPU array"):
        np.sum(x)
    with pytest.raises(TypeError, match=r"numpy.concatenate"):
        np.concatenate([x, x])
    with pytest.raises(TypeError, match=r"does not support ufuncs"):
        np.exp(x)
    with pytest.raises(TypeError, match=r"does not support ufuncs"):
        np.add(CPU, x, out=CPU.copy())


def test_a_copy_in_gpu_memory_shares_nothing_with_the_host():
    cpu = CPU.copy()
    x = cupy.asarray(cpu)
    cpu[:] = -1
    assert np.array_equal(x.get(), CPU)
    x.get()[:] = -1
    assert np.array_equal(cupy.asnumpy(x), CPU)
    assert cupy.asarray(x) is x
    assert cupy.array(x) is not x


# --- "Universal Functions in CuPy only work with CuPy array or scalar. They do not accept other objects
#     (e.g., lists or numpy.ndarray)." ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "mix",
    [
        lambda x: x + CPU,
        lambda x: CPU + x,
        lambda x: CPU @ x.T,
        lambda x: x == CPU,
        lambda x: CPU < x,  # noqa: SIM300
        lambda x: x * np.array(2.0),
        lambda x: x.__iadd__(CPU),
        lambda x: cupy.multiply(x, CPU),
        lambda x: cupy.multiply(x, x, out=CPU.copy()),
        lambda x: cupy.where(x > 0, x, CPU),
        lambda x: cupy.concatenate([x, CPU]),
        lambda x: cupy.einsum("ij,ij->i", x, CPU),
        lambda x: cupy.sum(CPU),
        lambda x: x.dot(CPU.T),
        lambda x: cupy.copyto(x, CPU),
    ],
)
def test_mixing_with_numpy_arrays_is_refused(x, mix):
    with pytest.raises(TypeError):
        mix(x)


def test_a_numpy_array_is_not_changed_in_place_by_a_gpu_array(x):
    cpu = CPU.copy()
    with pytest.raises(TypeError, match=r"does not support ufuncs"):
        cpu += x


def test_lists_are_refused(x):
    with pytest.raises(TypeError, match=r"Unsupported type <class 'list'>"):
        cupy.power([cupy.arange(5)], 2)
    with pytest.raises(TypeError, match=r"Unsupported type <class 'list'>"):
        x * [1.0, 2.0, 3.0, 4.0]
    with pytest.raises(TypeError, match=r"cupy.sum: Unsupported type <class 'float'>"):
        cupy.sum([1.0, 2.0])
    with pytest.raises(TypeError, match=r"cupy.stack: Unsupported type <class 'numpy.ndarray'>"):
        cupy.stack([CPU, CPU])


def test_scalars_promote_as_in_numpy_2(x):
    assert (x + 1.5).dtype == (2 * x).dtype == np.float32
    assert (x * np.float32(2)).dtype == (np.float32(2) * x).dtype == np.float32
    assert (x * np.float64(2)).dtype == (np.float64(2) * x).dtype == np.float64
    assert (x * cupy.asarray(2.0)).dtype == np.float64
    assert np.array_equal((np.float32(3) - x).get(), 3 - CPU)
    assert np.array_equal((2**x).get(), 2**CPU)


def test_another_class_may_take_over_an_operator(x):
    class Tensor:
        __array_ufunc__ = None

        def __radd__(self, other: Any) -> str:
            return "mine"

    assert x + Tensor() == "mine"


# --- "CuPy counterparts return zero-dimensional cupy.ndarrays." -----------------------------------------------------


@pytest.mark.parametrize(
    "reduce",
    [
        lambda x: x.sum(),
        lambda x: cupy.sum(x),
        lambda x: cupy.max(x),
        lambda x: cupy.argmax(x),
        lambda x: cupy.mean(x, axis=(0, 1)),
        lambda x: x[1, 2],
        lambda x: x.ravel()[3],
        lambda x: cupy.array_equal(x, x),
        lambda x: cupy.allclose(x, x),
        lambda x: cupy.dot(x[0], x[0]),
        lambda x: x[0] @ x[0],
        lambda x: cupy.linalg.norm(x),
        lambda x: cupy.einsum("ij->", x),
        lambda x: cupy.add(1, 2),
        lambda x: cupy.random.default_rng(0).random(),
    ],
)
def test_reductions_and_full_indexing_give_0d_arrays(x, reduce):
    assert isinstance(reduce(x), cupy.ndarray)
    assert reduce(x).shape == ()


def test_full_indexing_is_a_view(x):
    element = x[1, 2]
    element += 100
    assert float(x[1, 2]) == CPU[1, 2] + 100


def test_an_array_is_no_index_for_python(x):
    with pytest.raises(TypeError):
        range(x[0, 0].astype(np.int64))
    with pytest.raises(TypeError):
        [1, 2, 3][cupy.asarray(1)]


def test_iteration_gives_arrays(x):
    assert [type(row) for row in x] == [cupy.ndarray] * 3
    with pytest.raises(TypeError, match=r"iteration over a 0-d array"):
        iter(x[0, 0]).__next__()
    with pytest.raises(TypeError, match=r"unsized"):
        len(x[0, 0])


def test_truth_of_many_elements_is_refused(x):
    with pytest.raises(ValueError, match=r"ambiguous"):
        bool(x)


# --- "Some casting behaviors from float to integer are not defined." ------------------------------------------------


def test_casts_beyond_an_integer_type_are_not_numpy_s():
    assert cupy.array([-1], dtype=np.float32).astype(np.uint32).get() == [0]
    assert cupy.array([float("inf")], dtype=np.float32).astype(np.int32).get() == [2147483647]
    assert cupy.array([np.nan, -1e30, 1e30, 2.9]).astype(np.int64).get().tolist() == [0, -(2**63), 2**63 - 1, 2]
    bytes_ = cupy.zeros(2, np.uint8)
    bytes_[:] = cupy.asarray([300.0, -4.0])
    assert bytes_.get().tolist() == [255, 0]


# --- "NumPy handles them by raising an error, but CuPy wraps around them." ------------------------------------------


def test_out_of_bounds_indices_wrap():
    x = cupy.array([0, 1, 2])
    x[[1, 3]] = 10
    assert x.get().tolist() == [10, 10, 2]
    assert cupy.take(cupy.array([0, 1, 2]), cupy.array([1, 3, -1])).get().tolist() == [1, 0, 2]
    assert x[cupy.array([[4]]), None].shape == (1, 1, 1)
    table = cupy.asarray(CPU)
    assert table[:, cupy.array([4, 5])].get().tolist() == CPU[:, [0, 1]].tolist()
    assert table[..., cupy.array([7])].get().tolist() == CPU[:, [3]].tolist()


def test_a_python_integer_out_of_bounds_is_still_an_error(x):
    with pytest.raises(IndexError):
        x[3]


# --- "when integer arrays reference the same location multiple times [...] the value that is actually stored is
#     undefined." -------------------------------------------------------------------------------------------------


def test_assignment_to_duplicates_is_refused():
    a, i = cupy.zeros((2,)), cupy.arange(10000) % 2
    with pytest.raises(ValueError, match=r"names a location twice"):
        a[i] = cupy.arange(10000).astype(np.float32)
    a[i] = 3.0  # the same value everywhere
    a[cupy.array([1, 0])] = cupy.array([1.0, 2.0])
    assert a.get().tolist() == [2.0, 1.0]


def test_a_numpy_array_is_not_assigned(x):
    with pytest.raises(ValueError, match=r"non-scalar numpy.ndarray cannot be used for fill"):
        x[...] = CPU


# --- "Data type of CuPy arrays cannot be non-numeric like strings or objects." --------------------------------------


@pytest.mark.parametrize("value", ["text", [None], [object()], np.longdouble(1)])
def test_non_numeric_dtypes_are_refused(value):
    with pytest.raises(ValueError, match=r"Unsupported dtype"):
        cupy.asarray(value)


# --- "The contiguity of a resulting ndarray is not guaranteed to match with that of NumPy's output." ----------------


def test_elementwise_results_lie_in_c_order():
    a = cupy.array([[1, 2], [3, 4]], order="F")
    assert a.flags.f_contiguous
    assert not (a + a).flags.f_contiguous
    assert cupy.exp(a).flags.c_contiguous
    assert cupy.where(a > 1, a, 0).flags.c_contiguous
    assert a.astype(np.float32).flags.f_contiguous
    assert cupy.empty_like(a).flags.f_contiguous
    assert cupy.asnumpy(a).flags.c_contiguous
    with pytest.raises(AttributeError):
        a.flags.writeable  # noqa: B018


def test_new_memory_holds_anything_but_zeros():
    assert np.isnan(cupy.empty((2, 2)).get()).all()
    assert np.isnan(cupy.empty_like(cupy.zeros(3, np.float32)).get()).all()
    assert np.isnan(cupy.ndarray((2,), np.float32).get()).all()
    assert cupy.empty(1, np.int8).get() == [127]


# --- names ----------------------------------------------------------------------------------------------------------


def test_a_name_that_cupy_lacks():
    with pytest.raises(AttributeError, match=r"cupy has no vecdot"):
        cupy.vecdot  # noqa: B018
    with pytest.raises(AttributeError, match=r"cupy has no errstate"):
        cupy.errstate  # noqa: B018
    with pytest.raises(AttributeError, match=r"cupy has no ndarray.setflags"):
        cupy.zeros(2).setflags(write=False)
    with pytest.raises(AttributeError, match=r"cupy has no random.Generator.normal"):
        cupy.random.default_rng(0).normal()
    with pytest.raises(AttributeError, match=r"cupy has no random.PCG64"):
        cupy.random.PCG64  # noqa: B018
    with pytest.raises(AttributeError, match=r"cupy has no linalg.vector_norm"):
        cupy.linalg.vector_norm  # noqa: B018


def test_a_name_that_only_the_fake_lacks():
    with pytest.raises(AttributeError, match=r"cupy has fuse, but the fake does not"):
        cupy.fuse  # noqa: B018
    with pytest.raises(AttributeError, match=r"cupy has linalg.qr, but the fake does not"):
        cupy.linalg.qr  # noqa: B018
    with pytest.raises(AttributeError, match=r"cupy has random.randn, but the fake does not"):
        cupy.random.randn  # noqa: B018


def test_the_namespace_holds_nothing_that_cupy_has_not():
    own = {"Counts", "NO_DEVICE", "NO_DRIVER", "counting", "unplugged"}
    names = {name for name in vars(cupy) if not name.startswith("_")}
    assert names - own <= API.keys() | {"cuda", "random", "linalg", "lib", "ndarray"}
    assert set(ON_ARRAYS + FROM_NUMBERS + FROM_HOST + FACTS) <= API.keys()
    assert {f"ndarray.{name}" for name in METHODS} <= API.keys()


# --- keywords -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "call",
    [
        lambda x: cupy.add(x, x, where=x > 1),  # cupy/_core/_kernel.pyx: "Wrong arguments"
        lambda x: cupy.add(x, x, order="K"),
        lambda x: cupy.sum(x, where=x > 1),
        lambda x: cupy.sum(x, initial=0.0),
        lambda x: cupy.max(x, initial=0.0),
        lambda x: cupy.clip(x, min=0, max=1),
        lambda x: cupy.take(x, cupy.arange(2), axis=0, mode="clip"),
        lambda x: cupy.einsum("ij->i", x, out=cupy.zeros(3)),
        lambda x: cupy.argsort(x, stable=True),
        lambda x: cupy.zeros(3, like=x),
        lambda x: cupy.asarray(CPU, device="gpu"),
        lambda x: cupy.lib.stride_tricks.as_strided(x, (2,), (4,), writeable=False),
        lambda x: x.mean(where=x > 1),
        lambda x: x.item(0),
        lambda x: cupy.random.default_rng(0).uniform(size=3, out=x),
    ],
)
def test_keywords_that_numpy_has_and_cupy_lacks(x, call):
    with pytest.raises(TypeError):
        call(x)


def test_keywords_that_both_have(x):
    out = cupy.empty_like(x)
    assert cupy.multiply(x, 2, out=out) is out
    assert np.array_equal(out.get(), CPU * 2)
    assert cupy.add(x, x, dtype=np.float64).dtype == np.float64
    assert cupy.sum(x, axis=1, keepdims=True).shape == (3, 1)
    assert cupy.concatenate([x, x], axis=1, out=cupy.empty((3, 8), np.float32)).shape == (3, 8)
    x += 1
    x -= x.mean()
    np.testing.assert_allclose(x.get(), CPU - CPU.mean())


def test_in_place_arithmetic_keeps_the_array(x):
    before, halves = x, cupy.asarray([2.0, 4.0], dtype=np.float32)
    x *= 2
    assert x is before
    halves //= 4
    assert halves.get().tolist() == [0.0, 1.0]
    integers = cupy.arange(3)
    with pytest.raises(TypeError):
        integers += 0.5


# --- ufunc methods (cupy/_core/_kernel.pyx, _routines_indexing.pyx) --------------------------------------------------


def test_add_at_adds_duplicates():
    total = cupy.zeros(3, np.float32)
    cupy.add.at(total, cupy.array([0, 0, 5]), cupy.array([1.0, 2.0, 4.0]))
    assert total.get().tolist() == [3.0, 0.0, 4.0]


def test_ufunc_at_is_for_few_functions_and_dtypes():
    index = cupy.array([0])
    with pytest.raises(TypeError, match=r"cupy.add.at only supports float16, float32"):
        cupy.add.at(cupy.zeros(3, np.int8), index, 1)
    with pytest.raises(TypeError, match=r"cupy.add.at only supports"):
        cupy.add.at(cupy.zeros(3, np.int64), index, 1)
    with pytest.raises(TypeError, match=r"cupy.subtract.at only supports int32, uint32"):
        cupy.subtract.at(cupy.zeros(3, np.float32), index, 1)
    with pytest.raises(NotImplementedError, match=r"`cupy_multiply.at` is not supported yet"):
        cupy.multiply.at(cupy.zeros(3), index, 1)


def test_ufunc_reduce_and_accumulate_are_for_add_and_multiply(x):
    assert cupy.add.reduce(x).get().tolist() == CPU.sum(0).tolist()
    assert cupy.multiply.accumulate(x, axis=1).get().tolist() == np.multiply.accumulate(CPU, 1).tolist()
    assert cupy.subtract.outer(x[0], x[1]).get().tolist() == np.subtract.outer(CPU[0], CPU[1]).tolist()
    with pytest.raises(NotImplementedError, match=r"`cupy_maximum.reduce` is not supported yet"):
        cupy.maximum.reduce(x)
    with pytest.raises(NotImplementedError, match=r"`cupy_logaddexp.accumulate` is not supported yet"):
        cupy.logaddexp.accumulate(x)


# --- the results are right ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "compute",
    [
        lambda xp, x: xp.einsum("ij,kj->ik", x, x),
        lambda xp, x: xp.matmul(x, x.T),
        lambda xp, x: xp.dot(x, x.T),
        lambda xp, x: xp.tensordot(x, x, axes=([1], [1])),
        lambda xp, x: xp.lib.stride_tricks.sliding_window_view(x, (2, 2)).sum((2, 3)),
        lambda xp, x: xp.lib.stride_tricks.as_strided(x, shape=(2, 3), strides=(16, 8)),
        lambda xp, x: xp.pad(x, ((1, 2), (0, 3)), constant_values=1),
        lambda xp, x: xp.pad(x, 1, mode="reflect"),
        lambda xp, x: xp.moveaxis(x[None], 0, -1),
        lambda xp, x: xp.transpose(x, (1, 0)),
        lambda xp, x: xp.broadcast_to(x[:1], (5, 4)),
        lambda xp, x: xp.take_along_axis(x, xp.argsort(-x, axis=1), axis=1),
        lambda xp, x: xp.split(x, 2, axis=1)[1],
        lambda xp, x: xp.stack([x, x * 2], axis=1),
        lambda xp, x: xp.clip(x, 1, 5),
        lambda xp, x: xp.cumsum(x, axis=0),
        lambda xp, x: xp.where(x > 5, x, -1.0),
        lambda xp, x: x[xp.asarray([2, 0]), xp.asarray([1, 3])],
        lambda xp, x: x[1:, ::-2],
        lambda xp, x: x[x > 3],
        lambda xp, x: xp.divmod(x, 5)[1],
        lambda xp, x: xp.log(x) / x,
        lambda xp, x: xp.linspace(0, 1, 7, dtype=xp.float32),
        lambda xp, x: xp.eye(3) + xp.tril(xp.ones((3, 3))),
        lambda xp, x: abs(-x) ** 2 // 3 % 2,
        lambda xp, x: xp.unique(x % 3),
        lambda xp, x: xp.nonzero(x > 4)[1],
        lambda xp, x: xp.zeros_like(x, dtype=xp.int32) + xp.iinfo(xp.int32).max,
    ],
)
def test_results_are_numpy_s(compute):
    with np.errstate(all="ignore"):  # CuPy gives no warnings
        expected = compute(np, CPU)
    result = compute(cupy, cupy.asarray(CPU))
    assert isinstance(result, cupy.ndarray)
    assert result.dtype == expected.dtype
    np.testing.assert_array_equal(result.get(), expected)


def test_views_share_memory(x):
    x.T[0] = -1.0
    x.reshape(2, 6)[1, 5] = -2.0
    expected = CPU.copy()
    expected[:, 0], expected[2, 3] = -1, -2
    assert np.array_equal(x.get(), expected)


def test_copies_and_pickles(x):
    for twin in (x.copy(), copy.copy(x), copy.deepcopy(x), pickle.loads(pickle.dumps(x))):
        assert isinstance(twin, cupy.ndarray)
        twin[...] = 0
    assert np.array_equal(x.get(), CPU)
    x.set(-CPU)
    assert np.array_equal(x.get(), -CPU)
    with pytest.raises(TypeError, match=r"float64 array cannot be set to float32 array"):
        x.set(CPU.astype(np.float64))


def test_facts_about_arrays_stay_on_the_host(x):
    assert cupy.result_type(x, np.float64) == np.float64
    assert cupy.shape(x) == (3, 4)
    assert cupy.ndim(x) == 2
    assert cupy.get_array_module(x, 1.0) is cupy
    assert cupy.get_array_module(CPU) is np


# --- transfers and synchronisations ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "act",
    [
        lambda x: x.get(),
        lambda x: cupy.asnumpy(x),
        lambda x: cupy.asarray(CPU),
        lambda x: cupy.array([1.0, 2.0]),
        lambda x: x.set(CPU),
        lambda x: x[[0, 1]],
        lambda x: x[np.array([0, 1])],
        lambda x: pickle.dumps(x),
    ],
)
def test_a_transfer_is_counted(x, act):
    with cupy.counting() as counts:
        act(x)
    assert (counts.transfers, counts.synchronisations) == (1, 0)
    assert f"{__file__}:" in counts.transfer_sites[0]


@pytest.mark.parametrize(
    "act",
    [
        lambda x: x[0, 1].item(),
        lambda x: float(x.sum()),
        lambda x: int(x[0, 0]),
        lambda x: bool(x.any()),
        lambda x: f"{x[0, 0]:.3f}",
        lambda x: repr(x),
        lambda x: x.tolist(),
        lambda x: x[x > 3],
        lambda x: x.__setitem__(x > 3, 0.0),  # _prepare_mask_indexing_single: n_true = int(mask_scanned[-1])
        lambda x: cupy.nonzero(x),
        lambda x: x.nonzero(),
        lambda x: cupy.where(x > 3),
        lambda x: cupy.unique(x),
        lambda x: cupy.repeat(x[0], cupy.arange(4)),
        lambda x: cupy.bincount(cupy.arange(4)),
        lambda x: cupy.cuda.get_current_stream().synchronize(),
        lambda x: cupy.cuda.Device().synchronize(),
        lambda x: cupy.cuda.runtime.deviceSynchronize(),
        lambda x: cupy.random.default_rng(0).integers(x[0, 3]),
    ],
)
def test_a_synchronisation_is_counted(x, act):
    with cupy.counting() as counts:
        act(x)
    assert (counts.transfers, counts.synchronisations) == (0, 1)
    assert f"{__file__}:" in counts.synchronisation_sites[0]


def test_work_on_the_gpu_is_not_counted(x):
    with cupy.counting() as counts:
        y = cupy.exp(x - x.max()) @ x.T
        y[0] = cupy.where(y[1] > 0, y[1], 0.5)
        y[:, cupy.arange(2)] = 1
        cupy.concatenate([y, y]).astype(np.float64).copy()
        cupy.random.default_rng(0).standard_normal((3, 4))
        cupy.take(x, cupy.argmax(x, axis=1), axis=1)
        cupy.asarray(x)
        cupy.repeat(x, 2)
    assert counts.transfer_sites == []
    assert counts.synchronisation_sites == []


def test_counting_nests(x):
    with cupy.counting() as outer:
        x.get()
        with cupy.counting() as inner:
            x.get()
    x.get()
    assert (outer.transfers, inner.transfers) == (2, 1)


# --- random numbers (cupy/random/_generator_api.pyx, _bit_generator.pyx) ---------------------------------------------


@pytest.mark.parametrize("kind", ["XORWOW", "MRG32k3a", "Philox4x3210"])
def test_a_seed_gives_a_stream_and_the_state_restores_it(kind):
    bit_generator = getattr(cupy.random, kind)
    a, b = (cupy.random.Generator(bit_generator(7, size=64)) for _ in range(2))
    assert a.random(5).tolist() == b.random(5).tolist()
    saved = a.bit_generator._state.get()
    expected = a.standard_normal((2, 3), dtype=np.float32).tolist()
    a.random(10)
    a.bit_generator._state.set(saved)
    assert a.standard_normal((2, 3), dtype=np.float32).tolist() == expected


def test_streams_are_neither_numpy_s_nor_those_of_another_size():
    default = cupy.random.default_rng(7).random(5).tolist()
    assert default != np.random.default_rng(7).random(5).tolist()
    assert default != cupy.random.Generator(cupy.random.XORWOW(7, size=64)).random(5).tolist()
    assert default != cupy.random.Generator(cupy.random.MRG32k3a(7)).random(5).tolist()


def test_the_state_is_a_pointer_that_cannot_be_assigned():
    bits = cupy.random.XORWOW(0)
    assert isinstance(bits.state(), int)
    with pytest.raises(AttributeError):
        bits.state = {}


def test_random_dtypes_and_out():
    rng = cupy.random.default_rng(0)
    assert rng.random(3).dtype == np.float64
    assert rng.random(3, dtype=np.float16).dtype == np.float16  # NumPy refuses it
    assert rng.uniform(-2, -1, size=100, dtype=np.float32).max() < -1
    with pytest.raises(TypeError, match=r"Unsupported dtype float16 for standard_normal"):
        rng.standard_normal(3, dtype=np.float16)
    out = cupy.zeros((4, 2), np.float32)
    assert rng.standard_normal(out=out, dtype=np.float32) is out
    assert rng.random((4, 2), np.float32, out=out) is out
    with pytest.raises(TypeError, match=r"Expected float64, got float32"):
        rng.random(out=out)
    with pytest.raises(ValueError, match=r"size must match"):
        rng.random(3, np.float32, out=out)
    with pytest.raises(ValueError, match=r"not contiguous"):
        rng.standard_normal(dtype=np.float32, out=out[:, 0])


def test_random_integers():
    rng = cupy.random.default_rng(0)
    draws = rng.integers(2, 5, size=1000).get()
    assert set(draws.tolist()) == {2, 3, 4}
    assert set(rng.integers(1, size=50, endpoint=True, dtype=np.uint8).tolist()) == {0, 1}
    with pytest.raises(ValueError, match=r"low >= high"):
        rng.integers(0)
    with pytest.raises(ValueError, match=r"high is out of bounds for uint8"):
        rng.integers(257, dtype=np.uint8)


def test_normal_draws_are_normal():
    draws = cupy.random.default_rng(0).standard_normal(40_000).get()
    assert abs(draws.mean()) < 4 / 200
    assert abs(draws.std() - 1) < 4 / 280


# --- the card -------------------------------------------------------------------------------------------------------


def test_there_is_one_device(x):
    assert cupy.cuda.is_available()
    assert cupy.cuda.runtime.getDeviceCount() == 1
    assert cupy.cuda.runtime.getDeviceProperties(0)["name"] == b"Fake GPU"
    assert x.device == cupy.cuda.Device(0)
    assert x.device != cupy.cuda.Device(1)
    with cupy.cuda.Device(0), cupy.cuda.Stream(non_blocking=True):
        assert cupy.cuda.get_device_id() == 0
    with pytest.raises(cupy.cuda.runtime.CUDARuntimeError, match=r"invalid device ordinal"):
        cupy.cuda.Device(1).use()


@pytest.mark.parametrize("fault", [cupy.NO_DRIVER, cupy.NO_DEVICE])
def test_without_a_gpu_everything_that_needs_one_fails(fault):
    calls = [
        cupy.cuda.runtime.getDeviceCount,
        lambda: cupy.zeros(3),
        lambda: cupy.asarray(CPU),
        lambda: cupy.add(1, 2),
        lambda: cupy.random.default_rng(0),
    ]
    with cupy.unplugged(fault):
        assert not cupy.cuda.is_available()
        assert cupy.cuda.Device(0).id == 0
        for call in calls:
            with pytest.raises(cupy.cuda.runtime.CUDARuntimeError, match=r"cudaError") as raised:
                call()
            assert isinstance(raised.value, RuntimeError)
    assert cupy.cuda.is_available()

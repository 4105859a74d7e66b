"""Making tensors, dtypes, devices, shapes, indexing, refusals; the tape is in test_tape.py."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from support import Draw, assert_close, axes_of, draws, shapes, to_device, to_numpy, to_tensor

from minigen import Tensor, no_grad, tensor
from minigen.backend import DeviceError
from minigen.ops.indexing import index_add
from minigen.ops.shapes import unbroadcast

# Making a tensor


@pytest.mark.parametrize("data", [1, 2.5, True, [1, 2], [[1.0], [2.0]], (3, 4)])
def test_numbers_and_lists_become_float32(data, device: str) -> None:
    x = tensor(data, device=device)
    assert x.dtype == "float32"
    np.testing.assert_array_equal(to_numpy(x), np.array(data, "float32"))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_float_array_keeps_its_dtype_and_is_copied(dtype: str, device: str) -> None:
    array = to_device(np.ones(3, dtype), device)
    x = tensor(array)
    array[0] = 5
    assert (x.dtype, x.device, to_numpy(x).tolist()) == (dtype, device, [1, 1, 1])


def test_the_constructor_wraps_and_does_not_copy(device: str) -> None:
    array = to_device(np.ones(3), device)
    assert Tensor(array).data is array


@pytest.mark.parametrize("dtype", ["float64", np.float64, np.dtype("float64")])
def test_dtype_is_a_name_or_numpys_own(dtype, device: str) -> None:
    assert tensor([1, 2], dtype=dtype, device=device).dtype == "float64"


def test_a_tensor_of_a_tensor_is_a_new_leaf(device: str) -> None:
    x = to_tensor([1.0], device)
    with pytest.raises(TypeError, match=r"^tensor: a copy would cut a computed tensor off .*: copy x\.detach\(\)$"):
        tensor(x * 2, dtype="float32")
    with no_grad():
        assert to_numpy(tensor(x * 2)).tolist() == [2]
    y = tensor((x * 2).detach(), requires_grad=True, dtype="float32")
    y.sum().backward()
    assert x.grad is None
    assert (y.dtype, to_numpy(y.grad).tolist()) == ("float32", [1])


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "complex128", "int64", float, np.float16])
def test_other_dtypes_are_refused_by_name(dtype) -> None:
    name = dtype if isinstance(dtype, str) else dtype.__name__
    with pytest.raises(TypeError, match=rf"^tensor: dtype is {name}, must be float32 or float64$"):
        tensor([1.0], dtype=dtype)


@pytest.mark.parametrize("dtype", ["float16", "complex64"])
def test_arrays_of_other_dtypes_are_refused_by_name(dtype: str) -> None:
    with pytest.raises(TypeError, match=rf"^tensor: dtype is {dtype}, must be float32 or float64$"):
        tensor(np.ones(2, dtype))
    with pytest.raises(TypeError, match=rf"^Tensor: data is an array of {dtype}, must be an array of float32 or"):
        Tensor(np.ones(2, dtype))


@pytest.mark.parametrize("dtype", ["int64", "uint8", "bool"])
def test_integer_arrays_become_float32(dtype: str) -> None:
    array = np.ones(2, dtype)
    assert tensor(array).dtype == "float32"
    assert tensor(array, dtype="float64").dtype == "float64"
    with pytest.raises(TypeError, match=rf"^Tensor: data is an array of {dtype}, must be"):
        Tensor(array)


@pytest.mark.parametrize("data", [[1.0], 1.0, None, "text"])
def test_the_constructor_takes_arrays_only(data) -> None:
    with pytest.raises(TypeError, match=rf"^Tensor: data is a {type(data).__name__}, must be an array of float32 or"):
        Tensor(data)


def test_properties_and_repr(device: str) -> None:
    x = to_tensor(np.zeros((2, 3), "float32"), device)
    assert (x.shape, x.ndim, x.size, len(x), x.device, x.requires_grad) == ((2, 3), 2, 6, 2, device, True)
    assert repr(x[0, 0].detach()) == f"tensor(0.0, dtype=float32, device={device})"
    assert repr(x).endswith(f"dtype=float32, device={device}, requires_grad=True)")


def test_item_and_numpy(device: str) -> None:
    assert to_tensor([[2.5]], device).item() == 2.5
    assert isinstance(to_tensor(2.5, device).item(), float)
    assert isinstance(to_tensor([1.0], device).numpy(), np.ndarray)
    with pytest.raises(ValueError, match=r"size 1|scalar"):
        to_tensor([1.0, 2.0], device).item()


# Dtypes in arithmetic


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_nothing_promotes_or_demotes_a_tensor(dtype: str, device: str) -> None:
    x = to_tensor(np.full(3, 2.0, dtype), device)
    others = [2, 0.5, True, np.float64(0.5), np.float32(0.5), np.int64(3)]
    arrays = [to_device(np.full(shape, 2, kind), device) for shape in ((), (3,)) for kind in ("f8", "f4", "i8", "?")]
    for other in (*others, *arrays):
        for y in (x + other, other + x, x - other, other - x, x * other, other * x, x / other, other / x):
            (x * 1.0).sum().backward()
            assert isinstance(y, Tensor)
            assert y.dtype == x.grad.dtype == dtype, repr(other)
    assert (x**2).dtype == (x ** np.float64(3)).dtype == x.mean().dtype == dtype


def test_values_beside_plain_operands(device: str) -> None:
    x = to_tensor([2.0, 4.0], device)
    array = to_device([1.0, 8.0], device)
    assert [to_numpy(y).tolist() for y in (array - x, x - array, array / x, np.float64(8) / x, 3 - x)] == [
        [-1, 4],
        [1, -4],
        [0.5, 2],
        [4, 2],
        [1, -1],
    ]


def test_float32_and_float64_tensors_do_not_mix(device: str) -> None:
    a, b = to_tensor(np.ones(2, "float32"), device), to_tensor(np.ones(2), device)
    for operation in (lambda: a + b, lambda: a * b, lambda: a @ b, lambda: a - b, lambda: a / b):
        with pytest.raises(TypeError, match="float32 and float64 do not mix"):
            operation()


@pytest.mark.parametrize("other", ["text", None, [1.0], 1j])
def test_other_operands_are_refused(other, device: str) -> None:
    x = to_tensor([1.0], device)
    message = rf"^an operand is a {type(other).__name__}, must be a tensor, an array or a number$"
    with pytest.raises(TypeError, match=message):
        x + other
    with pytest.raises(TypeError, match=message):
        other * x


# Devices


def test_devices_do_not_mix(second_device: str) -> None:
    here, there = tensor(np.ones((2, 3))), tensor(np.ones(3), device=second_device)
    refused = pytest.raises(DeviceError, match=r"shape \(3,\) is on gpu, .* shape \(2, 3\) on cpu: .*\.to\(")
    with refused:
        here + there
    with refused:
        here * there.data
    with pytest.raises(DeviceError, match=r"shape \(2, 3\) is on cpu, .* shape \(3,\) on gpu"):
        there - here


def test_gradients_travel_back_to_their_device(second_device: str) -> None:
    x = tensor([1.0, 2.0], requires_grad=True)
    y = x.to(second_device)
    (y * y).sum().backward()
    assert (y.device, x.grad.device, x.to("cpu") is x) == ("gpu", "cpu", True)
    assert x.grad.numpy().tolist() == [2, 4]


def test_tensor_goes_where_it_is_told(second_device: str) -> None:
    there = tensor([1.0], device=second_device)
    assert there.device == tensor(there.data).device == "gpu"
    assert tensor(there, device="cpu").device == "cpu"


# Broadcasting


@given(draw=draws(), pair=hnp.mutually_broadcastable_shapes(num_shapes=1, min_side=0, max_side=3, max_dims=3))
def test_unbroadcast_is_the_adjoint_of_broadcast_to(draw: Draw, pair, device: str) -> None:
    """⟨broadcast(x), y⟩ = ⟨x, unbroadcast(y)⟩ for every pair of shapes."""
    (small,) = pair.input_shapes
    wide = (2, *[3 if n == 1 else n for n in small])
    x, y = draw.normal(small, wide)
    up = to_numpy(to_tensor(x, device).broadcast_to(wide))
    down = unbroadcast(to_tensor(y, device, draw.layout), small)
    np.testing.assert_array_equal(up, np.broadcast_to(x, wide))
    assert down.shape == small
    assert (up * y).sum() == pytest.approx((x * to_numpy(down)).sum(), rel=1e-4, abs=1e-4)


@given(pair=hnp.mutually_broadcastable_shapes(num_shapes=2, min_side=0, max_side=3, max_dims=4))
def test_gradients_have_the_shape_of_their_operand(pair, device: str) -> None:
    """d(Σ a·b)/da at ones counts how often each element of a was used."""
    a, b = (to_tensor(np.ones(shape), device) for shape in pair.input_shapes)
    y = a * b
    y.sum().backward()
    assert y.shape == pair.result_shape
    for x in (a, b):
        assert x.grad.shape == x.shape
        assert (to_numpy(x.grad) == (y.size / x.size if x.size else 0)).all()


def test_shapes_that_do_not_broadcast_are_refused(device: str) -> None:
    with pytest.raises(ValueError, match="broadcast"):
        to_tensor(np.ones((2, 3)), device) + to_tensor(np.ones((3, 2)), device)


# Indexing: NumPy's rules, and a gradient that adds up where an element was taken twice


def check_index(array: np.ndarray, index, device: str, layout: str = "C") -> None:
    x = to_tensor(array, device, layout)
    there = tuple(to_device(part, device) if isinstance(part, np.ndarray) else part for part in index)
    y = x[there]
    np.testing.assert_array_equal(to_numpy(y), array[index])
    weights = np.arange(1.0, y.size + 1).reshape(y.shape)
    y.backward(to_tensor(weights, device, requires_grad=False))
    taken = np.arange(array.size).reshape(array.shape)[index]
    expected = np.bincount(taken.ravel(), weights.ravel(), array.size).reshape(array.shape)
    np.testing.assert_allclose(to_numpy(x.grad), expected, rtol=1e-12)


@given(data=st.data(), shape=shapes(max_dims=4), draw=draws())
def test_basic_index(data, shape, draw: Draw, device: str) -> None:
    """Integers, slices with any step, also negative, None and Ellipsis."""
    index = data.draw(hnp.basic_indices(shape, allow_newaxis=True))
    array = np.arange(float(np.prod(shape))).reshape(shape)
    check_index(array, index if isinstance(index, tuple) else (index,), device, draw.layout)


@given(data=st.data(), shape=shapes(min_dims=1, max_dims=3, min_side=1))
def test_integer_array_index(data, shape, device: str) -> None:
    index = data.draw(hnp.integer_array_indices(shape, result_shape=hnp.array_shapes(max_dims=2, max_side=4)))
    check_index(np.arange(float(np.prod(shape))).reshape(shape), index, device)


@given(shape=shapes(min_dims=1, max_dims=3), seed=st.integers(0, 99), data=st.data())
def test_boolean_mask_index(shape, seed: int, data, device: str) -> None:
    covered = data.draw(st.integers(1, len(shape)))
    mask = np.random.default_rng(seed).random(shape[:covered]) < 0.5
    check_index(np.arange(float(np.prod(shape))).reshape(shape), (mask,), device)


ROWS, COLUMNS, MASK = np.array([0, 2, 2, -1]), np.array([1, 1, 0, 2]), np.array([True, False, True])
MIXED = {
    "array, slice backwards": (ROWS, slice(None, None, -1)),
    "slice backwards, array": (slice(None, None, -2), COLUMNS),
    "arrays apart": (ROWS, slice(None), np.array([1, 1, 0, 3])),
    "array, None": (ROWS, None, ..., slice(1, None)),
    "int and array apart": (1, slice(None), ROWS),
    "mask, slice backwards": (slice(None), MASK, slice(None, None, -1)),
    "mask and int": (slice(None), MASK, 2),
    "arrays that broadcast": (ROWS[:, None], COLUMNS[None]),
    "matrix of integers": (np.array([[0, 0], [1, 3]]),),
}


@pytest.mark.parametrize("name", MIXED)
@pytest.mark.parametrize("layout", ["C", "batch-last", "strided"])
def test_mixed_index(name: str, layout: str, device: str) -> None:
    check_index(np.arange(48.0).reshape(4, 3, 4), MIXED[name], device, layout)


def test_list_and_numpy_integer_as_index(device: str) -> None:
    x = to_tensor([1.0, 2.0, 3.0], device)
    (x[[0, 0, 2]].sum() + x[np.int64(1)] * 5).backward()
    assert to_numpy(x.grad).tolist() == [2, 5, 1]


@given(data=st.data(), shape=shapes(min_dims=1, max_dims=3, min_side=1), draw=draws())
def test_put_is_the_adjoint_of_getitem(data, shape, draw: Draw, device: str) -> None:
    """⟨x[i], y⟩ = ⟨x, index_add(y, i)⟩, and the derivative of put is getitem."""
    index = data.draw(hnp.integer_array_indices(shape, result_shape=hnp.array_shapes(max_dims=2, max_side=4)))
    there = tuple(to_device(part, device) for part in index)
    x, y = draw.normal(shape, np.zeros(shape)[index].shape)
    ty = to_tensor(y, device)
    spread = index_add(ty, there, shape)
    assert (x[index] * y).sum() == pytest.approx((x * to_numpy(spread)).sum(), rel=1e-4, abs=1e-4)
    spread.backward(to_tensor(x, device, requires_grad=False))
    assert_close(ty.grad, x[index], draw.tolerance)


def test_an_index_out_of_range_is_refused(device: str) -> None:
    x = to_tensor(np.zeros((2, 3)), device)
    with pytest.raises(IndexError):
        x[2]
    with pytest.raises(IndexError):
        x[0, 0, 0]


def test_rows_by_iteration(device: str) -> None:
    x = to_tensor([[1.0, 2.0], [3.0, 4.0]], device)
    assert [to_numpy(row).tolist() for row in x] == [[1, 2], [3, 4]]


# Reductions and shapes


@pytest.mark.parametrize("method", ["sum", "mean", "max", "min"])
@given(data=st.data(), draw=draws(), shape=shapes(max_dims=4, min_side=1), keepdim=st.booleans())
def test_reduction_is_numpys(method: str, data, draw: Draw, shape, keepdim: bool, device: str) -> None:
    dim = data.draw(axes_of(shape))
    (array,) = draw.normal(shape)
    result = getattr(to_tensor(array, device, draw.layout), method)(dim, keepdim=keepdim)
    assert result.dtype == draw.dtype
    assert_close(result, getattr(array, method)(axis=dim, keepdims=keepdim), draw.tolerance)


@pytest.mark.parametrize(
    ("shape", "dim", "expected"), [((0,), None, np.nan), ((0, 2), 0, [np.nan] * 2), ((0, 2), 1, [])]
)
def test_mean_of_nothing_is_nan(shape, dim, expected, device: str) -> None:
    np.testing.assert_array_equal(to_numpy(to_tensor(np.zeros(shape), device).mean(dim)), expected)


def test_equal_maxima_share_the_gradient(device: str) -> None:
    x = to_tensor([[1.0, 3.0, 3.0], [2.0, 2.0, 2.0]], device)
    x.max(1).sum().backward()
    np.testing.assert_allclose(to_numpy(x.grad), [[0, 0.5, 0.5], [1 / 3] * 3])


def test_shape_methods_take_a_tuple_or_numbers(device: str) -> None:
    x = to_tensor(np.zeros((2, 3, 4)), device)
    assert x.reshape(6, 4).shape == x.reshape((6, 4)).shape == (6, 4)
    assert x.permute(2, 0, 1).shape == x.permute((2, 0, 1)).shape == (4, 2, 3)
    assert x[:1].broadcast_to(5, 3, 4).shape == x[:1].broadcast_to((5, 3, 4)).shape == (5, 3, 4)


@pytest.mark.parametrize(
    "method",
    [
        lambda x: x.sum(2),
        lambda x: x.mean(2),
        lambda x: x.max(-3),
        lambda x: x.squeeze(2),
        lambda x: x.expand_dims(3),
        lambda x: x.flatten(2),
        lambda x: x.transpose(0, 2),
    ],
)
def test_a_dimension_out_of_range_is_refused(method, device: str) -> None:
    with pytest.raises(IndexError):
        method(to_tensor(np.zeros((2, 3)), device))


@pytest.mark.parametrize("dims", [(0,), (0, 0), (0, 2), (0, 1, 2)])
def test_permute_wants_each_dimension_once(dims, device: str) -> None:
    with pytest.raises((ValueError, IndexError)):
        to_tensor(np.zeros((2, 3)), device).permute(dims)


def test_a_reshape_that_does_not_fit_is_refused(device: str) -> None:
    with pytest.raises(ValueError, match="reshape"):
        to_tensor(np.zeros((2, 3)), device).reshape(4)


def test_what_is_no_matrix_has_no_transpose(device: str) -> None:
    message = r"^T: the tensor has shape \(2,\), must have 2 dimensions \(permute reorders any\)$"
    with pytest.raises(ValueError, match=message):
        _ = to_tensor(np.zeros(2), device).T


@pytest.mark.parametrize(("a", "b"), [((2, 3), (2, 3)), ((), (2,)), ((2,), ()), ((3,), (2, 3)), ((2, 3), (2,))])
def test_a_matmul_of_shapes_that_do_not_fit_is_refused(a, b, device: str) -> None:
    with pytest.raises(ValueError, match=r"^matmul: shapes \(.*\) and \(.*\) do not fit: \(…, M, K\) @ \(…, K, N\)"):
        to_tensor(np.zeros(a), device) @ to_tensor(np.zeros(b), device)


def test_flatten_of_a_batch_last_array_is_a_view(device: str) -> None:
    x = to_tensor(np.arange(24.0).reshape(2, 3, 4), device, "batch-last")
    y = x.flatten(1)
    x.data[0, 0, 1] = 99
    assert to_numpy(y)[0, 1] == 99


def test_detach_cuts_the_tape_and_shares_the_data(device: str) -> None:
    x = to_tensor([3.0], device)
    d = (x * 2).detach()
    y = x * d
    y.sum().backward()
    assert not d.requires_grad
    assert to_numpy(x.grad).tolist() == [6]
    assert x.detach().data is x.data

"""concat, stack, pad: values, where the gradient goes, refusals."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import Draw, draws, shapes, to_numpy, to_tensor

from minigen import ops


@given(draw=draws(), shape=shapes(min_dims=1), data=st.data())
def test_concat_and_back_by_slices(draw: Draw, shape, data, device: str) -> None:
    axis = data.draw(st.integers(0, len(shape) - 1))
    arrays = draw.normal(shape, shape)
    tensors = [to_tensor(a, device, draw.layout) for a in arrays]
    y = ops.concat(tensors, axis)
    np.testing.assert_array_equal(to_numpy(y), np.concatenate(arrays, axis))
    weights = np.asarray(np.arange(y.size, dtype=draw.dtype)).reshape(y.shape)
    y.backward(to_tensor(weights, device, requires_grad=False))
    for tensor, expected in zip(tensors, np.split(weights, 2, axis), strict=True):
        np.testing.assert_array_equal(to_numpy(tensor.grad), expected)


@given(draw=draws(), shape=shapes(max_dims=3), data=st.data())
def test_stack(draw: Draw, shape, data, device: str) -> None:
    axis = data.draw(st.integers(-len(shape) - 1, len(shape)))
    arrays = draw.normal(shape, shape, shape)
    y = ops.stack([to_tensor(a, device, draw.layout) for a in arrays], axis)
    np.testing.assert_array_equal(to_numpy(y), np.stack(arrays, axis))


def test_pad_surrounds_and_takes_the_inner_gradient(device: str) -> None:
    x = to_tensor([[1.0, 2.0]], device)
    y = ops.pad(x, [(1, 0), (0, 2)], value=9.0)
    assert to_numpy(y).tolist() == [[9, 9, 9, 9], [1, 2, 9, 9]]
    (y * y).sum().backward()
    assert to_numpy(x.grad).tolist() == [[2, 4]]


def test_only_tensors_that_require_it_get_a_gradient(device: str) -> None:
    a, b = to_tensor([1.0], device), to_tensor([2.0], device, requires_grad=False)
    ops.concat([a, b]).sum().backward()
    assert to_numpy(a.grad).tolist() == [1]
    assert b.grad is None


@pytest.mark.parametrize(
    ("first", "second", "dim"), [((2, 3), (3, 3), 1), ((2, 3), (2,), 1), ((2,), (2, 3), 0), ((2, 3), (2, 3, 4), -1)]
)
def test_concat_refuses_shapes_that_differ_elsewhere(first, second, dim: int, device: str) -> None:
    tensors = [to_tensor(np.zeros(shape), device) for shape in (first, second)]
    with pytest.raises(ValueError, match=r"^concat: shapes .* and .* must agree except in dimension -?\d$"):
        ops.concat(tensors, dim)


def test_concat_refuses_what_has_no_dimension_to_join(device: str) -> None:
    with pytest.raises(ValueError, match=r"^concat: a tensor of shape \(\) has no dimension to join, stack makes one$"):
        ops.concat([to_tensor(1.0, device)])
    with pytest.raises(ValueError, match=r"^concat: tensors is empty, must hold at least one tensor$"):
        ops.concat([])
    with pytest.raises(IndexError, match=r"^dim is 2, must lie in -2…1$"):
        ops.concat([to_tensor(np.zeros((2, 3)), device)], 2)


def test_concat_refuses_mixed_dtypes(device: str) -> None:
    with pytest.raises(TypeError, match=r"^tensors of float32 and float64 do not mix"):
        ops.concat([to_tensor(np.ones(2, "float32"), device), to_tensor(np.ones(2), device)])


def test_pad_wants_one_pair_for_each_dimension(device: str) -> None:
    with pytest.raises(ValueError, match=r"^pad: widths has 1 pairs, x has 2 dimensions \(shape \(2, 3\)\)$"):
        ops.pad(to_tensor(np.zeros((2, 3)), device), [(1, 1)])

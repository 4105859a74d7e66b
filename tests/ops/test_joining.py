"""concat and pad: values, where the gradient goes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import Draw, draws, shapes, to_numpy, to_tensor

from minigen import Tensor, ops


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


@pytest.mark.parametrize("join", [ops.concat, ops.stack])
def test_a_generator_is_as_good_as_a_list(join: Callable[..., Tensor], device: str) -> None:
    x = to_tensor([1.0, 2.0], device)
    assert to_numpy(join(t for t in (x, x.data))).tolist() == to_numpy(join([x, x])).tolist()


def test_pad_surrounds_and_takes_the_inner_gradient(device: str) -> None:
    x = to_tensor([[1.0, 2.0]], device)
    y = ops.pad(x, [(1, 0), (0, 2)], value=9.0)
    assert to_numpy(y).tolist() == [[9, 9, 9, 9], [1, 2, 9, 9]]
    (y * y).sum().backward()
    assert to_numpy(x.grad).tolist() == [[2, 4]]

"""linear: the product in every shape and layout, its adjoints."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import LAYOUTS, Draw, assert_close, draws, shapes, to_numpy, to_tensor

from minigen import grad, ops


@given(draw=draws(), batch=shapes(max_dims=3), sizes=st.tuples(st.integers(0, 4), st.integers(1, 4)))
def test_product_and_gradients(draw: Draw, batch, sizes, device: str) -> None:
    inner, outer = sizes
    x, weight, bias, v = draw.normal((*batch, inner), (outer, inner), (outer,), (*batch, outer))
    inputs = [to_tensor(a, device, draw.layout) for a in (x, weight, bias)]
    y = ops.linear(*inputs)
    assert_close(y, x @ weight.T + bias, draw.tolerance)
    gradients = grad(y, inputs, to_tensor(v, device, requires_grad=False))
    rows = v.reshape(-1, outer)
    expected = (v @ weight, rows.T @ x.reshape(len(rows), inner), rows.sum(0))
    for g, e in zip(gradients, expected, strict=True):
        assert_close(g, e, 10 * draw.tolerance)


@pytest.mark.parametrize("shape", [(6, 3), (6, 4, 3)])
@pytest.mark.parametrize("layout", ["C", "batch-last"])
def test_result_and_gradient_lie_in_memory_as_the_input_lies(shape, layout: str) -> None:
    """On the CPU: CuPy's ufuncs give rows, whatever the layout of their input."""
    generator = np.random.default_rng(0)
    x = to_tensor(generator.standard_normal(shape), "cpu", layout)
    y = ops.linear(x, to_tensor(generator.standard_normal((3, 3)), "cpu"))
    y.backward(to_tensor(np.ones(shape), "cpu", requires_grad=False))  # which lies row by row
    assert y.data.strides == x.data.strides
    assert x.grad.data.strides == x.data.strides


@pytest.mark.parametrize("x_layout", LAYOUTS)
@pytest.mark.parametrize("g_layout", LAYOUTS)
@pytest.mark.parametrize("batch", [(5,), (5, 4), (5, 1), (1, 5)])
def test_gradient_that_lies_otherwise_than_the_input(x_layout: str, g_layout: str, batch, device: str) -> None:
    generator = np.random.default_rng(0)
    x, weight, v = (generator.standard_normal(shape) for shape in ((*batch, 3), (2, 3), (*batch, 2)))
    inputs = to_tensor(x, device, x_layout), to_tensor(weight, device)
    dx, dw = grad(ops.linear(*inputs), inputs, to_tensor(v, device, g_layout, requires_grad=False))
    np.testing.assert_allclose(to_numpy(dx), v @ weight, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(to_numpy(dw), v.reshape(-1, 2).T @ x.reshape(-1, 3), rtol=1e-12, atol=1e-12)

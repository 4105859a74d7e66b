"""relu, leaky_relu, sigmoid, tanh, softplus, softmax, log_softmax against PyTorch."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import Draw, draws, shapes

from minigen import ops

torch = pytest.importorskip("torch")
from torch.nn import functional as F  # noqa: E402, N812
from twin import assert_same_as_torch  # noqa: E402


@pytest.mark.parametrize("name", ["relu", "leaky_relu"])
@given(draw=draws(), shape=shapes())
def test_with_a_kink_at_zero(name: str, draw: Draw, shape, device: str) -> None:
    assert_same_as_torch(draw, device, draw.integral(shape), getattr(ops, name), getattr(F, name))


@pytest.mark.parametrize("slope", [0.0, 0.2, 1.0, 1.5, -0.3])
@given(draw=draws(), shape=shapes())
def test_leaky_relu_of_any_slope(slope: float, draw: Draw, shape, device: str) -> None:
    arrays = draw.integral(shape)
    assert_same_as_torch(draw, device, arrays, lambda x: ops.leaky_relu(x, slope), lambda x: F.leaky_relu(x, slope))


@pytest.mark.parametrize("name", ["sigmoid", "tanh", "softplus"])
@given(draw=draws(), shape=shapes())
def test_smooth(name: str, draw: Draw, shape, device: str) -> None:
    theirs = F.softplus if name == "softplus" else getattr(torch, name)
    assert_same_as_torch(draw, device, draw.normal(shape), getattr(ops, name), theirs)


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
@given(draw=draws(), data=st.data(), shape=shapes(min_side=1))
def test_over_any_dimension(name: str, draw: Draw, data, shape, device: str) -> None:
    dim = data.draw(st.integers(-max(1, len(shape)), max(0, len(shape) - 1)))
    ours, theirs = getattr(ops, name), getattr(torch, name)
    assert_same_as_torch(draw, device, draw.normal(shape), lambda x: ours(x, dim), lambda x: theirs(x, dim))


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
@given(draw=draws())
def test_over_the_classes_of_an_empty_batch(name: str, draw: Draw, device: str) -> None:
    ours, theirs = getattr(ops, name), getattr(torch, name)
    assert_same_as_torch(draw, device, draw.normal((0, 3)), lambda x: ours(x, 1), lambda x: theirs(x, 1))

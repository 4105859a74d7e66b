"""linear against PyTorch: the value, both adjoints, and their adjoints."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import Draw, draws, shapes, to_tensor

from minigen import ops

torch = pytest.importorskip("torch")
from torch.nn import functional as F  # noqa: E402, N812
from twin import assert_same_as_torch  # noqa: E402


@pytest.mark.parametrize("with_bias", [True, False])
@given(draw=draws(), batch=shapes(max_dims=3), sizes=st.tuples(st.integers(0, 4), st.integers(1, 4)))
def test_linear(with_bias: bool, draw: Draw, batch, sizes, device: str) -> None:
    inner, outer = sizes
    arrays = draw.normal((*batch, inner), (outer, inner), (outer,))
    assert_same_as_torch(draw, device, arrays[: 3 if with_bias else 2], ops.linear, F.linear)


@given(draw=draws(), batch=shapes(min_dims=1, max_dims=2, min_side=2), flip=st.booleans())
def test_gradient_that_lies_otherwise_than_the_input(draw: Draw, batch, flip: bool, device: str) -> None:
    """The next operation may hand back a gradient in another memory layout than x lies in."""
    x, weight, v = draw.normal((*batch, 3), (5, 3), (*batch, 5))
    layouts = ("batch-last", "C") if flip else ("C", "batch-last")
    ours = [to_tensor(x, device, layouts[0]), to_tensor(weight, device)]
    theirs = [torch.tensor(a, requires_grad=True) for a in (x, weight)]
    ops.linear(*ours).backward(to_tensor(v, device, layouts[1], requires_grad=False))
    expected = torch.autograd.grad(F.linear(*theirs), theirs, torch.tensor(v))
    for a, b in zip(ours, expected, strict=True):
        assert abs(a.grad.numpy() - b.numpy()).max() < 10 * draw.tolerance

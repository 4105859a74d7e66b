"""concat, stack, pad against PyTorch."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import Draw, draws, shapes

from minigen import ops

torch = pytest.importorskip("torch")
from twin import assert_same_as_torch  # noqa: E402


@given(
    draw=draws(), data=st.data(), shape=shapes(min_dims=1), lengths=st.lists(st.integers(0, 3), min_size=1, max_size=4)
)
def test_concat(draw: Draw, data, shape, lengths, device: str) -> None:
    dim = data.draw(st.integers(-len(shape), len(shape) - 1))
    axis = dim % len(shape)
    parts = draw.normal(*[(*shape[:axis], n, *shape[axis + 1 :]) for n in lengths])
    assert_same_as_torch(draw, device, parts, lambda *p: ops.concat(p, dim), lambda *p: torch.cat(p, dim))


@given(draw=draws(), shape=shapes(min_dims=1, min_side=1))
def test_concat_of_one_tensor_with_itself(draw: Draw, shape, device: str) -> None:
    assert_same_as_torch(
        draw, device, draw.normal(shape), lambda x: ops.concat([x, x * x, x]), lambda x: torch.cat([x, x * x, x])
    )


@given(draw=draws(), data=st.data(), shape=shapes(max_dims=3), count=st.integers(1, 3))
def test_stack(draw: Draw, data, shape, count: int, device: str) -> None:
    dim = data.draw(st.integers(-len(shape) - 1, len(shape)))
    parts = draw.normal(*[shape] * count)
    assert_same_as_torch(draw, device, parts, lambda *p: ops.stack(p, dim), lambda *p: torch.stack(p, dim))


@given(draw=draws(), data=st.data(), shape=shapes(min_dims=1, max_dims=3), value=st.sampled_from([0.0, -1.5]))
def test_pad(draw: Draw, data, shape, value: float, device: str) -> None:
    widths = [data.draw(st.tuples(st.integers(0, 2), st.integers(0, 2))) for _ in shape]
    theirs = [n for pair in reversed(widths) for n in pair]  # torch lists the last dimension first
    assert_same_as_torch(
        draw,
        device,
        draw.normal(shape),
        lambda x: ops.pad(x, widths, value),
        lambda x: torch.nn.functional.pad(x, theirs, value=value),
    )

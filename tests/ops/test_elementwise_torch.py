"""exp, log, sqrt, abs, clip, maximum, where against PyTorch."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from support import Draw, draws, shapes, to_device

from minigen import ops

torch = pytest.importorskip("torch")
from twin import assert_same_as_torch  # noqa: E402


@given(draw=draws(), shape=shapes())
def test_exp(draw: Draw, shape, device: str) -> None:
    assert_same_as_torch(draw, device, draw.normal(shape), ops.exp, torch.exp)


@pytest.mark.parametrize("name", ["log", "sqrt"])
@given(draw=draws(), shape=shapes())
def test_functions_of_positive_numbers(name: str, draw: Draw, shape, device: str) -> None:
    assert_same_as_torch(draw, device, draw.positive(shape), getattr(ops, name), getattr(torch, name))


@given(draw=draws(), shape=shapes())
def test_abs_with_its_kink(draw: Draw, shape, device: str) -> None:
    assert_same_as_torch(draw, device, draw.integral(shape), ops.abs, torch.abs)


@given(draw=draws(), shape=shapes(), bounds=st.sampled_from([(-1, 1), (-0.5, 0.7), (0, 0), (-9, 9)]))
def test_clip_passes_the_gradient_at_both_ends(draw: Draw, shape, bounds, device: str) -> None:
    arrays = draw.integral(shape)
    assert_same_as_torch(draw, device, arrays, lambda x: ops.clip(x, *bounds), lambda x: torch.clamp(x, *bounds))


@given(draw=draws(), pair=hnp.mutually_broadcastable_shapes(num_shapes=2, min_side=0, max_side=3, max_dims=4))
def test_maximum_halves_the_gradient_of_ties(draw: Draw, pair, device: str) -> None:
    assert_same_as_torch(draw, device, draw.integral(*pair.input_shapes), ops.maximum, torch.maximum)


@given(draw=draws(), shape=shapes())
def test_maximum_with_a_number(draw: Draw, shape, device: str) -> None:
    arrays = draw.integral(shape)
    assert_same_as_torch(
        draw, device, arrays, lambda x: ops.maximum(x, 1), lambda x: torch.maximum(x, torch.tensor(1, dtype=x.dtype))
    )


@given(draw=draws(), three=hnp.mutually_broadcastable_shapes(num_shapes=3, min_side=0, max_side=3, max_dims=3))
def test_where_broadcasts_all_three(draw: Draw, three, device: str) -> None:
    first, *others = three.input_shapes
    condition = np.asarray(np.random.default_rng(draw.seed).random(first) < 0.5)
    ours, theirs = to_device(condition, device), torch.tensor(condition)
    assert_same_as_torch(
        draw,
        device,
        draw.normal(*others),
        lambda a, b: ops.where(ours, a, b),
        lambda a, b: torch.where(theirs, a, b),
    )


@given(draw=draws(), shape=shapes())
def test_where_with_a_number(draw: Draw, shape, device: str) -> None:
    (x,) = draw.normal(shape)
    ours, theirs = to_device(x > 0, device), torch.tensor(x > 0)
    assert_same_as_torch(draw, device, [x], lambda x: ops.where(ours, x, 0.25), lambda x: torch.where(theirs, x, 0.25))

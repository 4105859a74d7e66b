"""lstm and lstm_cell against PyTorch: values and all gradients, over 1 to 50 steps."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import Draw, assert_close, draws, to_device, to_tensor

from minigen import ops

torch = pytest.importorskip("torch")
from torch.nn.utils import rnn  # noqa: E402
from twin import assert_same_as_torch  # noqa: E402


def random_arrays(draw: Draw, batch: int, steps: int, features: int, hidden: int) -> list[np.ndarray]:
    """x, h0, c0, weight_ih, weight_hh, bias."""
    state, gates = (batch, hidden), 4 * hidden
    x, h0, c0, *weights = draw.normal(
        (batch, steps, features), state, state, (gates, features), (gates, hidden), (gates,)
    )
    return [x, h0, c0, *(0.7 * weight for weight in weights)]


def torch_lstm(x, h0, c0, weight_ih, weight_hh, bias=None, lengths=None):
    weights = [weight_ih, weight_hh, *([] if bias is None else [bias, torch.zeros_like(bias)])]
    state, options = (h0[None], c0[None]), (bias is not None, 1, 0.0, False, False)
    if lengths is None:
        outputs, h, c = torch.lstm(x, state, weights, *options, True)
        return outputs, h[0], c[0]
    packed = rnn.pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
    state = tuple(s[:, packed.sorted_indices] for s in state)
    data, h, c = torch.lstm(packed.data, packed.batch_sizes, state, weights, *options)
    packed = packed._replace(data=data)
    outputs, _ = rnn.pad_packed_sequence(packed, batch_first=True, total_length=x.shape[1])
    return outputs, h[0, packed.unsorted_indices], c[0, packed.unsorted_indices]


@pytest.mark.parametrize("ragged", [False, True])
@given(
    draw=draws(),
    sizes=st.tuples(st.integers(1, 4), st.integers(1, 50), st.integers(1, 4), st.integers(1, 5)),
    with_bias=st.booleans(),
    unused=st.sampled_from([(), ("outputs",), ("h",), ("c",), ("h", "c"), ("outputs", "c")]),
)
def test_values_and_all_gradients(ragged: bool, draw: Draw, sizes, with_bias: bool, unused, device: str) -> None:
    arrays = random_arrays(draw, *sizes)[: 6 if with_bias else 5]
    generator = np.random.default_rng(draw.seed)
    lengths = generator.integers(1, sizes[1] + 1, sizes[0]) if ragged else None
    xs = [to_tensor(a, device, draw.layout) for a in arrays]
    txs = [torch.tensor(a, requires_grad=True) for a in arrays]
    outputs, state = ops.lstm(*xs, lengths=None if lengths is None else to_device(lengths, device))
    theirs = torch_lstm(*txs, lengths=None if lengths is None else torch.tensor(lengths))

    total, their_total = 0.0, 0.0
    for name, y, ty in zip(("outputs", "h", "c"), (outputs, *state), theirs, strict=True):
        assert_close(y, ty.detach().numpy(), draw.tolerance, name)
        if name not in unused:
            v = generator.standard_normal(y.shape).astype(draw.dtype)
            total = (y * to_device(v, device)).sum() + total
            their_total = (ty * torch.tensor(v)).sum() + their_total
    total.backward()
    their_total.backward()
    for name, x, tx in zip(("x", "h0", "c0", "weight_ih", "weight_hh", "bias"), xs, txs, strict=False):
        assert_close(x.grad, tx.grad.numpy(), draw.tolerance, f"gradient of {name}")


@pytest.mark.parametrize("output", [0, 1])
@given(draw=draws(), batch=st.integers(1, 4), sizes=st.tuples(st.integers(1, 4), st.integers(1, 5)))
def test_cell_to_the_second_derivative(output: int, draw: Draw, batch: int, sizes, device: str) -> None:
    x, *rest = random_arrays(draw, batch, 1, *sizes)
    assert_same_as_torch(
        draw,
        device,
        [x[:, 0], *rest],
        lambda *a: ops.lstm_cell(*a)[output],
        lambda x, h, c, w_ih, w_hh, b: torch.lstm_cell(x, (h, c), w_ih, w_hh, b, torch.zeros_like(b))[output],
    )

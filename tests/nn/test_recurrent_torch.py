"""LSTM and LSTMCell against torch.nn's, the weights loaded by name."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import Draw, assert_close, draws, to_device, to_tensor

from minigen import nn

torch = pytest.importorskip("torch")

SIZES = st.tuples(st.integers(1, 4), st.integers(1, 50), st.integers(1, 4), st.integers(1, 5))  # N, T, I, H


def twins(ours: nn.Module, theirs, draw: Draw, device: str):
    theirs = theirs.to(getattr(torch, draw.dtype))
    ours.to(device, draw.dtype).load_state_dict({name: t.numpy() for name, t in theirs.state_dict().items()})
    return ours, theirs


def assert_same_gradients(ours: nn.Module, theirs, tolerance: float) -> None:
    for (name, p), (their_name, their_p) in zip(ours.named_parameters(), theirs.named_parameters(), strict=True):
        assert name == their_name
        assert_close(p.grad, their_p.grad.numpy(), tolerance, f"gradient of {name}")


@given(draw=draws(), sizes=SIZES, bias=st.booleans(), with_state=st.booleans(), ragged=st.booleans())
def test_lstm(draw: Draw, sizes, bias: bool, with_state: bool, ragged: bool, device: str) -> None:
    batch, steps, features, hidden = sizes
    ours, theirs = twins(
        nn.LSTM(features, hidden, bias), torch.nn.LSTM(features, hidden, bias=bias, batch_first=True), draw, device
    )
    x, h0, c0, v, w = draw.normal(
        (batch, steps, features), *[(batch, hidden)] * 2, (batch, steps, hidden), (batch, hidden)
    )
    ox, oh, oc = (to_tensor(a, device, draw.layout) for a in (x, h0, c0))
    tx, th, tc = (torch.tensor(a, requires_grad=True) for a in (x, h0, c0))
    lengths = np.random.default_rng(draw.seed).integers(1, steps + 1, batch)
    state, their_state = ((oh, oc), (th[None], tc[None])) if with_state else (None, None)
    if ragged:
        packed = torch.nn.utils.rnn.pack_padded_sequence(tx, torch.tensor(lengths), True, enforce_sorted=False)
        outputs, (h, c) = ours(ox, state, to_device(lengths, device))
        their_outputs, (their_h, their_c) = theirs(packed, their_state)
        their_outputs, _ = torch.nn.utils.rnn.pad_packed_sequence(their_outputs, True, total_length=steps)
    else:
        outputs, (h, c) = ours(ox, state)
        their_outputs, (their_h, their_c) = theirs(tx, their_state)
    for y, ty in ((outputs, their_outputs), (h, their_h[0]), (c, their_c[0])):
        assert_close(y, ty.detach().numpy(), draw.tolerance, "value")

    ((outputs * to_device(v, device)).sum() + (h * c * to_device(w, device)).sum()).backward()
    ((their_outputs * torch.tensor(v)).sum() + (their_h[0] * their_c[0] * torch.tensor(w)).sum()).backward()
    assert_same_gradients(ours, theirs, draw.tolerance)
    for a, b in ((ox, tx), (oh, th), (oc, tc)) if with_state else ((ox, tx),):
        assert_close(a.grad, b.grad.numpy(), draw.tolerance, "gradient of an input")


@given(draw=draws(), batch=st.integers(1, 4), sizes=st.tuples(st.integers(1, 4), st.integers(1, 5)), bias=st.booleans())
def test_cell(draw: Draw, batch: int, sizes, bias: bool, device: str) -> None:
    ours, theirs = twins(nn.LSTMCell(*sizes, bias), torch.nn.LSTMCell(*sizes, bias=bias), draw, device)
    x, v = draw.normal((batch, sizes[0]), (batch, sizes[1]))
    ox, tx = to_tensor(x, device, draw.layout), torch.tensor(x, requires_grad=True)
    h, c = ours(ox, ours(ox))
    their_h, their_c = theirs(tx, theirs(tx))
    assert_close(h, their_h.detach().numpy(), draw.tolerance, "h")
    assert_close(c, their_c.detach().numpy(), draw.tolerance, "c")
    (h * c * to_device(v, device)).sum().backward()
    (their_h * their_c * torch.tensor(v)).sum().backward()
    assert_same_gradients(ours, theirs, draw.tolerance)
    assert_close(ox.grad, tx.grad.numpy(), draw.tolerance, "gradient of x")

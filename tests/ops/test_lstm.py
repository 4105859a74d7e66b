"""lstm: against the composed cell, in every layout and with lengths; noticed mistakes; refused second derivatives."""

from __future__ import annotations

import inspect

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import LAYOUTS, assert_close, to_device, to_numpy, to_tensor

import minigen
from minigen import ops
from minigen.ops import recurrent

NAMES = ("x", "h0", "c0", "weight_ih", "weight_hh", "bias")


def arrays(
    batch: int, steps: int, features: int, hidden: int, seed: int = 0, dtype: str = "float64"
) -> list[np.ndarray]:
    """x, h0, c0, weight_ih, weight_hh, bias; weights small enough that a gate seldom saturates over 50 steps."""
    generator = np.random.default_rng(seed)
    state, gates = (batch, hidden), 4 * hidden
    shapes = ((batch, steps, features), state, state, (gates, features), (gates, hidden), (gates,))
    scales = (1.0, 1.0, 1.0, 0.7, 0.7, 0.7)
    return [
        (scale * generator.standard_normal(shape)).astype(dtype) for scale, shape in zip(scales, shapes, strict=True)
    ]


def through_the_cell(x, h, c, weight_ih, weight_hh, bias, activation="tanh", lengths=None):
    """The same in elementary operations, an ended sequence held by `where`."""
    outputs = []
    for t in range(x.shape[1]):
        new_h, new_c = ops.lstm_cell(x[:, t], h, c, weight_ih, weight_hh, bias, activation)
        if lengths is None:
            h, c, output = new_h, new_c, new_h
        else:
            running = (t < lengths)[:, None]
            h, c, output = ops.where(running, new_h, h), ops.where(running, new_c, c), ops.where(running, new_h, 0.0)
        outputs.append(output)
    return ops.stack(outputs, 1), (h, c)


def gradients(run, values, device, layout="C"):
    """Outputs, h and c, and the gradients of their weighted sum to all inputs."""
    inputs = [to_tensor(value, device, layout) for value in values]
    outputs, state = run(*inputs)
    generator = np.random.default_rng(7)
    sum((y * to_device(generator.standard_normal(y.shape), device)).sum() for y in (outputs, *state)).backward()
    return [to_numpy(y) for y in (outputs, *state)], [to_numpy(x.grad) for x in inputs]


def assert_same(ours, theirs, tolerance=1e-12):
    for actual, expected in zip((*ours[0], *ours[1]), (*theirs[0], *theirs[1]), strict=True):
        assert_close(actual, expected, tolerance)


@pytest.mark.parametrize("activation", ["tanh", "relu"])
@given(
    batch=st.integers(1, 5),
    steps=st.integers(1, 12),
    sizes=st.tuples(st.integers(0, 4), st.integers(1, 5)),
    layout=st.sampled_from(LAYOUTS),
    ragged=st.booleans(),
    seed=st.integers(0, 2**32 - 1),
)
def test_equals_the_composed_cell(activation, batch, steps, sizes, layout, ragged, seed, device):
    values = arrays(batch, steps, *sizes, seed)
    drawn = np.random.default_rng(seed).integers(1, steps + 1, batch)
    lengths = to_device(drawn, device) if ragged else None
    fused = gradients(lambda *a: ops.lstm(*a, activation, lengths), values, device, layout)
    composed = gradients(lambda *a: through_the_cell(*a, activation, lengths), values, device)
    assert_same(fused, composed)


def test_what_lies_after_the_end_has_no_influence_and_no_gradient(device):
    values = arrays(2, 5, 3, 4)
    lengths = to_device(np.array([2, 5]), device)
    changed = [values[0].copy(), *values[1:]]
    changed[0][0, 2:] = np.nan
    before = gradients(lambda *a: ops.lstm(*a, "tanh", lengths), values, device)
    after = gradients(lambda *a: ops.lstm(*a, "tanh", lengths), changed, device)
    assert_same(before, after, 0)
    assert not before[1][0][0, 2:].any()
    assert before[1][0][0, :2].all()


def test_no_gradient_comes_from_outputs_after_the_end(device):
    x, *rest = (to_tensor(a, device) for a in arrays(2, 5, 3, 4))
    outputs, _ = ops.lstm(x, *rest, lengths=to_device(np.array([2, 5]), device))
    v = np.ones(outputs.shape)
    v[0, 2:] = np.inf  # as the derivative of √y at y = 0
    (g,) = minigen.grad(outputs, x, to_tensor(v, device))
    assert np.isfinite(to_numpy(g)).all()


def test_an_empty_batch(device):
    inputs = [to_tensor(a, device) for a in arrays(0, 3, 2, 5)]
    outputs, (h, c) = ops.lstm(*inputs)
    assert (outputs.shape, h.shape, c.shape) == ((0, 3, 5), (0, 5), (0, 5))
    for x, g in zip(inputs, minigen.grad(outputs.sum() + c.sum(), inputs), strict=True):
        assert (g.shape, to_numpy(g).any()) == (x.shape, False)


def test_gates_saturate_without_overflow(device):
    values = arrays(2, 3, 4, 5, dtype="float32")
    values[0] *= 1e30
    outputs, grads = gradients(ops.lstm, values, device)
    assert all(np.isfinite(a).all() for a in (*outputs, *grads[1:3]))
    assert abs(outputs[0]).max() <= 1


# Would these tests notice a mistake? Each is made in turn: (function, what stands there, what is written instead).

MISTAKES = [
    ("_through_time", "g[-1].copy()", "0.0 * g[-1]"),
    ("_through_time", "dh = dh + g[t]", "dh = g[t]"),
    ("_through_time", "dh = dh + g[t]", "dh = dh - g[t]"),
    ("_through_time", "dc += _activation_grad(", "dc -= _activation_grad("),
    ("_through_time", "dc += _activation_grad(", "dc = _activation_grad("),
    ("_through_time", "dh * o, run", "dh, run"),
    ("_through_time", "run.squashed[t]", "run.cells[t + 1]"),
    ("_through_time", "dc_i = dc * i", "dc_i = dc"),
    ("_through_time", "dc_i = dc * i", "dc_i = 1.001 * dc * i"),
    ("_through_time", "dc *= f", "dc *= 1"),
    ("_through_time", "xp.subtract(1, sigmoids", "xp.subtract(1.001, sigmoids"),
    ("_through_time", "xp.subtract(1, sigmoids", "xp.add(1, sigmoids"),
    ("_through_time", "delta[0] *= dh * run.states[t]", "delta[0] *= dh"),
    ("_through_time", "delta[0] *= dh * run.states[t]", "delta[0] *= dh * run.states[t - 1]"),
    ("_through_time", "delta[1] *= dc_i * candidate", "delta[1] *= dc_i"),
    ("_through_time", "delta[1] *= dc_i * candidate", "delta[1] *= candidate"),
    ("_through_time", "delta[2] *= dc * run.cells[t]", "delta[2] *= dc * run.cells[t + 1]"),
    ("_through_time", "delta[2] *= dc * run.cells[t]", "delta[2] *= run.cells[t]"),
    ("_through_time", "_activation_grad(activation, dc_i, candidate)", "dc_i"),
    ("_through_time", "_activation_grad(activation, dc_i, candidate)", "0.999 * _activation_grad(activation, dc_i, o)"),
    ("_through_time", "weight_hh.T @", "-weight_hh.T @"),
    ("_through_time", "blocks[-2], blocks[-1] = dh, dc", "blocks[-2], blocks[-1] = dc, dh"),
    ("_activation_grad", "1 - y * y", "1 - y"),
    ("_activation_grad", "selected(g, y > 0)", "g"),
    ("_input_grad", "weight_ih.T", "-weight_ih.T"),
    ("_weight_grad", "deltas @ inputs.T", "1.001 * deltas @ inputs.T"),
    ("_weight_grad", "-blocks.shape[1]", "blocks.shape[1]"),
    ("_lstm", "_input_grad(g.data, weight_ih)", "0 * _input_grad(g.data, weight_ih)"),
    ("_lstm", "g.data[-2]", "g.data[-1]"),
    ("_lstm", "g.data[-1]", "g.data[-2]"),
    ("_lstm", "_weight_grad(g.data, run.inputs)", "_weight_grad(g.data, 1.001 * run.inputs)"),
    ("_unroll", "selected(gates[:2], running[:, t], out=gates[:2])", "pass"),
    ("_unroll", "xp.maximum(f, ~running[:, t], out=f)", "pass"),
]


@pytest.mark.parametrize(("function", "right", "wrong"), MISTAKES)
def test_a_mistake_is_noticed(function: str, right: str, wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    values, lengths = arrays(3, 4, 2, 5), np.array([4, 1, 2])

    def differs(activation: str) -> bool:
        fused = gradients(lambda *a: ops.lstm(*a, activation, lengths), values, "cpu")
        composed = gradients(lambda *a: through_the_cell(*a, activation, lengths), values, "cpu")
        pairs = zip((*fused[0], *fused[1]), (*composed[0], *composed[1]), strict=True)
        return not all(np.allclose(a, b, rtol=1e-6, atol=1e-9) for a, b in pairs)

    source = inspect.getsource(getattr(recurrent, function))
    assert source.count(right) == 1, "the source has changed: so must this list"
    assert not differs("tanh")
    assert not differs("relu")
    monkeypatch.setattr(recurrent, function, getattr(recurrent, function))  # put back afterwards
    exec(source.replace(right, wrong), vars(recurrent))
    assert differs("tanh") or differs("relu")


@pytest.mark.parametrize("name", [*NAMES, "the incoming gradient"])
def test_a_second_derivative_is_refused_by_name(name, device):
    inputs = {n: to_tensor(a, device, requires_grad=n == name) for n, a in zip(NAMES, arrays(2, 3, 4, 5), strict=True)}
    v = to_tensor(np.ones((2, 3, 5)), device, requires_grad=name not in NAMES)
    wanted = inputs.get(name, inputs["x"])
    wanted.requires_grad = True
    (g,) = minigen.grad(ops.lstm(*inputs.values())[0], wanted, v, create_graph=True)
    for ask in (lambda: g.sum().backward(), lambda: minigen.grad(g.sum(), wanted if name in NAMES else v)):
        with pytest.raises(NotImplementedError, match=r"^lstm: .*nn\.LSTMCell"):
            ask()

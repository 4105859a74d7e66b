"""lstm: against the composed cell, in every layout, with lengths, with outputs left unused, and what it refuses."""

from __future__ import annotations

import gc
import inspect
import weakref

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import LAYOUTS, assert_close, to_device, to_numpy, to_tensor

import minigen
from minigen import Tensor, ops
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


def gradients(run, values, device, layout="C", weigh=(True, True, True)):
    """Outputs, h and c, and the gradients of their weighted sum to all inputs."""
    inputs = [to_tensor(value, device, layout) for value in values]
    outputs, (h, c) = run(*inputs)
    generator = np.random.default_rng(7)
    weights = [generator.standard_normal(y.shape).astype(values[0].dtype) for y in (outputs, h, c)]
    total = sum(
        (y * to_device(weight, device)).sum()
        for y, weight, wanted in zip((outputs, h, c), weights, weigh, strict=True)
        if wanted
    )
    total.backward()
    return [to_numpy(y) for y in (outputs, h, c)], [to_numpy(x.grad) for x in inputs]


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


@pytest.mark.parametrize(
    "weigh", [(True, False, False), (False, True, False), (False, False, True), (True, False, True)]
)
@pytest.mark.parametrize("ragged", [False, True])
def test_gradient_where_outputs_or_h_or_c_are_unused(weigh, ragged, device):
    values = arrays(3, 4, 2, 5)
    lengths = to_device(np.array([4, 1, 2]), device) if ragged else None
    fused = gradients(lambda *a: ops.lstm(*a, "tanh", lengths), values, device, weigh=weigh)
    composed = gradients(lambda *a: through_the_cell(*a, "tanh", lengths), values, device, weigh=weigh)
    assert_same(fused, composed)


def test_without_bias_is_with_a_bias_of_zero(device):
    values = arrays(3, 4, 2, 5)
    without = gradients(lambda *a: ops.lstm(*a), values[:5], device)
    zero = gradients(lambda *a: ops.lstm(*a), [*values[:5], 0 * values[5]], device)
    assert_same(without, (zero[0], zero[1][:5]))


def test_the_last_state_continues_the_sequence(device):
    values = arrays(3, 7, 2, 5)

    def in_two_parts(x, h, c, *weights):
        first, (h, c) = ops.lstm(x[:, :3], h, c, *weights)
        second, state = ops.lstm(x[:, 3:], h, c, *weights)
        return ops.concat([first, second], 1), state

    assert_same(gradients(in_two_parts, values, device), gradients(ops.lstm, values, device))


def test_each_sequence_ends_as_it_would_alone(device):
    x, h0, c0, *weights = (to_tensor(a, device) for a in arrays(3, 6, 2, 4))
    lengths = np.array([2, 6, 1])
    outputs, (h, c) = ops.lstm(x, h0, c0, *weights, lengths=to_device(lengths, device))
    for n, length in enumerate(lengths):
        row = slice(n, n + 1)
        alone, (h_alone, c_alone) = ops.lstm(x[row, : int(length)], h0[row], c0[row], *weights)
        np.testing.assert_allclose(to_numpy(outputs[row, : int(length)]), to_numpy(alone), rtol=0, atol=1e-14)
        np.testing.assert_allclose(to_numpy(h[row]), to_numpy(h_alone), rtol=0, atol=1e-14)
        np.testing.assert_allclose(to_numpy(c[row]), to_numpy(c_alone), rtol=0, atol=1e-14)
        assert not to_numpy(outputs)[n, length:].any()


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


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_dtype_is_kept(dtype, device):
    values, grads = gradients(ops.lstm, arrays(2, 3, 4, 5, dtype=dtype), device)
    assert {a.dtype.name for a in (*values, *grads)} == {dtype}


def test_gates_saturate_without_overflow(device):
    values = arrays(2, 3, 4, 5, dtype="float32")
    values[0] *= 1e30
    outputs, grads = gradients(ops.lstm, values, device)
    assert all(np.isfinite(a).all() for a in (*outputs, *grads[1:3]))
    assert abs(outputs[0]).max() <= 1


def test_backward_twice_over_one_graph(device):
    x, *rest = (to_tensor(a, device) for a in arrays(2, 3, 4, 5))
    outputs, _ = ops.lstm(x, *rest)
    total = (outputs * outputs).sum()
    total.backward()
    once = to_numpy(x.grad).copy()
    total.backward()
    np.testing.assert_array_equal(to_numpy(x.grad), 2 * once)


def test_nothing_is_recorded_under_no_grad(device):
    inputs = [to_tensor(a, device) for a in arrays(2, 3, 4, 5)]
    with minigen.no_grad():
        outputs, (h, c) = ops.lstm(*inputs)
    assert not any(y.requires_grad for y in (outputs, h, c))


def test_only_what_requires_a_gradient_gets_one(device):
    inputs = [
        to_tensor(a, device, requires_grad=name == "weight_hh")
        for name, a in zip(NAMES, arrays(2, 3, 4, 5), strict=True)
    ]
    ops.lstm(*inputs)[1][0].sum().backward()
    assert [name for name, x in zip(NAMES, inputs, strict=True) if x.grad is not None] == ["weight_hh"]


def test_the_graph_is_freed_without_the_cycle_collector(device):
    inputs = [to_tensor(a, device) for a in arrays(2, 3, 4, 5)]
    gc.collect()
    gc.disable()
    try:
        outputs, _ = ops.lstm(*inputs)
        states = outputs._edges[0][0]
        watched = [weakref.ref(t.data) for t in (states, states._edges[0][0]) if isinstance(t.data, np.ndarray)]
        outputs.sum().backward()
        del outputs, states, _
        assert [ref() for ref in watched] == [None] * len(watched)
    finally:
        gc.enable()


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
    ("_weight_grad", "_deltas(blocks) @", "1.001 * _deltas(blocks) @"),
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


# Second derivatives


@pytest.mark.parametrize("name", NAMES)
def test_a_second_derivative_is_refused_by_name(name, device):
    inputs = [to_tensor(a, device, requires_grad=n == name) for n, a in zip(NAMES, arrays(2, 3, 4, 5), strict=True)]
    wanted = inputs[NAMES.index(name)]
    (g,) = minigen.grad((ops.lstm(*inputs)[0] ** 2).sum(), wanted, create_graph=True)
    assert g.requires_grad
    with pytest.raises(NotImplementedError, match=r"^lstm: .*nn\.LSTMCell"):
        g.sum().backward()
    with pytest.raises(NotImplementedError, match=r"^lstm: .*nn\.LSTMCell"):
        minigen.grad(g.sum(), wanted)


def test_a_second_derivative_to_the_incoming_gradient_is_refused(device):
    inputs = [to_tensor(a, device) for a in arrays(2, 3, 4, 5)]
    v = to_tensor(np.ones((2, 3, 5)), device)
    (g,) = minigen.grad(ops.lstm(*inputs)[0], inputs[0], v, create_graph=True)
    with pytest.raises(NotImplementedError, match=r"nn\.LSTMCell"):
        minigen.grad(g.sum(), v)


def test_the_cell_has_second_derivatives_where_the_sequence_refuses(device):
    inputs = [to_tensor(a, device) for a in arrays(2, 3, 4, 5)]
    first = minigen.grad((through_the_cell(*inputs)[0] ** 2).sum(), inputs, create_graph=True)
    second = minigen.grad(sum((g * g).sum() for g in first), inputs)
    assert all(abs(to_numpy(g)).max() > 0 for g in second)


# Errors


@pytest.mark.parametrize(
    ("name", "shape", "message"),
    [
        ("x", (3, 4), r"lstm: x has shape \(3, 4\), must be \(N, T, I\) with T at least 1"),
        ("x", (3, 0, 2), r"lstm: x has shape \(3, 0, 2\), must be \(N, T, I\) with T at least 1"),
        ("h0", (1, 5), r"lstm: h0 has shape \(1, 5\), must be \(N, H\) = \(3, 5\)"),
        ("h0", (5,), r"lstm: h0 has shape \(5,\), must be \(N, H\) = \(3, 5\)"),
        ("c0", (3, 4), r"lstm: c0 has shape \(3, 4\), must be \(N, H\) = \(3, 5\)"),
        ("weight_ih", (20, 3), r"lstm: weight_ih has shape \(20, 3\), must be \(4H, I\) = \(20, 2\)"),
        ("weight_hh", (20,), r"lstm: weight_hh has shape \(20,\), must be \(4H, H\)$"),
        ("weight_hh", (15, 5), r"lstm: weight_hh has shape \(15, 5\), must be \(4H, H\) = \(20, 5\)"),
        ("bias", (5,), r"lstm: bias has shape \(5,\), must be \(4H,\) = \(20,\)"),
    ],
)
def test_a_shape_that_does_not_fit(name, shape, message, device):
    values = dict(zip(NAMES, arrays(3, 4, 2, 5), strict=True)) | {name: np.zeros(shape)}
    with pytest.raises(ValueError, match=message) as error:
        ops.lstm(**{n: to_tensor(a, device) for n, a in values.items()})
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("lengths", "message"),
    [
        (np.array([1, 2]), r"lengths is int64 of shape \(2,\), must be \(3,\) of integers"),
        (np.array([1.0, 2.0, 3.0]), r"lengths is float64 of shape \(3,\), must be \(3,\) of integers"),
        (np.array([1, 0, 4]), r"lengths run from 0 to 4, must lie in 1…4"),
        (np.array([1, 5, 4]), r"lengths run from 1 to 5, must lie in 1…4"),
    ],
)
def test_lengths_that_do_not_fit(lengths, message):
    with pytest.raises(ValueError, match=message):
        ops.lstm(*(Tensor(a) for a in arrays(3, 4, 2, 5)), lengths=lengths)


def test_unknown_activation(device):
    inputs = [to_tensor(a, device) for a in arrays(3, 4, 2, 5)]
    with pytest.raises(ValueError, match=r"lstm: activation is 'elu', must be 'tanh' or 'relu'"):
        ops.lstm(*inputs, activation="elu")
    with pytest.raises(ValueError, match=r"lstm_cell: activation is 'elu', must be 'tanh' or 'relu'"):
        ops.lstm_cell(inputs[0][:, 0], *inputs[1:], activation="elu")


@pytest.mark.parametrize(
    ("position", "shape", "message"),
    [
        (0, (3, 4, 2), r"lstm_cell: x has shape \(3, 4, 2\), must be \(N, I\)"),
        (1, (1, 5), r"lstm_cell: h has shape \(1, 5\), must be \(N, H\) = \(3, 5\)"),
        (2, (5,), r"lstm_cell: c has shape \(5,\), must be \(N, H\) = \(3, 5\)"),
        (5, (1,), r"lstm_cell: bias has shape \(1,\), must be \(4H,\) = \(20,\)"),
    ],
)
def test_the_cell_checks_shapes_too(position, shape, message, device):
    values = [a[:, 0] if n == 0 else a for n, a in enumerate(arrays(3, 4, 2, 5))]
    values[position] = np.zeros(shape)
    with pytest.raises(ValueError, match=message):
        ops.lstm_cell(*(to_tensor(a, device) for a in values))


def test_float32_and_float64_do_not_mix(device):
    inputs = [to_tensor(a, device) for a in arrays(3, 4, 2, 5)]
    inputs[5] = to_tensor(arrays(3, 4, 2, 5)[5].astype("float32"), device)
    with pytest.raises(TypeError, match="float64 and float32 do not mix"):
        ops.lstm(*inputs)

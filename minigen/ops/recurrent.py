"""The LSTM over a whole sequence, with back-propagation through time written by hand.

At each step t, from the input xₜ and the state (hₜ₋₁, cₜ₋₁), with σ the sigmoid and φ the activation:

    aₜ = W_ih·xₜ + W_hh·hₜ₋₁ + b                      four blocks of H rows: a_i, a_f, a_g, a_o
    i, f, o = σ(a_i), σ(a_f), σ(a_o);  g = φ(a_g)     input, forget and output gate; candidate
    cₜ = f·cₜ₋₁ + i·g
    hₜ = o·φ(cₜ)

Source: Hochreiter & Schmidhuber 1997, "Long Short-Term Memory", with the forget gate of Gers et al. 2000.

Three arrangements make it fast. The arrays lie batch-last, so that one gate of all examples is a block
(H, N). xₜ, hₜ₋₁ and 1 are stacked, so that aₜ is one matrix product with the bias in it. The rows of the
weights are rotated, so that the gates lie in memory as o, i, f, g and the three sigmoids are one block.

The graph has one node for all pre-activations a₁ … a_T and the first state. Back-propagation through time
computes its gradient once; the gradients of x, the weights and the first state follow from that.
"""

from __future__ import annotations

from typing import NamedTuple

from minigen import backend
from minigen.autograd import Tensor, record
from minigen.backend import Array
from minigen.ops.activations import relu, sigmoid, sigmoid_array, tanh
from minigen.ops.dense import linear
from minigen.ops.joining import concat
from minigen.ops.masks import select, selected
from minigen.ops.operands import as_tensor

_ACTIVATIONS = {"tanh": tanh, "relu": relu}


def lstm(
    x: Tensor,
    h0: Tensor,
    c0: Tensor,
    weight_ih: Tensor,
    weight_hh: Tensor,
    bias: Tensor | None = None,
    activation: str = "tanh",
    lengths: Array | None = None,
) -> tuple[Tensor, tuple[Tensor, Tensor]]:
    """Run an LSTM over sequences; the rows of the weights are in the order i, f, g, o, as in torch.

    Args:
        x: (N, T, I)
        h0, c0: (N, H), the state before the first step.
        weight_ih: (4H, I)
        weight_hh: (4H, H)
        bias: (4H,), the sum of the two that torch.nn.LSTM keeps.
        activation: φ, "tanh" or "relu", for the candidate and for the cell's output, as in Keras.
        lengths: (N,) integers from 1 to T, if the sequences differ in length. After the end of a sequence
            its outputs are 0 and its state no longer changes; x has no influence there.

    Returns:
        outputs h₁ … h_T, (N, T, H), and the last state (h, c), each (N, H).

    The gradient cannot be differentiated again; that of `lstm_cell` can, to any order.

    Raises:
        ValueError: a shape does not fit, the activation is unknown, or lengths are out of range.
        NotImplementedError: a second derivative is asked for.
    """
    h0, c0, weight_ih, weight_hh = (as_tensor(t, x) for t in (h0, c0, weight_ih, weight_hh))
    bias = None if bias is None else as_tensor(bias, x)
    if x.ndim != 3 or x.shape[1] == 0:
        raise ValueError(f"x has shape {x.shape}, must be (N, T, I) with T at least 1")
    _check(activation, x, weight_ih, weight_hh, bias, h0=h0, c0=c0)
    running = None if lengths is None else _running(lengths, x)
    columns = [weight_ih, weight_hh] if bias is None else [weight_ih, weight_hh, bias.unsqueeze(1)]
    states = _lstm(x, h0, c0, concat(columns, 1), activation, running)
    outputs = states[:-1].permute(2, 0, 1)
    if lengths is None or running is None:
        return outputs, (states[-2].T, states[-1].T)
    last, mask = outputs[backend.of(lengths).arange(len(lengths)), lengths - 1], running[:, :, None]
    outputs = record(selected(outputs.data, mask), (outputs, lambda g: select(g, mask)))  # so that errors say "lstm"
    return outputs, (last, states[-1].T)


def lstm_cell(
    x: Tensor,
    h: Tensor,
    c: Tensor,
    weight_ih: Tensor,
    weight_hh: Tensor,
    bias: Tensor | None = None,
    activation: str = "tanh",
) -> tuple[Tensor, Tensor]:
    """One step, (N, I) and (h, c), each (N, H), to the next (h, c); the arguments are else those of `lstm`.

    Composed of elementary operations: slower than `lstm`, and differentiable to any order.
    """
    if x.ndim != 2:
        raise ValueError(f"x has shape {x.shape}, must be (N, I)")
    h, c, weight_ih, weight_hh = (as_tensor(t, x) for t in (h, c, weight_ih, weight_hh))
    bias = None if bias is None else as_tensor(bias, x)
    _check(activation, x, weight_ih, weight_hh, bias, h=h, c=c)
    activate, hidden = _ACTIVATIONS[activation], h.shape[-1]
    a = linear(x, weight_ih, bias) + linear(h, weight_hh)
    a_i, a_f, a_g, a_o = (a[:, k * hidden : (k + 1) * hidden] for k in range(4))
    c = sigmoid(a_f) * c + sigmoid(a_i) * activate(a_g)
    return sigmoid(a_o) * activate(c), c


def _lstm(x: Tensor, h0: Tensor, c0: Tensor, weight: Tensor, activation: str, running: Array | None) -> Tensor:
    """h₁ … h_T and c_T, as the blocks of (T + 1, H, N), from the stacked weight [W_ih, W_hh, b]."""
    features, hidden = x.shape[2], h0.shape[1]
    rotated = backend.of(x.data).roll(weight.data, hidden, axis=0)
    weight_ih, weight_hh = rotated[:, :features], rotated[:, features : features + hidden]
    run = _unroll(x.data, h0.data, c0.data, rotated, activation, running)
    node = record(
        run.node,
        (x, lambda g: _once_differentiable(_input_grad(g.data, weight_ih), g)),
        (h0, lambda g: _once_differentiable(g.data[-2].copy().T, g)),
        (c0, lambda g: _once_differentiable(g.data[-1].copy().T, g)),
        (weight, lambda g: _once_differentiable(_weight_grad(g.data, run.inputs), g)),
    )
    return record(
        run.states, (node, lambda g: _once_differentiable(_through_time(g.data, run, weight_hh, activation), g, node))
    )


class _Run(NamedTuple):
    """What an LSTM computed on its way, batch-last.

    Attributes:
        inputs: xₜ, hₜ₋₁ and, where there is a bias, 1, for each step: (T, I + H + 1, N)
        node: the gates of all steps, h₀, c₀: (4T + 2, H, N)
        cells: c₀ … c_T, (T + 1, H, N)
        squashed: φ(c₁) … φ(c_T), (T, H, N)
        states: h₁ … h_T and c_T, (T + 1, H, N)
    """

    inputs: Array
    node: Array
    cells: Array
    squashed: Array
    states: Array

    @property
    def gates(self) -> Array:
        """o, i, f, g of each step, (T, 4, H, N)."""
        _, hidden, batch = self.node.shape
        return self.node[:-2].reshape(len(self.squashed), 4, hidden, batch)


def _unroll(x: Array, h0: Array, c0: Array, weight: Array, activation: str, running: Array | None) -> _Run:
    """Run through the steps; the rows of the weight are in the order o, i, f, g."""
    xp = backend.of(x)
    (batch, steps, features), hidden = x.shape, h0.shape[1]
    recurrent = slice(features, features + hidden)
    run = _Run(
        inputs=xp.empty((steps, weight.shape[1], batch), x.dtype),
        node=xp.empty((4 * steps + 2, hidden, batch), x.dtype),
        cells=xp.empty((steps + 1, hidden, batch), x.dtype),
        squashed=xp.empty((steps, hidden, batch), x.dtype),
        states=xp.empty((steps + 1, hidden, batch), x.dtype),
    )
    x = x if running is None else selected(x, running[:, :, None])
    run.inputs[:, :features] = x.transpose(1, 2, 0)
    run.inputs[:, features + hidden :] = 1
    run.inputs[0, recurrent] = run.node[-2] = h0.T
    run.cells[0] = run.node[-1] = c0.T
    for t, gates in enumerate(run.gates):
        xp.matmul(weight, run.inputs[t], out=gates.reshape(4 * hidden, batch))
        (o, i, f, g), sigmoids = gates, gates[:3]
        sigmoid_array(sigmoids, out=sigmoids)
        _activate(activation, g, out=g)
        if running is not None:  # an ended sequence lets nothing out, nothing in, and forgets nothing
            selected(gates[:2], running[:, t], out=gates[:2])
            xp.maximum(f, ~running[:, t], out=f)
        xp.multiply(f, run.cells[t], out=run.cells[t + 1])
        run.cells[t + 1] += i * g
        _activate(activation, run.cells[t + 1], out=run.squashed[t])
        xp.multiply(o, run.squashed[t], out=run.states[t])
        if t + 1 < steps:
            run.inputs[t + 1, recurrent] = run.states[t]
    run.states[-1] = run.cells[-1]
    return run


def _through_time(g: Array, run: _Run, weight_hh: Array, activation: str) -> Array:
    """The gradients δₜ = dL/daₜ of all steps, dL/dh₀ and dL/dc₀, as the blocks of (4T + 2, H, N).

    From the last step to the first; dhₜ and dcₜ are the whole gradients of hₜ and cₜ, gₜ is what reaches
    hₜ from outside, and all products but the one with W_hhᵀ are element by element:

        dhₜ = gₜ + W_hhᵀ·δₜ₊₁
        dcₜ = fₜ₊₁·dcₜ₊₁ + dhₜ·o·φ'(cₜ)
        δ_o = dhₜ·hₜ·(1 - o)
        δ_i = dcₜ·i·g·(1 - i)
        δ_f = dcₜ·f·cₜ₋₁·(1 - f)
        δ_g = dcₜ·i·φ'(a_g)

    Args:
        g: the gradient of `run.states`, (T + 1, H, N)
        weight_hh: (4H, H), its rows in the order o, i, f, g
    """
    xp = backend.of(g)
    blocks = xp.empty_like(run.node)
    deltas = blocks[:-2].reshape(run.gates.shape)
    dh, dc = 0.0, g[-1].copy()
    for t, gates in reversed(list(enumerate(run.gates))):
        (o, i, f, candidate), sigmoids, delta = gates, gates[:3], deltas[t]
        dh = dh + g[t]
        dc += _activation_grad(activation, dh * o, run.squashed[t])
        dc_i = dc * i
        dc *= f
        xp.subtract(1, sigmoids, out=delta[:3])
        delta[0] *= dh * run.states[t]
        delta[1] *= dc_i * candidate
        delta[2] *= dc * run.cells[t]
        delta[3] = _activation_grad(activation, dc_i, candidate)
        dh = weight_hh.T @ delta.reshape(len(weight_hh), -1)
    blocks[-2], blocks[-1] = dh, dc
    return blocks


def _input_grad(blocks: Array, weight_ih: Array) -> Array:
    """dxₜ = W_ihᵀ·δₜ for all steps, (N, T, I)."""
    return (weight_ih.T @ _deltas(blocks)).transpose(2, 0, 1)


def _weight_grad(blocks: Array, inputs: Array) -> Array:
    """d[W_ih, W_hh, b] = Σ δₜ·[xₜ, hₜ₋₁, 1]ᵀ over all steps and examples, the rows back in the order i, f, g, o."""
    deltas, inputs = (a.transpose(1, 0, 2).reshape(a.shape[1], -1) for a in (_deltas(blocks), inputs))
    return backend.of(blocks).roll(deltas @ inputs.T, -blocks.shape[1], axis=0)


def _deltas(blocks: Array) -> Array:
    """δ₁ … δ_T without dL/dh₀ and dL/dc₀: (4T + 2, H, N) -> (T, 4H, N)"""
    rows, hidden, batch = blocks.shape
    return blocks[:-2].reshape((rows - 2) // 4, 4 * hidden, batch)


def _activate(activation: str, a: Array, out: Array) -> None:
    """φ(a)"""
    xp = backend.of(a)
    if activation == "tanh":
        xp.tanh(a, out=out)
    else:
        xp.maximum(a, 0, out=out)


def _activation_grad(activation: str, g: Array, y: Array) -> Array:
    """g·φ'(a), from the value y = φ(a)."""
    return g * (1 - y * y) if activation == "tanh" else selected(g, y > 0)


def _once_differentiable(value: Array, *made_from: Tensor) -> Tensor:
    """A gradient whose own derivatives, to what it was made from, are refused."""
    return record(value, *((source, _refuse) for source in made_from))


def _refuse(_: Tensor) -> Tensor:
    raise NotImplementedError(
        "lstm: its gradient cannot be differentiated again; nn.LSTMCell, one step composed of elementary "
        "operations, can be differentiated to any order"
    )


def _check(
    activation: str, x: Tensor, weight_ih: Tensor, weight_hh: Tensor, bias: Tensor | None, **state: Tensor
) -> None:
    if activation not in _ACTIVATIONS:
        raise ValueError(f"activation is {activation!r}, must be 'tanh' or 'relu'")
    if weight_hh.ndim != 2:
        raise ValueError(f"weight_hh has shape {weight_hh.shape}, must be (4H, H)")
    hidden = weight_hh.shape[1]
    for name, value, letters, shape in (
        ("weight_hh", weight_hh, "(4H, H)", (4 * hidden, hidden)),
        ("weight_ih", weight_ih, "(4H, I)", (4 * hidden, x.shape[-1])),
        ("bias", bias, "(4H,)", (4 * hidden,)),
        *((name, value, "(N, H)", (len(x), hidden)) for name, value in state.items()),
    ):
        if value is not None and value.shape != shape:
            raise ValueError(
                f"{name} has shape {value.shape}, must be {letters} = {shape} "
                f"(x is {x.shape}, weight_hh {weight_hh.shape})"
            )


def _running(lengths: Array, x: Tensor) -> Array:
    """(N, T): true until a sequence ends."""
    batch, steps, _ = x.shape
    backend.require_array("lengths", lengths)
    if lengths.shape != (batch,) or lengths.dtype.kind not in "iu":
        raise ValueError(f"lengths is {lengths.dtype} of shape {lengths.shape}, must be ({batch},) of integers")
    if x.device == "cpu" and batch and not 1 <= lengths.min() <= lengths.max() <= steps:
        raise ValueError(f"lengths run from {lengths.min()} to {lengths.max()}, must lie in 1…{steps}")
    return backend.of(lengths).arange(steps) < lengths[:, None]

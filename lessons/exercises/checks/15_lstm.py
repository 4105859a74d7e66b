"""Checks of lesson 15."""

import numpy as np

import minigen
from minigen import Tensor, ops
from minigen.learning import WrongError, exercise, number, same


@exercise("pencil", "Each step multiplies by f.", "0.9⁵⁰")
def answer_left(your):
    mistakes = {
        45: "gates are multiplied, not added",
        0.9: "that is one step",
        0.99485: "that is what is lost",
        0.018: "gates are multiplied: 0.9⁵⁰",
    }
    number(
        your.answer_left, 0.9**50, mistakes | {0.00573: "50 factors, not 49", 194.03: "that is 1 / 0.9⁵⁰"}, rtol=0.02
    )


def draws(n, i, h):
    generator = np.random.default_rng(18)
    shapes = (n, i), (n, h), (n, h), (4 * h, i), (4 * h, h), (4 * h,)
    return [generator.standard_normal(shape) for shape in shapes]


def step(x, h, c, weight_ih, weight_hh, bias, order=(0, 1, 2, 3), swap=False):
    a = np.split(x @ weight_ih.T + h @ weight_hh.T + bias, 4, axis=1)
    i, f, g, o = (a[k] for k in order)
    i, f, o = (1 / (1 + np.exp(-gate)) for gate in (i, f, o))
    new = i * c + f * np.tanh(g) if swap else f * c + i * np.tanh(g)
    return o * np.tanh(new), new, o


@exercise(
    "gap",
    "np.split(a, 4, axis=1) cuts a into its four blocks.",
    "The new c first; the new h is made from it.",
    without="lstm LSTM LSTMCell",
)
def lstm_step(your):
    for sizes in ((1, 1, 1), (2, 3, 4)):
        arrays = draws(*sizes)
        x, h, c, *_, bias = arrays
        found = your.lstm_step(*arrays)
        if not isinstance(found, tuple) or len(found) != 2:
            raise WrongError("lstm_step must return two arrays, (h', c')")
        right_h, right_c, o = step(*arrays)
        mistakes = {
            "f keeps the old c, i lets in the new g": step(*arrays, swap=True)[1],
            "the blocks are in the order i, f, g, o": step(*arrays, order=(0, 1, 3, 2))[1],
            "the bias is missing": step(*arrays[:5], np.zeros_like(bias))[1],
            "h·W_hhᵀ is missing": step(x, 0 * h, *arrays[2:])[1],
            "what is kept of the old c, f·c, is missing": step(x, h, 0 * c, *arrays[3:])[1],
            "c is not multiplied by the output gate; h is": right_h,
        }
        same(found[1], right_c, "c'", mistakes)
        mistakes = {"tanh is missing: h' = o·tanh(c')": o * right_c, "h' is made from the new c": o * np.tanh(c)}
        mistakes |= {"the output gate is missing": np.tanh(right_c)}
        same(found[0], right_h, "h'", mistakes)


@exercise(
    "gap",
    "First the whole gradient of c': dc + dh·o·(1 - tanh²(c')).",
    "Then, by c' = f·c + i·g: di = dc·g, df = dc·c, dg = dc·i, and dc_before = dc·f.",
    "σ' = σ·(1 - σ) and tanh' = 1 - tanh²; i, f, g, o are behind them already.",
    without="lstm LSTM LSTMCell",
)
def lstm_step_backward(your):
    generator = np.random.default_rng(19)
    for n, size in ((1, 1), (2, 3)):
        a = Tensor(generator.standard_normal((n, 4 * size)), requires_grad=True)
        before = Tensor(generator.standard_normal((n, size)), requires_grad=True)
        dh, dc = generator.standard_normal((2, n, size))
        cut = [a[:, k * size : (k + 1) * size] for k in range(4)]
        i, f, o = (ops.sigmoid(cut[k]) for k in (0, 1, 3))
        g = ops.tanh(cut[2])
        c = f * before + i * g
        right = [found.data for found in minigen.grad((o * ops.tanh(c) * dh + c * dc).sum(), [a, before])]
        found = your.lstm_step_backward(dh.copy(), dc.copy(), *(t.data.copy() for t in (i, f, g, o, before, c)))
        if not isinstance(found, tuple) or len(found) != 2:
            raise WrongError("lstm_step_backward must return two arrays, (da, dc_before)")
        slope = dh * o.data * (1 - np.tanh(c.data) ** 2)
        mistakes = {"the gradient that comes through h' = o·tanh(c') is missing": dc * f.data}
        mistakes |= {
            "dc from later steps is missing": slope * f.data,
            "it passes through the forget gate: · f": dc + slope,
        }
        mistakes |= {
            "tanh'(c') = 1 - tanh²(c') is missing": (dc + dh * o.data) * f.data,
            "it passes through f, not i": (dc + slope) * i.data,
        }
        same(found[1], right[1], "dc_before", mistakes)
        same(np.zeros(np.shape(found[0])), np.zeros(right[0].shape), "da")
        for k, name in enumerate("ifgo"):
            mine, truth = (array[:, k * size : (k + 1) * size] for array in (found[0], right[0]))
            gate, whole = (i, f, g, o)[k].data, dc + slope
            inner = (whole * g.data, whole * before.data, whole * i.data, dh * np.tanh(c.data))[k]
            mistakes = {f"{name} is behind its {'tanh' if name == 'g' else 'sigmoid'}: its slope is missing": inner}
            mistakes |= (
                {"g is a tanh: its slope is 1 - g²": inner * gate * (1 - gate)}
                if name == "g"
                else {"a gate is a sigmoid: its slope is s·(1 - s)": inner * (1 - gate**2)}
            )
            mistakes |= (
                {"f multiplied the old c, not the new": whole * c.data * gate * (1 - gate)} if name == "f" else {}
            )
            mistakes |= {"o multiplied tanh(c'), not c'": dh * c.data * gate * (1 - gate)} if name == "o" else {}
            same(mine, truth, f"the block of {name} in da", mistakes)

"""The LSTM over a sequence, which is differentiated once, and its single step, differentiated to any order."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from minigen import backend, ops
from minigen.autograd import Tensor
from minigen.gradcheck.case import Draw, case, normal

_LENGTHS = np.array([4, 1, 3])


def _inputs(batch: int, steps: int, features: int = 2, hidden: int = 3) -> tuple[Draw, ...]:
    """x, h0, c0, weight_ih, weight_hh, bias."""
    state = normal(batch, hidden)
    weights = normal(4 * hidden, features), normal(4 * hidden, hidden), normal(4 * hidden)
    return normal(batch, steps, features), state, state, *weights


def _ours(activation: str = "tanh", lengths: Any = None) -> Callable[..., list[Tensor]]:
    def call(x: Tensor, h0: Tensor, c0: Tensor, w_ih: Tensor, w_hh: Tensor, bias: Tensor | None = None) -> list[Tensor]:
        there = None if lengths is None else backend.to_device(lengths, x.device)
        outputs, (h, c) = ops.lstm(x, h0, c0, w_ih, w_hh, bias, activation, there)
        return [outputs, h, c]

    return call


_X, *_REST = _inputs(3, 1)
_CELL = (normal(3, 2), *_REST)

CASES = [
    case("lstm", _ours(), *_inputs(3, 4), order=1),
    case("lstm", _ours(), *_inputs(3, 4)[:-1], note="no bias", order=1),
    case("lstm", _ours(), *_inputs(1, 1), note="one example, one step", order=1),
    case("lstm", _ours("relu"), *_inputs(3, 4), note="relu", order=1),
    case("lstm", _ours(lengths=_LENGTHS), *_inputs(3, 4), note="lengths", order=1),
    case("lstm", lambda *a: _ours()(*a)[0], *_inputs(3, 4), note="outputs alone", order=1),
    case("lstm", lambda *a: _ours()(*a)[1], *_inputs(3, 4), note="h alone", order=1),
    case("lstm", lambda *a: _ours()(*a)[2], *_inputs(3, 4), note="c alone", order=1),
    case("lstm_cell", ops.lstm_cell, *_CELL),
    case("lstm_cell", partial(ops.lstm_cell, activation="relu"), *_CELL, note="relu"),
]

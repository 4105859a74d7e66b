"""LSTM over sequences, and LSTMCell for one step."""

from __future__ import annotations

from minigen import backend, ops
from minigen.autograd import Tensor
from minigen.backend import Array
from minigen.nn import init
from minigen.nn.module import Module, Parameter

State = tuple[Tensor, Tensor]
"""(h, c), each (N, H)."""


class LSTM(Module):
    """Long short-term memory over sequences: (N, T, input_size) -> (N, T, hidden_size). Formulas in `ops.lstm`.

    As torch.nn.LSTM with batch_first=True and one layer in one direction: num_layers and bidirectional are
    not offered (let one LSTM follow another, or run a second one over x[:, ::-1]), and h and c come as (N, H).
    Its gradient cannot be differentiated once more; that of LSTMCell can.

    Args:
        input_size: I, the features of a step.
        hidden_size: H.
        bias: whether the two biases are there.
        activation: "tanh", or "relu" as in the document's example.

    Attributes:
        weight_ih_l0: (4H, I), from U(-1/√H, 1/√H) like the others; rows in the order i, f, g, o.
        weight_hh_l0: (4H, H)
        bias_ih_l0, bias_hh_l0: (4H,); only their sum has an effect, but torch keeps two.
    """

    def __init__(self, input_size: int, hidden_size: int, bias: bool = True, activation: str = "tanh") -> None:
        _check_arguments(type(self).__name__, input_size, hidden_size, bias)
        self.input_size, self.hidden_size, self.activation = input_size, hidden_size, activation
        self.weight_ih_l0 = _parameter(hidden_size, 4 * hidden_size, input_size)
        self.weight_hh_l0 = _parameter(hidden_size, 4 * hidden_size, hidden_size)
        self.bias_ih_l0 = _parameter(hidden_size, 4 * hidden_size) if bias else None
        self.bias_hh_l0 = _parameter(hidden_size, 4 * hidden_size) if bias else None

    def forward(self, x: Tensor, state: State | None = None, lengths: Array | None = None) -> tuple[Tensor, State]:
        """Return the outputs (N, T, H) and the last state (h, c).

        Args:
            x: (N, T, input_size)
            state: (h, c) before the first step; zeros where left out.
            lengths: (N,) integers, where the sequences differ in length; see `ops.lstm`.
        """
        h, c = _zero_state(x, self.hidden_size) if state is None else state
        bias = _sum(self.bias_ih_l0, self.bias_hh_l0)
        return ops.lstm(x, h, c, self.weight_ih_l0, self.weight_hh_l0, bias, self.activation, lengths)


class LSTMCell(Module):
    """One step of an LSTM: (N, input_size) and a state (h, c) -> the next (h, c), as torch.nn.LSTMCell.

    It is composed of elementary operations: slower than LSTM, the same to the last digits, and
    differentiable to any order.

    Args:
        input_size: I.
        hidden_size: H.
        bias: whether the two biases are there.
        activation: "tanh" or "relu".

    Attributes:
        weight_ih: (4H, I), from U(-1/√H, 1/√H) like the others; rows in the order i, f, g, o.
        weight_hh: (4H, H)
        bias_ih, bias_hh: (4H,)
    """

    def __init__(self, input_size: int, hidden_size: int, bias: bool = True, activation: str = "tanh") -> None:
        _check_arguments(type(self).__name__, input_size, hidden_size, bias)
        self.input_size, self.hidden_size, self.activation = input_size, hidden_size, activation
        self.weight_ih = _parameter(hidden_size, 4 * hidden_size, input_size)
        self.weight_hh = _parameter(hidden_size, 4 * hidden_size, hidden_size)
        self.bias_ih = _parameter(hidden_size, 4 * hidden_size) if bias else None
        self.bias_hh = _parameter(hidden_size, 4 * hidden_size) if bias else None

    def forward(self, x: Tensor, state: State | None = None) -> State:
        """Return the next state (h, c), each (N, H).

        Args:
            x: (N, input_size)
            state: (h, c); zeros where left out.
        """
        h, c = _zero_state(x, self.hidden_size) if state is None else state
        bias = _sum(self.bias_ih, self.bias_hh)
        return ops.lstm_cell(x, h, c, self.weight_ih, self.weight_hh, bias, self.activation)


def _check_arguments(layer: str, input_size: int, hidden_size: int, bias: bool) -> None:
    init.require_sizes(layer, input_size=input_size, hidden_size=hidden_size)
    if not isinstance(bias, bool):  # torch.nn.LSTM has num_layers at its place
        instead = "there is one layer: let one LSTM follow another"
        raise TypeError(f"{layer}: bias is {bias!r}, must be True or False; {instead}")


def _parameter(hidden_size: int, *shape: int) -> Parameter:
    return Parameter(init.torch_default(shape, hidden_size))


def _zero_state(x: Tensor, hidden_size: int) -> State:
    zeros = Tensor(backend.of(x.data).zeros((len(x), hidden_size), x.dtype))
    return zeros, zeros


def _sum(bias_ih: Tensor | None, bias_hh: Tensor | None) -> Tensor | None:
    return None if bias_ih is None or bias_hh is None else bias_ih + bias_hh

"""Layers: parameters and the operation that uses them. Names, shapes and state_dict keys are torch.nn's."""

from minigen.nn import init
from minigen.nn.activations import LeakyReLU, ReLU, Sigmoid, Tanh
from minigen.nn.containers import Sequential
from minigen.nn.dropout import Dropout
from minigen.nn.linear import Linear
from minigen.nn.module import Module, Parameter
from minigen.nn.recurrent import LSTM, LSTMCell
from minigen.nn.shapes import Flatten, Reshape

__all__ = [
    "LSTM",
    "Dropout",
    "Flatten",
    "LSTMCell",
    "LeakyReLU",
    "Linear",
    "Module",
    "Parameter",
    "ReLU",
    "Reshape",
    "Sequential",
    "Sigmoid",
    "Tanh",
    "init",
]

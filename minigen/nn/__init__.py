"""Layers: parameters and the operation that uses them. Names, shapes and state_dict keys are torch.nn's."""

from minigen.nn import init
from minigen.nn.activations import LeakyReLU, ReLU, Sigmoid, Tanh
from minigen.nn.containers import Sequential
from minigen.nn.conv import Conv2d, ConvTranspose2d
from minigen.nn.dropout import Dropout
from minigen.nn.linear import Linear
from minigen.nn.module import Module, Parameter
from minigen.nn.normalization import BatchNorm1d, BatchNorm2d
from minigen.nn.pooling import AvgPool2d, MaxPool2d, MaxUnpool2d, Upsample
from minigen.nn.recurrent import LSTM, LSTMCell
from minigen.nn.shapes import Flatten, Reshape

__all__ = [
    "LSTM",
    "AvgPool2d",
    "BatchNorm1d",
    "BatchNorm2d",
    "Conv2d",
    "ConvTranspose2d",
    "Dropout",
    "Flatten",
    "LSTMCell",
    "LeakyReLU",
    "Linear",
    "MaxPool2d",
    "MaxUnpool2d",
    "Module",
    "Parameter",
    "ReLU",
    "Reshape",
    "Sequential",
    "Sigmoid",
    "Tanh",
    "Upsample",
    "init",
]

"""Layers: parameters and the operation that uses them. Names, shapes and state_dict keys are torch.nn's."""

from typing import TYPE_CHECKING

from minigen.nn import init
from minigen.nn.activations import LeakyReLU, ReLU, Sigmoid, Tanh
from minigen.nn.containers import ModuleDict, ModuleList, Sequential
from minigen.nn.conv import Conv2d, ConvTranspose2d
from minigen.nn.dropout import Dropout
from minigen.nn.linear import Linear
from minigen.nn.module import Module, Parameter
from minigen.nn.normalization import BatchNorm1d, BatchNorm2d
from minigen.nn.pooling import AvgPool2d, MaxPool2d, MaxUnpool2d, Upsample
from minigen.nn.recurrent import LSTM, LSTMCell
from minigen.nn.shapes import Flatten, Reshape
from minigen.ops.border import pointing_to

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
    "ModuleDict",
    "ModuleList",
    "Parameter",
    "ReLU",
    "Reshape",
    "Sequential",
    "Sigmoid",
    "Tanh",
    "Upsample",
    "init",
]

INSTEAD = {
    "functional": "minigen.ops",
    "MSELoss": "ops.mse_loss(x, target)",
    "L1Loss": "ops.l1_loss(x, target)",
    "CrossEntropyLoss": "ops.cross_entropy(logits, labels)",
    "BCEWithLogitsLoss": "ops.binary_cross_entropy_with_logits(logits, target)",
    "BCELoss": "ops.binary_cross_entropy_with_logits(logits, target), on logits, not probabilities",
    "GaussianNLLLoss": "ops.gaussian_nll_loss(mean, target, log_var)",
    "Softmax": "ops.softmax(x, dim) in forward",
    "LogSoftmax": "ops.log_softmax(x, dim) in forward",
    "Softplus": "ops.softplus(x) in forward",
    "Identity": "nn.Sequential()",
    "Unflatten": "nn.Reshape(C, H, W)",
    "ParameterList": "an attribute for each parameter",
    "utils": "optim.clip_grad_norm_(parameters, max_norm)",
}
"""torch.nn's names that minigen does not have: what to write instead."""

if not TYPE_CHECKING:  # which knows what is there
    __getattr__ = pointing_to(INSTEAD, __name__)

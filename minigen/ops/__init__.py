"""Every hand-written operation: its value and its derivatives side by side."""

from typing import TYPE_CHECKING

from minigen.ops import methods as methods  # gives Tensor its operators and methods
from minigen.ops.activations import leaky_relu, log_softmax, relu, sigmoid, softmax, softplus, tanh
from minigen.ops.border import named_in_errors, pointing_to
from minigen.ops.columns import col2im, im2col
from minigen.ops.conv import conv2d, conv_transpose2d
from minigen.ops.dense import linear, matmul
from minigen.ops.elementwise import abs, clip, exp, log, maximum, sqrt, where
from minigen.ops.joining import concat, pad, stack
from minigen.ops.losses import (
    binary_cross_entropy_with_logits,
    cross_entropy,
    gaussian_nll_loss,
    l1_loss,
    mse_loss,
)
from minigen.ops.normalization import batch_norm
from minigen.ops.pooling import avg_pool2d, max_pool2d, max_unpool2d, upsample_nearest2d
from minigen.ops.recurrent import lstm, lstm_cell
from minigen.ops.sampling import dropout, kl_standard_normal, reparameterize

__all__ = [
    "abs",
    "avg_pool2d",
    "batch_norm",
    "binary_cross_entropy_with_logits",
    "clip",
    "col2im",
    "concat",
    "conv2d",
    "conv_transpose2d",
    "cross_entropy",
    "dropout",
    "exp",
    "gaussian_nll_loss",
    "im2col",
    "kl_standard_normal",
    "l1_loss",
    "leaky_relu",
    "linear",
    "log",
    "log_softmax",
    "lstm",
    "lstm_cell",
    "matmul",
    "max_pool2d",
    "max_unpool2d",
    "maximum",
    "mse_loss",
    "pad",
    "relu",
    "reparameterize",
    "sigmoid",
    "softmax",
    "softplus",
    "sqrt",
    "stack",
    "tanh",
    "upsample_nearest2d",
    "where",
]

INSTEAD = {
    "cat": "ops.concat([a, b], dim)",
    "concatenate": "ops.concat([a, b], dim)",
    "sum": "x.sum(dim)",
    "mean": "x.mean(dim)",
    "max": "x.max(dim)",
    "min": "x.min(dim)",
    "pow": "x ** n",
    "square": "x * x",
    "flatten": "x.flatten(1)",
    "reshape": "x.reshape(…)",
    "minimum": "-ops.maximum(-x, -y)",
    "one_hot": "np.eye(classes, dtype='float32')[labels]",
    "binary_cross_entropy": "ops.binary_cross_entropy_with_logits(logits, target), on logits, not probabilities",
    "nll_loss": "ops.cross_entropy(logits, labels)",
    "gelu": "x * ops.sigmoid(1.702 * x), nearly",
    "silu": "x * ops.sigmoid(x)",
    "interpolate": "ops.upsample_nearest2d(x, scale_factor)",
    "einsum": "x.transpose(…) @ y",
}
"""torch's and torch.nn.functional's names that `ops` does not have: what to write instead."""

if not TYPE_CHECKING:  # which knows what is there
    __getattr__ = pointing_to(INSTEAD, __name__)

for _name in __all__:
    globals()[_name] = named_in_errors(globals()[_name])

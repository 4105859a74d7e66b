"""minigen: deep generative models and autoencoders from scratch, in NumPy and CuPy."""

from minigen import nn, ops, optim
from minigen.backend import keep_freed_memory, manual_seed
from minigen.gradcheck import gradcheck
from minigen.tensor import Tensor, grad, no_grad, tensor

__version__ = "0.1.0"
__all__ = ["Tensor", "grad", "gradcheck", "keep_freed_memory", "manual_seed", "nn", "no_grad", "ops", "optim", "tensor"]

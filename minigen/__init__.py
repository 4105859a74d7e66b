"""minigen: deep generative models and autoencoders from scratch, in NumPy and CuPy."""

from typing import TYPE_CHECKING, Any

from minigen import nn, ops, optim
from minigen.backend import keep_freed_memory, manual_seed
from minigen.gradcheck import gradcheck
from minigen.tensor import Tensor, grad, no_grad, tensor

if TYPE_CHECKING:
    from minigen.training.loading import load

__version__ = "0.1.0"
__all__ = ["Tensor", "grad", "gradcheck", "keep_freed_memory", "load", "manual_seed", "no_grad", "tensor"]
__all__ += ["nn", "ops", "optim"]


def __getattr__(name: str) -> Any:
    """`load` brings all models and data sets with it, for which `import minigen` need not wait."""
    if name != "load":
        raise AttributeError(f"module 'minigen' has no attribute {name!r}")
    from minigen.training.loading import load

    return load

"""minigen: deep generative models and autoencoders from scratch, in NumPy and CuPy."""

from typing import TYPE_CHECKING, Any

from minigen import interrupts  # noqa: F401 (first, as the others take a moment)

# isort: split
from minigen import gradcheck, nn, ops, optim
from minigen.autograd import Tensor, grad, no_grad
from minigen.memory import keep_freed_memory
from minigen.ops.operands import tensor
from minigen.random import manual_seed

if TYPE_CHECKING:
    from minigen.inference.loading import load

__version__ = "0.1.0"
__all__ = ["Tensor", "grad", "gradcheck", "keep_freed_memory", "load", "manual_seed", "no_grad", "tensor"]
__all__ += ["nn", "ops", "optim"]


def __getattr__(name: str) -> Any:
    """`load` brings all models and data sets with it, for which `import minigen` need not wait."""
    if name != "load":
        raise AttributeError(f"module 'minigen' has no attribute {name!r}")
    from minigen.inference.loading import load

    return load

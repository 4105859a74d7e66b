"""minigen: deep generative models and autoencoders from scratch, in NumPy and CuPy.

    x = minigen.tensor([1.0, 2.0], requires_grad=True)     an array that remembers how it was computed
    loss = (x * x).sum()                                   operations: a + b, x.exp(), ops.conv2d(…)
    loss.backward()                                        x.grad is now [2, 4]

    minigen.ops         operations on tensors             minigen.nn          layers with parameters
    minigen.optim       SGD, RMSprop, Adam, AdamW         minigen.gradcheck   is a derivative right?
    minigen.no_grad     record nothing                    minigen.grad        gradients of computed tensors too
    minigen.load        a trained model in use            minigen.manual_seed
    minigen.draw_graph  how a tensor was computed         minigen.show        images side by side
    minigen.data        data sets, and batches of them

On the command line:

    python -m minigen.train MODEL    trains a model       python -m minigen.apply RUN VERB  uses it
    python -m minigen.explore RUN    a page to play with  python -m minigen.compare RUN RUN
    python -m minigen.gradcheck      every derivative     python -m minigen.learn           the exercises
"""

import importlib
from typing import TYPE_CHECKING, Any

from minigen import interrupts  # noqa: F401 (first, as the others take a moment)

# isort: split
from minigen import gradcheck, nn, ops, optim
from minigen.autograd import Tensor, grad, no_grad
from minigen.memory import keep_freed_memory
from minigen.ops.border import pointing_to
from minigen.ops.operands import tensor
from minigen.rng import manual_seed

if TYPE_CHECKING:
    from minigen import data
    from minigen.evaluation.sheet import show
    from minigen.graph import draw_graph
    from minigen.inference.loading import load

__version__ = "0.1.0"
__all__ = ["Tensor", "grad", "gradcheck", "keep_freed_memory", "manual_seed", "nn", "no_grad", "ops", "optim", "tensor"]
__all__ += ["data", "draw_graph", "load", "show"]
LATER = {"draw_graph": "minigen.graph", "load": "minigen.inference.loading", "show": "minigen.evaluation.sheet"}
LATER |= {"data": "minigen.data"}


INSTEAD = {
    "zeros": "minigen.tensor(np.zeros((2, 3)), dtype='float32')",
    "ones": "minigen.tensor(np.ones((2, 3)), dtype='float32')",
    "full": "minigen.tensor(np.full((2, 3), 0.5), dtype='float32')",
    "eye": "minigen.tensor(np.eye(3), dtype='float32')",
    "arange": "minigen.tensor(np.arange(3))",
    "linspace": "minigen.tensor(np.linspace(0, 1, 3), dtype='float32')",
    "randn": "minigen.tensor(generator.standard_normal((2, 3)), dtype='float32') with np.random.default_rng(0)",
    "rand": "minigen.tensor(generator.random((2, 3)), dtype='float32') with np.random.default_rng(0)",
    "from_numpy": "minigen.tensor(array)",
    "as_tensor": "minigen.tensor(array)",
    "Parameter": "nn.Parameter(array)",
    "Module": "nn.Module",
    "cat": "ops.concat([a, b], dim)",
    "float32": "dtype='float32'",
    "float64": "dtype='float64'",
    "save": "net.state_dict() with np.savez",
    "enable_grad": "`with minigen.no_grad():` around the rest",
    "cuda": "device='gpu'",
}
"""PyTorch's names that minigen does not have: what to write instead."""


def __getattr__(name: str) -> Any:
    """`load`, `show`, `draw_graph` and `data` bring with them what `import minigen` does not wait for."""
    if name in LATER:
        module = importlib.import_module(LATER[name])
        return module if LATER[name] == f"{__name__}.{name}" else getattr(module, name)
    return pointing_to({name: f"ops.{name}" for name in ops.__all__} | INSTEAD, __name__)(name)

"""Is a derivative right? `minigen.gradcheck(fn, inputs)` compares it with differences of the function itself.

This package is also the function: `minigen.gradcheck(...)` calls `minigen.gradcheck.gradcheck(...)`, and
`python -m minigen.gradcheck` checks every operation of minigen and prints the table.
"""

import sys
from collections.abc import Sequence
from types import ModuleType

from minigen.autograd import Tensor
from minigen.gradcheck.checker import Function, GradcheckError, NondifferentiableError, gradcheck

__all__ = ["GradcheckError", "NondifferentiableError", "gradcheck"]


class _CallableModule(ModuleType):
    """A module that can be called like the function of its name."""

    def __call__(self, fn: Function, inputs: Tensor | Sequence[Tensor], order: int = 1, seed: int = 0) -> float:
        """`gradcheck`"""
        return gradcheck(fn, inputs, order, seed)


sys.modules[__name__].__class__ = _CallableModule

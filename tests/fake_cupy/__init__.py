"""A strict stand-in for the module `cupy`, for tests on a machine without a GPU.

It computes with NumPy and refuses what CuPy refuses: implicit conversion to NumPy, mixing with NumPy arrays, names
and keywords that CuPy lacks. Where CuPy would wait for the GPU or copy from and to it, it counts (`counting`).
Where CuPy's result is undefined, it refuses or gives what NumPy does not. `unplugged` plays a machine without a GPU.

Not here: `ElementwiseKernel`, `RawKernel`, `fuse` (they compile CUDA code), streams, graphs, events, memory pools, and
the functions of `cupy.random` that use a global state.
"""

from typing import NoReturn as _NoReturn

from . import cuda, random
from ._api import missing as _missing
from ._array import ndarray
from ._card import NO_DEVICE, NO_DRIVER, unplugged
from ._counts import Counts, counting
from ._functions import asnumpy
from ._namespace import get_array_module, lib, linalg
from ._namespace import top_level as _top_level
from ._ufuncs import ufunc

__all__ = ["asnumpy", "cuda", "get_array_module", "lib", "linalg", "ndarray", "random", "ufunc"]  # and _top_level's
__all__ += ["NO_DEVICE", "NO_DRIVER", "Counts", "counting", "unplugged"]  # the fake's own

globals().update(_top_level())


def __getattr__(name: str) -> _NoReturn:
    raise _missing("", name)

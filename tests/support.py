"""Tensors to test with: drawn by hypothesis in every dtype and memory layout, on the device under test."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st

from minigen import Tensor, backend

LAYOUTS = ("C", "batch-last", "strided")


def to_tensor(array: Any, device: str, layout: str = "C", requires_grad: bool = True) -> Tensor:
    """The array's values as a tensor, lying in memory as `layout` says."""
    return Tensor(lay(backend.to_device(np.array(array), device), layout), requires_grad)


def to_device(array: Any, device: str) -> Any:
    """A plain array, such as labels, a mask or noise, on the device."""
    return backend.to_device(np.asarray(array), device)


def to_numpy(x: Any) -> np.ndarray:
    """The values of a tensor or of a plain array."""
    return backend.to_device(x.data if isinstance(x, Tensor) else x, "cpu")


def lay(array: Any, layout: str) -> Any:
    """The same values in memory row by row, batch-last (the first dimension innermost), or every other element."""
    xp = backend.of(array)
    if layout == "C" or array.ndim == 0:
        return xp.ascontiguousarray(array).reshape(array.shape)
    if layout == "batch-last":
        last = xp.ascontiguousarray(array.transpose((*range(1, array.ndim), 0)))
        return last.transpose((array.ndim - 1, *range(array.ndim - 1)))
    wide = xp.zeros((*array.shape[:-1], 2 * array.shape[-1]), array.dtype)
    wide[..., ::2] = array
    return wide[..., ::2]


@dataclass(frozen=True)
class Draw:
    """How one example's tensors look; `normal` and its like draw their values."""

    dtype: str
    layout: str
    seed: int

    @property
    def tolerance(self) -> float:
        """Relative to the largest number of an array."""
        return 1e-11 if self.dtype == "float64" else 2e-5

    def generator(self) -> np.random.Generator:
        return np.random.default_rng(self.seed)

    def normal(self, *shapes: tuple[int, ...]) -> list[np.ndarray]:
        generator = self.generator()
        return [np.asarray(generator.standard_normal(shape)).astype(self.dtype) for shape in shapes]

    def positive(self, *shapes: tuple[int, ...]) -> list[np.ndarray]:
        generator = self.generator()
        return [np.asarray(generator.uniform(0.5, 2.0, shape)).astype(self.dtype) for shape in shapes]

    def integral(self, *shapes: tuple[int, ...]) -> list[np.ndarray]:
        """-2, -1, 0, 1 or 2: every kink and many ties."""
        generator = self.generator()
        return [np.asarray(generator.integers(-2, 3, shape)).astype(self.dtype) for shape in shapes]


def draws() -> st.SearchStrategy[Draw]:
    return st.builds(
        Draw,
        dtype=st.sampled_from(("float64", "float32")),
        layout=st.sampled_from(LAYOUTS),
        seed=st.integers(0, 2**32 - 1),
    )


def shapes(min_dims: int = 0, max_dims: int = 4, min_side: int = 0, max_side: int = 4) -> st.SearchStrategy[Any]:
    """Also the shape () and shapes without elements, where the bounds allow them."""
    return st.lists(st.integers(min_side, max_side), min_size=min_dims, max_size=max_dims).map(tuple)


def axes_of(shape: tuple[int, ...]) -> st.SearchStrategy[Any]:
    """None, or one dimension, or several, some counted from the end."""
    if not shape:
        return st.none()
    one = st.integers(-len(shape), len(shape) - 1)
    several = st.lists(st.integers(0, len(shape) - 1), unique=True, min_size=1).map(
        lambda dims: tuple(d - len(shape) if d % 2 else d for d in dims)
    )
    return st.one_of(st.none(), one, several)


def assert_close(actual: Any, expected: Any, tolerance: float, what: str = "") -> None:
    """Equal shapes, and values equal to `tolerance` of the largest (NaN equals NaN)."""
    actual, expected = to_numpy(actual), np.asarray(expected)
    assert actual.shape == expected.shape, f"{what}: shape {actual.shape}, expected {expected.shape}"
    finite = np.abs(expected[np.isfinite(expected)])
    scale = max(1.0, float(finite.max())) if finite.size else 1.0
    np.testing.assert_allclose(actual, expected, rtol=tolerance, atol=tolerance * scale, err_msg=what)

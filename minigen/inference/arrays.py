"""What people pass to a trained model, as NumPy arrays: lists, PIL images, tensors of minigen or PyTorch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from minigen.autograd import Tensor
from minigen.data import DataError
from minigen.data.dataset import require_levels
from minigen.data.own_sequences import scaled
from minigen.data.pictures import as_array

Floats = NDArray[np.float32]


class UseError(ValueError):
    """A use that the model was not made for, or an input that does not fit it: one line that says which."""


def array(name: str, values: Any) -> NDArray[Any]:
    """The numbers as an array; a PyTorch tensor may lie on a GPU, be bfloat16, or require a gradient."""
    try:
        if isinstance(values, (list, tuple)) and any(hasattr(value, "detach") for value in values):
            found = np.stack([array(name, value) for value in values])
        elif isinstance(values, Tensor):
            found = values.numpy()
        elif hasattr(values, "detach"):
            values = values.detach().cpu()
            found = (values.float() if "bfloat16" in str(values.dtype) else values).numpy()
        else:
            found = np.asarray(values)
    except (ValueError, TypeError) as error:
        raise UseError(f"{name} is no array ({error})") from error
    if found.dtype.kind not in "iufb":
        raise UseError(f"{name} holds {found.dtype}, must be numbers")
    return found


def floats(name: str, values: Any, shape: tuple[int, ...]) -> Floats:
    """Examples (N, *shape), at least one, finite, as float32; a single example is one of N = 1."""
    return _finite(name, _batch(name, array(name, values), shape))


def sequences(name: str, values: Any, shape: tuple[int, int], units: Sequence[tuple[float, float]]) -> Floats:
    """Sequences (N, T, D), scaled to [0, 1] from these units; also (N, T) or (T,) of one variable."""
    raw = _batch(name, array(name, values), shape, of_one=1)
    try:
        return scaled(name, raw.astype(np.float64), units) if units else _finite(name, raw)
    except DataError as error:
        raise UseError(str(error)) from error


def images(name: str, values: Any, shape: tuple[int, ...], noisy: bool) -> Floats:
    """Images (N, C, H, W) in [0, 1], also (H, W) or (N, H, W) of one channel; only floats may be `noisy` and leave it.

    uint8 values are divided by 255. PIL images are stretched or shrunk to the shape.
    """
    several = list(values) if isinstance(values, (list, tuple)) else [values]
    pillow = [isinstance(value, Image.Image) for value in several]
    if any(pillow) and not all(pillow):
        raise UseError(f"{name} holds PIL images and other things, must be of one kind")
    try:
        if any(pillow):
            return np.stack([as_array(picture, name, shape[0], (shape[1], shape[2])) for picture in several])
        found = _batch(name, array(name, values), shape, of_one=0)
        if found.dtype == np.uint8:
            require_levels(found, name)
    except DataError as error:
        raise UseError(str(error)) from error
    pixels = _finite(name, found)
    if found.dtype == np.uint8:
        return pixels / np.float32(255)
    low, high = pixels.min(), pixels.max()
    if not 0 <= low <= high <= 1 and not (noisy and found.dtype.kind == "f" and -1 <= pixels.mean() <= 2):
        raise UseError(f"{name} holds values from {low:g} to {high:g}, images must be in [0, 1], or uint8")
    return pixels


def images_of_any_size(name: str, values: Any, channels: int) -> Floats:
    """As `images`, but of any one size (N, C, h, w); a PIL image keeps its size. They may be noisy."""
    if isinstance(values, Image.Image):
        return as_array(values, name, channels, None)[None]
    found = array(name, values)
    if channels == 1 and (found.ndim == 2 or (found.ndim == 3 and len(found) != 1)):
        found = found[..., None, :, :]  # (h, w) or (N, h, w)
    found = found[None] if found.ndim == 3 else found
    if found.ndim != 4 or found.shape[1] != channels or not found.size:
        raise UseError(f"{name} has shape {found.shape}, must be (N, {channels}, h, w)")
    return images(name, found, found.shape[1:], noisy=True)


def _batch(name: str, values: NDArray[Any], shape: tuple[int, ...], of_one: int | None = None) -> NDArray[Any]:
    """(N, *shape), also from a single example; the axis number `of_one` may be missing where its size is 1."""
    if of_one is not None and shape[of_one] == 1:
        small = shape[:of_one] + shape[of_one + 1 :]
        if values.shape == small or (values.shape[1:] == small and values.shape != shape and len(values)):
            return values.reshape(-1, *shape)
    if values.shape == shape:
        return values[None]
    if values.ndim != 1 + len(shape) or values.shape[1:] != shape or not len(values):
        wanted = ", ".join(map(str, ("N", *shape)))
        raise UseError(f"{name} has shape {values.shape}, must be ({wanted})")
    return values


def _finite(name: str, values: NDArray[Any]) -> Floats:
    with np.errstate(over="ignore"):
        found = values.astype(np.float32)
    if not np.isfinite(found).all():
        raise UseError(f"{name} holds NaN or infinity, or a number too large for float32")
    return found


def integer(name: str, value: Any, least: int, most: int) -> int:
    """The value, an integer from `least` to `most`."""
    if not isinstance(value, (int, np.integer)) or isinstance(value, bool) or not least <= value <= most:
        raise UseError(f"{name} is {value!r}, must be an integer from {least} to {most:,}")
    return int(value)


def number(name: str, value: Any, least: float, most: float) -> float:
    """The value, a number from `least` to `most`."""
    if not isinstance(value, (int, float, np.number)) or isinstance(value, bool) or not least <= value <= most:
        raise UseError(f"{name} is {value!r}, must be a number from {least} to {most:,}")
    return float(value)

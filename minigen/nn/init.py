"""Initial weights, each with its source. The draws come from minigen's CPU stream (`minigen.manual_seed`).

A layer keeps the size of its signal if the variance of its weights is about 1/fan_in (tanh) or 2/fan_in
(relu, which drops half of the signal). Lesson 5 shows what happens otherwise.
"""

from __future__ import annotations

import math
from numbers import Integral

from minigen import backend, rng
from minigen.backend import Array


def uniform(shape: tuple[int, ...], bound: float) -> Array:
    """U(-bound, bound) in float32."""
    draws = rng.uniform(shape, "float32", "cpu")
    draws *= 2 * bound
    draws -= bound
    return draws


def torch_default(shape: tuple[int, ...], fan_in: int) -> Array:
    """U(-1/√fan_in, 1/√fan_in): what torch.nn gives dense and convolutional weights and all biases.

    Source: LeCun et al. 1998, "Efficient BackProp", section 4.6, in PyTorch's form kaiming_uniform(a=√5).
    """
    return uniform(shape, _root(1, fan_in))


def kaiming_uniform(shape: tuple[int, ...], fan_in: int) -> Array:
    """U(-√(6/fan_in), √(6/fan_in)), variance 2/fan_in, for relu.

    Source: He et al. 2015, "Delving Deep into Rectifiers", equation 10.
    """
    return uniform(shape, _root(6, fan_in))


def xavier_uniform(shape: tuple[int, ...], fan_in: int, fan_out: int) -> Array:
    """U(-c, c) with c = √(6/(fan_in + fan_out)), the default of Keras and so of the documents' examples.

    Source: Glorot & Bengio 2010, "Understanding the difficulty of training deep feedforward neural
    networks", equation 16.
    """
    return uniform(shape, _root(6, fan_in + fan_out))


def normal(shape: tuple[int, ...], std: float) -> Array:
    """N(0, std²) in float32; DCGAN uses std 0.02 (Radford et al. 2016, section 4)."""
    draws = rng.standard_normal(shape, "float32", "cpu")
    draws *= std
    return draws


def orthogonal(size: int) -> Array:
    """A square matrix that keeps the length of every vector, drawn uniformly from all of these, in float32.

    It is the Q of a normal matrix's QR decomposition; the draw is uniform if R's diagonal is made positive.
    Source: Saxe et al. 2014, "Exact solutions to the nonlinear dynamics of learning in deep linear neural networks".
    """
    draws = normal((size, size), 1.0)
    xp = backend.of(draws)
    q, r = xp.linalg.qr(draws)
    return q * xp.sign(xp.diag(r))


def require_sizes(layer: str, **sizes: int) -> None:
    """Each is an integer of at least 0, which 28 * 28 / 2 is not.

    Raises:
        ValueError: one of them is something else.
    """
    for name, size in sizes.items():
        if not isinstance(size, Integral) or size < 0:
            raise ValueError(f"{layer}: {name} is {size!r}, must be an integer of at least 0")


def _root(numerator: float, fan: int) -> float:
    """√(numerator / fan), and 0 for a layer without inputs."""
    return math.sqrt(numerator / fan) if fan else 0.0

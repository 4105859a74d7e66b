"""Coloured shapes, lit, on a textured background: colour images of ten classes, generated from a seed.

Each shape is a signed distance function: the distance d(p) from a point p to the outline, negative inside.
Everything follows from d: the anti-aliased edge (coverage = 1/2 - d in pixels), the rounded relief
(its normal leans along the gradient of d), and the soft shadow (d again, at a shifted point).
The formulas of the distances are Inigo Quilez's, https://iquilezles.org/articles/distfunctions2d/.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minigen.data.dataset import Dataset, Split

Field = NDArray[np.floating[Any]]  # float32: one value per pixel, (N, H, W), or per image, (N, 1, 1)
Distance = Callable[[Field, Field], Field]

TRAIN, TEST = 6_000, 1_000


def shapes(name: str, size: int, seed: int) -> Dataset:
    """6,000 + 1,000 images (N, 3, size, size), the ten classes equally often."""
    train, test = (draw(count, size, [seed, part]) for part, count in enumerate((TRAIN, TEST)))
    return Dataset(name, train, test, tuple(DISTANCES), f"drawn by minigen from seed {seed}, free of any licence")


def draw(count: int, size: int, seed: list[int]) -> Split:
    """`count` images, whose every choice follows from the seed."""
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.arange(count) % len(DISTANCES))
    images = np.empty((count, 3, size, size), np.uint8)
    for label, distance in enumerate(DISTANCES.values()):
        where = np.flatnonzero(labels == label)
        images[where] = _render(distance, len(where), size, rng)
    return Split(images, labels)


# The ten outlines. x goes right, y goes down; a shape fills about the unit circle.


def _circle(x: Field, y: Field) -> Field:
    return np.hypot(x, y) - 0.85


def _ring(x: Field, y: Field) -> Field:
    return np.abs(np.hypot(x, y) - 0.68) - 0.21


def _crescent(x: Field, y: Field) -> Field:
    """A disc without a second disc to its right; near the two tips it is the distance to the tip."""
    y = np.abs(y)
    outer, inner, apart = 0.95, 0.75, 0.48
    tip_x = (outer**2 - inner**2 + apart**2) / (2 * apart)
    tip_y = math.sqrt(outer**2 - tip_x**2)
    near_tip = x * tip_y - y * tip_x > apart * np.maximum(tip_y - y, 0)
    discs = np.maximum(np.hypot(x, y) - outer, inner - np.hypot(x - apart, y))
    return np.where(near_tip, np.hypot(x - tip_x, y - tip_y), discs)


def _drop(x: Field, y: Field) -> Field:
    """A large circle below and a point above, joined by their tangents."""
    x, y = np.abs(x), 0.42 - y
    large, small, height = 0.55, 0.04, 1.3
    b = (large - small) / height
    a = math.sqrt(1 - b * b)
    k = a * y - b * x
    return np.where(
        k < 0,
        np.hypot(x, y) - large,
        np.where(k > a * height, np.hypot(x, y - height) - small, a * x + b * y - large),
    )


def _heart(x: Field, y: Field) -> Field:
    x, y = np.abs(x) / 1.5, (0.9 - y) / 1.5
    lobe = np.hypot(x - 0.25, y - 0.75) - math.sqrt(2) / 4
    along = np.maximum(x + y, 0) / 2
    point = np.minimum(np.hypot(x, y - 1), np.hypot(x - along, y - along)) * np.sign(x - y)
    return 1.5 * np.where(x + y > 1, lobe, point)


def _bar(x: Field, y: Field) -> Field:
    return _box(x, y, 0.75, 0.12) - 0.17


def _triangle(x: Field, y: Field) -> Field:
    return np.maximum(0.866 * np.abs(x) - 0.5 * y, y) - 0.5


def _square(x: Field, y: Field) -> Field:
    return _box(x, y, 0.6, 0.6) - 0.06


def _star(x: Field, y: Field) -> Field:
    """Five points: fold the plane onto one half of one point, then the distance to its one edge."""
    sector = math.pi / 5
    angle = np.abs((np.arctan2(x, -y) + sector) % (2 * sector) - sector)
    radius = np.hypot(x, y)
    x, y = radius * np.sin(angle), radius * np.cos(angle) - 1
    inner = 0.45
    edge_x, edge_y = inner * math.sin(sector), inner * math.cos(sector) - 1
    length = math.hypot(edge_x, edge_y)
    along = np.clip((x * edge_x + y * edge_y) / length**2, 0, 1)
    side = np.sign(edge_x * y - edge_y * x)
    return np.hypot(x - along * edge_x, y - along * edge_y) * side


def _cross(x: Field, y: Field) -> Field:
    return np.minimum(_box(x, y, 0.86, 0.26), _box(x, y, 0.26, 0.86))


def _box(x: Field, y: Field, half_width: float, half_height: float) -> Field:
    x, y = np.abs(x) - half_width, np.abs(y) - half_height
    return np.hypot(np.maximum(x, 0), np.maximum(y, 0)) + np.minimum(np.maximum(x, y), 0)


DISTANCES: dict[str, Distance] = {
    "circle": _circle,
    "ring": _ring,
    "crescent": _crescent,
    "drop": _drop,
    "heart": _heart,
    "bar": _bar,
    "triangle": _triangle,
    "square": _square,
    "star": _star,
    "cross": _cross,
}


# From the outline to the picture.


def _render(distance: Distance, count: int, size: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    """`count` pictures (count, 3, size, size) of one shape, each with its own position, rotation, light and colours."""

    def uniform(low: float, high: float) -> Field:
        return rng.uniform(low, high, (count, 1, 1)).astype(np.float32)

    axis = ((np.arange(size, dtype=np.float32) + 0.5) / size * 2 - 1)[None]
    scale, turn = uniform(0.45, 0.8), uniform(0, 2 * np.pi)
    free = 1 - scale  # how far the centre may lie from the middle, so that the shape stays in the picture
    right, down = axis[:, None, :] - free * uniform(-1, 1), axis[:, :, None] - free * uniform(-1, 1)
    light_turn = uniform(0, 2 * np.pi)
    light = np.cos(light_turn), np.sin(light_turn)

    def outline(shift: float) -> Field:
        """The distance to the shape, moved away from the light by `shift`; 1 is the shape's size."""
        x, y = right / scale + shift * light[0], down / scale + shift * light[1]
        cos, sin = np.cos(turn), np.sin(turn)
        return distance(cos * x + sin * y, cos * y - sin * x)

    inside = outline(0)
    pixel = 2 / (size * scale)
    coverage = np.clip(0.5 - inside / pixel, 0, 1)
    shadow = np.clip(0.5 - outline(0.2) / 0.35, 0, 1)

    ground_light = 1 + 0.15 * (light[0] * axis[:, None, :] + light[1] * axis[:, :, None])
    ground = _ground(count, size, rng) * (ground_light * (1 - 0.55 * shadow))[:, None]
    diffuse, gloss = _relief(inside, pixel, light, shine=uniform(0, 0.6))
    paint = _rgb(uniform(0, 1), uniform(0.55, 0.95), uniform(0.75, 1)) * diffuse[:, None] + gloss[:, None]

    picture = ground + (paint - ground) * coverage[:, None]
    picture += rng.normal(0, 0.012, picture.shape).astype(np.float32)
    return np.clip(picture * 255 + 0.5, 0, 255).astype(np.uint8)


def _relief(inside: Field, pixel: Field, light: tuple[Field, Field], shine: Field) -> tuple[Field, Field]:
    """How bright a rounded shape is under a light from the side: (diffuse, gloss), both (N, H, W).

    The surface rises from the outline inwards: near the edge its normal leans along the gradient of the
    distance, deep inside it points at the eye. Diffuse light is the cosine to the lamp (Lambert), gloss
    a power of the cosine to the half-way direction (Blinn and Phong).
    """
    down, right = (np.gradient(inside, axis=axis) / pixel for axis in (1, 2))
    lean = np.clip(1 + inside / 0.45, 0, 1)
    normal_x, normal_y = right * lean, down * lean
    length = np.sqrt(1 + normal_x**2 + normal_y**2)
    toward = (light[0] * normal_x + light[1] * normal_y) / length
    facing = 1 / length
    diffuse = 0.3 + 0.75 * np.maximum(0.6 * toward + 0.8 * facing, 0)
    half_way = np.maximum(0.316 * toward + 0.949 * facing, 0)
    return diffuse, shine * half_way**40


def _ground(count: int, size: int, rng: np.random.Generator) -> Field:
    """A background (count, 3, size, size): two related colours mixed by smooth noise and by stripes."""

    def uniform(low: float, high: float) -> Field:
        return rng.uniform(low, high, (count, 1, 1)).astype(np.float32)

    axis = np.linspace(-1, 1, size, dtype=np.float32)[None]
    turn, waves, strength = uniform(0, np.pi), uniform(5, 16), uniform(-0.5, 0.5)
    across = np.cos(turn) * axis[:, None, :] + np.sin(turn) * axis[:, :, None]
    stripes = np.maximum(strength, 0) * np.sin(waves * across + uniform(0, 2 * np.pi))
    mix = np.clip(0.5 + _noise(count, 4, size, rng) + 0.5 * _noise(count, 9, size, rng) + stripes, 0, 1)[:, None]
    hue, saturation, value = uniform(0, 1), uniform(0.1, 0.5), uniform(0.35, 0.75)
    first = _rgb(hue, saturation, value)
    second = _rgb(hue + uniform(-0.12, 0.12), saturation * uniform(0.6, 1.2), value * uniform(0.45, 0.8))
    return first + (second - first) * mix


def _noise(count: int, cells: int, size: int, rng: np.random.Generator) -> Field:
    """Value noise (count, size, size): random heights at the corners of a grid of cells, smoothly interpolated."""
    at = (np.arange(size) + 0.5) / size * cells
    corner, part = np.divmod(at, 1)
    part = part * part * (3 - 2 * part)
    weights = np.zeros((size, cells + 1), np.float32)
    weights[np.arange(size), corner.astype(int)] = 1 - part
    weights[np.arange(size), corner.astype(int) + 1] = part
    heights = rng.uniform(-0.5, 0.5, (count, cells + 1, cells + 1)).astype(np.float32)
    return weights @ heights @ weights.T


def _rgb(hue: Field, saturation: Field, value: Field) -> Field:
    """Hue (1 is a full turn), saturation and value (N, 1, 1) as red, green, blue (N, 3, 1, 1)."""
    turns = np.stack([(hue + offset) % 1 for offset in (1, 2 / 3, 1 / 3)], axis=1)
    pure = np.clip(np.abs(6 * turns - 3) - 1, 0, 1)
    return np.asarray(value[:, None] * (1 - saturation[:, None] * (1 - pure)), np.float32)

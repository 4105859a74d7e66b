"""What a generator has learned: its measures beside a perfect one's, and pictures that could show it up.

Interpolation: between two draws of noise each image should be a digit, one turning into the other. Nearest
training images: a sample that equals its nearest neighbour was memorised.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minigen import backend, rng
from minigen.autograd import Tensor, no_grad
from minigen.data import Dataset, Split
from minigen.evaluation.drawing import Figure
from minigen.evaluation.figures import show_images
from minigen.evaluation.finding import Finding
from minigen.evaluation.generator_measures import SAMPLES, GeneratorMeasures, draw
from minigen.models.model import Samples

_STRAIGHT = 0.01  # the sine of an angle below which two directions are one line, or float32 tells no more


def judge_samples(model: Samples, data: Dataset, validation: Split) -> Finding:
    """Measures of 2,000 samples, those of training images, and the two pictures."""
    measures = GeneratorMeasures(data, model.config.device)
    real = measures.of_training_images(data.train)
    count = min(SAMPLES, len(data.train))
    measured = ", ".join(f"{name} {value:.3g}" for name, value in real.items())
    remark = f"{count:,} training images: {measured or 'not measured, as all test images are the same'}"
    figures = {"between_noises": draw_between(model), "nearest": draw_nearest(model, data.train)}
    return Finding(measures.of_model(model, model.config.seed), [remark.replace("_", " ")], figures)


def draw_between(model: Samples, rows: int = 8, columns: int = 10) -> Figure:
    """From one draw of noise to another, each row a path."""
    with no_grad(), rng.stream(model.config.seed):
        ends = rng.standard_normal((2, rows, model.latent), "float32", "cpu")
        path = on_the_sphere(ends[0], ends[1], columns).reshape(rows * columns, model.latent)
        images = model.sample(Tensor(backend.to_device(path, model.config.device))).numpy()
    return show_images(images, columns, "from one noise to another")


def on_the_sphere(start: Any, end: Any, steps: int) -> Any:
    """(N, Z), (N, Z) -> (N, steps, Z), along the arc and not the chord.

    Noise of 100 numbers lies near a sphere of radius 10; a chord's middle, of length 7, is unlike any draw.
    Along the chord all the same where both lie on one line through 0, as all noise of one number does: between
    equal directions it is the arc, between opposite ones it passes through 0, as there is no one arc.
    White 2016, "Sampling Generative Networks", section 2.1.
    """
    cosine = (start * end).sum(1) / np.linalg.norm(start, axis=1) / np.linalg.norm(end, axis=1)
    angle = np.arccos(cosine.clip(-1, 1))[:, None, None]
    share = np.linspace(0, 1, steps, dtype=start.dtype)[:, None]

    def weight(share: Any) -> Any:
        return np.where(np.sin(angle) > _STRAIGHT, np.sin(share * angle) / np.sin(angle).clip(_STRAIGHT), share)

    return weight(1 - share) * start[:, None] + weight(share) * end[:, None]


def draw_nearest(model: Samples, train: Split, columns: int = 10) -> Figure:
    """Samples above the training images that are nearest to them, pixel by pixel."""
    samples = draw(model, columns, model.config.device, model.config.seed)
    near = train.take(nearest(samples, train)).as_floats()
    return show_images(
        np.concatenate([samples, near]), columns, "samples and their nearest training images", ["sample", "nearest"]
    )


def nearest(images: Any, others: Split) -> Any:
    """For each image in [0, 1] the index of the other with the least squared distance: ‖a‖² - 2·a·b + ‖b‖²."""
    a = images.reshape(len(images), -1)
    best, distance, start = np.zeros(len(a), np.int64), np.full(len(a), np.inf), 0
    for part in others.parts(5000):
        b = part.as_floats().reshape(len(part), -1)
        squares = (b * b).sum(1) - 2 * a @ b.T
        closest = squares.argmin(axis=1)
        found = squares[np.arange(len(a)), closest]
        best = np.where(found < distance, start + closest, best)
        distance, start = np.minimum(found, distance), start + len(part)
    return best

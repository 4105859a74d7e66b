"""Signs that a training failed although its last number looks fine: each is measured on the test set, and one line.

    unused code     a VAE's KL is below one bit (ln 2 = 0.69 nats) per image: no two images get different codes
    mean example    the squared error is at least 0.95 of what the mean training example leaves
    dead units      more than half of the code's units give one number for every test example
    chance          the accuracy is at most two standard errors above the share of the most frequent class
    beaten          the PSNR is no higher than without the net

A generator is watched while it learns instead: see training/generator_watch.py.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from minigen.data import Dataset, Split
from minigen.evaluation.batches import codes
from minigen.models.model import Encodes, Reconstructs

ONE_BIT = math.log(2)
NEAR_MEAN = 0.95
_CONSTANT = 1e-6  # standard deviation of a unit that says nothing


def signs_of_failure(model: Any, data: Dataset, result: Mapping[str, float]) -> list[str]:
    """A line for each; result: what `model.evaluate` measures on the whole test set, by name."""
    return [f"warning: {line}" for line in _signs(model, data, result)]


def _signs(model: Any, data: Dataset, result: Mapping[str, float]) -> Iterator[str]:
    if result.get("kl", math.inf) < ONE_BIT:
        yield (
            f"the code is unused (posterior collapse): its KL of {result['kl']:.2f} nats per image is below one bit, "
            f"{ONE_BIT:.2f}; try a smaller --beta, another --lr or more epochs"
        )
    more = ", more epochs or --warmup 200" if model.config.warmup < 200 else " or more epochs"
    if "mse" in result and isinstance(model, Reconstructs):
        error = mean_example_error(data.train, data.test)
        if 0 < NEAR_MEAN * error <= result["mse"]:
            yield (
                f"the reconstruction is no better than the mean example: mse {result['mse']:.4f}, of the mean "
                f"training example {error:.4f}; try another --lr{more}"
            )
    if isinstance(model, Encodes) and len(data.test) > 1:
        dead = dead_units(model, data.test)
        if dead > model.latent / 2:
            yield f"{dead} of the code's {model.latent} units are the same for every test example; try a smaller --lr"
    shares = np.bincount(data.test.labels) / len(data.test)
    chance = float(shares.max() + 2 * np.sqrt(shares.max() * (1 - shares.max()) / len(data.test)))
    for name, value in result.items():
        if name.endswith("accuracy") and value <= chance < 1:
            yield (
                f"{name.replace('_', ' ')} {value:.3f} is no better than always naming the most frequent class, "
                f"{shares.max():.3f}; try a smaller --lr or more epochs"
            )
        if name.endswith("_psnr") and result["psnr"] <= value:
            yield (
                f"the net restores no better than {name.removesuffix('_psnr')}: {result['psnr']:.2f} dB against "
                f"{value:.2f} dB; try more epochs"
            )


def mean_example_error(train: Split, test: Split) -> float:
    """The squared error per value, averaged over test examples, of always answering the mean training example."""
    total, count = np.zeros(()), np.zeros(())
    for part in train.parts():
        known = _within(part)
        total, count = total + (part.as_floats() * known).sum(axis=0), count + known.sum(axis=0)
    mean = total / np.maximum(count, 1)
    errors = []
    for part in test.parts():
        squares = (part.as_floats() - mean) ** 2
        known, axes = np.broadcast_to(_within(part), squares.shape), tuple(range(1, squares.ndim))
        errors.append((squares * known).sum(axes) / known.sum(axes))
    return float(np.concatenate(errors).mean())


def dead_units(model: Any, test: Split) -> int:
    """How many of the code's numbers are the same for all of the first thousand test examples."""
    return int((codes(model, test.first(1000)).std(axis=0) < _CONSTANT).sum())


def _within(split: Split) -> Any:
    """1 where an example has a value, 0 in the padding of a short sequence."""
    if split.lengths is None:
        return np.ones((len(split), *[1] * (split.stored.ndim - 1)))
    return (np.arange(split.stored.shape[1]) < split.lengths[:, None])[:, :, None].astype(float)

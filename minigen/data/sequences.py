"""Generated sequences (N, T, D): waves with labelled anomalies."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from minigen.data.dataset import Dataset, Split

ANOMALIES = ("normal", "spike", "dropout", "frequency shift")
TRAIN, TEST = 4_000, 1_000
STEPS = 64
NOISE = 0.02

Floats = NDArray[np.floating[Any]]


def waves(name: str, seed: int, varied: bool = False) -> Dataset:
    """4,000 + 1,000 noisy waves (N, 64, 1) in [0, 1]: sine, square, saw and chirp, equally often.

    All training waves are normal (label 0); half of the test waves carry a spike (1), a dropout (2)
    or a shift to another frequency (3). varied: each is cut to a length of 32 to 64 steps, the rest is zeros.
    """
    train = _waves(TRAIN, 0, varied, np.random.default_rng([seed, 0]))
    test = _waves(TEST, TEST // 2, varied, np.random.default_rng([seed, 1]))
    return Dataset(name, train, test, ANOMALIES, f"drawn by minigen from seed {seed}, free of any licence")


def _waves(count: int, anomalous: int, varied: bool, rng: np.random.Generator) -> Split:
    labels = np.zeros(count, np.int64)
    labels[:anomalous] = 1 + np.arange(anomalous) % 3
    labels = rng.permutation(labels)
    lengths = rng.integers(STEPS // 2, STEPS, count, endpoint=True) if varied else np.full(count, STEPS)
    values = np.where(np.arange(STEPS) < lengths[:, None], _draw(labels, lengths, rng), 0)
    return Split(values[:, :, None].astype(np.float32), labels, lengths if varied else None)


def _draw(labels: NDArray[np.int64], lengths: NDArray[np.int64], rng: np.random.Generator) -> Floats:
    """One wave for each label, (N, T); an anomaly lies wholly within the length."""
    count = len(labels)

    def uniform(low: float, high: float) -> Floats:
        return rng.uniform(low, high, (count, 1))

    time = np.arange(STEPS)
    start = np.floor(lengths[:, None] * uniform(0.25, 0.5))  # where the anomaly begins
    shape = rng.permutation(np.arange(count) % 4)[:, None]
    cycles, faster = uniform(2, 4), uniform(1.8, 2.4)
    rate = np.broadcast_to(cycles / STEPS, (count, STEPS)).copy()  # cycles per step
    rate *= np.where(shape == 3, 0.6 + 0.8 * time / STEPS, 1)  # a chirp grows faster and faster
    rate *= np.where((labels[:, None] == 3) & (time >= start), faster, 1)
    turns = np.cumsum(rate, axis=1) + uniform(0, 1)
    sine = np.sin(2 * np.pi * turns)
    square = np.clip(4 * sine, -1, 1)
    saw = _saw(turns)
    wave = uniform(0.25, 0.4) * np.choose(shape, (sine, square, saw, sine))

    spike = (labels[:, None] == 1) & (time >= start) & (time < start + 2)
    dropout = (labels[:, None] == 2) & (time >= start) & (time < start + lengths[:, None] // 4)
    wave = wave + spike * np.where(wave > 0, -0.6, 0.6)
    wave = np.where(dropout, 0, wave) + rng.normal(0, NOISE, wave.shape)
    return np.clip(0.5 + wave, 0, 1)


def _saw(turns: Floats) -> Floats:
    """Rises from -1 to 1 over nine tenths of a turn and falls over the last tenth."""
    part = turns % 1
    return np.where(part < 0.9, part / 0.45 - 1, (1 - part) / 0.05 - 1)

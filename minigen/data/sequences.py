"""Sequences (N, T, D): generated waves with labelled anomalies, and the user's own from a CSV or .npy file."""

from __future__ import annotations

import math
import reprlib
from collections.abc import Sequence
from io import TextIOWrapper
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minigen import files
from minigen.data.dataset import DataError, Dataset, Split
from minigen.data.npy import read_npy

ANOMALIES = ("normal", "spike", "dropout", "frequency shift")
TRAIN, TEST = 4_000, 1_000
STEPS = 64
NOISE = 0.02
TEST_FRACTION = 0.1
MOST_BYTES = 2**28  # of a CSV file

Floats = NDArray[np.floating[Any]]


# Waves


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
    rate = np.broadcast_to(cycles / STEPS, (count, STEPS)).copy()  # cycles a step
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


# The user's own sequences


def read_sequences(path: str | Path, seed: int = 0, units: Sequence[tuple[float, float]] = ()) -> Dataset:
    """The user's own sequences, from a .npy array (N, T, D) or (N, T), or a CSV file with one sequence per line.

    A random tenth (at least one) is the test split. Each of the D variables is scaled linearly to [0, 1] by
    its smallest and largest training value; the data set's `units` hold the two, and passing them as
    `units` scales another file alike. All labels are 0; `source` says how the file was understood.
    Raises DataError for a file that is no such array, and for fewer than two sequences.
    """
    path = files.absolute(path)
    values = read_array(path)
    count, steps, variables = values.shape
    if count < 2:
        raise DataError(f"{path}: one sequence, at least 2 are needed (to train on, and to test)")
    order = np.random.default_rng([seed, count]).permutation(count)
    tested = math.ceil(TEST_FRACTION * count)
    train, test = (values[np.sort(part)] for part in (order[tested:], order[:tested]))
    if not units:
        low, high = train.min(axis=(0, 1)), train.max(axis=(0, 1))
        units = [(float(a), float(b)) for a, b in zip(low, high, strict=True)]
    elif len(units) != variables:
        raise DataError(f"{path}: {variables} variables per step, expected {len(units)}")
    train_split, test_split = (Split(scaled(path, x, units), np.zeros(len(x), np.int64)) for x in (train, test))
    understood = f"{count:,} sequences of {steps:,} steps of {variables} variable{'s' * (variables > 1)}"
    if variables == 1:
        understood += "; each row is one sequence, so cut a long series into rows, or save (N, T, D) as .npy"
    source = f"your own file {path}: {understood}"
    return Dataset("sequences", train_split, test_split, ("sequence",), source, tuple(units))


def read_like(path: Path, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """All sequences (N, T, D) of a file, in its own units; (T, D) must be the `shape` that a model was trained on.

    Raises DataError for a file that is no such array, or holds sequences of another shape.
    """
    path = files.absolute(path)
    values = read_array(path)
    if values.shape[1:] != shape:
        raise DataError(f"{path}: sequences (T, D) = {values.shape[1:]}, the model was trained on {shape}")
    return values


def in_units(values: NDArray[Any], units: Sequence[tuple[float, float]]) -> NDArray[Any]:
    """Values (…, D) in [0, 1] in the units of the file that they came from; without units, as they are."""
    if not units:
        return values
    low, high = np.array(units).T
    return low + values * (high - low)


def read_array(path: Path) -> NDArray[np.float64]:
    """The numbers of a .npy or CSV file as (N, T, D), all of them finite; DataError otherwise."""
    if path.suffix.lower() not in (".npy", ".csv"):
        raise DataError(f"{path}: sequences are read from .npy and .csv files")
    with np.errstate(invalid="ignore"):  # a NaN that is cast; it is refused below
        values = read_npy(path).astype(np.float64) if path.suffix.lower() == ".npy" else _read_csv(path)
    if values.ndim == 2:
        values = values[:, :, None]
    if values.ndim != 3:
        raise DataError(f"{path}: an array with {values.ndim} axes, expected (N, T, D) or (N, T)")
    if values.size == 0:
        raise DataError(f"{path}: empty (shape {values.shape})")
    _require_finite(path, values, values, "must be a finite number")
    return values


def _read_csv(path: Path) -> NDArray[np.float64]:
    """One sequence per line, numbers separated by commas; blank lines are skipped."""
    rows: list[NDArray[np.float64]] = []
    try:
        with files.reading(path, MOST_BYTES) as file, TextIOWrapper(file, encoding="utf-8-sig") as lines:
            for number, line in enumerate(lines, start=1):
                if not line.strip():
                    continue
                where = f"{path}: line {number}"
                values = [_number(text, f"{where}, column {i}") for i, text in enumerate(line.split(","), start=1)]
                rows.append(np.array(values))
                if len(values) != len(rows[0]):
                    raise DataError(
                        f"{path}: ragged: line {number} has {len(values)} values, the first has {len(rows[0])}: "
                        f"all sequences must be equally long"
                    )
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: not a text file in UTF-8 ({error.reason})") from error
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from error
    return np.array(rows, dtype=np.float64).reshape(len(rows), -1 if rows else 0)


def _number(text: str, where: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise DataError(f"{where}: {reprlib.repr(text.strip())} is not a number") from error


def scaled(path: Path | str, values: NDArray[np.float64], units: Sequence[tuple[float, float]]) -> NDArray[np.float32]:
    """Linearly, so that each variable's two units become 0 and 1; a constant variable becomes 0."""
    low, high = np.array(units).T
    with np.errstate(over="ignore", invalid="ignore"):
        scaled = ((values - low) / np.where(high > low, high - low, 1)).astype(np.float32)
    _require_finite(path, scaled, values, "too large for float32, also when scaled to [0, 1]")
    return scaled


def _require_finite(path: Path | str, computed: NDArray[Any], values: NDArray[np.float64], what: str) -> None:
    bad = np.argwhere(~np.isfinite(computed))
    if len(bad):
        n, t, d = bad[0]
        raise DataError(f"{path}: {values[n, t, d]} in sequence {n + 1}, step {t + 1}: {what}")

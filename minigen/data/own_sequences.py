"""The user's own sequences (N, T, D): one per row of a file, or windows of one long recording; labelled or not.

An anomaly detector learns from normal sequences only. So where a column says which are normal, all others are in the
test split, whichever way the rest is split. Where the test split is a file of its own, those of the training file are
left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from minigen import files
from minigen.data.dataset import DataError, Dataset, Split, hold_tenth, require_examples
from minigen.data.tables import Table, read_table

UNNAMED = "sequence"  # the class of sequences without labels
NORMAL = "normal"
TEST_FRACTION = 0.1
MOST_KINDS = 100

Units = Sequence[tuple[float, float]]


class Reading(NamedTuple):
    """How a file becomes sequences.

    Attributes:
        window, stride: for one long recording with a step per row: the steps of a sequence, and from the beginning of
            one to that of the next (None: as many as `window`). Without a window each row is a sequence.
        label_column: the column that says which are normal, as in `read_table`.
        test: the file of the test split; None: a tenth of the first file.
        normal: the label of the normal ones; None: 0 or "normal".
    """

    window: int | None = None
    stride: int | None = None
    label_column: str | None = None
    test: str | None = None
    normal: str | None = None

    @property
    def of_normal(self) -> str:
        """The label of the normal ones in words."""
        return f"0 or {NORMAL}" if self.normal is None else self.normal


EACH_ROW = Reading()


class _Labelled(NamedTuple):
    """Sequences (N, T, D), and for each the kind of its anomaly, NORMAL where it is none; None: nothing is known."""

    values: NDArray[np.float64]
    kinds: NDArray[Any] | None

    def take(self, indices: Any) -> _Labelled:
        return _Labelled(self.values[indices], None if self.kinds is None else self.kinds[indices])


def read_sequences(path: str | Path, seed: int = 0, units: Units = (), reading: Reading = EACH_ROW) -> Dataset:
    """The user's own sequences from a .csv or .npy file: one per row, (N, T) or (N, T, D), or as `reading` says.

    Without a test file a random tenth (at least one) is the test split, of a recording its last tenth. Each of the D
    variables is scaled linearly to [0, 1] by its smallest and largest training value; the data set's `units` hold the
    two, and passing them as `units` scales another file alike. `source` says how the file was understood.
    Raises DataError for a file that cannot be read so, and where nothing is left to train on or to test.
    """
    path = files.absolute(path)
    train, test, left_out = _split(path, seed, reading)
    require_examples(f"{path}: no sequence", train.values, test.values)
    count, steps, variables = train.values.shape
    if test.values.shape[1:] != (steps, variables):
        raise DataError(f"{reading.test}: sequences (T, D) = {test.values.shape[1:]}, {path} has {(steps, variables)}")
    if not units:
        low, high = train.values.min(axis=(0, 1)), train.values.max(axis=(0, 1))
        units = [(float(a), float(b)) for a, b in zip(low, high, strict=True)]
    elif len(units) != variables:
        raise DataError(f"{path}: {variables} variables per step, expected {len(units)}")
    classes: tuple[str, ...] = (UNNAMED,)
    if test.kinds is not None:
        classes = (NORMAL, *sorted(set(test.kinds) - {NORMAL}))
        if len(classes) > MOST_KINDS:
            raise DataError(
                f"{path}: {len(classes) - 1:,} kinds of anomalies, is --label-column {reading.label_column}?"
            )
    train_split, test_split = (
        Split(scaled(path, part.values, units), _labels(part, classes)) for part in (train, test)
    )
    understood = (
        f"{count + len(test.values):,} sequences of {steps:,} steps of {variables} variable{'s' * (variables > 1)}"
    )
    stride = reading.stride or steps
    overlapping = (steps - 1) // stride
    if reading.window is not None:
        understood += f", windows {stride} steps apart"
    elif variables == 1:
        understood += "; each row is one sequence: --window cuts a long series, or save (N, T, D) as .npy"
    if test.kinds is not None:
        anomalies = np.count_nonzero(test.kinds != NORMAL)
        understood += f"; label {reading.of_normal} is normal; {anomalies:,} anomalies, all in the test split"
    understood += f"; {left_out:,} anomalies of the training file left out" if left_out else ""
    source = f"your own file {path}: {understood}"
    return Dataset("sequences", train_split, test_split, classes, source, tuple(units), overlapping)


def _labels(part: _Labelled, classes: Sequence[str]) -> NDArray[np.int64]:
    kinds = np.zeros(0) if part.kinds is None else part.kinds
    return np.array([classes.index(kind) for kind in kinds] or [0] * len(part.values), np.int64)


def _split(path: Path, seed: int, reading: Reading) -> tuple[_Labelled, _Labelled, int]:
    """The training split, without anomalies, the test split, and how many anomalies are in neither."""
    if reading.test is not None:
        tested = read_table(files.absolute(reading.test), reading.label_column)
        test = _sequences(files.absolute(reading.test), tested, reading)
        train = _sequences(path, read_table(path, reading.label_column, without=tested.values.shape[-1]), reading)
        if train.kinds is None and reading.normal is not None:
            _normal(files.absolute(reading.test), test, reading)  # which refuses a label that no row has
        normal, anomalies = _normal(path, train, reading)
        return normal, test, len(anomalies.values)
    table = read_table(path, reading.label_column)
    if reading.window is None:
        normal, anomalies = _normal(path, _sequences(path, table, reading), reading)
        if len(normal.values) < 2:
            raise DataError(f"{path}: one sequence, at least 2 are needed (to train on, and to test)")
        kept, held = hold_tenth(len(normal.values), seed)
        return normal.take(kept), _together(normal.take(held), anomalies), 0
    at = int(len(table.values) * (1 - TEST_FRACTION))
    if len(table.values) - at < reading.window:
        what = f"a recording of {len(table.values):,} steps (a step per row)"
        why = f"the last tenth ({len(table.values) - at:,}) is the test split"
        raise DataError(f"{path}: {what}, too few for --window {reading.window}: {why}")
    parts = (Table(table.values[part], table.labels and table.labels[part]) for part in (slice(at), slice(at, None)))
    before, after = (_sequences(path, part, reading) for part in parts)
    normal, anomalies = _normal(path, before, reading)
    return normal, _together(after, anomalies), 0


def _together(a: _Labelled, b: _Labelled) -> _Labelled:
    """Both, mixed in an order that is always the same: figures and scores take the first ones."""
    if a.kinds is None or b.kinds is None:
        return a
    both = _Labelled(np.concatenate([a.values, b.values]), np.concatenate([a.kinds, b.kinds]))
    return both.take(np.random.default_rng(0).permutation(len(both.values)))


def _normal(path: Path, part: _Labelled, reading: Reading) -> tuple[_Labelled, _Labelled]:
    """The sequences without anomaly, and the others."""
    if part.kinds is None:
        return part, part.take(slice(0))
    is_normal = part.kinds == NORMAL
    if not is_normal.any():
        raise DataError(
            f"{path}: no label is {reading.of_normal}, but for example {part.kinds[0]!r}", "--normal LABEL names it"
        )
    return part.take(is_normal), part.take(~is_normal)


def _sequences(path: Path, table: Table, reading: Reading) -> _Labelled:
    """(N, T, D) of a table, whose kinds are NORMAL for the labels that say so."""
    values = table.values
    kinds = None
    if reading.normal is not None and reading.label_column is None:
        raise DataError(f"--normal is {reading.normal}, but it is a label: --label-column must be given, too")
    if table.labels is not None:
        normal = ("0", NORMAL) if reading.normal is None else (_plain(reading.normal),)
        plain = [_plain(label) for label in table.labels]
        if NORMAL in plain and NORMAL not in normal:
            raise DataError(f"{path}: a label is {NORMAL}, but --normal is {reading.normal}: rename that label")
        kinds = np.array([NORMAL if kind in normal else kind for kind in plain], dtype=object)
    if reading.window is None:
        if reading.stride is not None:
            raise DataError(f"--stride is {reading.stride}, but it is that of windows: --window must be given, too")
        values = values[:, :, None] if values.ndim == 2 else values
        if values.ndim != 3:
            hint = ": --window N cuts a long recording" if values.ndim == 1 else ""
            raise DataError(f"{path}: an array with {values.ndim} axes, expected (N, T, D) or (N, T){hint}")
        return _Labelled(values, kinds)
    values = values[:, None] if values.ndim == 1 else values
    if values.ndim != 2:
        raise DataError(f"{path}: an array with {values.ndim} axes, --window cuts a recording (steps, variables)")
    if len(values) < reading.window:
        raise DataError(
            f"{path}: a recording of {len(values):,} steps (a step per row), too few for --window {reading.window}"
        )
    starts = np.arange(0, len(values) - reading.window + 1, reading.stride or reading.window)
    within = starts[:, None] + np.arange(reading.window)
    if kinds is None:
        return _Labelled(values[within], None)
    first = [next((kind for kind in kinds[steps] if kind != NORMAL), NORMAL) for steps in within]
    return _Labelled(values[within], np.array(first, dtype=object))


def _plain(label: str) -> str:
    """A label as numbers and texts that mean the same are both written: 1 for 1.0, normal for Normal."""
    try:
        return f"{float(label) + 0:g}"  # 0 for -0.0
    except ValueError:
        return NORMAL if label.lower() == NORMAL else label


def read_like(
    path: Path, shape: tuple[int, ...], classes: Sequence[str], reading: Reading
) -> tuple[NDArray[np.float64], Any]:
    """All sequences (N, T, D) of a file, in its own units, and their labels, None where it has no column of labels.

    (T, D) must be the `shape`, and each kind of anomaly one of the `classes` that a model was trained on.
    Raises DataError for a file that cannot be read so.
    """
    path = files.absolute(path)
    without = shape[1] if reading.window is not None else shape[0]
    found = _sequences(path, read_table(path, reading.label_column, without), reading)
    if found.values.shape[1:] != shape:
        raise DataError(f"{path}: sequences (T, D) = {found.values.shape[1:]}, the model was trained on {shape}")
    if found.kinds is None:
        return found.values, None
    unknown = set(found.kinds) - set(classes)
    if unknown:
        raise DataError(f"{path}: a label is {min(unknown)!r}, the run knows {', '.join(classes)}")
    return found.values, _labels(found, classes)


# Units


def in_units(values: NDArray[Any], units: Units) -> NDArray[Any]:
    """Values (…, D) in [0, 1] in the units of the file that they came from; without units, as they are."""
    if not units:
        return values
    low, high = np.array(units).T
    return low + values * (high - low)


def scaled(path: Path | str, values: NDArray[np.float64], units: Units) -> NDArray[np.float32]:
    """Linearly, so that each variable's two units become 0 and 1; a constant variable becomes 0."""
    low, high = np.array(units).T
    with np.errstate(over="ignore", invalid="ignore"):
        scaled = ((values - low) / np.where(high > low, high - low, 1)).astype(np.float32)
    bad = np.argwhere(~np.isfinite(scaled))
    if len(bad):
        n, t, d = bad[0]
        what = f"{values[n, t, d]} in sequence {n + 1}, step {t + 1}"
        raise DataError(f"{path}: {what}: too large for float32, also when scaled to [0, 1]")
    return scaled

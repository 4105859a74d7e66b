"""Runs side by side: hyper-parameters, costs, test results and curves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from msgspec import structs

from minigen.data import Description
from minigen.evaluation.drawing import Figure, legend, styled, whole_ticks
from minigen.evaluation.rows import Numbers, Row, loss_name, score_name
from minigen.evaluation.text import shown
from minigen.inference.loading import load
from minigen.inference.trained import Trained
from minigen.training import epoch_table
from minigen.training.run_folder import RunError, RunFolder

Curve = tuple[list[int], list[float]]


@dataclass(frozen=True)
class Run:
    """What is compared of a run: its model, the time of all its epochs, its test result and its curves."""

    name: str
    trained: Trained
    epochs: int
    seconds: float
    test: Numbers
    curves: dict[str, Curve]

    @classmethod
    def read(cls, folder: Path, say: Callable[[str], Any]) -> Run:
        """From a run folder; `say` as in `load`.

        Raises:
            RunError, CheckpointError: as `load`; also for a metrics.jsonl that is not what minigen wrote.
        """
        trained, rows = load(folder, say=say), RunFolder(folder).rows()
        try:
            epochs = [row for row in rows if "epoch" in row]
            seconds = sum(row["seconds"] for row in epochs)
            tests = [row["test"] for row in rows if "test" in row]
            return cls(str(folder), trained, len(epochs), seconds, tests[-1] if tests else {}, _curves(epochs))
        except KeyError as error:
            raise RunError(f"{folder}/metrics.jsonl: not what minigen wrote (a row lacks {error})") from error


def _curves(rows: list[Row]) -> dict[str, Curve]:
    """The validation score of each epoch by its name; without validation, the training loss."""
    curves: dict[str, Curve] = {}
    for row in rows:
        part, name, numbers = "train", loss_name(row), row["train"]
        if row.get("validation"):
            part, name, numbers = "validation", score_name(row), row["validation"]
        epochs, values = curves.setdefault(f"{part} {name}".replace("_", " "), ([], []))
        epochs.append(row["epoch"])
        values.append(numbers[name])
    return curves


def table(runs: Sequence[Run]) -> list[str]:
    """A line for each thing compared, a column for each run; of the hyper-parameters those that differ.

    A note says where data of one name differ, as generated data do with another seed.
    """
    configs = [structs.asdict(run.trained.config) for run in runs]
    examples = [_examples(run.trained.data) for run in runs]
    lines = {
        "": [shown(run.name) for run in runs],
        "model": [run.trained.model.name for run in runs],
        **{name: [_cell(config.get(name)) for config in configs] for name in _differing(configs)},
        **({"examples": examples} if len(set(examples)) > 1 else {}),
        "parameters": [f"{run.trained.parameters:,}" for run in runs],
        "epochs": [str(run.epochs) for run in runs],
        "weights of epoch": [str(run.trained.epoch) for run in runs],
        "training time": [epoch_table.clock(run.seconds) for run in runs],
    }
    for name in dict.fromkeys(name for run in runs for name in run.test):
        found = [run.test.get(name) for run in runs]
        lines[f"test {name}".replace("_", " ")] = [_cell(x, epoch_table.number) for x in found]
    heading = max(map(len, lines))
    widths = [max(map(len, column)) for column in zip(*lines.values(), strict=True)]
    told = [
        "  ".join([f"{name:<{heading}}", *(f"{cell:>{width}}" for cell, width in zip(cells, widths, strict=True))])
        for name, cells in lines.items()
    ]
    known = {(run.trained.data.name, run.trained.data.crc32) for run in runs if run.trained.data.crc32 is not None}
    for name, count in Counter(name for name, _ in known).items():
        if count > 1:
            told.append(f"note    not all runs on {name} have the same data: their test sets may differ")
    return told


def _cell(value: Any, spelled: Callable[[Any], str] = str) -> str:
    return "-" if value is None else spelled(value)


def _examples(data: Description) -> str:
    """How many the run used to train, with those held out, and to test; older runs do not say that of --smoke."""
    counts = data.used or data.examples
    return f"{counts[0]:,}, test {counts[1]:,}" if counts else "-"


def _differing(configs: list[dict[str, Any]]) -> list[str]:
    names = dict.fromkeys(name for config in configs for name in config)
    return [name for name in names if len({repr(config.get(name)) for config in configs}) > 1]


@styled
def draw(runs: Sequence[Run]) -> Figure:
    """A panel for each measure by which epochs were judged, a line for each run that has it.

    Later lines are thinner and dashed, so that an equal one below is seen.
    """
    names = list(dict.fromkeys(name for run in runs for name in run.curves)) or ["no epoch yet"]
    figure = Figure(figsize=(4.2 * len(names), 3.2), layout="constrained")
    for axes, name in zip(figure.subplots(1, len(names), squeeze=False)[0], names, strict=True):
        drawn = {}
        for number, run in enumerate(runs):
            if name in run.curves:
                look: dict[str, Any] = {
                    "lw": max(1.5, 4 - number),
                    "ls": ("-", (0, (3, 1.5)), ":")[min(number, 2)],
                    "ms": max(3, 10 - 2 * number),
                }
                marker = "o" if len(run.curves[name][0]) == 1 else ""
                drawn[run.name] = axes.plot(*run.curves[name], color=f"C{number}", marker=marker, **look)[0]
        axes.set_title(name)
        axes.set_xlabel("epoch")
        whole_ticks(axes.xaxis)
        if drawn:
            legend(axes, list(drawn.values()), drawn)
    return figure

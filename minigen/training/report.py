"""What training prints: what it begins with, a progress bar within an epoch, and the table of epochs."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from minigen import files
from minigen.data import Dataset
from minigen.models import Config
from minigen.training import epoch_table, schedule
from minigen.training.busy_cores import cores, product_threads
from minigen.training.layer_table import layer_table

if TYPE_CHECKING:
    from minigen.training.resuming import Training

tqdm.set_lock(threading.RLock())  # its own is a semaphore of the system, which a killed process would leave behind


def opening(trainer: Training, data: Dataset) -> list[str]:
    """The lines before the first epoch: the model's layers, where it computes, its data and its seed."""
    model, config = trainer.model, trainer.config
    return [
        f"{model.name}: {model.summary()}\n",
        *layer_table(model, trainer.loader.first(2)),
        f"\ndevice  {config.device} ({'CuPy' if config.device == 'gpu' else 'NumPy; --device gpu uses CuPy'})",
        f"data    {data.name}: {trainer.data.examples:,} training, {len(trainer.validation):,} validation, "
        f"{len(data.test):,} test",
        f"        {files.printable(data.source)}",
        f"seed    {config.seed}",
        f"cores   {_cores(config)}",
        *schedule.warnings(config, trainer.objectives, config.epochs * len(trainer.loader)),
        "",
    ]


def _cores(config: Config) -> str:
    """How many of this machine's cores the run uses, and which flag uses the rest."""
    there, workers, threads = cores(), config.workers, product_threads()
    if workers > there:
        return f"{workers} workers take turns on {there}: --workers {there} is faster"
    used = f"{workers} of {there}, one worker each"
    if workers == 1:
        used = f"1 of {there}" + f" ({threads} in matrix products)" * (threads > 1)
    return used if workers == there else f"{used}; --workers {there} uses all"


class Report:
    """say: prints a line; show_progress: whether a bar moves within an epoch."""

    def __init__(self, say: Callable[[str], Any], show_progress: bool = False) -> None:
        self.say, self.show_progress = say, show_progress
        self._table_begun = False

    def progress(self, epoch: int, batch: int, batches: int) -> tqdm[Any]:
        """The bar of an epoch; `batch` of its batches are done."""
        label = f"epoch {epoch + 1}"
        return tqdm(total=batches, initial=batch, desc=label, leave=False, disable=not self.show_progress)

    def show(self, bar: tqdm[Any], averages: dict[str, float]) -> None:
        """The numbers beside the bar."""
        shown = epoch_table.without_layers(averages)
        bar.set_postfix({name: f"{value:.4g}" for name, value in shown.items()})

    def epoch(self, row: dict[str, Any], epochs: int, remarks: list[str]) -> None:
        """The row of an epoch, below the heading where it is the first, and the remarks on it."""
        numbers = epoch_table.numbers(row)
        if not self._table_begun:
            for line in epoch_table.heading(list(numbers)):
                self.say(line)
            self._table_begun = True
        left = (epochs - row["epoch"]) * row["seconds"]
        self.say(epoch_table.line(row["epoch"], numbers, row["images_per_second"], left))
        for line in remarks:
            self.say(line)

"""What training prints: a progress bar within an epoch, and the table of epochs."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from tqdm import tqdm

from minigen.training import epoch_table

tqdm.set_lock(threading.RLock())  # its own is a semaphore of the system, which a killed process would leave behind


class Report:
    """say: prints a line; show_progress: whether a bar moves within an epoch."""

    def __init__(self, say: Callable[[str], Any], show_progress: bool = False) -> None:
        self.say, self.show_progress = say, show_progress
        self._table_begun = False

    def progress(self, epoch: int, batch: int, batches: int) -> tqdm[Any]:
        """The bar of an epoch, of which `batch` batches are done."""
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

"""A training that can be stopped anywhere and resumed: what the loop works on, saved in a checkpoint and restored."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from minigen import backend, parallel, rng
from minigen.data import Loader, Split
from minigen.models.config import Config
from minigen.models.model import Model, Prepares
from minigen.training import checkpoint
from minigen.training.averages import Averages
from minigen.training.checkpoint import CheckpointError, DamagedError
from minigen.training.exchange import Exchange
from minigen.training.report import Report
from minigen.training.run_folder import RunFolder
from minigen.training.state import DataPrint, State, Sums, read_either, within


class Training:
    """A model, its data, its optimizers and its position, and the run folder that all is written to.

    Args:
        model: on its device already.
        train, validation: what is learned from, and what chooses the best epoch (may be empty).
        say: prints a line.
        show_progress: whether a progress bar moves within an epoch.
        watch: sees each epoch's row before it is written, may add to it, and returns lines to print.
    """

    def __init__(
        self,
        model: Model,
        train: Split,
        validation: Split,
        run: RunFolder,
        say: Callable[[str], Any],
        show_progress: bool = False,
        watch: Callable[[dict[str, Any]], list[str]] | None = None,
    ) -> None:
        self.model, self.config, self.run, self.say = model, model.config, run, say
        self.report, self.watch = Report(say, show_progress), watch or (lambda row: [])
        self.loader = Loader(train, self.config.batch_size, self.config.seed, self.config.device)
        self.validation, self.data = validation, DataPrint.of(train)
        if isinstance(model, Prepares):
            model.prepare(train)
        self.objectives = model.objectives()
        self.workers = parallel.workers()
        self.exchange = Exchange(self.workers, self.objectives)
        self.epoch, self.batch = 0, 0
        self.seconds, self.averages, self.loss_name = 0.0, Averages(), ""  # of the epoch so far
        self.best = math.inf

    def save(self, path: Path) -> None:
        """Write everything that `load` needs to go on bit for bit; worker 0 writes it."""
        for objective in self.objectives:
            self.exchange.complete(objective.optimizer)
        if self.workers.rank:
            return
        arrays = {f"model.{name}": array for name, array in self.model.state_dict().items()}
        for objective in self.objectives:
            for name, array in objective.optimizer.state_dict().items():
                arrays[f"optimizer.{objective.name}.{name}"] = array
        arrays |= {f"random.{device}": state for device, state in rng.state().items()}
        state = State(
            model=self.model.name,
            config=msgspec.structs.asdict(self.config),
            data=self.data,
            epoch=self.epoch,
            batch=self.batch,
            averages=Sums({name: float(total) for name, total in self.averages.sums.items()}, self.averages.counts),
            seconds=self.seconds,
            best=None if math.isinf(self.best) else self.best,
            steps={objective.name: objective.optimizer.steps for objective in self.objectives},
        )
        self.run.require_own()
        content = msgspec.to_builtins(state)
        checkpoint.write(path, {name: backend.to_device(array, "cpu") for name, array in arrays.items()}, content)

    def load(self, path: Path, other: Path) -> None:
        """Go on from a checkpoint; from the other one, and say so, where that is damaged.

        Raises:
            CheckpointError: none is whole, or it is of another model, other hyper-parameters or other data.
        """
        found: Any = None if self.workers.rank else read_either(path, other, self.say, self._require_same_run)
        path, arrays, state = self.workers.share(found)
        try:
            self.model.load_state_dict(within("model.", arrays))
            for objective in self.objectives:
                saved = within(f"optimizer.{objective.name}.", arrays)
                objective.optimizer.load_state_dict(saved, state.steps[objective.name])
            rng.set_state(within("random.", arrays))
        except (KeyError, ValueError, TypeError, AttributeError) as error:
            raise CheckpointError(f"{path}: does not fit this model ({error})") from error
        self.epoch, self.batch, self.seconds = state.epoch, state.batch, state.seconds
        self.averages = Averages(state.averages.sums, state.averages.counts)
        self.best = math.inf if state.best is None else state.best

    def _require_same_run(self, path: Path, state: State) -> None:
        for name, value in msgspec.structs.asdict(self.config).items():
            if name not in may_change(self.config) and state.config.get(name) != value:
                saved = repr(state.config.get(name))[:100]
                raise CheckpointError(f"{path}: trained with {name} {saved}, this run has {value!r}")
        if state.data != self.data:
            raise CheckpointError(
                f"{path}: trained on {state.data.examples:,} examples, these {self.data.examples:,} are others "
                "(a run of --smoke goes on with --smoke)"
            )
        for name, value, most in (
            ("epoch", state.epoch, self.config.epochs),
            ("batch", state.batch, len(self.loader) - 1),
        ):
            if value > most:
                raise DamagedError(f"{path}: {name} is {value}, must be at most {most}")
        if state.steps.keys() != {objective.name for objective in self.objectives}:
            raise DamagedError(f"{path}: steps are of {', '.join(state.steps)[:100]}, must be of each objective")


def may_change(config: Config) -> tuple[str, ...]:
    """The hyper-parameters in which a run that goes on may differ: they do not alter what was trained so far."""
    always = ("data_dir", "data_file", "test", "device", "workers")
    return (*always, "epochs") if config.schedule == "constant" else always

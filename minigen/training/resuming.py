"""A training that can be stopped anywhere and resumed: what the loop works on, saved in a checkpoint and restored."""

from __future__ import annotations

import math
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from minigen import backend, parallel, rng
from minigen.data import Description, Loader, Split, is_path
from minigen.evaluation.text import counted
from minigen.inference.loading import moved, place_of, read_config
from minigen.models.config import Config, flag
from minigen.models.model import Model, Prepares
from minigen.parallel.ranks import MPI
from minigen.training import checkpoint
from minigen.training.averages import Averages
from minigen.training.checkpoint import CheckpointError, DamagedError
from minigen.training.exchange import Exchange
from minigen.training.report import Report
from minigen.training.run_folder import RunError, RunFolder
from minigen.training.state import Arrays, DataPrint, State, Sums, read_either, within
from minigen.training.ways import Pace


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
        self.workers = self.all_workers = parallel.workers()
        self.pace = Pace()
        self.exchange = Exchange(self.workers, self.objectives)
        self.epoch, self.batch = 0, 0
        self.seconds, self.averages, self.loss_name = 0.0, Averages(), ""  # of the epoch so far
        self.best = math.inf

    def save(self, path: Path) -> None:
        """Write everything that `load` needs to go on bit for bit; worker 0 writes it."""
        for objective in self.objectives:
            self.exchange.complete(objective.optimizer)
        if self.workers.rank == 0:
            arrays, state = self.snapshot()
            self.run.require_own()
            content = msgspec.to_builtins(state)
            checkpoint.write(path, {name: backend.to_device(array, "cpu") for name, array in arrays.items()}, content)

    def snapshot(self) -> tuple[Arrays, State]:
        """What a checkpoint holds; the arrays are not copied."""
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
        return arrays, state

    def load(self, path: Path, other: Path) -> None:
        """Go on from a checkpoint; from the other one, and say so, where that is damaged.

        Raises:
            CheckpointError: none is whole, or it is of another model, other hyper-parameters or other data.
        """
        found: Any = None if self.workers.rank else read_either(path, other, self.say, self._require_same_run)
        path, arrays, state = self.workers.share(found)
        try:
            self.restore(arrays, state)
        except (KeyError, ValueError, TypeError, AttributeError) as error:
            raise CheckpointError(f"{path}: does not fit this model ({error})") from error

    def restore(self, arrays: Arrays, state: State) -> None:
        """Go on from a `snapshot`."""
        self.model.load_state_dict(within("model.", arrays))
        for objective in self.objectives:
            saved = within(f"optimizer.{objective.name}.", arrays)
            objective.optimizer.load_state_dict(saved, state.steps[objective.name])
        rng.set_state(within("random.", arrays))
        self.epoch, self.batch, self.seconds = state.epoch, state.batch, state.seconds
        self.averages = Averages(state.averages.sums, state.averages.counts)
        self.best = math.inf if state.best is None else state.best

    def resume(self, data: Description) -> None:
        """Go on from the last checkpoint if there is one, with the flags of this command, and say where."""
        if self.workers.decide(self.workers.rank == 0 and self.run.has_checkpoint):
            self.load(self.run.last, self.run.best)
        if self.workers.rank:
            return
        described = self.run.described()
        before, now = described.config.get("workers", 1), self.config.workers
        if described.data.crc32 not in (None, data.crc32):
            self.say("the test split is not the one that the run began with, or its classes have other names")
        self.run.keep_rows(self.epoch)
        self.run.describe(self.model.name, self.config, data)
        steps = f" and {counted(self.batch, 'step')}" if self.batch else ""
        self.say(f"resumed after {counted(self.epoch, 'epoch')}{steps}")
        if before != now:
            these = f"with {now} worker{'s' * (now > 1)}, so far {before}"
            self.say(f"{these}: the result is the same up to rounding only")
        if self.epoch == self.config.epochs:
            adds = "; a larger --epochs trains on" if "epochs" in may_change(self.config) else ""
            self.say(f"the run is finished{adds}")
        self.say("")

    def _require_same_run(self, path: Path, state: State) -> None:
        for name, value in msgspec.structs.asdict(self.config).items():
            if name not in may_change(self.config) and state.config.get(name) != value:
                saved = repr(state.config.get(name))[:100]
                raise CheckpointError(f"{path}: trained with {name} {saved}, this run has {value!r}")
        if state.data != self.data:
            then, now = state.data.examples, self.data.examples
            why = (
                "checksum" if then == now else f"{then:,} examples, now {now:,}; a run of --smoke goes on with --smoke"
            )
            moves = "--data" if _are_own(self.config) else "--data-dir"
            raise CheckpointError(
                f"{path}: the training data of {place_of(self.config)} have changed since "
                f"({why}): put them back, name them with {moves} PATH, or begin anew with --overwrite"
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


def resumed_config(model_type: type[Model], run: RunFolder, asked: dict[str, Any]) -> Config:
    """The run's own hyper-parameters; a flag may repeat them, or change one of `may_change`."""
    saved_type, config, _ = read_config(run)
    if saved_type is not model_type:
        raise RunError(f"{run.path} holds a run of {saved_type.name}, not of {model_type.name}")
    if "data" in asked and _are_own(config):
        config = moved(config, asked.pop("data"))
    for field, value in asked.items():
        saved = getattr(config, field)
        fewer = field == "epochs" and value < config.epochs
        if value != saved and (fewer or field not in may_change(config)):
            cosine = field == "epochs" and field not in may_change(config)
            why = " (its cosine schedule depends on --epochs)" if cosine else ""
            raise RunError(f"{flag(field)} is {value}, the run in {run.path} has {saved}, which it keeps{why}")
    return msgspec.structs.replace(config, **asked)


def _are_own(config: Config) -> bool:
    """Whether a run's data are the user's own: then --data says where they lie now."""
    return is_path(config.data) or bool(getattr(config, "data_file", None))


def resume_command(model_type: type[Model], folder: Path) -> str:
    """What to type to go on."""
    workers = parallel.workers()
    mpiexec = ["mpiexec", "-n", f"{workers.size}"] if isinstance(workers, MPI) else []
    words = [*mpiexec, "python", "-m", "minigen.train", model_type.name, "--resume"]
    words += ["--distributed"] if mpiexec else []
    words += [] if folder == Path("runs") / model_type.name else ["--out", str(folder)]
    return shlex.join(words)

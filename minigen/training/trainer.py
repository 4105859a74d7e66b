"""The trainer: epochs of steps, each objective in turn; what was measured; a checkpoint after every epoch.

Training is a function of its config alone: the order of the data comes from (seed, epoch), noise from one
saved stream. So a run that was killed goes on from its last checkpoint as if it had never stopped, and a
run that meets a NaN can be played again from there, every operation watched, to say where it arose.
"""

from __future__ import annotations

import contextlib
import math
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from msgspec import structs
from tqdm import tqdm

from minigen import backend, nn, optim, random
from minigen.autograd import NonFiniteError, Tensor, check_finite, no_grad
from minigen.data import Batch, Loader, Split
from minigen.models.config import Config
from minigen.models.model import KeepsLabelled, Model, Objective, Terms
from minigen.training import checkpoint, epoch_table
from minigen.training.run_folder import RunFolder
from minigen.training.signals import Stopped, StopRequest, stop_requests

_STEPS_BETWEEN_READINGS = 50  # reading a loss makes a GPU wait


def may_change(config: Config) -> tuple[str, ...]:
    """The hyper-parameters in which a run that goes on may differ: they do not alter what was trained so far."""
    return ("data_dir", "device", "epochs") if config.schedule == "constant" else ("data_dir", "device")


class DivergedError(ArithmeticError):
    """Training met a NaN or an infinity; the message names the batch and the operation."""


class Averages:
    """Means of terms over examples, summed on the device in float64 and read only when asked for."""

    def __init__(self) -> None:
        self.sums: dict[str, Any] = {}
        self.counts: dict[str, int] = {}

    def add(self, terms: Terms, examples: int) -> None:
        """Count each term `examples` times."""
        for name, value in terms.items():
            self.sums[name] = self.sums.get(name, 0.0) + value.data.astype("float64") * examples
            self.counts[name] = self.counts.get(name, 0) + examples

    def read(self) -> dict[str, float]:
        """The means so far, as numbers."""
        return {name: float(total) / self.counts[name] for name, total in self.sums.items()}

    def state(self) -> dict[str, Any]:
        """For a checkpoint."""
        return {"sums": {name: float(total) for name, total in self.sums.items()}, "counts": self.counts}

    def load(self, state: dict[str, Any]) -> None:
        """From a checkpoint."""
        self.sums, self.counts = dict(state["sums"]), dict(state["counts"])


class Trainer:
    """Trains a model on a split and keeps its run folder.

    Args:
        model: on its device already.
        train, validation: what is learned from, and what chooses the best epoch (may be empty).
        run: where everything is written.
        say: prints a line.
        show_progress: whether a progress bar moves within an epoch.
        watch: sees each epoch's row before it is written, may add to it, and gives lines to print.
    """

    def __init__(
        self,
        model: Model,
        train: Split,
        validation: Split,
        run: RunFolder,
        say: Callable[[str], None],
        show_progress: bool = False,
        watch: Callable[[dict[str, Any]], list[str]] | None = None,
    ) -> None:
        self.model, self.run, self.say, self.show_progress = model, run, say, show_progress
        self.watch = watch
        self.config = model.config
        self.loader = Loader(train, self.config.batch_size, self.config.seed, self.config.device)
        self.validation = validation
        if isinstance(model, KeepsLabelled):
            model.keep_labelled(train)
        self.objectives = model.objectives()
        self.epoch, self.batch = 0, 0
        self.averages, self.seconds = Averages(), 0.0  # of the epoch so far
        self.best = math.inf
        self._data = {"examples": len(train), "crc32": _checksum(train)}
        self._table_begun = False
        self._minimised = ""

    def fit(self) -> None:
        """Train to the last epoch.

        Raises:
            Stopped: a signal asked to stop; the state is saved.
            DivergedError: a loss is no longer finite.
            OSError: a checkpoint could not be written; the previous one is whole.
        """
        if not self.run.last.exists():
            self.save(self.run.last)
        with stop_requests() as request, np.errstate(all="ignore"):  # _require_finite says more than a warning
            while self.epoch < self.config.epochs:
                self._train_epoch(request)
                self._finish_epoch()
                if request.number is not None:
                    raise Stopped(request.number)

    # One epoch

    def _train_epoch(self, request: StopRequest) -> None:
        begun = time.perf_counter() - self.seconds
        total, label = len(self.loader), f"epoch {self.epoch + 1}"
        with tqdm(total=total, initial=self.batch, desc=label, leave=False, disable=not self.show_progress) as bar:
            for batch in self.loader.epoch(self.epoch, start=self.batch):
                self.step(batch)
                self.batch += 1
                if self.batch % _STEPS_BETWEEN_READINGS == 0 or self.batch == total:
                    self._require_finite()
                    shown = epoch_table.without_layers(self.averages.read())
                    bar.set_postfix({name: f"{value:.4g}" for name, value in shown.items()})
                bar.update()
                if request.number is not None and self.batch < total:
                    self._require_finite()
                    self.seconds = time.perf_counter() - begun
                    self.save(self.run.last)
                    raise Stopped(request.number)
        self.seconds = time.perf_counter() - begun

    def step(self, batch: Batch) -> None:
        """One update of each objective that is due."""
        number = self.epoch * len(self.loader) + self.batch
        self.model.train()
        for objective in self.objectives:
            if (number + 1) % objective.every == 0:
                self._update(objective, batch, number)

    def _update(self, objective: Objective, batch: Batch, number: int) -> None:
        optimizer = objective.optimizer
        optimizer.lr = self.config.lr * self._lr_factor(number)
        optimizer.zero_grad()
        with _only_these_take_gradients(optimizer.parameters, self.model):
            loss = objective.loss(batch)
            loss.value.backward()
        if objective is self.objectives[0]:
            self._minimised = loss.name
        layers = {f"{objective.name}/{name}": _gradient_norm(part) for name, part in objective.layers.items()}
        if self.config.clip_norm:
            norm = optim.clip_grad_norm_(optimizer.parameters, self.config.clip_norm)
        else:
            norm = optim.grad_norm(optimizer.parameters)
        optimizer.step()
        prefix = f"{objective.name}_" if len(self.objectives) > 1 else ""
        self.averages.add({**loss.terms, f"{prefix}gradient_norm": Tensor(norm), **layers}, len(batch.index))

    def _lr_factor(self, number: int) -> float:
        if self.config.schedule == "cosine":
            return optim.warmup_cosine(number, self.config.warmup, self.config.epochs * len(self.loader))
        return min(1.0, (number + 1) / self.config.warmup) if self.config.warmup else 1.0

    def _finish_epoch(self) -> None:
        row: dict[str, Any] = {"epoch": self.epoch + 1, "loss": self._minimised, "train": self.averages.read()}
        score = -math.inf
        if len(self.validation):
            row["score"], row["validation"] = self._validate()
            score = row["validation"][row["score"]]
        rate = self._data["examples"] / self.seconds
        row |= {"lr": self.objectives[0].optimizer.lr, "seconds": self.seconds, "images_per_second": rate}
        self.epoch, self.batch, self.averages, self.seconds = self.epoch + 1, 0, Averages(), 0.0
        improved = score <= self.best
        self.best = min(self.best, score)
        remarks = self.watch(row) if self.watch else []
        self.run.add_row(row)
        if improved:
            self.save(self.run.best)
        self.save(self.run.last)
        self._report(row)
        for line in remarks:
            self.say(line)

    def _validate(self) -> tuple[str, dict[str, float]]:
        score, measures = self.evaluate(self.validation)
        if not all(math.isfinite(value) for value in measures.values()):
            where = f"training stopped after epoch {self.epoch + 1}, at its validation"
            try:
                with check_finite():
                    self.evaluate(self.validation)
            except NonFiniteError as error:
                raise DivergedError(f"{where}: {error}; a smaller --lr may help") from error
            raise DivergedError(f"{where}: {measures} is not finite")
        return score, measures

    def evaluate(self, split: Split) -> tuple[str, dict[str, float]]:
        """The score's name and the model's measures over a split, each example counted once.

        Noise is the same at every call.
        """
        averages, score = Averages(), ""
        self.model.eval()
        with no_grad(), random.stream(self.config.seed), np.errstate(all="ignore"):
            for batch in Loader(split, 1000, self.config.seed, self.config.device, shuffle=False).epoch(0):
                loss = self.model.evaluate(batch)
                averages.add(loss.terms, len(batch.index))
                score = loss.name
        return score, averages.read()

    def _report(self, row: dict[str, Any]) -> None:
        numbers = epoch_table.numbers(row)
        if not self._table_begun:
            for line in epoch_table.heading(list(numbers)):
                self.say(line)
            self._table_begun = True
        left = (self.config.epochs - row["epoch"]) * self._data["examples"] / row["images_per_second"]
        self.say(epoch_table.line(row["epoch"], numbers, row["images_per_second"], left))

    # Checkpoints

    def save(self, path: Path) -> None:
        """Everything that `load` needs to go on bit for bit."""
        arrays = {f"model.{name}": array for name, array in self.model.state_dict().items()}
        for objective in self.objectives:
            for name, array in objective.optimizer.state_dict().items():
                arrays[f"optimizer.{objective.name}.{name}"] = array
        arrays |= {f"random.{device}": state for device, state in random.state().items()}
        state = {
            "model": self.model.name,
            "config": structs.asdict(self.config),
            "data": self._data,
            "epoch": self.epoch,
            "batch": self.batch,
            "averages": self.averages.state(),
            "seconds": self.seconds,
            "best": None if math.isinf(self.best) else self.best,
            "steps": {objective.name: objective.optimizer.steps for objective in self.objectives},
        }
        checkpoint.write(path, {name: backend.to_device(array, "cpu") for name, array in arrays.items()}, state)

    def load(self, path: Path, other: Path) -> None:
        """Go on from a checkpoint; from the other one, and say so, where that is damaged.

        Raises:
            CheckpointError: none is whole, or it is of another model, other hyper-parameters or other data.
        """
        path, arrays, state = checkpoint.read_either(path, other, self.say)
        try:
            self._require_same_run(path, state)
            self.model.load_state_dict(_within("model.", arrays))
            for objective in self.objectives:
                saved = _within(f"optimizer.{objective.name}.", arrays)
                objective.optimizer.load_state_dict(saved, state["steps"][objective.name])
            self.epoch, self.batch = state["epoch"], state["batch"]
            self.averages.load(state["averages"])
            self.seconds = float(state.get("seconds", 0.0))  # a checkpoint of before they were counted has none
            self.best = math.inf if state["best"] is None else state["best"]
            random.set_state(_within("random.", arrays))
        except checkpoint.CheckpointError:
            raise
        except (KeyError, ValueError, TypeError, AttributeError) as error:
            raise checkpoint.CheckpointError(f"{path}: does not fit this model ({error})") from error

    def _require_same_run(self, path: Path, state: dict[str, Any]) -> None:
        own, saved = structs.asdict(self.config), state["config"]
        for name, value in own.items():
            if saved[name] != value and name not in may_change(self.config):
                raise checkpoint.CheckpointError(f"{path}: trained with {name} {saved[name]!r}, this run has {value!r}")
        if state["data"] != self._data:
            raise checkpoint.CheckpointError(
                f"{path}: trained on {state['data']['examples']:,} examples, these "
                f"{self._data['examples']:,} are others (a run of --smoke goes on with --smoke)"
            )

    # Divergence

    def _require_finite(self) -> None:
        if all(math.isfinite(value) for value in self.averages.read().values()) and self._weights_are_finite():
            return
        self.load(self.run.last, self.run.best)
        with check_finite():
            for batch in self.loader.epoch(self.epoch, start=self.batch):
                where = f"training stopped at epoch {self.epoch + 1}, batch {self.batch + 1} of {len(self.loader)}"
                if not backend.of(batch.inputs).isfinite(batch.inputs).all():
                    raise DivergedError(f"{where}: the data holds NaN or infinity")
                try:
                    self.step(batch)
                except NonFiniteError as error:
                    raise DivergedError(f"{where}: {error}; a smaller --lr may help") from error
                if not self._weights_are_finite():
                    raise DivergedError(f"{where}: the optimizer's step gave weights that are not finite")
                self.batch += 1
        raise DivergedError(f"training stopped in epoch {self.epoch + 1}: the gradient norm overflowed")

    def _weights_are_finite(self) -> bool:
        return all(bool(backend.of(p.data).isfinite(p.data).all()) for p in self.model.parameters())


@contextlib.contextmanager
def _only_these_take_gradients(parameters: list[nn.Parameter], model: Model) -> Iterator[None]:
    """Hold the model's other parameters still: a gradient that no optimizer uses is not computed."""
    wanted = {id(parameter) for parameter in parameters}
    others = [parameter for parameter in model.parameters() if parameter.requires_grad and id(parameter) not in wanted]
    for parameter in others:
        parameter.requires_grad = False
    try:
        yield
    finally:
        for parameter in others:
            parameter.requires_grad = True


def _gradient_norm(part: nn.Module) -> Tensor:
    return Tensor(optim.grad_norm(list(part.parameters())))


def _within(prefix: str, arrays: dict[str, Any]) -> dict[str, Any]:
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}


def _checksum(split: Split) -> int:
    return zlib.crc32(split.labels.tobytes(), zlib.crc32(np.ascontiguousarray(split.inputs).data))

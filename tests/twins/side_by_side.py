"""Train a model and its PyTorch twin step by step: same weights, same batches, same noise."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple
from unittest import mock

import numpy as np
import torch

from minigen import backend, data, rng
from minigen.autograd import no_grad
from minigen.models import MODELS
from minigen.models.model import Loss as MinigenLoss
from minigen.models.model import Model
from minigen.models.model import Objective as MinigenObjective
from minigen.training.loop import Trainer
from minigen.training.run_folder import RunFolder


class Loss(NamedTuple):
    """As minigen.models.model.Loss."""

    name: str
    value: torch.Tensor
    beside: Mapping[str, torch.Tensor] = MappingProxyType({})

    @property
    def terms(self) -> dict[str, torch.Tensor]:
        return {self.name: self.value, **self.beside}

    def with_beside(self, more: Mapping[str, torch.Tensor]) -> Loss:
        return self._replace(beside={**self.beside, **more})


@dataclass(frozen=True)
class Batch:
    """minigen's batch as tensors: inputs (N, C, H, W) or (N, T, D), labels (N,)."""

    inputs: torch.Tensor
    labels: torch.Tensor
    lengths: torch.Tensor | None


@dataclass(frozen=True)
class Objective:
    """As minigen.models.model.Objective."""

    optimizer: torch.optim.Optimizer
    loss: Callable[[Batch], Loss]
    every: int = 1


class Noise:
    """What minigen draws, kept for the twin, which draws the same kinds again in the same order."""

    def __init__(self, seed: int) -> None:
        self.generator = np.random.default_rng(seed)
        self.drawn: deque[tuple[str, np.ndarray]] = deque()

    def normal(self, *shape: int) -> torch.Tensor:
        """From N(0, 1)."""
        return self._next("normal", shape)

    def uniform(self, *shape: int) -> torch.Tensor:
        """From [0, 1)."""
        return self._next("uniform", shape)

    def _next(self, kind: str, shape: tuple[int, ...]) -> torch.Tensor:
        """The next draw; minigen may have drawn it with the examples last.

        Where that has the same shape, as 100 examples of 100 numbers, the numbers go to other places.
        """
        assert self.drawn, f"the twin draws {kind} numbers {shape} where minigen drew none"
        drawn, values = self.drawn.popleft()
        if values.shape != shape:
            values = np.moveaxis(values, -1, 0)
        assert (kind, shape) == (drawn, values.shape), f"the twin draws {kind} {shape}, minigen {drawn} {values.shape}"
        return torch.from_numpy(np.ascontiguousarray(values))

    @contextmanager
    def given_to_minigen(self) -> Iterator[None]:
        def keep(kind: str, values: np.ndarray, device: str) -> backend.Array:
            self.drawn.append((kind, values))
            return backend.to_device(values.copy(), device)  # a model may work on it in place

        def standard_normal(shape: tuple[int, ...], dtype: Any, device: str) -> backend.Array:
            return keep("normal", self.generator.standard_normal(shape).astype(dtype), device)

        def uniform(shape: tuple[int, ...], dtype: Any, device: str) -> backend.Array:
            return keep("uniform", self.generator.random(shape).astype(dtype), device)

        with mock.patch.multiple(rng, standard_normal=standard_normal, uniform=uniform):
            yield


class OwnNoise(Noise):
    """PyTorch's random numbers, for a twin that trains on its own, on PyTorch's device `place`."""

    def __init__(self, seed: int, place: str = "cpu") -> None:
        super().__init__(seed)
        self.place, self.own_generator = place, torch.Generator(place).manual_seed(seed)

    def normal(self, *shape: int) -> torch.Tensor:
        return torch.randn(shape, generator=self.own_generator, device=self.place)

    def uniform(self, *shape: int) -> torch.Tensor:
        return torch.rand(shape, generator=self.own_generator, device=self.place)


class Twin(torch.nn.Module):
    """Modules under the same names as the model's; `objectives` in the same order, with the same terms.

    What a model's options ask for, its twin does as well, or refuses by a ValueError.
    """

    def __init__(self, config: Any, input_shape: tuple[int, ...], classes: int, noise: Noise) -> None:
        super().__init__()
        self.config, self.noise = config, noise

    def prepare(self, train: data.Split) -> None:
        """For a twin that looks at the training split; called before `objectives`."""

    def objectives(self) -> list[Objective]:
        raise NotImplementedError

    def evaluate(self, batch: Batch) -> Loss:
        """As minigen.models.model.Model.evaluate: the same names in the same order."""
        raise NotImplementedError

    def begin_as(self, model: Model) -> None:
        """Take the model's weights."""
        self.load({name: _tensor(array).clone() for name, array in model.state_dict().items()})

    def load(self, state: dict[str, torch.Tensor]) -> None:
        """Take a model's weights by their names; a twin whose names differ overrides this."""
        self.load_state_dict(state, strict=True)


@dataclass(frozen=True)
class Case:
    """A model by its name on the command line, its twin, and what differs from the model's own hyper-parameters."""

    id: str
    model: str
    twin: type[Twin]
    options: dict[str, Any] = field(default_factory=dict)
    steps: int = 50


@dataclass(frozen=True)
class Course:
    """What came of one side: every term of every update, and the evaluation on test examples after the last."""

    updates: list[dict[str, float]]
    evaluation: dict[str, float]


def train_both(case: Case, dtype: str, device: str = "cpu") -> tuple[Course, Course]:
    """minigen's course on the device and the twin's on the CPU.

    In float64 each trains on its own. In float32 each update begins from minigen's weights: two processors round
    otherwise, so that somewhere another maximum is taken, and after some updates the losses differ by per cent.
    """
    model_type = MODELS[case.model]
    config = model_type.config_type(device=device, **case.options)
    dataset = _load(config.data)
    rng.manual_seed(config.seed)
    model = model_type(config, dataset.input_shape, len(dataset.classes))
    model.to(device, dtype)
    noise = Noise(config.seed)
    twin = case.twin(config, dataset.input_shape, len(dataset.classes), noise).to(getattr(torch, dtype))
    twin.begin_as(model)
    twin.prepare(dataset.train)
    twin.train()
    loader = data.Loader(dataset.train, config.batch_size, config.seed, device, dtype=dtype)
    ours, theirs = _MinigenSide(model, dataset.train), TorchSide(twin, len(loader))
    batches = (batch for epoch in range(case.steps) for batch in loader.epoch(epoch))
    for _, batch in zip(range(case.steps), batches, strict=False):
        with noise.given_to_minigen():
            ours.step(batch)
        theirs.step(as_torch(batch))
        assert not noise.drawn, "minigen drew noise that the twin did not"
        if dtype == "float32":
            twin.begin_as(model)
    batch = _on_uneven_ground(data.Loader(dataset.test, config.batch_size, config.seed, device, dtype=dtype).first(32))
    with noise.given_to_minigen():
        evaluation = ours.evaluate(batch)
    courses = Course(ours.updates, evaluation), Course(theirs.updates, theirs.evaluate(as_torch(batch)))
    assert not noise.drawn, "minigen drew noise that the twin did not"
    return courses


def _on_uneven_ground(batch: data.Batch) -> data.Batch:
    """With noise, still in [0, 1]: on an even ground four values are equal, and rounding would choose the maximum."""
    noise = np.random.default_rng(0).random(batch.inputs.shape, dtype=batch.inputs.dtype)
    noise = backend.to_device(noise, backend.device_of(batch.inputs))
    return replace(batch, inputs=0.9 * batch.inputs + 0.1 * noise)


class _MinigenSide:
    """minigen's own trainer, overheard."""

    def __init__(self, model: Model, train: data.Split) -> None:
        self.updates: list[dict[str, float]] = []
        self.trainer = Trainer(model, train, train.take([]), RunFolder(Path("never written")), print)
        self.trainer.objectives = [self._overheard(objective) for objective in self.trainer.objectives]

    def _overheard(self, objective: MinigenObjective) -> MinigenObjective:
        def loss(batch: data.Batch) -> MinigenLoss:
            loss = objective.loss(batch)
            self.updates.append({name: value.item() for name, value in loss.terms.items()})
            return loss

        return replace(objective, loss=loss)

    def step(self, batch: data.Batch) -> None:
        self.trainer.step(batch)
        self.trainer.batch += 1

    def evaluate(self, batch: data.Batch) -> dict[str, float]:
        self.trainer.model.eval()
        with no_grad():
            return {name: value.item() for name, value in self.trainer.model.evaluate(batch).terms.items()}


class TorchSide:
    """What a PyTorch user would write."""

    def __init__(self, twin: Twin, steps_an_epoch: int) -> None:
        self.updates: list[dict[str, float]] = []
        self.twin, self.objectives, self.config, self.number = twin, twin.objectives(), twin.config, 0
        self.total = self.config.epochs * steps_an_epoch

    def step(self, batch: Batch) -> None:
        self.number += 1
        for objective in self.objectives:
            if self.number % objective.every == 0:
                self._update(objective, batch)

    def evaluate(self, batch: Batch) -> dict[str, float]:
        self.twin.eval()
        with torch.no_grad():
            return {name: value.item() for name, value in self.twin.evaluate(batch).terms.items()}

    def _update(self, objective: Objective, batch: Batch) -> None:
        objective.optimizer.zero_grad()
        loss = objective.loss(batch)
        loss.value.backward()
        for group in objective.optimizer.param_groups:
            group["lr"] = self.config.lr * self._lr_factor()
            if self.config.clip_norm:
                torch.nn.utils.clip_grad_norm_(group["params"], self.config.clip_norm)
        objective.optimizer.step()
        self.updates.append({name: value.item() for name, value in loss.terms.items()})

    def _lr_factor(self) -> float:
        warmup = self.config.warmup
        if self.number <= warmup:
            return self.number / warmup
        if self.config.schedule == "constant":
            return 1.0
        return (1 + math.cos(math.pi * (self.number - 1 - warmup) / (self.total - warmup))) / 2


@cache
def _load(name: str) -> data.Dataset:
    return data.load(name)


def as_torch(batch: data.Batch) -> Batch:
    lengths = None if batch.lengths is None else _tensor(batch.lengths)
    return Batch(_tensor(batch.inputs), _tensor(batch.labels), lengths)


def _tensor(array: backend.Array) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(backend.to_device(array, "cpu")))

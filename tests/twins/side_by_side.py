"""Train a model and its PyTorch twin step by step: same weights, same batches, same noise."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import torch

from minigen import backend, data
from minigen.models import MODELS
from minigen.models.model import Model
from minigen.models.model import Objective as MinigenObjective
from minigen.training.run_folder import RunFolder
from minigen.training.trainer import Trainer

Terms = dict[str, torch.Tensor]


@dataclass(frozen=True)
class Batch:
    """minigen's batch as tensors: inputs (N, C, H, W) or (N, T, D), labels (N,)."""

    inputs: torch.Tensor
    labels: torch.Tensor
    lengths: torch.Tensor | None


@dataclass(frozen=True)
class Objective:
    """As minigen.models.model.Objective: the first term is minimised."""

    optimizer: torch.optim.Optimizer
    terms: Callable[[Batch], Terms]
    every: int = 1


class Noise:
    """What minigen draws, kept for the twin, which draws it again in the same order."""

    def __init__(self, seed: int) -> None:
        self.generator = np.random.default_rng(seed)
        self.drawn: deque[np.ndarray] = deque()

    def draw(self, *shape: int) -> torch.Tensor:
        """The next draw; minigen may have drawn it with the examples last."""
        values = self.drawn.popleft()
        if values.shape != shape:
            values = np.moveaxis(values, -1, 0)
        assert values.shape == shape, f"the twin draws {shape} where minigen drew {values.shape}"
        return torch.from_numpy(np.ascontiguousarray(values))

    @contextmanager
    def given_to_minigen(self) -> Iterator[None]:
        def keep(values: np.ndarray, dtype: Any) -> np.ndarray:
            self.drawn.append(values.astype(dtype))
            return self.drawn[-1].copy()  # a model may work on it in place

        def standard_normal(shape: tuple[int, ...], dtype: Any, device: str) -> np.ndarray:
            return keep(self.generator.standard_normal(shape), dtype)

        def uniform(shape: tuple[int, ...], dtype: Any, device: str) -> np.ndarray:
            return keep(self.generator.random(shape), dtype)

        with mock.patch.multiple(backend, standard_normal=standard_normal, uniform=uniform):
            yield


class OwnNoise(Noise):
    """PyTorch's random numbers: uniform where a gradient penalty mixes images, else normal."""

    def draw(self, *shape: int) -> torch.Tensor:
        return torch.rand(shape) if shape[1:] == (1, 1, 1) else torch.randn(shape)


class Twin(torch.nn.Module):
    """Modules under the same names as the model's; `objectives` in the same order, with the same terms."""

    def __init__(self, config: Any, input_shape: tuple[int, ...], classes: int, noise: Noise) -> None:
        super().__init__()
        self.config, self.noise = config, noise

    def objectives(self) -> list[Objective]:
        raise NotImplementedError

    def begin_as(self, model: Model) -> None:
        """Take the model's weights."""
        self.load({name: torch.tensor(np.ascontiguousarray(array)) for name, array in model.state_dict().items()})

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


def train_both(case: Case, dtype: str) -> tuple[list[dict[str, float]], list[dict[str, float]]]:
    """Every term of every update: minigen's and the twin's.

    In float64 each trains on its own. In float32 each update begins from minigen's weights: two processors round
    otherwise, so that somewhere another maximum is taken, and after some updates the losses differ by per cent.
    """
    model_type = MODELS[case.model]
    config = model_type.config_type(**case.options)
    dataset = _load(config.data)
    backend.manual_seed(config.seed)
    model = model_type(config, dataset.input_shape, len(dataset.classes))
    model.to(dtype=dtype)
    noise = Noise(config.seed)
    twin = case.twin(config, dataset.input_shape, len(dataset.classes), noise).to(getattr(torch, dtype))
    twin.begin_as(model)
    twin.train()
    loader = data.Loader(dataset.train, config.batch_size, config.seed, dtype=dtype)
    ours, theirs = _MinigenSide(model, dataset.train), TorchSide(twin, len(loader))
    batches = (batch for epoch in range(case.steps) for batch in loader.epoch(epoch))
    for _, batch in zip(range(case.steps), batches, strict=False):
        with noise.given_to_minigen():
            ours.step(batch)
        theirs.step(as_torch(batch))
        assert not noise.drawn, "minigen drew noise that the twin did not"
        if dtype == "float32":
            twin.begin_as(model)
    return ours.terms, theirs.terms


class _MinigenSide:
    """minigen's own trainer, overheard."""

    def __init__(self, model: Model, train: data.Split) -> None:
        self.terms: list[dict[str, float]] = []
        self.trainer = Trainer(model, train, train.take([]), RunFolder(Path("never written")), print)
        self.trainer.objectives = [self._overheard(objective) for objective in self.trainer.objectives]

    def _overheard(self, objective: MinigenObjective) -> MinigenObjective:
        def terms(batch: data.Batch) -> Any:
            values = objective.terms(batch)
            self.terms.append({name: value.item() for name, value in values.items()})
            return values

        return replace(objective, terms=terms)

    def step(self, batch: data.Batch) -> None:
        self.trainer.step(batch)
        self.trainer.batch += 1


class TorchSide:
    """What a PyTorch user would write."""

    def __init__(self, twin: Twin, steps_an_epoch: int) -> None:
        self.terms: list[dict[str, float]] = []
        self.objectives, self.config, self.number = twin.objectives(), twin.config, 0
        self.total = self.config.epochs * steps_an_epoch

    def step(self, batch: Batch) -> None:
        self.number += 1
        for objective in self.objectives:
            if self.number % objective.every == 0:
                self._update(objective, batch)

    def _update(self, objective: Objective, batch: Batch) -> None:
        objective.optimizer.zero_grad()
        terms = objective.terms(batch)
        next(iter(terms.values())).backward()
        for group in objective.optimizer.param_groups:
            group["lr"] = self.config.lr * self._lr_factor()
            if self.config.clip_norm:
                torch.nn.utils.clip_grad_norm_(group["params"], self.config.clip_norm)
        objective.optimizer.step()
        self.terms.append({name: value.item() for name, value in terms.items()})

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
    lengths = None if batch.lengths is None else torch.from_numpy(batch.lengths)
    return Batch(torch.from_numpy(np.ascontiguousarray(batch.inputs)), torch.from_numpy(batch.labels), lengths)

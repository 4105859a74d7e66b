"""Data that many tests use, and a small VAE on a few digits with the trainer that trains it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from minigen import backend, rng
from minigen.data import Dataset, Description, load
from minigen.models.vae import VAE, VAEConfig
from minigen.training.loop import Trainer
from minigen.training.run_folder import RunFolder


@pytest.fixture(scope="session")
def digits() -> Dataset:
    """100 digits to train on and 50 to test, a tenth as many of each class."""
    whole = load("mnist5k")
    return dataclasses.replace(
        whole, train=whole.train.take(np.arange(0, 5000, 50)), test=whole.test.take(np.arange(0, 1000, 20))
    )


@pytest.fixture(scope="session")
def drawn_shapes() -> Dataset:
    """The whole set of shapes, which takes a second to draw."""
    return load("shapes")


class TrainerMaker:
    """Trainers of one small VAE, each from its own seeded beginning; what they say is in `lines`."""

    def __init__(self, digits: Dataset, folder: Path, device: str) -> None:
        self.digits, self.folder, self.device = digits, folder, device
        self.lines: list[str] = []

    def __call__(self, run: str = "run", model_type: type[VAE] = VAE, **options: Any) -> Trainer:
        small = {"hidden": 12, "latent": 3, "batch_size": 16, "epochs": 3, "validation": 0.2, "device": self.device}
        config = VAEConfig(**(small | options))
        rng.manual_seed(config.seed)
        model = model_type(config, self.digits.input_shape, 10)
        model.to(config.device)
        folder = self.folder / run
        if not folder.exists():
            RunFolder(folder).create("vae", config, Description.of(self.digits), overwrite=False)
        train, validation = self.digits.hold_out(config.validation, config.seed)
        return Trainer(model, train, validation, RunFolder(folder), self.lines.append)

    def resumed(self, run: str = "run", **options: Any) -> Trainer:
        """A trainer that goes on from the checkpoint of a run."""
        trainer = self(run, **options)
        trainer.load(trainer.run.last, trainer.run.best)
        return trainer


@pytest.fixture
def make_trainer(digits: Dataset, tmp_path: Path, device: str) -> TrainerMaker:
    return TrainerMaker(digits, tmp_path, device)


@pytest.fixture
def weights() -> Callable[[Trainer], dict[str, bytes]]:
    """A trainer's weights and optimizer state, bit by bit."""

    def read(trainer: Trainer) -> dict[str, bytes]:
        arrays = dict(trainer.model.state_dict())
        for objective in trainer.objectives:
            arrays |= objective.optimizer.state_dict()
        return {name: backend.to_device(array, "cpu").tobytes() for name, array in arrays.items()}

    return read

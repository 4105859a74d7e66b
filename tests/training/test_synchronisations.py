"""A training step on a GPU waits for nothing and moves nothing: counted on the stand-in, for every model."""

from __future__ import annotations

from pathlib import Path

import fake_cupy
import pytest

from minigen import backend, rng
from minigen.data import load
from minigen.models import MODELS
from minigen.training.loop import Trainer
from minigen.training.run_folder import RunFolder

SMALL = {"hidden": 8, "latent": 4, "filters": 4}


@pytest.mark.parametrize("name", MODELS)
def test_a_training_step_neither_waits_nor_transfers(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(backend, "_gpu", fake_cupy)
    monkeypatch.setattr(rng._streams, "generators", {})
    model_type = MODELS[name]
    defaults = model_type.config_type()
    small = {field: value for field, value in SMALL.items() if isinstance(getattr(defaults, field, None), int)}
    config = model_type.config_type(device="gpu", batch_size=4, **small)
    data = load(config.data)
    train = data.train.take(range(24))
    model = model_type(config, data.input_shape, len(data.classes))
    model.to("gpu")
    trainer = Trainer(model, train, train.take([]), RunFolder(tmp_path), print)
    batches = trainer.loader.epoch(0)
    trainer.step(next(batches))  # what is made once, such as the random generator, is made here
    with fake_cupy.counting() as sites:
        for _ in range(5):
            trainer.batch += 1
            trainer.step(next(batches))
    assert sites == []

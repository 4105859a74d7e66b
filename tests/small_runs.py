"""Runs trained for a moment on a few examples, as `minigen.train` would leave them, without its figures."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from minigen import rng
from minigen.data import Description
from minigen.inference.loading import load_data
from minigen.models import MODELS
from minigen.training import checkpoint
from minigen.training.averages import measure
from minigen.training.loop import Trainer
from minigen.training.run_folder import RunFolder

EXAMPLES = 40


def small_run(folder: Path, name: str = "vae", **options: Any) -> Path:
    """Two epochs of the model on 40 examples: trained once per process, then copied to each folder."""
    return Path(shutil.copytree(_trained(name, tuple(options.items())), folder))


@cache
def _trained(name: str, options: tuple[tuple[str, Any], ...]) -> Path:
    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder)
    small = {"hidden": 12, "latent": 3} if name in ("vae", "ae", "recurrent-ae") else {}
    config = MODELS[name].config_type(**{"epochs": 2, "batch_size": 10, **small, **dict(options)})
    data = load_data(config)
    train, validation = data.train.take(range(EXAMPLES)), data.train.take(range(EXAMPLES, 2 * EXAMPLES))
    rng.manual_seed(config.seed)
    model = MODELS[name](config, data.input_shape, len(data.classes))
    model.to(config.device)
    run = RunFolder(folder / "run").create(name, config, Description.of(data), overwrite=False)
    trainer = Trainer(model, train, validation, run, lambda line: None)
    trainer.fit()
    run.add_row({"test": measure(model, data.test.take(range(10)))[1]})
    return run.path


def rewrite(path: Path, state: dict[str, Any] | None = None, arrays: dict[str, Any] | None = None) -> None:
    """The checkpoint with other values, and with the checksum that fits them."""
    old_arrays, old_state = checkpoint.read(path)
    checkpoint.write(path, old_arrays | (arrays or {}), old_state | (state or {}))

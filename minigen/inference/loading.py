"""Loading a run: the model with the weights of its best epoch, built from the run folder alone."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from msgspec import structs

from minigen import backend, random
from minigen.data import Dataset, Description, read_sequences
from minigen.data import load as load_set
from minigen.inference.trained import Trained
from minigen.models import MODELS, Config, ConfigError, Model
from minigen.models.config import options
from minigen.training.checkpoint import CheckpointError
from minigen.training.run_folder import RunError, RunFolder
from minigen.training.state import read_either

_NO_PART_OF_THE_MODEL = ("device", "data_dir", "epochs")


def load(folder: str | Path, device: str = "cpu", say: Callable[[str], Any] = warnings.warn) -> Trained:
    """The model in a run folder, with the weights of its best epoch.

    Args:
        say: called with one line if the best weights are damaged and the last ones are used instead.

    Raises:
        RunError: there is no run, or its config.json is not what minigen wrote.
        CheckpointError: no weights are whole, or they are of another model than config.json describes.
        DeviceError: there is no such device.
    """
    run = RunFolder.open(Path(folder))
    model_type, config, data = read_config(run)
    config = structs.replace(config, device=device)
    backend.module(device)
    _, arrays, state = read_either(run.best, run.last, say)
    try:
        trained_with = state.config
        for name, value in structs.asdict(config).items():
            used = trained_with.get(name, value)
            if name not in _NO_PART_OF_THE_MODEL and used != value:
                raise RunError(f"{run.path}/config.json: {name} is {value!r}, the weights were trained with {used!r}")
        with random.stream(0):  # the first weights are drawn, and forgotten
            model = model_type(config, data.input_shape, len(data.classes))
        model.load_state_dict(
            {name.removeprefix("model."): array for name, array in arrays.items() if name.startswith("model.")}
        )
    except RunError:
        raise
    except ConfigError as error:
        raise RunError(f"{run.path}/config.json: {error}") from error
    except (KeyError, ValueError, TypeError) as error:
        raise CheckpointError(f"{run.path}: the weights do not fit {model_type.name} ({error})") from error
    model.to(device)
    model.eval()
    return Trained(model, config, data, state.epoch)


def read_config(run: RunFolder) -> tuple[type[Model], Config, Description]:
    """A run's model, its hyper-parameters and its data in words.

    Raises:
        RunError: config.json was damaged, or edited to what no training can have been.
    """
    described, file = run.described(), run.path / "config.json"
    if described.model not in MODELS:
        raise RunError(f"{file}: the model is {described.model[:100]!r}, must be one of {', '.join(MODELS)}")
    model_type = MODELS[described.model]
    unknown = sorted(described.config.keys() - {option.name for option in options(model_type.config_type)})
    if unknown:
        raise RunError(f"{file}: {described.model} has no hyper-parameter {', '.join(unknown)[:100]}")
    try:
        return model_type, model_type.config_type(**described.config), described.data
    except ConfigError as error:
        raise RunError(f"{file}: {error}") from error


def load_data(config: Config) -> Dataset:
    """What --data names, or what lies in --data-file where a model has that option."""
    path = getattr(config, "data_file", None)
    return load_set(config.data, config.data_dir, config.seed) if path is None else read_sequences(path, config.seed)

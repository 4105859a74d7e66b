"""Loading a run: the model with the weights of its best epoch, built from the run folder alone."""

from __future__ import annotations

import reprlib
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from msgspec import structs

from minigen import backend, rng
from minigen.data import DataError, Dataset, Description, Reading, is_path, read_sequences
from minigen.data import load as load_set
from minigen.inference.trained import Trained
from minigen.models import MODELS, Config, ConfigError, Model
from minigen.models.config import current_names, flag, options
from minigen.training.checkpoint import CheckpointError
from minigen.training.run_folder import RunError, RunFolder
from minigen.training.state import read_either, within

PATHS = ("data_dir", "data_file", "test")  # hyper-parameters that say where a run's data are
_NO_PART_OF_THE_MODEL = ("device", "epochs", "workers", *PATHS)


def load(folder: str | Path, device: str = "cpu", say: Callable[[str], Any] = warnings.warn) -> Trained:
    """The model in a run folder, with the weights of its best epoch.

    Args:
        say: called with one line if the best weights are damaged and the last ones are used instead.

    Raises:
        RunError: there is no run, or its config.json is not what minigen wrote.
        CheckpointError: no weights are whole, or they are of another model than config.json describes.
        DeviceError: there is no such device.
    """
    if Path(folder).is_file():
        raise RunError(f"{folder} is a file, must be the folder of a run, such as {str(Path(folder).parent)!r}")
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
                has, had = reprlib.repr(value), reprlib.repr(used)
                raise RunError(f"{run.path}/config.json: {name} is {has}, the weights were trained with {had}")
        weights = within("model.", arrays)
        largest = max((array.size for array in weights.values()), default=0)
        with rng.stream(0, most=largest):  # the initial weights are drawn and replaced; no array is larger
            model = model_type(config, data.input_shape, len(data.classes))
        model.load_state_dict(weights)
    except RunError:
        raise
    except ConfigError as error:
        raise RunError(f"{run.path}/config.json: {error}") from error
    except (KeyError, ValueError, TypeError) as error:
        raise CheckpointError(f"{run.path}: the weights do not fit {model_type.name} ({error})") from error
    model.to(device)
    model.eval()
    described = run.described()
    return Trained(model, config, data, state.epoch, described.threshold, described.false_alarms)


def read_config(run: RunFolder) -> tuple[type[Model], Config, Description]:
    """A run's model, its hyper-parameters and its data in words.

    Raises:
        RunError: config.json was damaged, or edited to what no training can have been.
    """
    described, file = run.described(), run.path / "config.json"
    if described.model not in MODELS:
        raise RunError(f"{file}: the model is {described.model[:100]!r}, must be one of {', '.join(MODELS)}")
    model_type, config = MODELS[described.model], current_names(described.config)
    unknown = sorted(config.keys() - {option.name for option in options(model_type.config_type)})
    if unknown:
        raise RunError(f"{file}: {described.model} has no hyper-parameter {', '.join(unknown)[:100]}")
    try:
        return model_type, model_type.config_type(**config), described.data
    except ConfigError as error:
        raise RunError(f"{file}: {error}") from error


def load_data(config: Config, units: Sequence[tuple[float, float]] = ()) -> Dataset:
    """What --data or --data-file names; sequences of the user's own are scaled by the `units` of a run.

    Raises:
        DataError: it cannot be read, or an option belongs to other data.
    """
    path, reading = getattr(config, "data_file", None), reading_of(config)
    if path is None and hasattr(config, "data_file") and is_path(config.data):
        path = place_of(config)
    pictures = {"size": config.size, "channels": config.channels, "skip_unreadable": config.skip_unreadable or None}
    for name, value in (reading._asdict() if path is None else pictures).items():
        if value is not None:
            kind = "file of sequences" if path is None else "pictures"
            raise DataError(f"{flag(name)} is {value}, but it is for {kind} of your own: {path or config.data} is none")
    if path is not None:
        return read_sequences(path, config.seed, units, reading)
    return load_set(config.data, config.data_dir, config.seed, config.size, config.channels, config.skip_unreadable)


def reading_of(config: Config) -> Reading:
    """How a run's file becomes sequences: without a window and labels for models that have no such options."""
    return Reading(*(getattr(config, name, None) for name in Reading._fields))


def place_of(config: Config) -> str:
    """Where a run's data lie now, or the name of its data set."""
    return getattr(config, "data_file", None) or config.data_dir or config.data


def moved(config: Config, path: str) -> Config:
    """The hyper-parameters of a run on the user's own data, which now lie at `path`.

    Raises:
        DataError: the run's data have a name and no path.
    """
    if getattr(config, "data_file", None):
        return structs.replace(config, data_file=path)
    if not is_path(config.data):
        raise DataError(f"--data is {path}, but the run was trained on {config.data}, which is no path")
    return structs.replace(config, data_dir=path)


def data_of(trained: Trained, say: Callable[[str], Any]) -> Dataset:
    """The data set of a trained model; `say` gets a line where it is not the one that the model was trained on.

    Raises:
        DataError: it cannot be read, or has examples of another shape or other classes.
    """
    try:
        data, known = load_data(trained.config, trained.data.units), trained.data
    except DataError as error:
        if not error.advice:
            raise
        raise DataError(error.what, "must be like the data that the run was trained on") from error
    if data.input_shape != known.input_shape:
        shapes = f"{data.input_shape}, the model was trained on {known.input_shape}"
        raise DataError(f"{data.name} has examples of shape {shapes}")
    if data.classes != known.classes:
        classes, used = (", ".join(names)[:200] for names in (data.classes, known.classes))
        raise DataError(f"{data.name} has the classes {classes}, the model was trained on {used}")
    if known.crc32 not in (None, Description.of(data).crc32):
        counts = len(data.train), len(data.test)
        line = f"{place_of(trained.config)} is not the data that the run was trained on"
        if known.examples not in (None, counts):
            line += f" ({sum(counts):,} examples, not {sum(known.examples):,})"
        say(line + ": it is scaled as that was" * bool(data.units))
    return data

"""python -m minigen.train MODEL [options]: train a model, see what it does, find it in runs/MODEL."""

from __future__ import annotations

import argparse
import dataclasses
import difflib
import math
import sys
import typing
from pathlib import Path
from typing import Any, NoReturn

from minigen import backend
from minigen.data import DataError, Dataset, Loader, Split, descriptions, load
from minigen.models import MODELS, Config, ConfigError, Model
from minigen.models.config import flag
from minigen.training import figures
from minigen.training.checkpoint import CheckpointError
from minigen.training.layer_table import layer_table
from minigen.training.run_folder import RunError, RunFolder
from minigen.training.signals import Stopped
from minigen.training.trainer import DivergedError, Trainer

SMOKE_EXAMPLES, SMOKE_EPOCHS = 256, 2
_USER_ERRORS = (ConfigError, DataError, RunError, CheckpointError, DivergedError, backend.DeviceError)


class UsageError(ValueError):
    """Words on the command line that mean nothing."""


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit code: 0 trained, 2 could not, 128 + n stopped by signal n."""
    words = sys.argv[1:] if arguments is None else arguments
    try:
        return _main(words)
    except (UsageError, *_USER_ERRORS) as error:
        print(f"minigen.train: {error}", file=sys.stderr)
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        print(f"minigen.train: {place}{error.strerror or error}; checkpoints already there are whole", file=sys.stderr)
    return 2


def _main(words: list[str]) -> int:
    if not words or words[0] in ("-h", "--help", "--list"):
        _print_list()
        return 0
    if words[0] not in MODELS:
        raise UsageError(f"unknown model {words[0]!r}{_closest(words[0], MODELS)} (--list shows all)")
    model_type = MODELS[words[0]]
    options = _parse(model_type, words[1:])
    return _train(model_type, options)


# The command line


def _print_list() -> None:
    print("python -m minigen.train MODEL [options]\n\nModels (MODEL --help shows the options):")
    for name, model in MODELS.items():
        print(f"  {name:<14}{model.summary:<58} document {model.document}")
    print("\nData sets (--data):")
    for name, text in descriptions().items():
        print(f"  {name:<14}{text}")


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(message)


def _parse(model_type: type[Model], words: list[str]) -> argparse.Namespace:
    parser = _Parser(
        prog=f"python -m minigen.train {model_type.name}",
        description=f"{model_type.summary} (document {model_type.document})",
        epilog=f"A good result: {model_type.good}.",
        allow_abbrev=False,
        argument_default=argparse.SUPPRESS,
    )
    run = parser.add_argument_group("the run")
    run.add_argument("--out", type=Path, help=f"its folder (default runs/{model_type.name})")
    run.add_argument("--resume", action="store_true", help="go on with the run in the folder, bit for bit")
    run.add_argument("--overwrite", action="store_true", help="replace a run in the folder")
    run.add_argument("--smoke", action="store_true", help="everything in seconds: 256 examples, 2 epochs")
    group = parser.add_argument_group("hyper-parameters")
    types = typing.get_type_hints(model_type.config_type)
    for f in dataclasses.fields(model_type.config_type):
        default = "" if f.default is None else f" (default {f.default})"
        kind = next(t for t in (bool, int, float, str) if t in (types[f.name], *typing.get_args(types[f.name])))
        if kind is bool:
            group.add_argument(flag(f.name), action=argparse.BooleanOptionalAction, help=f.metadata["help"] + default)
        else:
            choices = f.metadata["choices"]
            text = f.metadata["help"] + (f": {' or '.join(choices)}" if choices else "") + default
            group.add_argument(flag(f.name), type=kind, metavar=kind.__name__.upper(), help=text.replace("%", "%%"))
    options, unknown = parser.parse_known_args(words)
    if unknown:
        known = [name for action in parser._actions for name in action.option_strings]
        raise UsageError(f"unknown option {unknown[0]!r}{_closest(unknown[0], known)} ({model_type.name} --help)")
    return options


def _closest(word: str, known: typing.Iterable[str]) -> str:
    matches = difflib.get_close_matches(word.split("=")[0], list(known), n=1)
    return f": did you mean {matches[0]!r}?" if matches else ""


# The run


def _train(model_type: type[Model], options: argparse.Namespace) -> int:
    asked = {f.name: getattr(options, f.name) for f in dataclasses.fields(model_type.config_type) if f.name in options}
    folder = getattr(options, "out", Path("runs") / model_type.name)
    resume = "resume" in options
    if resume:
        run = RunFolder.open(folder)
        config = _resumed_config(model_type, run, asked)
    else:
        config = model_type.config_type(**asked)
        if "smoke" in options:
            config = dataclasses.replace(config, epochs=min(config.epochs, SMOKE_EPOCHS))
    backend.module(config.device)
    backend.keep_freed_memory()
    data = load(config.data, config.data_dir, config.seed)
    if "smoke" in options:
        data = dataclasses.replace(data, train=_part(data.train), test=_part(data.test))
    train, validation = data.hold_out(config.validation, config.seed)
    backend.manual_seed(config.seed)
    model = model_type(config, data.input_shape, len(data.classes))
    model.to(config.device)
    if not resume:
        run = RunFolder.create(folder, model_type.name, config, "overwrite" in options)
    trainer = Trainer(model, train, validation, run, print, sys.stderr.isatty())
    _print_opening(model, data, train, validation)
    if resume:
        trainer.load(run.last)
        run.keep_rows(trainer.epoch)
        print(f"resumed after {trainer.epoch} epochs and {trainer.batch} batches\n")
    try:
        trainer.fit()
    except Stopped as stop:
        print(f"\nstopped by {stop}; everything is saved. To go on:\n  {_resume_command(model_type, folder)}")
        return stop.exit_code
    _print_result(trainer, data, run)
    return 0


def _resumed_config(model_type: type[Model], run: RunFolder, asked: dict[str, Any]) -> Config:
    """The run's own hyper-parameters; a flag may only repeat them, or raise --epochs of a constant schedule."""
    name, saved = run.described()
    if name != model_type.name:
        raise RunError(f"{run.path} holds a run of {name}, not of {model_type.name}")
    fields = {f.name for f in dataclasses.fields(model_type.config_type)}
    if saved.keys() != fields:
        raise RunError(f"{run.path}/config.json does not fit {name}: {', '.join(sorted(saved.keys() ^ fields))} differ")
    config = model_type.config_type(**saved)
    for field, value in asked.items():
        longer = field == "epochs" and config.schedule == "constant" and value >= config.epochs
        if value != saved[field] and not longer:
            raise RunError(f"{flag(field)} is {value}, the run in {run.path} has {saved[field]}: it cannot go on so")
    return dataclasses.replace(config, epochs=asked.get("epochs", config.epochs))


def _part(split: Split) -> Split:
    return split.take(range(min(SMOKE_EXAMPLES, len(split))))


def _resume_command(model_type: type[Model], folder: Path) -> str:
    place = "" if folder == Path("runs") / model_type.name else f" --out {folder}"
    return f"python -m minigen.train {model_type.name} --resume{place}"


def _print_opening(model: Model, data: Dataset, train: Split, validation: Split) -> None:
    config = model.config
    print(f"{model.name}: {model.summary} (document {model.document})\n")
    print("\n".join(layer_table(model, Loader(train, 2, 0, config.device, shuffle=False).first(2))))
    why = "CuPy" if config.device == "gpu" else "NumPy; --device gpu uses CuPy"
    print(f"\ndevice  {config.device} ({why})")
    print(f"data    {data.name}: {len(train):,} training, {len(validation):,} validation, {len(data.test):,} test")
    print(f"        {data.source}")
    print(f"seed    {config.seed}\n")


def _print_result(trainer: Trainer, data: Dataset, run: RunFolder) -> None:
    trainer.load(run.best)
    result = trainer.evaluate(data.test)
    run.add_row({"test": result})
    print("\ntest    " + ", ".join(f"{name.replace('_', ' ')} {value:.4f}" for name, value in result.items()))
    print(f"good    {trainer.model.good}")
    if not all(math.isfinite(value) for value in result.values()):
        raise DivergedError("the test result is not finite")
    for path in [run.best, *figures.draw_all(trainer.model, data, run)]:
        print(f"wrote   {path}")


if __name__ == "__main__":
    sys.exit(main())

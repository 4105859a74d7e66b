"""python -m minigen.train MODEL [options]: train a model, see what it does, find it in runs/MODEL.

From here to a weight's update: `_train` below, `Trainer.step` (training/loop.py), a model's loss (models/vae.py),
`Tensor.backward` (autograd.py), and `Adam.update` (optim.py).
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from msgspec import structs

from minigen import backend, files, parallel, rng, schema
from minigen.command_line import (
    Parser,
    UsageError,
    closest,
    folder,
    is_terminal,
    prepare_process,
    require_outside,
    run_command,
)
from minigen.data import Dataset, Description, Split, descriptions, is_path
from minigen.inference.loading import PATHS, load_data, place_of
from minigen.memory import keep_freed_memory
from minigen.models import MODELS, Config, ConfigError, Model
from minigen.models.checking import build, require_losses
from minigen.models.config import options, require_used
from minigen.parallel import Workers, processes, working_with
from minigen.parallel.ranks import end_with, ranks
from minigen.training.busy_cores import adapting_to_others
from minigen.training.generator_watch import GeneratorWatch
from minigen.training.loop import Trainer
from minigen.training.report import opening
from minigen.training.result import report_result
from minigen.training.resuming import resume_command, resumed_config
from minigen.training.run_folder import RunError, RunFolder, Unwritten
from minigen.training.signals import Stopped

SMOKE_EXAMPLES, SMOKE_EPOCHS = 256, 2


def main(arguments: list[str] | None = None) -> int:
    """Train; returns the exit code: 0, 2 for an error of the user, 70 for one of minigen, 128 + n for signal n."""
    return end_with(run_command("minigen.train", _main, arguments))


def _main(words: list[str]) -> int:
    if not words or words[0] in ("-h", "--help", "--list"):
        _print_list()
        return 0
    with ranks() if "--distributed" in words else contextlib.nullcontext():
        if words[0].startswith("-"):
            raise UsageError(f"{words[0]!r} stands where the model must: python -m minigen.train MODEL [options]")
        if words[0] not in MODELS:
            raise UsageError(f"unknown model {words[0]!r}{closest(words[0].lower(), MODELS)} (--list shows all)")
        model_type = MODELS[words[0]]
        return _train(model_type, _parse(model_type, words[1:]))


# The command line


def _print_list() -> None:
    name_width = max(map(len, (*MODELS, *descriptions())))
    print("python -m minigen.train MODEL [options]      (MODEL --help shows the options)")
    print("\nModels (lessons/documents.md says which document describes which):")
    for name, model in MODELS.items():
        print(f"  {name:<{name_width}}  {model.summary()}")
    print("\nData sets (--data):")
    for name, text in descriptions().items():
        print(f"  {name:<{name_width}}  {text}")
    print(f"  {'PATH':<{name_width}}  your own: a folder of pictures, a .npz or .npy file, or a .csv file of sequences")


def _parse(model_type: type[Model], words: list[str]) -> argparse.Namespace:
    parser = Parser(
        f"python -m minigen.train {model_type.name}",
        "%(prog)s [options]",
        f"{model_type.summary()}.",
        f"A good result: {good}." if (good := model_type.good_results()) else "",
    )
    run = parser.add_argument_group("the run")
    run.add_argument("--out", type=folder, metavar="FOLDER", help=f"run folder (default runs/{model_type.name})")
    run.add_argument("--resume", action="store_true", help="continue the run in the folder as if it had never stopped")
    run.add_argument("--overwrite", action="store_true", help="replace a run in the folder")
    run.add_argument(
        "--distributed", action="store_true", help="the workers are the ranks of mpiexec (one GPU each on --device gpu)"
    )
    run.add_argument(
        "--smoke", action="store_true", help="a run of seconds: 256 examples, 2 epochs unless --epochs is given"
    )
    group = parser.add_argument_group("hyper-parameters")
    for option in options(model_type.config_type):
        text = option.help + ("" if option.default is None else f" (default {option.default})")
        if isinstance(option.default, bool):
            group.add_argument(option.flag, action=argparse.BooleanOptionalAction, help=text.replace("%", "%%"))
        else:
            group.add_argument(option.flag, metavar=option.values, help=text.replace("%", "%%"))
    given = parser.parse(words)
    if "resume" in given and "overwrite" in given:
        raise UsageError("--resume continues a run, --overwrite replaces it: choose one")
    return given


# The run


def _train(model_type: type[Model], given: argparse.Namespace) -> int:
    if "distributed" not in given:
        task = _task(model_type, given)
        return processes.run(task.config.workers, _train_together, task)
    workers: Any = parallel.workers()
    task = workers.share(None if workers.rank else _task(model_type, given, workers))
    with working_with(workers.on(task.config.device)):
        return _train_together(task)


class _Task(NamedTuple):
    """What the command line asks for."""

    model_type: type[Model]
    config: Config
    folder: Path
    resume: bool
    overwrite: bool
    smoke: bool


def _task(model_type: type[Model], given: argparse.Namespace, workers: Workers | None = None) -> _Task:
    """What the flags `given` ask for, checked; workers: the ranks of mpiexec, if the command is one of them."""
    named = [option for option in options(model_type.config_type) if option.name in given]
    asked = {option.name: option.read(getattr(given, option.name), strict=False) for option in named}
    paths = (*PATHS, *(["data"] if is_path(asked.get("data", "")) else []))
    asked |= {name: str(files.absolute(asked[name])) for name in paths if asked.get(name)}
    schema.encode(asked)  # an error before the data are read, if config.json cannot hold it
    if workers is not None and asked.setdefault("workers", workers.size) != workers.size:
        raise ConfigError(f"--workers is {asked['workers']}, must be the {workers.size} ranks of mpiexec, or left out")
    run = RunFolder(getattr(given, "out", Path("runs") / model_type.name))
    resume, overwrite, smoke = (name in given for name in ("resume", "overwrite", "smoke"))
    if resume:
        run = RunFolder.open(run.path)
        config = resumed_config(model_type, run, asked)
        smoke = smoke or run.described().data.used is not None
    else:
        run.require_free(overwrite)
        config = model_type.config_type(**asked)
        if smoke and "epochs" not in asked:
            config = structs.replace(config, epochs=min(config.epochs, SMOKE_EPOCHS))
    if is_path(config.data):
        require_outside(run.path, Path(place_of(config)))
    require_used(config, asked)
    if workers is None and config.workers > 1 and config.device == "gpu":
        what = f"--workers is {config.workers} with --device gpu, must be 1"
        raise ConfigError(f"{what}: mpiexec -n {config.workers} … --distributed gives each worker a GPU")
    return _Task(model_type, config, run.path, resume, overwrite, smoke)


def _train_together(task: _Task) -> int:
    """What every worker does; worker 0 alone prints and writes."""
    model_type, config, path, resume, overwrite, smoke = task
    leads = parallel.workers().rank == 0
    run = RunFolder(path) if leads else Unwritten(path)
    say: Callable[[str], Any] = print if leads else lambda line: None
    backend.module(config.device)
    keep_freed_memory()
    loaded = load_data(config) if leads else None
    parallel.workers().decide(0)  # worker 0 goes first: it may have to download the data
    data = loaded or load_data(config)
    described = Description.of(data)
    if smoke:
        data = dataclasses.replace(data, train=_part(data.train), test=_part(data.test))
        described = structs.replace(described, used=(len(data.train), len(data.test)))
    train, validation = data.hold_out(config.validation, config.seed)
    if not len(train):
        raise ConfigError(
            f"--validation is {config.validation}: of {len(data.train):,} examples none is left to train on"
        )
    rng.manual_seed(config.seed)
    model = build(model_type, config, data.input_shape, len(data.classes))
    model.to(config.device)
    watch = GeneratorWatch(model, data, run) if model.watch_samples else None
    trainer = Trainer(model, train, validation, run, say, leads and is_terminal(sys.stderr), watch)
    require_losses(model, trainer.objectives, trainer.loader.first(2))
    with run.locked():
        if not resume:
            run.create(model.name, config, described, overwrite)
        for line in opening(trainer, data):
            say(line)
        if resume:
            trainer.resume(described)
        with adapting_to_others(trainer.pace, say):
            return _fit(trainer, data, described, resume_command(model_type, path))


def _fit(trainer: Trainer, data: Dataset, described: Description, to_go_on: str) -> int:
    try:
        trainer.fit()
        report_result(trainer, data, described)
    except (Stopped, KeyboardInterrupt) as stop:
        number = stop.number if isinstance(stop, Stopped) else signal.SIGINT
        trainer.say(f"\nstopped by {signal.Signals(number).name}; what was trained is saved. To go on:\n  {to_go_on}")
        if isinstance(stop, KeyboardInterrupt) and parallel.workers().size > 1:
            raise  # it came at once, to one worker: the others end with it
        return 128 + number
    except BrokenPipeError:
        raise
    except OSError as error:
        where = f"{error.filename or 'the output'}: {error.strerror or error}"
        whole, none = "the last checkpoint is whole, to go on from it", "there is no checkpoint yet, to begin again"
        left = whole if trainer.run.has_checkpoint else none
        raise RunError(f"{where}; {left}: {to_go_on}") from error
    return 0


def _part(split: Split) -> Split:
    """256 examples from all over the split, whose order may be that of the classes."""
    return split.take(range(0, len(split), max(1, len(split) // SMOKE_EXAMPLES))[:SMOKE_EXAMPLES])


if __name__ == "__main__":
    prepare_process()
    sys.exit(main())

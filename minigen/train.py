"""python -m minigen.train MODEL [options]: train a model, see what it does, find it in runs/MODEL.

From here to a weight's update: `_train` below, `Trainer.step` (training/loop.py), a model's loss (models/vae.py),
`Tensor.backward` (autograd.py), and `Adam.update` (optim.py).
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import math
import shlex
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from msgspec import structs

from minigen import backend, files, parallel, rng
from minigen.command_line import Parser, UsageError, closest, folder, is_terminal, run_command, show_lines_at_once
from minigen.data import Dataset, Description, Loader, Split, descriptions, is_path
from minigen.evaluation.studies.detection import FALSE_ALARMS, possible
from minigen.inference.loading import PATHS, load_data, moved, read_config
from minigen.inference.trained import Trained
from minigen.memory import keep_freed_memory
from minigen.models import MODELS, Config, ConfigError, Model
from minigen.models.checking import build, require_losses
from minigen.models.config import options, require_used
from minigen.parallel import Workers, processes, working_with
from minigen.parallel.ranks import MPI, end_with, ranks
from minigen.training.averages import measure
from minigen.training.busy_cores import cores, one_thread_where_busy
from minigen.training.divergence import DivergedError
from minigen.training.generator_watch import GeneratorWatch
from minigen.training.layer_table import layer_table
from minigen.training.lock import locked
from minigen.training.loop import Trainer
from minigen.training.resuming import may_change
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
    """Checked; `workers` are the ranks of mpiexec."""
    named = [option for option in options(model_type.config_type) if option.name in given]
    asked = {option.name: option.read(getattr(given, option.name), strict=False) for option in named}
    paths = (*PATHS, *(["data"] if is_path(asked.get("data", "")) else []))
    asked |= {name: str(files.absolute(asked[name])) for name in paths if asked.get(name)}
    if workers is not None and asked.setdefault("workers", workers.size) != workers.size:
        raise ConfigError(f"--workers is {asked['workers']}, must be the {workers.size} ranks of mpiexec, or left out")
    run = RunFolder(getattr(given, "out", Path("runs") / model_type.name))
    resume, overwrite, smoke = (name in given for name in ("resume", "overwrite", "smoke"))
    if resume:
        config = _resumed_config(model_type, RunFolder.open(run.path), asked)
    else:
        run.require_free(overwrite)
        config = model_type.config_type(**asked)
        if smoke and "epochs" not in asked:
            config = structs.replace(config, epochs=min(config.epochs, SMOKE_EPOCHS))
    require_used(config, asked)
    if workers is None and config.workers > 1 and config.device == "gpu":
        what = f"--workers is {config.workers} with --device gpu, must be 1"
        raise ConfigError(f"{what}: mpiexec -n {config.workers} … --distributed gives each worker a GPU")
    return _Task(model_type, config, run.path, resume, overwrite, smoke)


def _train_together(task: _Task) -> int:
    """What every worker does; worker 0 alone prints and writes."""
    model_type, config, path, resume, overwrite, smoke = task
    workers = parallel.workers()
    leads = workers.rank == 0
    run = RunFolder(path) if leads else Unwritten(path)
    say: Callable[[str], Any] = print if leads else lambda line: None
    backend.module(config.device)
    keep_freed_memory()
    if not leads:
        workers.decide(0)  # worker 0 goes first: it may have to download the data
    data = load_data(config)
    if leads:
        workers.decide(0)
    described = Description.of(data)
    if smoke:
        data = dataclasses.replace(data, train=_part(data.train), test=_part(data.test))
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
    with locked(run.path) if leads else contextlib.nullcontext() as run.lock:
        if leads and not resume:
            RunFolder.create(run.path, model_type.name, config, described, overwrite)
        if leads:
            _print_opening(model, data, train, validation)
        if resume:
            _resume(trainer, described)
        with one_thread_where_busy(say):
            return _fit(trainer, data, _resume_command(model_type, run.path, smoke))


def _resume(trainer: Trainer, data: Description) -> None:
    run, config = trainer.run, trainer.config
    if trainer.workers.decide(trainer.workers.rank == 0 and run.has_checkpoint):
        trainer.load(run.last, run.best)
    if trainer.workers.rank:
        return
    before = run.described().config.get("workers", 1)
    if run.described().data.crc32 not in (None, data.crc32):
        print("the test split is not the one that the run began with, or its classes have other names")
    run.keep_rows(trainer.epoch)
    run.describe(trainer.model.name, config, data)
    print(f"resumed after {trainer.epoch} epochs and {trainer.batch} batches")
    if before != config.workers:
        now = f"with {config.workers} worker{'s' * (config.workers > 1)}, so far {before}"
        print(f"{now}: the result is the same up to rounding only")
    if trainer.epoch == config.epochs:
        print(f"the run is finished{'; --epochs N adds epochs' if 'epochs' in may_change(config) else ''}")
    print()


def _fit(trainer: Trainer, data: Dataset, resume_command: str) -> int:
    try:
        trainer.fit()
        _print_result(trainer, data)
    except (Stopped, KeyboardInterrupt) as stop:
        if isinstance(stop, KeyboardInterrupt) and trainer.workers.size > 1:
            raise  # it came at once, to one worker: the others end with it
        number = stop.number if isinstance(stop, Stopped) else signal.SIGINT
        name = signal.Signals(number).name
        trainer.say(f"\nstopped by {name}; what was trained is saved. To go on:\n  {resume_command}")
        return 128 + number
    except BrokenPipeError:
        raise
    except OSError as error:
        where = f"{error.filename or 'the output'}: {error.strerror or error}"
        whole, none = "the last checkpoint is whole, to go on from it", "there is no checkpoint yet, to begin again"
        left = whole if trainer.run.has_checkpoint else none
        raise RunError(f"{where}; {left}: {resume_command}") from error
    return 0


def _resumed_config(model_type: type[Model], run: RunFolder, asked: dict[str, Any]) -> Config:
    """The run's own hyper-parameters; a flag may repeat them, or change one of `may_change`."""
    saved_type, config, _ = read_config(run)
    if saved_type is not model_type:
        raise RunError(f"{run.path} holds a run of {saved_type.name}, not of {model_type.name}")
    if "data" in asked and (is_path(config.data) or getattr(config, "data_file", None)):
        config = moved(config, asked.pop("data"))
    for field, value in asked.items():
        saved = getattr(config, field)
        fewer = field == "epochs" and value < config.epochs
        if value != saved and (fewer or field not in may_change(config)):
            cosine = field == "epochs" and field not in may_change(config)
            why = " (its cosine schedule depends on --epochs)" if cosine else ""
            raise RunError(
                f"--{field.replace('_', '-')} is {value}, the run in {run.path} has {saved}, which it keeps{why}"
            )
    return structs.replace(config, **asked)


def _part(split: Split) -> Split:
    """256 examples from all over the split, whose order may be that of the classes."""
    return split.take(range(0, len(split), max(1, len(split) // SMOKE_EXAMPLES))[:SMOKE_EXAMPLES])


def _resume_command(model_type: type[Model], folder: Path, smoke: bool) -> str:
    workers = parallel.workers()
    mpiexec = ["mpiexec", "-n", f"{workers.size}"] if isinstance(workers, MPI) else []
    words = [*mpiexec, "python", "-m", "minigen.train", model_type.name, "--resume"]
    words += ["--distributed"] if mpiexec else []
    words += ["--smoke"] if smoke else []
    words += [] if folder == Path("runs") / model_type.name else ["--out", str(folder)]
    return shlex.join(words)


def _print_opening(model: Model, data: Dataset, train: Split, validation: Split) -> None:
    config = model.config
    print(f"{model.name}: {model.summary()}\n")
    print("\n".join(layer_table(model, Loader(train, 2, 0, config.device, shuffle=False).first(2))))
    why = "CuPy" if config.device == "gpu" else "NumPy; --device gpu uses CuPy"
    print(f"\ndevice  {config.device} ({why})")
    print(f"data    {data.name}: {len(train):,} training, {len(validation):,} validation, {len(data.test):,} test")
    print(f"        {files.printable(data.source)}")
    print(f"seed    {config.seed}")
    print(f"cores   {_cores(config)}\n")


def _cores(config: Config) -> str:
    """How many of this machine's cores the run uses, and which flag uses the rest."""
    there = cores()
    used = f"{min(config.workers, there)} of {there}, one worker each"
    if config.workers == 1:
        used = f"1 of {there}, and the others in matrix products" if there > 1 else "1 of 1"
    return used if config.workers >= there else f"{used}; --workers {there} uses all"


def _print_result(trainer: Trainer, data: Dataset) -> None:
    from minigen.evaluation import animation, figures  # Matplotlib is slow to import: --help need not wait
    from minigen.evaluation.studies.failures import signs_of_failure

    run, model = trainer.run, trainer.model
    trainer.load(run.best, run.last)
    _, result = measure(model, data.test)
    if not all(math.isfinite(value) for value in result.values()):
        raise DivergedError("the test result is not finite")
    if trainer.workers.rank:
        return
    print(f"\ntest    {_numbers(result)}")
    finding = model.study(data, trainer.validation)
    for line in [_numbers(finding.numbers), *finding.remarks, *signs_of_failure(model, data, result)]:
        if line:
            print(f"        {line}")
    if good := model.good_result():
        print(f"good    {good}")
    run.add_row({"test": result | finding.numbers})
    described = run.described().data
    model.eval()
    trained = Trained(model, trainer.config, described, trainer.epoch)
    rate = possible(FALSE_ALARMS, len(trainer.validation))
    run.describe(model.name, trainer.config, described, trained.threshold_of(trainer.validation), rate)
    print(f"wrote   {run.best}")
    pictures = animation.read(run.frame_files())
    drawn = figures.draw_all(model, data, [row for row in run.rows() if "epoch" in row]) | finding.figures
    if pictures:
        drawn["learning"] = animation.side_by_side(pictures)
    for name, figure in drawn.items():
        print(f"wrote   {run.save(f'{name}.png', figures.png(figure))}")
    if pictures:
        print(f"wrote   {run.save('learning.gif', animation.gif(pictures))}")


def _numbers(result: dict[str, float]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {value:.4f}" for name, value in result.items())


if __name__ == "__main__":
    show_lines_at_once()
    sys.exit(main())

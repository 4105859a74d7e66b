"""python -m minigen.apply RUN VERB [options]: use a trained model; the results are written to RUN/VERB.

This file has the options of each verb; the function of the same name in inference/verbs.py does the work.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from msgspec import structs

from minigen import backend, files
from minigen.command_line import Parser, UsageError, closest, folder, prepare_process, require_outside, run_command
from minigen.data import is_path
from minigen.evaluation.text import counted
from minigen.inference.loading import PATHS, load, moved, place_of
from minigen.inference.outputs import SHOWN, Results, warn
from minigen.inference.trained import Trained
from minigen.models import Model
from minigen.models.model import Classifies, ClassifiesLater, Encodes, Reconstructs, Restores, Samples

MANY = 1000  # examples on a map or in a table


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit code: 0 done, 2 could not."""
    return run_command("minigen.apply", _main, arguments)


def _main(words: list[str]) -> int:
    if not words or words[0] in ("-h", "--help", "--list"):
        _print_list()
        return 0
    if words[0].startswith("-"):
        raise UsageError(f"{words[0]!r} stands where the run must: python -m minigen.apply RUN VERB [options]")
    if words[0] in VERBS and not Path(words[0]).is_dir():
        if not {"-h", "--help"} & set(words[1:]):
            run = next((word for word in words[1:] if not word.startswith("-")), "RUN")
            raise UsageError(f"the run comes before the verb: python -m minigen.apply {run} {words[0]}")
        words = ["RUN", *words]
    if words[1:2] in (["-h"], ["--help"]):
        _print_list()
        return 0
    if len(words) == 1 or words[1] not in VERBS:
        hint = closest(words[1].lower(), VERBS) if len(words) > 1 else ""
        what = f"unknown verb {words[1]!r}{hint}" if len(words) > 1 else "a verb is missing"
        raise UsageError(f"{what} ({', '.join(VERBS)}; --help says more)")
    return _act(words[0], words[1], words[2:])


def _act(run: str, name: str, words: list[str]) -> int:
    verb = VERBS[name]
    parser = Parser(
        f"python -m minigen.apply RUN {name}", "%(prog)s [options]", f"{verb.summary[0].upper()}{verb.summary[1:]}."
    )
    verb.add_arguments(parser)
    parser.add_argument("--out", type=folder, metavar="FOLDER", help=f"folder of the results (default RUN/{name})")
    parser.add_switch("--overwrite", "also replace files that minigen did not write")
    parser.add_argument("--device", choices=backend.DEVICES, default="cpu", help="where to compute (default cpu)")
    options = parser.parse(words)
    trained = load(run, options.device, warn)
    if not isinstance(trained.model, verb.needs):
        able = ", ".join(name for name, other in VERBS.items() if isinstance(trained.model, other.needs))
        raise UsageError(f"{trained.model.name} cannot {name}; it can {able}")
    _require_used(name, trained, options)
    trained = with_moved_data(trained, options)
    out = getattr(options, "out", Path(run) / name)
    if "out" not in options:
        files.refuse_link(out)
    own = [place_of(trained.config)] if is_path(trained.config.data) else []
    for read in (*getattr(options, "inputs", []), *own):
        require_outside(out, Path(read))
    results = Results(out, getattr(options, "invert", False))
    from minigen.inference import verbs  # Matplotlib takes a second, for which --help need not wait

    getattr(verbs, name)(trained, options, results)
    results.write(name, options.overwrite)
    print(f"{trained.model.name} of {run}, after {counted(trained.epoch, 'epoch')} on {trained.data.name}")
    for line in (*results.lines, *results.notes):
        print(line)
    return 0


def _require_used(verb: str, trained: Trained, options: argparse.Namespace) -> None:
    """UsageError for an option that was typed, and that this use would ignore."""

    def refuse(why: str, *names: str) -> None:
        for name in names:
            value: Any = getattr(options, name, False)
            if value is not False and value != []:
                flag = value[0] if name == "inputs" else f"--{name.replace('_', '-')}"
                raise UsageError(f"{flag}: {why}")

    model, named = trained.model.name, getattr(options, "inputs", [])
    if verb == "score" and isinstance(trained.model, Reconstructs):
        refuse(f"{model} scores inputs, for which it draws no noise", "seed")
    elif verb == "score":
        why = f"{model} scores no inputs, but its own samples"
        refuse(why, "inputs", "count", "threshold", "false_alarms", "invert")
    if named:
        refuse("it counts test examples, and all inputs that you name are read", "count")
    else:
        refuse("test examples are damaged in any case: it is for inputs that you name", "damage")
    if not _reads_data(verb, trained, options):
        refuse("this use reads no data set", "data", *PATHS)
    if not trained.data.holds_images:
        refuse(f"{model} of {trained.data.name} reads and writes no pictures", "invert")
    if not named and verb in ("classify", "encode", "score"):
        refuse("it is for pictures that you name, or that are written", "invert")


def _reads_data(verb: str, trained: Trained, options: argparse.Namespace) -> bool:
    """Whether the data set is read: for test examples, for a first classifier, a threshold, or baselines."""
    model = trained.model
    if verb == "interpolate":
        return isinstance(model, Encodes) and (options.a.isdecimal() or options.b.isdecimal())
    if verb == "classify" and isinstance(model, ClassifiesLater) and not model.knows_classes:
        return True
    if verb == "score" and ("false_alarms" in options or trained.data.knows_normal):
        return True
    without_threshold = verb == "score" and trained.threshold is None and "threshold" not in options
    return without_threshold or not getattr(options, "inputs", [])


def with_moved_data(trained: Trained, options: argparse.Namespace) -> Trained:
    """The model with its data where --data, --data-dir, --data-file or --test says that they lie now."""
    config = trained.config
    if "data" in options:
        config = moved(config, str(files.absolute(options.data)))
    for name in PATHS:
        if name in options:
            if not hasattr(config, name):
                raise UsageError(f"--{name.replace('_', '-')}: {trained.model.name} reads no such file")
            config = structs.replace(config, **{name: str(files.absolute(getattr(options, name)))})
    return dataclasses.replace(trained, config=config)


def _print_list() -> None:
    print("python -m minigen.apply RUN VERB [options]\n\nVerbs (RUN VERB --help shows the options):")
    for name, verb in VERBS.items():
        print(f"  {name:<13}{verb.summary}")


# Their options


def _add_inputs(parser: Parser, count: int | None) -> None:
    """count: how many test examples are read by default; None: all."""
    parser.usage = "%(prog)s [INPUT …] [options]"
    parser.add_argument(
        "inputs",
        metavar="INPUT",
        nargs="*",
        type=Path,
        default=[],
        help="a picture, a folder of pictures, or a file of sequences (.csv, .npy); default: the test set",
    )
    _add_invert(parser)
    parser.add_argument("--count", type=int, help=f"number of test examples (default {count or 'all'})")
    add_data_options(parser)
    parser.set_defaults(default_count=count or sys.maxsize)  # apart from `count`, which shows that --count was given


def add_data_options(parser: Parser) -> None:
    """The options that `with_moved_data` reads."""
    for flag, metavar, what in (
        ("--data", "PATH", "your own data"),
        ("--data-dir", "DIR", "the folder of the data set"),
        ("--data-file", "FILE", "the file of sequences"),
        ("--test", "FILE", "the file of the test split"),
    ):
        parser.add_argument(flag, metavar=metavar, help=f"where {what} is now, if it was moved after training")


def _add_invert(parser: Parser) -> None:
    help_ = "your pictures are dark on light, the model's light on dark: invert those that are read and written"
    parser.add_switch("--invert", help_)


def _sample_arguments(parser: Parser) -> None:
    parser.add_argument("--count", type=int, default=100, help="number of samples (default 100)")
    parser.add_argument("--seed", type=int, default=0, help="seed for the noise (default 0)")
    parser.add_argument(
        "--temperature",
        type=float,
        default=1.0,
        help="standard deviation of the noise (default 1); smaller gives more typical images",
    )


def _interpolate_arguments(parser: Parser) -> None:
    parser.usage = "%(prog)s A B [options]"
    help_ = "a picture or the number of a test example; for a model without encoder the seed of a noise"
    parser.add_argument("a", metavar="A", help=help_)
    parser.add_argument("b", metavar="B", help="the same")
    _add_invert(parser)
    add_data_options(parser)
    parser.add_argument("--steps", type=int, default=10, help="number of images (default 10)")


def _restore_arguments(parser: Parser) -> None:
    _add_inputs(parser, SHOWN)
    parser.add_switch("--damage", "the pictures are whole: damage them first")


def _score_arguments(parser: Parser) -> None:
    _add_inputs(parser, MANY)
    parser.add_argument("--threshold", type=float, help="score above which an input is anomalous (default: the run's)")
    parser.add_argument(
        "--false-alarms",
        type=float,
        metavar="RATE",
        help="choose the threshold that this share of the validation split's examples exceeds",
    )
    parser.add_argument("--seed", type=int, help="seed for the noise of a generator (default 0)")


class Verb(NamedTuple):
    """What a model can do if it is one of `needs`."""

    summary: str
    needs: Any
    add_arguments: Callable[[Parser], None]


VERBS = {
    "sample": Verb("make new images from noise", Samples, _sample_arguments),
    "reconstruct": Verb("encode inputs and decode their codes", Reconstructs, lambda p: _add_inputs(p, SHOWN)),
    "interpolate": Verb("decode points between two codes or two noises", (Encodes, Samples), _interpolate_arguments),
    "encode": Verb("write the codes of inputs, and draw their map", Encodes, lambda p: _add_inputs(p, MANY)),
    "restore": Verb("undo damage to pictures", Restores, _restore_arguments),
    "classify": Verb("name the class of each picture", Classifies, lambda p: _add_inputs(p, None)),
    "score": Verb(
        "measure how anomalous inputs are, or how good a generator is", (Reconstructs, Samples), _score_arguments
    ),
    "export": Verb("write the weights for PyTorch", Model, lambda p: None),
}


if __name__ == "__main__":
    prepare_process()
    sys.exit(main())

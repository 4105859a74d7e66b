"""python -m minigen.apply RUN VERB [options]: use a trained model; the results lie in RUN/VERB.

A verb reads inputs, calls one method of `Trained`, and hands what it returns to `Results`.
"""

from __future__ import annotations

import argparse
import dataclasses
import math
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from msgspec import structs

from minigen import backend, files
from minigen.command_line import Parser, UsageError, closest, folder, run_command, show_lines_at_once
from minigen.data import DataError, Split
from minigen.data.pictures import read_pictures
from minigen.inference.inputs import (
    Examples,
    from_test_set,
    numbers,
    one_example,
    picture_names,
    read_examples,
    unlike,
)
from minigen.inference.loading import PATHS, data_of, load, moved
from minigen.inference.outputs import SHOWN, Results
from minigen.inference.trained import Trained
from minigen.models import Model
from minigen.models.model import Classifies, ClassifiesLater, Encodes, Reconstructs, Restores, Samples

MANY = 1000  # examples on a map or in a table
LEAST_CERTAIN = 20


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
    parser = Parser(f"python -m minigen.apply RUN {name}", "%(prog)s [options]", verb.summary)
    verb.add_arguments(parser)
    parser.add_argument("--out", type=folder, help=f"folder of the results (default RUN/{name})")
    parser.add_argument(
        "--overwrite", action="store_true", default=False, help="also replace files that minigen did not write"
    )
    parser.add_argument("--device", choices=backend.DEVICES, default="cpu", help="where to compute (default cpu)")
    options = parser.parse(words)
    trained = elsewhere(load(run, options.device, _warn), options)
    if not isinstance(trained.model, verb.needs):
        able = ", ".join(name for name, other in VERBS.items() if isinstance(trained.model, other.needs))
        raise UsageError(f"{trained.model.name} cannot {name}, but: {able}")
    _require_used(name, trained, options)
    out = getattr(options, "out", Path(run) / name)
    if "out" not in options:
        files.refuse_link(out)
    results = Results(out, getattr(options, "invert", False))
    left_out = verb.act(trained, options, results)
    results.write(name, options.overwrite)
    print(f"{trained.model.name} of {run}, after {trained.epoch} epochs on {trained.data.name}")
    for line in (*results.lines, *(left_out or ())):
        print(line)
    return 0


def _require_used(verb: str, trained: Trained, options: argparse.Namespace) -> None:
    """UsageError for an option that was typed, and that this use would ignore."""
    model, named = trained.model.name, getattr(options, "inputs", None)
    ignored: dict[str, str] = {}
    if verb == "score" and not isinstance(trained.model, Reconstructs):
        why = f"{model} scores no inputs, but its own samples"
        ignored = dict.fromkeys(("inputs", "count", "threshold", "false_alarms", "invert"), why)
    elif named:
        ignored = {"count": "it counts test examples, and all inputs that you name are read"}
        chosen = "false_alarms" not in options and (trained.threshold is not None or "threshold" in options)
        if verb != "score" or (chosen and trained.data.classes[0] != "normal"):
            ignored |= dict.fromkeys(PATHS, "the data set is not read where you name inputs")
    elif verb in ("encode", "score", "restore"):
        ignored = {"damage": "test examples are damaged in any case: it is for inputs that you name"}
        if verb != "restore":
            ignored["invert"] = "it is for pictures that you name, or that are written"
    if verb == "score" and isinstance(trained.model, Reconstructs):
        ignored["seed"] = f"{model} scores inputs, for which it draws no noise"
    if verb == "interpolate":
        ends = (options.a, options.b) if isinstance(trained.model, Encodes) else ()
        if not any(word.isdecimal() for word in ends):
            ignored |= dict.fromkeys(PATHS, "the data set is not read: neither end is a test example")
    if not trained.data.holds_images:
        ignored["invert"] = f"{model} of {trained.data.name} reads and writes no pictures"
    for name, why in ignored.items():
        if (value := getattr(options, name, False)) is not False and value != []:
            flag = str(options.inputs[0]) if name == "inputs" else f"--{name.replace('_', '-')}"
            raise UsageError(f"{flag}: {why}")


def _warn(line: str) -> None:
    print(line, file=sys.stderr)


def elsewhere(trained: Trained, options: argparse.Namespace) -> Trained:
    """The model with its data where --data-dir or --data-file says that they lie now."""
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


# The verbs: each writes its results, and returns a line for each input that it left out


def _sample(trained: Trained, options: argparse.Namespace, results: Results) -> None:
    images = trained.sample(options.count, options.seed, options.temperature)
    results.pictures(numbers(len(images)), images)
    results.sheet({"": images}, f"samples: noise of seed {options.seed}, temperature {options.temperature:g}")


def _reconstruct(trained: Trained, options: argparse.Namespace, results: Results) -> Sequence[str]:
    from minigen.evaluation import figures  # Matplotlib takes a second, for which --help need not wait

    x = _examples(trained, options)
    y = trained.reconstruct(x.values, x.lengths)
    results.say(f"squared error per value: {trained.score(x.values, x.lengths).mean():.4f} (mean of {len(y)})")
    if trained.data.holds_images:
        results.pictures(x.names, y)
    else:
        results.array("reconstructions", y)
    values, decoded = trained.scaled(x.values), trained.scaled(y)
    if trained.data.holds_images or trained.data.input_shape[-1] > figures.MOST_LINES:
        results.sheet({"input": values, "from code": decoded}, "inputs and their reconstructions")
    else:
        series = values[:SHOWN], decoded[:SHOWN], x.names, x.lengths
        results.figure("sheet", figures.show_sequences(*series, units=trained.data.units))
    return x.left_out


def _interpolate(trained: Trained, options: argparse.Namespace, results: Results) -> Sequence[str]:
    notes: Sequence[str] = ()
    if isinstance(trained.model, Encodes):
        start, end = (one_example(trained, word, options.invert, _warn) for word in (options.a, options.b))
        images, title = trained.interpolate(start, end, options.steps), "from one code to the other"
        notes = unlike(trained, [start, end], options.invert) if trained.data.holds_images else ()
    else:
        first, last = _seed(options.a), _seed(options.b)
        images, title = trained.interpolate_noise(first, last, options.steps), "from one noise to the other"
    if trained.data.holds_images:
        results.pictures(numbers(len(images)), images)
    shown = np.unique(np.linspace(0, len(images) - 1, SHOWN).round().astype(int))
    results.sheet({"": trained.scaled(images[shown])}, title)
    return notes


def _seed(word: str) -> int:
    if not word.isdecimal():
        raise UsageError(f"{word!r}: must be the seed of a noise, a number, as this model encodes no picture")
    return int(word)


def _encode(trained: Trained, options: argparse.Namespace, results: Results) -> Sequence[str]:
    x = _examples(trained, options)
    codes = trained.encode(x.values, x.lengths)
    columns = {"name": x.names}
    if x.labels is not None:
        columns["class"] = [trained.data.classes[label] for label in x.labels]
    columns |= {f"z{number}": column for number, column in enumerate(codes.T, start=1)}
    results.array("codes", codes)
    results.table("codes", list(columns), zip(*columns.values(), strict=True))
    from minigen.evaluation.figures import code_map

    results.figure("map", code_map(codes, x.labels, x.names if x.labels is None else trained.data.classes))
    return x.left_out


def _restore(trained: Trained, options: argparse.Namespace, results: Results) -> Sequence[str]:
    if options.inputs and not options.damage:  # pictures of any size
        found = read_pictures(options.inputs, trained.data.input_shape[0], None, options.invert)
        results.pictures(picture_names(found.paths), [trained.restore(image[None])[0] for image in found.images])
        return [*found.left_out, *unlike(trained, found.images, options.invert)]
    from minigen.evaluation.figures import enlarged

    x = _examples(trained, options)
    damaged = trained.damage(x.values)
    restored = trained.restore(damaged)
    error = ((restored - x.values) ** 2).mean(axis=(1, 2, 3))
    results.say(f"PSNR {-10 * np.log10(error.clip(1e-10)).mean():.2f} dB (mean of {len(error)})")
    results.pictures(x.names, restored)
    rows = {"damaged": enlarged(damaged, x.values.shape[2]), "restored": restored, "true": x.values}
    results.sheet(rows, "damaged, restored and true")
    return x.left_out


def _classify(trained: Trained, options: argparse.Namespace, results: Results) -> Sequence[str]:
    from minigen.evaluation.studies import classification as study

    x, model, classes = _examples(trained, options), trained.model, trained.data.classes
    if isinstance(model, ClassifiesLater) and not model.knows_classes:
        model.fit_classifier(data_of(trained, _warn))
    chances = trained.classify(x.values)
    named, confidence = chances.argmax(axis=1), chances.max(axis=1)
    columns = {"name": x.names, "label": [classes[label] for label in named], "probability": confidence}
    if x.labels is None:
        for name, label, chance in zip(*(column[:SHOWN] for column in columns.values()), strict=True):
            results.say(f"{files.printable(name)}: {files.printable(label)} {chance:.2f}")
    else:
        columns["true"] = [classes[label] for label in x.labels]
        results.say(study.accuracy_line(named == x.labels))
        results.figure("confusion", study.draw_confusion(study.confusion(named, x.labels, len(classes)), classes))
    results.table("classes", list(columns), zip(*columns.values(), strict=True))
    least = np.argsort(confidence, kind="stable")[:LEAST_CERTAIN]
    titles = study.titled(chances[least], classes, None if x.labels is None else x.labels[least])
    images = trained.scaled(x.values)[least]
    results.figure("least_certain", study.draw_labelled(images, titles, "the least certain pictures"))
    return x.left_out


def _score(trained: Trained, options: argparse.Namespace, results: Results) -> Sequence[str]:
    if not isinstance(trained.model, Reconstructs):
        _measure_generator(trained, options, results)
        return ()
    from minigen.evaluation.studies import detection as study

    threshold, rate = getattr(options, "threshold", None), getattr(options, "false_alarms", None)
    if threshold is not None and math.isnan(threshold):
        raise UsageError("--threshold is nan, must be a number")
    if threshold is not None and rate is not None:
        raise UsageError("--threshold and --false-alarms both choose the threshold, must be one of them")
    if rate is not None and not 0 < rate < 1:
        raise UsageError(f"--false-alarms is {rate:g}, must be above 0 and below 1")
    x = _examples(trained, options)
    scores = trained.score(x.values, x.lengths)
    meaning = ""
    if threshold is None:
        threshold, rate = _threshold(trained, rate)
        meaning = f", chosen for {rate:.3g} false alarms by the validation examples"
    above, what = (scores > threshold).sum(), "inputs" if options.inputs else "test examples"
    results.say(f"{above} of {len(scores)} {what} are above the threshold {threshold:.5g}{meaning}")
    highest = np.argsort(-scores)[:5]
    results.say("highest " + ", ".join(f"{files.printable(x.names[place])}: {scores[place]:.5g}" for place in highest))
    if _labelled(trained, x):
        anomalous = x.labels != 0
        own = study.detection(scores, anomalous, threshold)
        results.say(f"area under the ROC curve {own.roc_auc:.4f}, by the labels")
        results.say(f"found {own.found:.1%} of {anomalous.sum():,} anomalies, false alarms {own.false_alarms:.1%}")
        for line in _beside_baselines(trained, x, scores, rate or study.FALSE_ALARMS):
            results.say(line)
    rows = zip(x.names, scores, scores > threshold, strict=True)
    results.table("scores", ["name", "score", "anomalous"], rows)
    return x.left_out


def _labelled(trained: Trained, x: Examples) -> bool:
    """Whether there are both normal sequences and anomalies, and the labels say which."""
    return x.labels is not None and trained.data.classes[0] == "normal" and 0 < (x.labels != 0).sum() < len(x.labels)


def _beside_baselines(trained: Trained, x: Examples, scores: Any, rate: float) -> Sequence[str]:
    """The table of the model and the baselines, or why there is none.

    The threshold of each is chosen as the model's is: from the scores of the sequences that were held out.
    """
    from minigen.evaluation.studies import detection as study

    if x.lengths is not None:
        return ["no baselines: the sequences differ in length"]
    try:
        train, validation = _trained_on(trained)
    except (DataError, UsageError) as error:
        return [f"no baselines: they need the training data, but {error}"]
    if not len(validation):
        return ["no baselines: the run held nothing out (--validation 0), from which to choose a threshold"]
    inputs, anomalous = trained.scaled(x.values), x.labels != 0
    detectors = {trained.model.name: (trained.score_of(validation), scores)}
    for name, score in study.baselines(train.inputs).items():
        detectors[name] = score(validation.inputs), score(inputs)
    judged = {
        name: study.detection(tested, anomalous, study.threshold_for(held, rate))
        for name, (held, tested) in detectors.items()
    }
    rule = f"with thresholds for {rate:.3g} false alarms, by {len(validation):,} validation sequences, all normal:"
    return ["", rule, *study.table(judged)]


def _trained_on(trained: Trained) -> tuple[Split, Split]:
    """(training, validation) of a run; UsageError where the data are no longer those that it was trained on."""
    other: list[str] = []
    data = data_of(trained, other.append)
    if other:
        raise UsageError(other[0])
    return data.hold_out(trained.config.validation, trained.config.seed)


def _threshold(trained: Trained, rate: float | None) -> tuple[float, float]:
    """A threshold and its false-alarm rate: without one the run's own, or as that is where training has not ended."""
    from minigen.evaluation.studies import detection as study

    if rate is None and trained.threshold is not None:
        return trained.threshold, trained.false_alarms
    try:
        _, validation = _trained_on(trained)
    except UsageError as error:
        raise UsageError(f"{error}; --threshold X says what is anomalous") from error
    if not len(validation):
        raise UsageError("the run held nothing out (--validation 0): --threshold X says what is anomalous")
    least = study.possible(rate or study.FALSE_ALARMS, len(validation))
    if rate is not None and rate < least:
        why = f"the run held out {len(validation):,} examples, too few for a rarer alarm"
        raise UsageError(f"--false-alarms is {rate:g}, must be at least {least:.2g}: {why}")
    return study.threshold_for(trained.score_of(validation), least), least


def _measure_generator(trained: Trained, options: argparse.Namespace, results: Results) -> None:
    from minigen.evaluation.generator_measures import SAMPLES, GeneratorMeasures

    measures = GeneratorMeasures(data_of(trained, _warn), trained.config.device)
    found = measures.of_images(trained.sample(SAMPLES, getattr(options, "seed", 0)))
    if not found:
        raise UsageError(f"{trained.data.name} gives nothing to measure against: its test images are all the same")
    results.say(f"of {SAMPLES:,} samples:")
    for name, value in found.items():
        results.say(f"  {name.replace('_', ' '):<12}{value:.4g}")


def _export(trained: Trained, options: argparse.Namespace, results: Results) -> None:
    results.file(f"{trained.model.name}.safetensors", trained.exported())
    results.say("        with the names and shapes of torch.nn")


def _examples(trained: Trained, options: argparse.Namespace) -> Examples:
    """What the options name: test examples where they name nothing."""
    if options.inputs:
        return read_examples(trained, options.inputs, options.invert)
    return from_test_set(trained, getattr(options, "count", options.default_count), _warn)


# Their options


def _add_inputs(parser: argparse.ArgumentParser, count: int | None) -> None:
    """count: how many test examples are read by default, None all."""
    parser.add_argument(
        "inputs",
        nargs="*",
        type=Path,
        default=[],
        help="pictures or folders of them, or a file of sequences (.csv, .npy); by default the test set",
    )
    _add_invert(parser)
    parser.add_argument("--count", type=int, help=f"number of test examples (default {count or 'all'})")
    add_data(parser)
    parser.set_defaults(default_count=count or sys.maxsize)  # apart from --count: whether that was given must be seen


def add_data(parser: argparse.ArgumentParser) -> None:
    """The options with which `elsewhere` finds the data."""
    for flag, metavar, what in (
        ("--data", "PATH", "your own data"),
        ("--data-dir", "DIR", "folder of the data set"),
        ("--data-file", "FILE", "file of sequences"),
        ("--test", "FILE", "file of the test split"),
    ):
        parser.add_argument(flag, metavar=metavar, help=f"{what} that the run was trained on, where it was moved")


def _add_invert(parser: argparse.ArgumentParser) -> None:
    help_ = "the pictures are dark on light, the model's light on dark: invert what is read and what is written"
    parser.add_argument("--invert", action="store_true", default=False, help=help_)


def _sample_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--count", type=int, default=100, help="number of samples (default 100)")
    parser.add_argument("--seed", type=int, default=0, help="seed for the noise (default 0)")
    parser.add_argument(
        "--temperature",
        type=float,
        default=1.0,
        help="standard deviation of the noise (default 1); smaller gives more typical images",
    )


def _interpolate_arguments(parser: argparse.ArgumentParser) -> None:
    help_ = "a picture, the number of a test example, or the seed of a noise for a model without encoder"
    parser.add_argument("a", metavar="A", help=help_)
    parser.add_argument("b", metavar="B", help="the same")
    _add_invert(parser)
    add_data(parser)
    parser.add_argument("--steps", type=int, default=10, help="number of images (default 10)")


def _restore_arguments(parser: argparse.ArgumentParser) -> None:
    _add_inputs(parser, SHOWN)
    parser.add_argument(
        "--damage", action="store_true", default=False, help="the pictures are whole: damage them first"
    )


def _score_arguments(parser: argparse.ArgumentParser) -> None:
    _add_inputs(parser, MANY)
    parser.add_argument("--threshold", type=float, help="above it is anomalous (default: the run's own)")
    parser.add_argument(
        "--false-alarms",
        type=float,
        metavar="RATE",
        help="choose the threshold so that this part of normal inputs is above it, by the validation split",
    )
    parser.add_argument("--seed", type=int, help="generators: seed for the noise (default 0)")


class Verb(NamedTuple):
    """What a model can do if it is one of `needs`."""

    summary: str
    needs: Any
    add_arguments: Callable[[argparse.ArgumentParser], None]
    act: Callable[[Trained, argparse.Namespace, Results], Sequence[str] | None]


VERBS = {
    "sample": Verb("make new images from noise", Samples, _sample_arguments, _sample),
    "reconstruct": Verb("pass inputs through the code", Reconstructs, lambda p: _add_inputs(p, SHOWN), _reconstruct),
    "interpolate": Verb("go from A to B in steps", (Encodes, Samples), _interpolate_arguments, _interpolate),
    "encode": Verb("write codes, and draw their map", Encodes, lambda p: _add_inputs(p, MANY), _encode),
    "restore": Verb("undo damage to pictures", Restores, _restore_arguments, _restore),
    "classify": Verb("name the class of pictures", Classifies, lambda p: _add_inputs(p, None), _classify),
    "score": Verb("how anomalous inputs are, how good a generator", (Reconstructs, Samples), _score_arguments, _score),
    "export": Verb("write the weights for PyTorch", Model, lambda p: None, _export),
}


if __name__ == "__main__":
    show_lines_at_once()
    sys.exit(main())

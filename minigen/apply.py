"""python -m minigen.apply RUN VERB [options]: use a trained model; what it makes lies in RUN/VERB."""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from minigen import backend, files
from minigen.command_line import Parser, UsageError, closest, run_command, show_lines_at_once
from minigen.data import Dataset
from minigen.data.pictures import read_picture, read_pictures
from minigen.data.sequences import in_units, read_like
from minigen.inference.loading import load, load_data
from minigen.inference.trained import Trained
from minigen.models import Model
from minigen.models.model import Encodes, Reconstructs, Restores, Samples

SHOWN = 10  # examples on a sheet
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
    if len(words) == 1 or words[1] not in VERBS:
        hint = closest(words[1].lower(), VERBS) if len(words) > 1 else ""
        what = f"unknown verb {words[1]!r}{hint}" if len(words) > 1 else "what shall the model do?"
        raise UsageError(f"{what} ({', '.join(VERBS)}; --help says more)")
    verb = VERBS[words[1]]
    parser = Parser(f"python -m minigen.apply RUN {words[1]}", "%(prog)s [options]", verb.summary)
    verb.add_arguments(parser)
    parser.add_argument("--out", type=Path, help=f"folder for what is made (default RUN/{words[1]})")
    parser.add_argument("--device", choices=backend.DEVICES, default="cpu", help="where to compute (default cpu)")
    options = parser.parse(words[2:])
    trained = load(words[0], options.device, say=lambda line: print(line, file=sys.stderr))
    if not isinstance(trained.model, verb.needs):
        able = ", ".join(name for name, other in VERBS.items() if isinstance(trained.model, other.needs))
        raise UsageError(f"{trained.model.name} cannot {words[1]}, but: {able}")
    out = getattr(options, "out", Path(words[0]) / words[1])
    if "out" not in options:
        files.refuse_link(out)
    print(f"{trained.model.name} of {words[0]}, after {trained.epoch} epochs on {trained.data.name}")
    for line in verb.act(trained, options, out):
        print(line)
    for line in getattr(options, "left_out", []):
        print(line)
    return 0


def _print_list() -> None:
    print("python -m minigen.apply RUN VERB [options]\n\nVerbs (RUN VERB --help shows the options):")
    for name, verb in VERBS.items():
        print(f"  {name:<13}{verb.summary}")


# What a model is given


class Inputs(NamedTuple):
    """Examples and what is known of them: labels and lengths only of those from the test set."""

    values: Any
    names: list[str]
    labels: Any = None
    lengths: Any = None


def _add_inputs(parser: argparse.ArgumentParser, count: int) -> None:
    parser.add_argument(
        "inputs",
        nargs="*",
        type=Path,
        default=[],
        help="pictures or folders of them, or a file of sequences (.csv, .npy); none: the test set",
    )
    _add_invert(parser)
    parser.add_argument("--count", type=int, help=f"of the test set, how many (default {count})")
    parser.set_defaults(default_count=count)  # apart from --count: whether that was given must be seen


def _add_invert(parser: argparse.ArgumentParser) -> None:
    help_ = "the pictures are dark on light, the model's light on dark: invert what is read and what is written"
    parser.add_argument("--invert", action="store_true", default=False, help=help_)


def _inputs(trained: Trained, options: argparse.Namespace) -> Inputs:
    """What the options name: test examples where they name nothing."""
    if not options.inputs:
        return _test_examples(load_data(trained.config), getattr(options, "count", options.default_count))
    if trained.data.holds_images:
        channels, height, width = trained.data.input_shape
        paths, images, options.left_out = read_pictures(options.inputs, channels, (height, width), options.invert)
        return Inputs(np.stack(images), _names(paths))
    if len(options.inputs) > 1:
        raise UsageError(f"{len(options.inputs)} files of sequences, one at a time is read")
    values = read_like(options.inputs[0], trained.data.input_shape, trained.data.units)
    return Inputs(values, _numbers(len(values)))


def _picture(trained: Trained, path: Path, invert: bool) -> Any:
    channels, height, width = trained.data.input_shape
    return read_picture(path, channels, (height, width), invert)


def _test_examples(data: Dataset, count: int) -> Inputs:
    if count < 1:
        raise UsageError(f"--count is {count}, must be at least 1")
    part = data.test.take(range(min(count, len(data.test))))
    values = part.inputs.astype(np.float32) / np.float32(255) if part.inputs.dtype == np.uint8 else part.inputs
    return Inputs(values, _numbers(len(part)), part.labels, part.lengths)


def _numbers(count: int) -> list[str]:
    return [f"{number:0{len(str(count - 1))}}" for number in range(count)]


def _names(paths: list[Path]) -> list[str]:
    """A name for each file, numbered where two are the same."""
    stems = [files.printable(path.stem) for path in paths]
    return [f"{number:04}-{stem}" if stems.count(stem) > 1 else stem for number, stem in enumerate(stems)]


# What it makes


def _save_images(out: Path, names: list[str], images: Any, invert: bool = False) -> str:
    from minigen.inference.outputs import save_picture

    files.make_folder(out / "pictures")
    for name, image in zip(names, images, strict=True):
        save_picture(out / "pictures" / f"{name}.png", 1 - image if invert else image)
    return f"wrote   {out / 'pictures'}: {len(names)}, from {names[0]}.png on"


def _save_sheet(out: Path, rows: dict[str, Any], title: str) -> str:
    """Rows of as many images (N, C, H, W) each, by what they show, the first ten of each row."""
    from minigen.evaluation import figures  # Matplotlib takes a second, for which --help need not wait

    images = np.concatenate([row[:SHOWN] for row in rows.values()])
    images = images if images.ndim == 4 else images[:, None]
    columns = min(SHOWN, *(len(row) for row in rows.values()))
    figure = figures.show_images(images, columns, title, list(rows) if len(rows) > 1 else None)
    return _save_figure(out / "sheet.png", figure)


def _save_figure(path: Path, figure: Any) -> str:
    from minigen.evaluation import figures
    from minigen.inference.outputs import save

    return f"wrote   {save(path, figures.png(figure))}"


def _sample(trained: Trained, options: argparse.Namespace, out: Path) -> list[str]:
    from minigen.evaluation import figures

    images = trained.sample(options.count, options.seed, options.temperature)
    title = f"samples: noise of seed {options.seed}, temperature {options.temperature:g}"
    sheet = figures.show_images(images[: SHOWN**2], min(SHOWN, len(images)), title)
    return [_save_images(out, _numbers(len(images)), images), _save_figure(out / "sheet.png", sheet)]


def _reconstruct(trained: Trained, options: argparse.Namespace, out: Path) -> list[str]:
    from minigen.inference.outputs import save_array

    x = _inputs(trained, options)
    y = trained.reconstruct(x.values, x.lengths)
    lines = [f"squared error a value: {trained.score(x.values, x.lengths).mean():.4f} (mean of {len(y)})"]
    if trained.data.holds_images:
        lines.append(_save_images(out, x.names, y, options.invert))
    else:
        lines.append(f"wrote   {save_array(out / 'reconstructions.npy', in_units(y, trained.data.units))}")
    if trained.data.input_shape[-1] > 1:
        lines.append(_save_sheet(out, {"input": x.values, "from code": y}, "inputs and their reconstructions"))
    return lines


def _interpolate(trained: Trained, options: argparse.Namespace, out: Path) -> list[str]:
    if isinstance(trained.model, Encodes):
        ends = [_end(trained, word, options.invert) for word in (options.a, options.b)]
        images, title = trained.interpolate(ends[0], ends[1], options.steps), "from one code to the other"
    else:
        seeds = [_seed(word) for word in (options.a, options.b)]
        images, title = trained.interpolate_noise(seeds[0], seeds[1], options.steps), "from one noise to the other"
    lines = [_save_images(out, _numbers(len(images)), images, options.invert)] if trained.data.holds_images else []
    shown = np.unique(np.linspace(0, len(images) - 1, SHOWN).round().astype(int))
    return [*lines, _save_sheet(out, {"": images[shown]}, title)]


def _end(trained: Trained, word: str, invert: bool) -> Any:
    """An example: that of the test set at a number, or a picture."""
    if not word.isdecimal():
        if not trained.data.holds_images:
            raise UsageError(f"{word!r}: must be the number of a test sequence")
        return _picture(trained, Path(word), invert)
    inputs = _test_examples(load_data(trained.config), int(word) + 1)
    if len(inputs.values) <= int(word):
        raise UsageError(f"{word}: the test set has numbers 0 to {len(inputs.values) - 1}")
    return inputs.values[int(word)]


def _seed(word: str) -> int:
    if not word.isdecimal():
        raise UsageError(f"{word!r}: must be the seed of a noise, a number, as this model encodes no picture")
    return int(word)


def _encode(trained: Trained, options: argparse.Namespace, out: Path) -> list[str]:
    from minigen.evaluation import figures
    from minigen.inference.outputs import save_array, save_table

    x = _inputs(trained, options)
    codes = trained.encode(x.values, x.lengths)
    heading = ["name", *(f"z{number}" for number in range(1, codes.shape[1] + 1))]
    columns: list[Any] = [x.names, *codes.T]
    if x.labels is not None:
        heading.insert(1, "class")
        columns.insert(1, [trained.data.classes[label] for label in x.labels])
    figure = figures.code_map(codes, x.labels, trained.data.classes if x.labels is not None else x.names)
    return [
        f"wrote   {save_array(out / 'codes.npy', codes)}",
        f"wrote   {save_table(out / 'codes.csv', heading, zip(*columns, strict=True))}",
        _save_figure(out / "map.png", figure),
    ]


def _restore(trained: Trained, options: argparse.Namespace, out: Path) -> list[str]:
    from minigen.evaluation import figures

    if not options.inputs or options.damage:
        x = _inputs(trained, options)
        damaged = trained.damage(x.values)
        restored = trained.restore(damaged)
        error = ((restored - x.values) ** 2).mean(axis=(1, 2, 3))
        rows = {"damaged": figures.enlarged(damaged, x.values.shape[2]), "restored": restored, "true": x.values}
        return [
            f"PSNR {-10 * np.log10(error.clip(1e-10)).mean():.2f} dB (mean of {len(error)})",
            _save_images(out, x.names, restored, options.invert),
            _save_sheet(out, rows, "damaged, restored and true"),
        ]
    paths, images, options.left_out = read_pictures(options.inputs, trained.data.input_shape[0], None, options.invert)
    return [_save_images(out, _names(paths), [trained.restore(x[None])[0] for x in images], options.invert)]


def _score(trained: Trained, options: argparse.Namespace, out: Path) -> list[str]:
    if not isinstance(trained.model, Reconstructs):
        return _measure_generator(trained, options)
    from minigen.evaluation.studies.anomalies import QUANTILE, roc_auc
    from minigen.inference.outputs import save_table

    if "seed" in options:
        raise UsageError(f"--seed: {trained.model.name} scores inputs, for which it draws no noise")
    threshold = getattr(options, "threshold", None)
    if threshold is not None and math.isnan(threshold):
        raise UsageError("--threshold is nan, must be a number")
    x = _inputs(trained, options)
    scores = trained.score(x.values, x.lengths)
    if threshold is None:
        threshold = _threshold(trained, QUANTILE)
    rows = zip(x.names, scores, scores > threshold, strict=True)
    saved = save_table(out / "scores.csv", ["name", "score", "anomalous"], rows)
    highest = np.argsort(-scores)[:5]
    lines = [
        f"{(scores > threshold).sum()} of {len(scores)} are above the threshold {threshold:.5g}",
        "highest " + ", ".join(f"{x.names[place]}: {scores[place]:.5g}" for place in highest),
    ]
    if x.labels is not None and trained.data.classes[0] == "normal" and 0 < (x.labels != 0).sum() < len(x.labels):
        lines.append(f"area under the ROC curve {roc_auc(scores, x.labels != 0):.4f}, by the test set's labels")
    return [*lines, f"wrote   {saved}"]


def _threshold(trained: Trained, quantile: float) -> float:
    """Of the scores of the validation part, which was not trained on."""
    data = load_data(trained.config)
    _, validation = data.hold_out(trained.config.validation, trained.config.seed)
    if not len(validation):
        raise UsageError("the run held nothing out (--validation 0): --threshold X says what is anomalous")
    return float(np.quantile(trained.score(validation.inputs, validation.lengths), quantile))


def _measure_generator(trained: Trained, options: argparse.Namespace) -> list[str]:
    from minigen.evaluation.generator_measures import SAMPLES, GeneratorMeasures

    given = [*map(str, options.inputs), *(f"--{name}" for name in ("count", "threshold") if name in options)]
    if given or options.invert:
        raise UsageError(f"{[*given, '--invert'][0]}: {trained.model.name} scores no inputs, but its own samples")
    measures = GeneratorMeasures(load_data(trained.config), trained.config.device)
    found = measures.of_images(trained.sample(SAMPLES, getattr(options, "seed", 0)))
    if not found:
        raise UsageError(f"{trained.data.name} gives nothing to measure against: its test images are all the same")
    return [
        f"of {SAMPLES:,} samples:",
        *(f"  {name.replace('_', ' '):<12}{value:.4g}" for name, value in found.items()),
    ]


def _export(trained: Trained, options: argparse.Namespace, out: Path) -> list[str]:
    out.mkdir(parents=True, exist_ok=True)
    return [
        f"wrote   {trained.export(out / f'{trained.model.name}.safetensors')}, as torch.nn names and shapes weights"
    ]


# The verbs


def _sample_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--count", type=int, default=100, help="how many (default 100)")
    parser.add_argument("--seed", type=int, default=0, help="of the noise (default 0)")
    parser.add_argument(
        "--temperature", type=float, default=1.0, help="standard deviation of the noise (default 1): less is tamer"
    )


def _interpolate_arguments(parser: argparse.ArgumentParser) -> None:
    help_ = "a picture, the number of a test example, or for a model without encoder the seed of a noise"
    parser.add_argument("a", metavar="A", help=help_)
    parser.add_argument("b", metavar="B", help="the same")
    _add_invert(parser)
    parser.add_argument("--steps", type=int, default=10, help="how many images (default 10)")


def _restore_arguments(parser: argparse.ArgumentParser) -> None:
    _add_inputs(parser, SHOWN)
    parser.add_argument(
        "--damage", action="store_true", default=False, help="the pictures are whole: damage them first"
    )


def _score_arguments(parser: argparse.ArgumentParser) -> None:
    _add_inputs(parser, MANY)
    parser.add_argument("--threshold", type=float, help="above it is anomalous (default: 99 %% of validation is below)")
    parser.add_argument("--seed", type=int, help="of a generator's noise (default 0)")


class Verb(NamedTuple):
    """What a model can do, if it is one of `needs`. `act` writes into a folder, and gives the lines to print."""

    summary: str
    needs: Any
    add_arguments: Callable[[argparse.ArgumentParser], None]
    act: Callable[[Trained, argparse.Namespace, Path], list[str]]


VERBS = {
    "sample": Verb("make new images from noise", Samples, _sample_arguments, _sample),
    "reconstruct": Verb("pass inputs through the code", Reconstructs, lambda p: _add_inputs(p, SHOWN), _reconstruct),
    "interpolate": Verb("go from A to B in steps", (Encodes, Samples), _interpolate_arguments, _interpolate),
    "encode": Verb("write codes, and draw their map", Encodes, lambda p: _add_inputs(p, MANY), _encode),
    "restore": Verb("undo damage to pictures", Restores, _restore_arguments, _restore),
    "score": Verb("how anomalous inputs are, how good a generator", (Reconstructs, Samples), _score_arguments, _score),
    "export": Verb("write the weights for PyTorch", Model, lambda p: None, _export),
}


if __name__ == "__main__":
    show_lines_at_once()
    sys.exit(main())

"""What the verbs of `minigen.apply` do, a function for each.

Each reads the inputs that the options name, calls one method of `Trained`, and hands what that returns to `Results`.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from minigen import files
from minigen.autograd import Tensor
from minigen.data import DataError, Split
from minigen.data.pictures import read_pictures
from minigen.evaluation import figures
from minigen.evaluation.generator_measures import SAMPLES, GeneratorMeasures
from minigen.evaluation.studies import classification, detection
from minigen.inference.arrays import UseError
from minigen.inference.inputs import (
    Examples,
    from_test_set,
    numbers,
    one_example,
    picture_names,
    read_examples,
    unlike,
)
from minigen.inference.loading import data_of
from minigen.inference.outputs import SHOWN, Results, warn
from minigen.inference.trained import Trained
from minigen.models.images import psnr
from minigen.models.model import ClassifiesLater, Encodes, Reconstructs

LEAST_CERTAIN = 20  # pictures that are shown


def sample(trained: Trained, options: argparse.Namespace, results: Results) -> None:
    """A picture of each sample, and a sheet."""
    images = trained.sample(options.count, options.seed, options.temperature)
    results.pictures(numbers(len(images)), images)
    results.sheet({"": images}, f"samples: noise of seed {options.seed}, temperature {options.temperature:g}")


def reconstruct(trained: Trained, options: argparse.Namespace, results: Results) -> None:
    """A picture of each reconstruction, or an array of sequences, and a sheet beside the inputs."""
    x = _examples(trained, options, results)
    y = trained.reconstruct(x.values, x.lengths)
    results.say(f"squared error per value: {trained.score(x.values, x.lengths).mean():.4f} (mean of {len(y)})")
    if trained.data.holds_images:
        results.pictures(x.names, y)
    else:
        results.array("reconstructions", y)
    values, decoded = trained.scaled(x.values), trained.scaled(y)
    if _lines(trained):
        series = values[:SHOWN], decoded[:SHOWN], x.names, x.lengths
        results.figure("sheet", figures.show_sequences(*series, units=trained.data.units))
    else:
        results.sheet({"input": values, "reconstructed": decoded}, "inputs and their reconstructions")


def _lines(trained: Trained) -> bool:
    """Whether an example is drawn as lines and not as a picture: a sequence of few variables."""
    return not trained.data.holds_images and trained.data.input_shape[-1] <= figures.MOST_LINES


def interpolate(trained: Trained, options: argparse.Namespace, results: Results) -> None:
    """A picture of each step, or an array of sequences, and a sheet."""
    if isinstance(trained.model, Encodes):
        start, end = (one_example(trained, word, options.invert, warn) for word in (options.a, options.b))
        steps, title = trained.interpolate(start, end, options.steps), "from one code to the other"
        results.notes += unlike(trained, [start, end], options.invert) if trained.data.holds_images else ()
    else:
        first, last = _seed(options.a), _seed(options.b)
        steps, title = trained.interpolate_noise(first, last, options.steps), "from one noise to the other"
    names = numbers(len(steps))
    if trained.data.holds_images:
        results.pictures(names, steps)
    else:
        results.array("steps", steps)
    shown = np.unique(np.linspace(0, len(steps) - 1, SHOWN).round().astype(int))
    scaled = trained.scaled(steps[shown])
    if _lines(trained):
        series = scaled, None, [names[number] for number in shown]
        results.figure("sheet", figures.show_sequences(*series, units=trained.data.units))
    else:
        results.sheet({"": scaled}, title)


def _seed(word: str) -> int:
    if not word.isdecimal():
        raise UseError(f"{word!r}: must be the seed of a noise, a number, as this model encodes no picture")
    return int(word)


def encode(trained: Trained, options: argparse.Namespace, results: Results) -> None:
    """The codes as an array and as a table, and their map."""
    x = _examples(trained, options, results)
    codes = trained.encode(x.values, x.lengths)
    columns = {"name": x.names}
    if x.labels is not None:
        columns["class"] = [trained.data.classes[label] for label in x.labels]
    columns |= {f"z{number}": column for number, column in enumerate(codes.T, start=1)}
    results.array("codes", codes)
    results.table("codes", list(columns), zip(*columns.values(), strict=True))
    results.figure("map", figures.code_map(codes, x.labels, x.names if x.labels is None else trained.data.classes))


def restore(trained: Trained, options: argparse.Namespace, results: Results) -> None:
    """A picture of each restored image; of test examples also the PSNR and a sheet."""
    if options.inputs and not options.damage:  # pictures of any size
        found = read_pictures(options.inputs, trained.data.input_shape[0], None, options.invert)
        results.pictures(picture_names(found.paths), [trained.restore(image[None])[0] for image in found.images])
        results.notes += [*found.left_out, *unlike(trained, found.images, options.invert)]
        return
    x = _examples(trained, options, results)
    damaged = trained.damage(x.values)
    restored = trained.restore(damaged)
    results.say(f"PSNR {psnr(Tensor(restored), Tensor(x.values)).item():.2f} dB (mean of {len(restored)})")
    results.pictures(x.names, restored)
    rows = {"damaged": figures.enlarged(damaged, x.values.shape[2]), "restored": restored, "true": x.values}
    results.sheet(rows, "damaged, restored and true")


def classify(trained: Trained, options: argparse.Namespace, results: Results) -> None:
    """A table of the classes, and the least certain pictures; where labels are known also the confusion."""
    x, model, classes = _examples(trained, options, results), trained.model, trained.data.classes
    if isinstance(model, ClassifiesLater) and not model.knows_classes:
        model.fit_classifier(data_of(trained, warn))
    chances = trained.classify(x.values)
    named, confidence = chances.argmax(axis=1), chances.max(axis=1)
    columns = {"name": x.names, "label": [classes[label] for label in named], "probability": confidence}
    if x.labels is None:
        for name, label, chance in zip(*(column[:SHOWN] for column in columns.values()), strict=True):
            results.say(f"{files.printable(name)}: {files.printable(label)} {chance:.2f}")
    else:
        columns["true"] = [classes[label] for label in x.labels]
        results.say(classification.accuracy_line(named == x.labels))
        results.figure(
            "confusion", classification.draw_confusion(classification.confusion(named, x.labels, len(classes)), classes)
        )
    results.table("classes", list(columns), zip(*columns.values(), strict=True))
    least = np.argsort(confidence, kind="stable")[:LEAST_CERTAIN]
    titles = classification.titled(chances[least], classes, None if x.labels is None else x.labels[least])
    images = trained.scaled(x.values)[least]
    results.figure("least_certain", classification.draw_labelled(images, titles, "the least certain pictures"))


def score(trained: Trained, options: argparse.Namespace, results: Results) -> None:
    """A table of how anomalous each input is; of a generator only its measures."""
    if not isinstance(trained.model, Reconstructs):
        _measure_generator(trained, options, results)
        return
    threshold, rate = getattr(options, "threshold", None), getattr(options, "false_alarms", None)
    if threshold is not None and math.isnan(threshold):
        raise UseError("--threshold is nan, must be a number")
    if threshold is not None and rate is not None:
        raise UseError("--threshold and --false-alarms both choose the threshold, must be one of them")
    if rate is not None and not 0 < rate < 1:
        raise UseError(f"--false-alarms is {rate:g}, must be above 0 and below 1")
    x = _examples(trained, options, results)
    scores = trained.score(x.values, x.lengths)
    meaning = ""
    if threshold is None:
        threshold, rate = _threshold(trained, rate)
        meaning = f", chosen for a false-alarm rate of {rate:.3g} on the validation split"
    above, what = (scores > threshold).sum(), "inputs" if options.inputs else "test examples"
    results.say(f"{above} of {len(scores)} {what} are above the threshold {threshold:.5g}{meaning}")
    highest = (f"{files.printable(x.names[place])}: {scores[place]:.5g}" for place in np.argsort(-scores)[:5])
    results.say(f"highest scores (mean squared error): {', '.join(highest)}")
    if _labelled(trained, x):
        anomalous = x.labels != 0
        own = detection.detection(scores, anomalous, threshold)
        results.say(f"area under the ROC curve {own.roc_auc:.4f}, by the labels")
        results.say(f"found {own.found:.1%} of {anomalous.sum():,} anomalies, false alarms {own.false_alarms:.1%}")
        for line in _beside_baselines(trained, x, scores, rate or detection.FALSE_ALARMS):
            results.say(line)
    rows = zip(x.names, scores, scores > threshold, strict=True)
    results.table("scores", ["name", "score", "anomalous"], rows)


def _labelled(trained: Trained, x: Examples) -> bool:
    """Whether there are both normal sequences and anomalies, and the labels say which."""
    return x.labels is not None and trained.data.knows_normal and 0 < (x.labels != 0).sum() < len(x.labels)


def _beside_baselines(trained: Trained, x: Examples, scores: Any, rate: float) -> Sequence[str]:
    """A table of the model beside the baselines, or the reason why there is none.

    The threshold of each is chosen as the model's is, from its scores on the validation split.
    """
    if x.lengths is not None:
        return ["no baselines: the sequences differ in length"]
    try:
        train, validation = _trained_on(trained)
    except (DataError, UseError) as error:
        return [f"no baselines: they need the training data, but {error}"]
    if not len(validation):
        return ["no baselines: the run held nothing out (--validation 0), from which to choose a threshold"]
    inputs, anomalous = trained.scaled(x.values), x.labels != 0
    detectors = {trained.model.name: (trained.score_of(validation), scores)}
    for name, score in detection.baselines(train.inputs).items():
        detectors[name] = score(validation.inputs), score(inputs)
    judged = {
        name: detection.detection(tested, anomalous, detection.threshold_for(held, rate))
        for name, (held, tested) in detectors.items()
    }
    rule = f"with thresholds for a false-alarm rate of {rate:.3g} on {len(validation):,} normal validation sequences:"
    return ["", rule, *detection.table(judged)]


def _trained_on(trained: Trained) -> tuple[Split, Split]:
    """(training, validation) of a run; UseError where the data are no longer those that it was trained on."""
    other: list[str] = []
    data = data_of(trained, other.append)
    if other:
        raise UseError(other[0])
    return data.hold_out(trained.config.validation, trained.config.seed)


def _threshold(trained: Trained, rate: float | None) -> tuple[float, float]:
    """(threshold, false-alarm rate): for `rate`, or else the run's own, chosen here if it has none yet."""
    if rate is None and trained.threshold is not None:
        return trained.threshold, trained.false_alarms
    try:
        _, validation = _trained_on(trained)
    except UseError as error:
        raise UseError(f"{error}; --threshold X says what is anomalous") from error
    if not len(validation):
        raise UseError("the run held nothing out (--validation 0): --threshold X says what is anomalous")
    least = detection.possible(rate or detection.FALSE_ALARMS, len(validation))
    if rate is not None and rate < least:
        why = f"the run held out {len(validation):,} examples, too few for a rarer alarm"
        raise UseError(f"--false-alarms is {rate:g}, must be at least {least:.2g}: {why}")
    return detection.threshold_for(trained.score_of(validation), least), least


def _measure_generator(trained: Trained, options: argparse.Namespace, results: Results) -> None:
    data = data_of(trained, warn)
    measures = GeneratorMeasures(data, trained.config.device)
    found = measures.of_images(trained.sample(SAMPLES, getattr(options, "seed", 0)))
    if not found:
        raise UseError(f"{trained.data.name} gives nothing to measure against: its test images are all the same")
    real = measures.of_training_images(data.train)
    results.say(f"of {SAMPLES:,} samples, and in brackets of {min(SAMPLES, len(data.train)):,} training images:")
    for name, value in found.items():
        results.say(f"  {name.replace('_', ' '):<12}{value:.4g} ({real[name]:.4g})")


def export(trained: Trained, options: argparse.Namespace, results: Results) -> None:
    """The weights as a safetensors file."""
    results.file(f"{trained.model.name}.safetensors", trained.exported())
    results.say("        with the names and shapes of torch.nn")


def _examples(trained: Trained, options: argparse.Namespace, results: Results) -> Examples:
    """What the options name, by default test examples; the notes about them go to the results."""
    if not options.inputs:
        return from_test_set(trained, getattr(options, "count", options.default_count), warn)
    found = read_examples(trained, options.inputs, options.invert)
    results.notes += found.notes
    return found

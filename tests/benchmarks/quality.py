"""The quality of a run beside that of its PyTorch twin: python -m tests.benchmarks.quality RUN

Trains the model's twin of tests/twins as the run was trained: same hyper-parameters, first weights, batches and
choice of the best epoch; the noise is PyTorch's own. Prints the test results of both; a GAN's samples are judged
from the same noise by the same digit classifier, and a detector of anomalies by the same rule.
"""

from __future__ import annotations

import argparse
import copy
import sys
import time
from pathlib import Path

import numpy as np
import torch

from minigen import data, rng
from minigen.autograd import Tensor
from minigen.evaluation.generator_measures import GeneratorMeasures
from minigen.evaluation.studies.anomalies import scores
from minigen.evaluation.studies.detection import detection, threshold_for
from minigen.inference.loading import load_data, read_config
from minigen.models import Config
from minigen.models.adversarial import Adversarial
from minigen.training.run_folder import RunError, RunFolder
from minigen.training.state import read_either

sys.path.insert(0, str(Path(__file__).parent.parent))
from twins import twin_type
from twins.side_by_side import OwnNoise, TorchSide, Twin, as_torch


class TwinSamples:
    """The generator of a GAN's twin, as the measures ask for it."""

    def __init__(self, twin: Twin, config: Config) -> None:
        self.twin, self.latent, self.in_tanh = twin.eval(), config.latent, getattr(config, "output", "tanh") == "tanh"

    def sample(self, noise: Tensor) -> Tensor:
        with torch.no_grad():
            images = self.twin.generator(torch.tensor(np.ascontiguousarray(noise.numpy()))).numpy()
        return Tensor((images + 1) / 2 if self.in_tanh else images)


class TwinErrors:
    """The twin of a detector of anomalies, as the study asks for it."""

    def __init__(self, twin: Twin, config: Config) -> None:
        self.twin, self.config = twin.eval(), config

    def squared_errors(self, batch: data.Batch) -> Tensor:
        with torch.no_grad():
            return Tensor(self.twin.squared_errors(as_torch(batch)).numpy())


def main(folder: str) -> None:
    """Train the twin and print."""
    run = RunFolder.open(Path(folder))
    model_type, config, _ = read_config(run)
    dataset = load_data(config)
    train, validation = dataset.hold_out(config.validation, config.seed)
    _, _, state = read_either(run.best, run.last, print)
    if (seen := state.data.examples) != len(train):
        sys.exit(f"{folder}: trained on {seen:,} examples of {len(train):,}: a run of --smoke cannot be compared")
    rng.manual_seed(config.seed)
    model = model_type(config, dataset.input_shape, len(dataset.classes))
    twin = twin_type(model.name)(config, dataset.input_shape, len(dataset.classes), OwnNoise(config.seed))
    twin.begin_as(model)
    twin.prepare(train)
    train_twin(twin, data.Loader(train, config.batch_size, config.seed), validation, dataset.test)
    ours = run.rows()[-1]["test"]
    if isinstance(model, Adversarial):
        theirs = GeneratorMeasures(dataset, "cpu").of_model(TwinSamples(twin, config), config.seed)
    else:
        _, theirs = evaluate(twin, dataset.test)
    if "roc_auc" in ours:
        errors, rate = TwinErrors(twin, config), run.described().false_alarms
        threshold = threshold_for(scores(errors, validation), rate)
        theirs |= detection(scores(errors, dataset.test), dataset.test.labels != 0, threshold).numbers()
    for name, value in theirs.items():
        ratio = f"{ours[name] / value:.3f}" if value else "none"
        print(f"{name:<22} minigen {ours[name]:9.4f}   torch {value:9.4f}   ratio {ratio}")


def train_twin(twin: Twin, loader: data.Loader, validation: data.Split, test: data.Split) -> None:
    """All epochs; the twin ends as it was when the validation part was best, or at the end where there is none.

    After each epoch it prints the measures of the validation part, or of the test set where nothing is held out.
    """
    side, best, weights = TorchSide(twin, len(loader)), float("inf"), twin.state_dict()
    for epoch in range(twin.config.epochs):
        started = time.perf_counter()
        twin.train()
        for batch in loader.epoch(epoch):
            side.step(as_torch(batch))
        seconds = time.perf_counter() - started
        name, measures = evaluate(twin, validation if len(validation) else test)
        score = measures[name] if len(validation) else -float("inf")
        if score <= best:
            best, weights = score, copy.deepcopy(twin.state_dict())
        part = "validation" if len(validation) else "test"
        print(
            f"epoch {epoch + 1}: {_numbers(*side.updates[-2:])}; {part}: {_numbers(measures)}; {seconds:.0f} s",
            flush=True,
        )
    twin.load_state_dict(weights)


def _numbers(*measures: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.4f}" for terms in measures for name, value in terms.items())


def evaluate(twin: Twin, split: data.Split) -> tuple[str, dict[str, float]]:
    """The score's name and the twin's measures over a split, each example counted once, with the same noise always."""
    training_noise, twin.noise = twin.noise, OwnNoise(twin.config.seed)
    twin.eval()
    sums: dict[str, float] = {}
    with torch.no_grad():
        for batch in map(as_torch, data.Loader(split, 1000, 0, shuffle=False).epoch(0)):
            loss = twin.evaluate(batch)
            for name, value in loss.terms.items():
                sums[name] = sums.get(name, 0.0) + value.item() * len(batch.inputs)
    twin.noise = training_noise
    return loss.name, {name: total / len(split) for name, total in sums.items()}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.quality", description=__doc__.split(":")[0])
    parser.add_argument("run", metavar="RUN", help="the folder of a run")
    try:
        main(parser.parse_args().run)
    except RunError as error:
        parser.error(str(error))

"""Whole training steps beside the PyTorch twins of tests/twins: python -m tests.benchmarks.steps [MODEL ...]

A step is what the trainer does: one update of each objective that is due, the gradient's norm, and the sums
of all terms, on both sides; loading is left out. Where an objective is due every n batches, n batches are
timed. The aims: 1.1 for dense models and conv-vae, 1.2 for the other image models, 1.5 for dcgan, 1.3 for
wgan-gp and recurrent-ae.
"""

from __future__ import annotations

import argparse
import math
import sys
from functools import partial
from pathlib import Path
from typing import Any

from tests.benchmarks.side_by_side import Step, compare, summarize

TESTS = Path(__file__).parent.parent
OPTIONS: dict[str, dict[str, Any]] = {"ae": {"loss": "bce"}}  # where a model is not timed with its defaults
CONVOLUTIONAL = ("conv-ae", "cnn", "ddnet", "deconv", "conv-vae", "dcgan", "wgan-gp")
BATCHES = 4


def minigen_side(name: str, options: dict[str, Any]) -> Step:
    from minigen import data
    from minigen.models import MODELS
    from minigen.training.run_folder import RunFolder
    from minigen.training.trainer import Trainer

    config = MODELS[name].config_type(**options)
    digits = data.load(config.data)
    model = MODELS[name](config, digits.input_shape, len(digits.classes))
    trainer = Trainer(model, digits.train, digits.test, RunFolder(Path("never written")), print)
    batches = [batch for batch, _ in zip(trainer.loader.epoch(0), range(BATCHES), strict=False)]
    cycle = math.lcm(*(objective.every for objective in trainer.objectives))

    def step() -> None:
        for _ in range(cycle):
            trainer.step(batches[trainer.batch % BATCHES])
            trainer.batch += 1

    return step


def torch_side(name: str, options: dict[str, Any], channels_last: bool) -> Step:
    sys.path.insert(0, str(TESTS))
    import torch
    from twins import twin_type
    from twins.side_by_side import Batch, OwnNoise

    from minigen import data
    from minigen.models import MODELS

    config = MODELS[name].config_type(**options)
    digits = data.load(config.data)
    twin = twin_type(name)(config, digits.input_shape, len(digits.classes), OwnNoise(0))
    layout = torch.channels_last if channels_last else torch.contiguous_format
    twin.to(memory_format=layout)
    loader = data.Loader(digits.train, config.batch_size, 0)
    batches = [
        Batch(torch.tensor(batch.inputs).contiguous(memory_format=layout), torch.tensor(batch.labels), None)
        for batch, _ in zip(loader.epoch(0), range(BATCHES), strict=False)
    ]
    objectives = twin.objectives()
    cycle = math.lcm(*(objective.every for objective in objectives))
    number = 0
    sums: dict[str, torch.Tensor | float] = {}

    def step() -> None:
        nonlocal number
        for _ in range(cycle):
            number += 1
            for objective in objectives:
                if number % objective.every == 0:
                    objective.optimizer.zero_grad()
                    loss = objective.loss(batches[number % BATCHES])
                    loss.value.backward()
                    weights = [p for group in objective.optimizer.param_groups for p in group["params"]]
                    norm = torch.nn.utils.get_total_norm([p.grad for p in weights if p.grad is not None])
                    objective.optimizer.step()
                    for term, value in {**loss.terms, "norm": norm}.items():
                        sums[term] = sums.get(term, 0.0) + value.detach().double() * config.batch_size

    return step


def main() -> None:
    """Time the models that the command line names; all where it names none."""
    from minigen.models import MODELS

    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.steps", description=__doc__.split(":")[0])
    parser.add_argument("models", nargs="*", metavar="MODEL", help=f"of {', '.join(MODELS)} (all where left out)")
    names = parser.parse_args().models
    if unknown := [name for name in names if name not in MODELS]:
        parser.error(f"unknown model {', '.join(unknown)}; known: {', '.join(MODELS)}")
    summarize(
        [
            compare(
                name,
                partial(minigen_side, name, OPTIONS.get(name, {})),
                *(
                    partial(torch_side, name, OPTIONS.get(name, {}), channels_last)
                    for channels_last in ((False, True) if name in CONVOLUTIONAL else (False,))
                ),
            )
            for name in names or MODELS
        ]
    )


if __name__ == "__main__":
    main()

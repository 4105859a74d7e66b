"""Whole training steps beside the PyTorch twins of tests/twins: python -m tests.benchmarks.steps [MODEL ...]

A step is what the trainer does: one update of each objective that is due, the gradient's norm, and the sums
of all terms, on both sides; loading is left out. Where an objective is due every n batches, n batches are
timed. The aims: 1.1 for dense models and conv-vae, 1.2 for the other image models, 1.5 for dcgan, 1.3 for
wgan-gp and recurrent-ae.
"""

from __future__ import annotations

import argparse
import importlib
import math
import sys
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.benchmarks.side_by_side import Setup, Step, compare, summarize

if TYPE_CHECKING:
    from minigen.training.loop import Trainer

TESTS = Path(__file__).parent.parent
PLAIN = {"reversed_target": False, "standardise": False, "clock": False}  # the document's recurrent-ae
OPTIONS: dict[str, dict[str, Any]] = {  # where a model is not timed with its defaults
    "ae": {"loss": "bce"},
    "recurrent-ae": {"hidden": 128, "batch_size": 128, **PLAIN},
}
CONVOLUTIONAL = ("conv-ae", "cnn", "ddnet", "deconv", "conv-vae", "dcgan", "wgan-gp")
BATCHES = 4


def training_side(name: str, options: dict[str, Any], device: str = "cpu") -> Trainer:
    """A model with its data and optimizers; device: "cpu", "gpu", or "fake", the tests' stand-in for CuPy."""
    from minigen import backend
    from minigen.models import MODELS
    from minigen.training.loop import Trainer
    from minigen.training.run_folder import RunFolder

    if device == "fake":
        sys.path.insert(0, str(TESTS))
        backend._gpu = importlib.import_module("fake_cupy")
    config = MODELS[name].config_type(device="cpu" if device == "cpu" else "gpu", **options)
    digits = load(config.data)
    model = MODELS[name](config, digits.input_shape, len(digits.classes))
    model.to(config.device)
    return Trainer(model, digits.train, digits.test, RunFolder(Path("never written")), print)


def minigen_side(name: str, options: dict[str, Any], device: str = "cpu") -> Step:
    """A step of such a training."""
    trainer = training_side(name, options, device)
    batches = [batch for batch, _ in zip(trainer.loader.epoch(0, 0, trainer.workers), range(BATCHES), strict=False)]
    cycle = math.lcm(*(objective.every for objective in trainer.objectives))

    def step() -> None:
        for _ in range(cycle):
            trainer.step(batches[trainer.batch % BATCHES])
            trainer.batch += 1

    if device == "gpu":
        from minigen import backend

        step.wait = backend.gpu_module().cuda.get_current_stream().synchronize
    return step


def torch_side(name: str, options: dict[str, Any], channels_last: bool, device: str = "cpu") -> Step:
    """device: "cpu" (of "fake" too) or "gpu", in float32 throughout: without the TF32 of PyTorch's convolutions."""
    sys.path.insert(0, str(TESTS))
    import torch
    from twins import twin_type
    from twins.side_by_side import Batch, OwnNoise

    from minigen import data
    from minigen.models import MODELS

    place = "cuda" if device == "gpu" else "cpu"
    torch.backends.cudnn.allow_tf32 = False
    config = MODELS[name].config_type(**options)
    digits = load(config.data)
    twin = twin_type(name)(config, digits.input_shape, len(digits.classes), OwnNoise(0, place))
    layout = torch.channels_last if channels_last else torch.contiguous_format
    twin.to(place, memory_format=layout)
    loader = data.Loader(digits.train, config.batch_size, 0)
    batches = [
        Batch(
            torch.tensor(batch.inputs, device=place).contiguous(memory_format=layout),
            torch.tensor(batch.labels, device=place),
            None,
        )
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

    if place == "cuda":
        step.wait = torch.cuda.synchronize
    return step


@cache
def load(name: str) -> Any:
    """The data set, generated once in a process."""
    from minigen import data

    return data.load(name)


def setups(name: str, options: dict[str, Any], device: str = "cpu") -> list[Setup]:
    """minigen's side and PyTorch's: two memory formats where there are images to convolve."""
    formats = (False, True) if name in CONVOLUTIONAL else (False,)
    return [
        partial(minigen_side, name, options, device),
        *(partial(torch_side, name, options, channels_last, device) for channels_last in formats),
    ]


def main() -> None:
    """Time the models that the command line names; all where it names none."""
    from minigen.models import MODELS

    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.steps", description=__doc__.split(":")[0])
    parser.add_argument("models", nargs="*", metavar="MODEL", help=f"of {', '.join(MODELS)} (all where left out)")
    parser.add_argument("--data", help="instead of each model's own, such as shapes64")
    given = parser.parse_args()
    if unknown := [name for name in given.models if name not in MODELS]:
        parser.error(f"unknown model {', '.join(unknown)}; known: {', '.join(MODELS)}")
    data = {"data": given.data} if given.data else {}
    summarize([compare(name, *setups(name, OPTIONS.get(name, {}) | data)) for name in given.models or MODELS])


if __name__ == "__main__":
    main()

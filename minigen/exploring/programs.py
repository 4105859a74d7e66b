"""What a model can do, as programs: lists of operations that the page knows."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from minigen import ops, rng
from minigen.exploring.tracing import Program, TraceError, trace
from minigen.files import read
from minigen.inference.arrays import UseError
from minigen.inference.trained import Trained
from minigen.models.model import Classifies, Encodes, Reconstructs, Restores, Samples

FORWARD = Path(__file__).with_name("forward.js")


def programs(trained: Trained, example: Any) -> tuple[dict[str, Program], dict[str, Any]]:
    """(the model's programs by name, the arrays that they use by name).

    The programs are encode, decode, reconstruct, classify, damage, restore and baseline. `encode` of a VAE returns the
    mean and ln σ² of q(z|x); `decode` of a generator without an encoder takes its noise.
    example: an input of the model, (1, *input_shape).

    Raises:
        UseError: the model can do nothing that a page shows, or it needs an operation that the page lacks.
    """
    functions, name = _functions(trained, example), trained.model.name
    if not functions:
        raise UseError(f"{name} can do nothing that a page shows: it has no encode, sample, classify or restore")
    weights = {name: array for name, array in trained.model.state_dict().items() if array.dtype.kind == "f"}
    if not all(np.isfinite(array).all() for array in weights.values()):
        raise UseError(f"{name} has weights that are not finite: there is nothing to explore")
    found, known = {}, operations()
    for task, (function, x) in functions.items():
        try:
            found[task] = _traced(function, x, weights)
        except TraceError as error:
            raise UseError(f"{name} cannot be explored: no browser can run its {task} ({error})") from error
        unknown = sorted({step.operation for step in found[task].steps} - known)
        if unknown:
            raise UseError(f"{name} cannot be explored: its {task} calls {', '.join(unknown)}, which the page lacks")
    used = {value["weight"] for program in found.values() for value in program.arguments() if "weight" in value}
    return found, {name: weights[name].astype(np.float32) for name in sorted(used)}


def _traced(function: Callable[..., Any], x: Any, weights: dict[str, Any]) -> Program:
    """The program, which must be the same for another input."""
    other = dict(weights)  # `trace` adds constants
    with rng.stream(0):  # the noise that damages a picture is the same for all
        program = trace(function, x, weights)
    with rng.stream(0):
        again = trace(function, x * np.float32(0.9), other)
    if program != again or not all(np.array_equal(array, other[name]) for name, array in weights.items()):
        raise TraceError("something in it depends on the input, but is not computed by minigen's operations")
    return program


def operations() -> set[str]:
    """The names of the operations in forward.js."""
    table = read(FORWARD, 2**20).decode().partition("const operations = {")[2].partition("\n};")[0]
    return set(re.findall(r"^  (\w+)[(:]", table, re.MULTILINE))


def _functions(trained: Trained, example: Any) -> dict[str, tuple[Callable[..., Any], Any]]:
    """Functions of the model with an input of each."""
    model: Any = trained.model
    found: dict[str, tuple[Callable[..., Any], Any]] = {}
    if isinstance(model, Encodes):
        found["encode"] = getattr(model, "posterior", model.encode), example
        found["decode"] = model.decode, trained.encode(example)
    elif isinstance(model, Samples):
        found["decode"] = model.sample, trained.noise(1)
    if isinstance(model, Reconstructs):
        found["reconstruct"] = model.reconstruct, example
    if isinstance(model, Classifies) and getattr(model, "knows_classes", True):
        found["classify"] = lambda x: ops.softmax(model.classify(x)), example
    if isinstance(model, Restores):
        damaged = trained.damage(example)
        found["damage"] = model.damage, example
        found["restore"] = model.restore, damaged
        if hasattr(model, "without_net"):
            found["baseline"] = lambda x: model.without_net(x)[1], damaged
    return found

"""How far a step is from the machine: python -m tests.benchmarks.peak [MODEL ...]

A step's arithmetic (its matrix products and convolutions, counted on the PyTorch twin by `FlopCounterMode`; an LSTM's
by hand) over its time, beside the same for one product of float32 matrices of 2,048 × 2,048 on the same threads.
"""

from __future__ import annotations

import argparse
import contextlib
import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from tests.benchmarks.side_by_side import Step, answer, ask, build, open_side, run_and_wait, with_latest
from tests.benchmarks.steps import OPTIONS, minigen_side, torch_side

SIZE = 2048
ROUNDS, CALLS = 9, 3


def product_side() -> Step:
    import numpy as np

    a, b = np.random.default_rng(0).standard_normal((2, SIZE, SIZE), dtype=np.float32)
    return lambda: a @ b


def step_side(name: str) -> Step:
    import minigen

    minigen.keep_freed_memory()
    return minigen_side(name, OPTIONS.get(name, {}))


class NoModules(contextlib.nullcontext[None]):
    """Lets the counter count without asking which module computes, which fails where a step calls `autograd.grad`."""

    parents = ("Global",)


def operations_in_step(name: str) -> int:
    """Additions and multiplications of the matrix products in a step of the twin."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    step = torch_side(name, OPTIONS.get(name, {}), channels_last=False)
    in_lstm = 0

    def count(module: Any, inputs: Any, _: Any) -> None:
        """Four gates of H rows, each a product with x and h; forward, and to the inputs and the weights."""
        nonlocal in_lstm
        if isinstance(module, torch.nn.LSTM):
            rows = getattr(inputs[0], "data", inputs[0]).reshape(-1, module.input_size).shape[0]
            in_lstm += 3 * 2 * rows * 4 * module.hidden_size * (module.input_size + module.hidden_size)

    counter = FlopCounterMode(display=False)
    counter.mod_tracker = NoModules()
    with torch.nn.modules.module.register_module_forward_hook(count), counter:
        step()
    return int(counter.get_total_flops()) + in_lstm


def in_process(task: Callable[..., Any], *arguments: Any) -> Any:
    with open_side() as side:
        return answer(ask(side, task, *arguments), time.monotonic() + 3600)


def fastest(setup: Callable[[], Step]) -> float:
    """Seconds of a step in the fastest round."""
    with open_side() as side:
        until = time.monotonic() + 3600
        answer(ask(side, build, setup), until)
        return min(answer(ask(side, with_latest, run_and_wait, CALLS), until) for _ in range(ROUNDS))


def main() -> None:
    """Measure the models that the command line names; all where it names none."""
    from minigen.models import MODELS

    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.peak", description=__doc__.split(":")[0])
    parser.add_argument("models", nargs="*", metavar="MODEL", help=f"of {', '.join(MODELS)} (all where left out)")
    names = parser.parse_args().models or list(MODELS)
    if unknown := [name for name in names if name not in MODELS]:
        parser.error(f"unknown model {', '.join(unknown)}; known: {', '.join(MODELS)}")
    peak = 2 * SIZE**3 / fastest(product_side)
    print(f"one product of matrices: {peak / 1e9:.0f} GFLOP/s")
    shares = []
    for name in names:
        operations, seconds = in_process(operations_in_step, name), fastest(partial(step_side, name))
        shares.append(operations / seconds / peak)
        print(
            f"{name:<13} {operations / 1e9:7.3f} GFLOP {seconds * 1e3:8.2f} ms "
            f"{operations / seconds / 1e9:6.1f} GFLOP/s, {shares[-1]:4.0%} of the product's",
            flush=True,
        )
    print(f"geometric mean {statistics.geometric_mean(shares):.0%}")


if __name__ == "__main__":
    main()

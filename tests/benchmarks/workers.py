"""Training steps of several workers beside those of one, and of PyTorch: python -m tests.benchmarks.workers [MODEL ...]

Rounds alternate between one worker as the user runs it, with two BLAS threads, two workers with one each, and
PyTorch's twin as it is installed. With --spinning another process keeps one core busy all the time.
"""

from __future__ import annotations

import argparse
import math
import multiprocessing
import os
import statistics
import time
from contextlib import ExitStack
from functools import partial
from typing import Any

from minigen import parallel
from minigen.models import MODELS
from minigen.parallel import processes
from tests.benchmarks import side_by_side
from tests.benchmarks.side_by_side import Step, answer, ask, build, open_side
from tests.benchmarks.steps import CONVOLUTIONAL, OPTIONS, minigen_side, torch_side


def workers_side(name: str, options: dict[str, Any], size: int) -> Step:
    """A step that `size` workers share; those other than 0 follow."""
    multiprocessing.current_process()._config["daemon"] = False  # a side may have processes of its own
    if size == 1:
        return kept(name, options)
    stack = ExitStack()
    stack.enter_context(processes.others(size, follow, name, options))
    own, workers = kept(name, options), parallel.workers()

    def step() -> None:
        workers.decide(1)
        own()

    step.others = stack
    return step


def kept(name: str, options: dict[str, Any]) -> Step:
    import minigen

    minigen.keep_freed_memory()
    return minigen_side(name, options)


def follow(name: str, options: dict[str, Any]) -> None:
    """What a worker other than 0 does until worker 0 is gone."""
    step, workers = kept(name, options), parallel.workers()
    while workers.decide(0):
        step()


def spin() -> None:
    """Keep one core busy."""
    while True:
        pass


def main() -> None:
    """Time the models that the command line names; all where it names none."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.workers")
    parser.add_argument("models", nargs="*", metavar="MODEL")
    parser.add_argument("--data", help="instead of each model's own, such as shapes64")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--spinning", action="store_true", help="beside a process that keeps one core busy")
    parser.add_argument("--torch", action=argparse.BooleanOptionalAction, default=True)
    given = parser.parse_args()
    print(f"load average {os.getloadavg()[0]:.2f} on {os.cpu_count()} cores")
    better: list[float] = []
    for name in given.models or MODELS:
        options = OPTIONS.get(name, {}) | ({"data": given.data} if given.data else {})
        setups = [partial(workers_side, name, options, size) for size in (1, 2)]
        if given.torch:
            setups += [
                partial(torch_side, name, options, last)
                for last in ((False, True) if name in CONVOLUTIONAL else (False,))
            ]
        times = rounds(setups, given.rounds, given.spinning)
        one, two, *torch = [statistics.median(column) * 1e3 for column in zip(*times, strict=True)]
        line = f"{name:<14} 1 worker {one:8.2f} ms   2 workers {two:8.2f} ms   ratio {two / one:5.2f}"
        if torch:
            ratios = [statistics.median(row[side] / min(row[2:]) for row in times) for side in (0, 1)]
            better.append(min(ratios))
            line += f"   torch {min(torch):8.2f} ms   1 worker {ratios[0]:5.2f}   2 workers {ratios[1]:5.2f}"
        print(line, flush=True)
    if better:
        mean = math.exp(statistics.fmean(map(math.log, better)))
        print(f"the better of both beside PyTorch: geometric mean {mean:.2f}, highest {max(better):.2f}")


def rounds(setups: list[Any], count: int, spinning: bool) -> list[list[float]]:
    """Seconds per step of each side, a row per round."""
    until = time.monotonic() + 3600
    with ExitStack() as stack:
        sides = [stack.enter_context(open_side()) for _ in setups]
        for building in [ask(side, build, setup) for side, setup in zip(sides, setups, strict=True)]:
            answer(building, until)
        calls = []
        for side in sides:
            side_by_side._seconds_a_step(side, 3, until)
            calls.append(max(1, round(0.1 / side_by_side._seconds_a_step(side, 3, until))))
        if spinning:
            spinner = multiprocessing.get_context("spawn").Process(target=spin, daemon=True)
            spinner.start()
            stack.callback(spinner.kill)
        return [
            [side_by_side._seconds_a_step(*side, until) for side in zip(sides, calls, strict=True)]
            for _ in range(count)
        ]


if __name__ == "__main__":
    main()

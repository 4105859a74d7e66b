"""Training steps of several workers beside those of one, and of PyTorch: python -m tests.benchmarks.workers [MODEL ...]

Rounds alternate between one worker as the user runs it, with two BLAS threads, two workers with one each, and
PyTorch's twin as it is installed.

With --spinning rounds alternate between quiet ones and those in which another process keeps one core busy. The products
of the one worker then have one thread, to which minigen.training.busy_cores limits them in a training.
"""

from __future__ import annotations

import argparse
import math
import multiprocessing
import os
import signal
import statistics
import time
from contextlib import ExitStack
from functools import partial
from typing import Any

from threadpoolctl import threadpool_limits

from minigen import parallel
from minigen.models import MODELS
from minigen.parallel import processes
from tests.benchmarks import side_by_side
from tests.benchmarks.side_by_side import Step, answer, ask, build, open_side
from tests.benchmarks.steps import CONVOLUTIONAL, OPTIONS, minigen_side, torch_side

ROUND = 0.1  # seconds
UNTIL = time.monotonic() + 3600


def workers_side(name: str, options: dict[str, Any], size: int) -> Step:
    """A step that `size` workers share; those other than 0 follow."""
    multiprocessing.current_process()._config["daemon"] = False  # a side may have processes of its own
    if size == 1:
        step = kept(name, options)
        step.limit = partial(threadpool_limits, user_api="blas")
        return step
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
        if given.spinning:
            print(f"{name:<14}" + "   ".join(beside_a_spinner(setups, given.rounds)), flush=True)
            continue
        if given.torch:
            setups += [
                partial(torch_side, name, options, last)
                for last in ((False, True) if name in CONVOLUTIONAL else (False,))
            ]
        times = rounds(setups, given.rounds)
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


def rounds(setups: list[Any], count: int) -> list[list[float]]:
    """Seconds per step of each side, a row per round."""
    with ExitStack() as stack:
        sides, seconds = opened(stack, setups)
        return [[timed(*side, ROUND) for side in zip(sides, seconds, strict=True)] for _ in range(count)]


def beside_a_spinner(setups: list[Any], count: int) -> list[str]:
    """Milliseconds per step of each side, quiet and beside a process that keeps one core busy."""
    with ExitStack() as stack:
        sides, seconds = opened(stack, setups)
        spinner = multiprocessing.get_context("spawn").Process(target=spin, daemon=True)
        spinner.start()
        stack.callback(spinner.kill)
        times: list[tuple[list[float], list[float]]] = [([], []) for _ in sides]
        for _ in range(count):
            for spinning, number in enumerate((signal.SIGSTOP, signal.SIGCONT)):
                os.kill(spinner.pid, number)
                for side, lasts, row in zip(sides, seconds, times, strict=True):
                    answer(ask(side, side_by_side.with_latest, limit, 2 - spinning), UNTIL)
                    row[spinning].append(timed(side, lasts, (1 + 2 * spinning) * ROUND))
    medians = [[statistics.median(column) * 1e3 for column in row] for row in times]
    return [f"quiet {q:8.2f} ms   beside {b:8.2f} ms   ratio {b / q:5.2f}" for q, b in medians]


def limit(step: Any, threads: int) -> None:
    """How many threads the matrix products of the one worker have."""
    getattr(step, "limit", lambda _: None)(threads)


def opened(stack: ExitStack, setups: list[Any]) -> tuple[list[Any], list[float]]:
    """The sides, and how many seconds a step of each takes."""
    sides = [stack.enter_context(open_side()) for _ in setups]
    for building in [ask(side, build, setup) for side, setup in zip(sides, setups, strict=True)]:
        answer(building, UNTIL)
    for side in sides:
        side_by_side._seconds_a_step(side, 3, UNTIL)
    return sides, [side_by_side._seconds_a_step(side, 3, UNTIL) for side in sides]


def timed(side: Any, lasts: float, duration: float) -> float:
    """Seconds per step, measured for about so long."""
    return side_by_side._seconds_a_step(side, max(1, round(duration / lasts)), UNTIL)


if __name__ == "__main__":
    main()

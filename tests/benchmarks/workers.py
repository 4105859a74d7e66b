"""Training steps of several workers beside those of one, and of PyTorch: python -m tests.benchmarks.workers [MODEL ...]

Rounds alternate between one worker as the user runs it, with two BLAS threads, two workers with one each, and
PyTorch's twin as it is installed.

With --spinning rounds alternate between quiet ones and those in which another process keeps one core busy. Each side
then adapts as minigen.training.busy_cores lets it in a training: the products of the one worker have one thread, and
each of two workers keeps to a core of its own.

Without it, the two workers then take steps in which they meet before each sum and each gathering: the time until all
are there is what worker 0 waits for a slower one, the rest is the exchange. The same of ranks, alone:

    mpiexec -n 2 python -m tests.benchmarks.workers --ranks [MODEL ...]
"""

from __future__ import annotations

import argparse
import math
import multiprocessing
import os
import signal
import statistics
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from typing import Any

from threadpoolctl import threadpool_limits

from minigen import backend, parallel
from minigen.backend import Array
from minigen.models import MODELS
from minigen.parallel import Workers, processes
from minigen.parallel.ranks import ranks
from minigen.training.busy_cores import spread
from tests.benchmarks import side_by_side
from tests.benchmarks.side_by_side import Step, answer, ask, build, open_side
from tests.benchmarks.steps import CONVOLUTIONAL, OPTIONS, minigen_side, torch_side

ROUND = 0.1  # seconds
UNTIL = time.monotonic() + 3600


STEP, NOTE = 1, 2


class Noting(Workers):
    """Workers that note, from a step NOTE on, for how many seconds they wait for each other and then exchange."""

    def __init__(self, workers: Workers) -> None:
        self.workers, self.rank, self.size = workers, workers.rank, workers.size
        self.noting, self.waited, self.exchanged = False, 0.0, 0.0

    def all_reduce(self, array: Array) -> None:
        """Noted."""
        self._note(self.workers.all_reduce, array)

    def gather(self, array: Array) -> None:
        """Noted."""
        self._note(self.workers.gather, array)

    def decide(self, number: int) -> int:
        """Noted."""
        return self._note(self.workers.decide, number)

    def _note(self, exchange: Callable[[Any], Any], argument: Any) -> Any:
        begun = time.perf_counter()
        if self.noting:
            self.workers.all_reduce(backend.module("cpu").zeros(1))  # all meet
        met = time.perf_counter()
        result = exchange(argument)
        self.waited, self.exchanged = self.waited + met - begun, self.exchanged + time.perf_counter() - met
        return result


def led(own: Step, workers: Noting) -> Any:
    """Worker 0's step; the others follow. As in training there is one decision per step."""

    def step(number: int = STEP) -> None:
        workers.decide(number)
        workers.noting |= number == NOTE
        own()

    step.workers = workers
    return step


def shares(step: Any, calls: int) -> tuple[float, float]:
    """The parts of a step in which worker 0 waits and exchanges, in per cent."""
    step(NOTE)
    step.workers.waited = step.workers.exchanged = 0.0
    seconds = calls * side_by_side.run_and_wait(step, calls)
    return 100 * step.workers.waited / seconds, 100 * step.workers.exchanged / seconds


def workers_side(name: str, options: dict[str, Any], size: int) -> Step:
    """A step that `size` workers share; those other than 0 follow."""
    multiprocessing.current_process()._config["daemon"] = False  # a side may have processes of its own
    if size == 1:
        step = kept(name, options)
        step.adapt = lambda busy: threadpool_limits(2 - busy, user_api="blas")
        return step
    stack = ExitStack()
    stack.enter_context(processes.others(size, follow, name, options))
    workers = Noting(parallel.workers())
    stack.enter_context(parallel.working_with(workers))
    step = led(kept(name, options), workers)
    step.others = stack
    pids = [os.getpid(), *(worker.pid for worker in multiprocessing.active_children())]
    step.adapt = partial(spread, pids, os.sched_getaffinity(0))
    return step


def kept(name: str, options: dict[str, Any]) -> Step:
    import minigen

    minigen.keep_freed_memory()
    return minigen_side(name, options)


def follow(name: str, options: dict[str, Any]) -> None:
    """What a worker other than 0 does until worker 0 is gone."""
    workers = Noting(parallel.workers())
    with parallel.working_with(workers):
        own = kept(name, options)
        while number := workers.decide(0):
            workers.noting |= number == NOTE
            own()


def in_ranks(names: list[str], options: dict[str, dict[str, Any]], rounds: int) -> None:
    """Time the ranks of mpiexec."""
    with ranks() as world:
        for name in names:
            if world.rank:
                follow(name, options[name])
                continue
            workers = Noting(world)
            with parallel.working_with(workers):
                step = led(kept(name, options[name]), workers)
                side_by_side.run_and_wait(step, 3)
                calls = max(1, round(0.1 / side_by_side.run_and_wait(step, 3)))
                seconds = statistics.median(side_by_side.run_and_wait(step, calls) for _ in range(rounds))
                print(
                    f"{name:<14} {world.size} ranks {seconds * 1e3:8.2f} ms{sum_column(shares(step, 2 * calls))}",
                    flush=True,
                )
                workers.decide(0)


def sum_column(found: tuple[float, float]) -> str:
    """Waiting and exchange, in per cent of a step."""
    return f"   sum, % of a step {found[1]:4.1f}, waiting {found[0]:4.1f}"


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
    parser.add_argument("--ranks", action="store_true", help="under mpiexec: ranks instead of workers, without PyTorch")
    parser.add_argument("--torch", action=argparse.BooleanOptionalAction, default=True)
    given = parser.parse_args()
    names = given.models or list(MODELS)
    options = {name: OPTIONS.get(name, {}) | ({"data": given.data} if given.data else {}) for name in names}
    if given.ranks:
        in_ranks(names, options, given.rounds)
        return
    print(f"load average {os.getloadavg()[0]:.2f} on {os.cpu_count()} cores")
    better: list[float] = []
    for name in names:
        setups = [partial(workers_side, name, options[name], size) for size in (1, 2)]
        if given.spinning:
            print(f"{name:<14}" + "   ".join(beside_a_spinner(setups, given.rounds)), flush=True)
            continue
        if given.torch:
            setups += [
                partial(torch_side, name, options[name], last)
                for last in ((False, True) if name in CONVOLUTIONAL else (False,))
            ]
        times, found = rounds(setups, given.rounds)
        one, two, *torch = [statistics.median(column) * 1e3 for column in zip(*times, strict=True)]
        line = f"{name:<14} 1 worker {one:8.2f} ms   2 workers {two:8.2f} ms   ratio {two / one:5.2f}"
        line += sum_column(found)
        if torch:
            ratios = [statistics.median(row[side] / min(row[2:]) for row in times) for side in (0, 1)]
            better.append(min(ratios))
            line += f"   torch {min(torch):8.2f} ms   1 worker {ratios[0]:5.2f}   2 workers {ratios[1]:5.2f}"
        print(line, flush=True)
    if better:
        mean = math.exp(statistics.fmean(map(math.log, better)))
        print(f"the better of both beside PyTorch: geometric mean {mean:.2f}, highest {max(better):.2f}")


def rounds(setups: list[Any], count: int) -> tuple[list[list[float]], tuple[float, float]]:
    """Seconds per step of each side, a row per round; and the `shares` of two workers."""
    with ExitStack() as stack:
        sides, seconds = opened(stack, setups)
        times = [[timed(*side, ROUND) for side in zip(sides, seconds, strict=True)] for _ in range(count)]
        calls = max(1, round(2 * ROUND / seconds[1]))
        return times, answer(ask(sides[1], side_by_side.with_latest, shares, calls), UNTIL)


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
                    answer(ask(side, side_by_side.with_latest, adapt, bool(spinning)), UNTIL)
                    row[spinning].append(timed(side, lasts, (1 + 2 * spinning) * ROUND))
    medians = [[statistics.median(column) * 1e3 for column in row] for row in times]
    return [f"quiet {q:8.2f} ms   beside {b:8.2f} ms   ratio {b / q:5.2f}" for q, b in medians]


def adapt(step: Any, busy: bool) -> None:
    """What a training does when the cores get busy, and when they no longer are."""
    step.adapt(busy)


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

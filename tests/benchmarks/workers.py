"""Training steps of several workers beside those of one, and of PyTorch: python -m tests.benchmarks.workers [MODEL ...]

Rounds alternate between one worker as the user runs it, with two BLAS threads, two workers with one each, and
PyTorch's twin as it is installed.

With --spinning real trainings of one and of two workers are timed in turn, first quiet, then beside a process that
keeps one core busy, from the moment when they have found the fastest way to share the steps (minigen.training.ways).

Without it, the two workers then take steps in which they meet before each sum and each gathering: the time until all
are there is what worker 0 waits for a slower one, the rest is the exchange. The same of ranks, alone:

    mpiexec -n 2 python -m tests.benchmarks.workers --ranks [MODEL ...]
"""

from __future__ import annotations

import argparse
import itertools
import math
import multiprocessing
import os
import statistics
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, nullcontext
from functools import partial
from typing import Any

import minigen
from minigen import parallel
from minigen.backend import Array
from minigen.models import MODELS
from minigen.parallel import Workers, processes
from minigen.parallel.ranks import ranks
from minigen.training import ways
from minigen.training.busy_cores import adapting_to_others
from minigen.training.loop import Trainer
from minigen.training.signals import StopRequest
from tests.benchmarks import side_by_side
from tests.benchmarks.side_by_side import Step, answer, ask, build, open_side
from tests.benchmarks.steps import CONVOLUTIONAL, OPTIONS, minigen_side, torch_side, training_side

ROUND = 0.1  # seconds
PHASE = 3.0  # seconds
UNTIL = time.monotonic() + 3600


STEP, NOTE = 1, 2


class Noting(Workers):
    """Workers that note, from a step NOTE on, for how many seconds they wait for each other and then exchange."""

    def __init__(self, workers: Workers) -> None:
        self.workers, self.rank, self.size = workers, workers.rank, workers.size
        self.noting, self.waited, self.exchanged = False, 0.0, 0.0

    def all_reduce(self, array: Array) -> Array:
        """Noted."""
        return self._note(self.workers.all_reduce, array)

    def reduce_scatter(self, arrays: list[Array]) -> list[Array]:
        """Noted."""
        return self._note(self.workers.reduce_scatter, arrays)

    def gather(self, array: Array) -> None:
        """Noted."""
        self._note(self.workers.gather, array)

    def decide(self, number: int) -> int:
        """Noted."""
        return self._note(self.workers.decide, number)

    def _note(self, exchange: Callable[[Any], Any], argument: Any) -> Any:
        begun = time.perf_counter()
        if self.noting:
            self.workers.decide(0)  # all meet
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
        return kept(name, options)
    stack = ExitStack()
    stack.enter_context(processes.others(size, follow, name, options))
    workers = Noting(parallel.workers())
    stack.enter_context(parallel.working_with(workers))
    step = led(kept(name, options), workers)
    step.others = stack
    return step


def kept(name: str, options: dict[str, Any]) -> Step:
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
        if given.spinning:
            print(f"{name:<14}" + "   ".join(spinning(name, options[name], given.rounds)), flush=True)
            continue
        setups = [partial(workers_side, name, options[name], size) for size in (1, 2)]
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


def beside_a_spinner(name: str, options: dict[str, Any], size: int) -> tuple[float, float, str]:
    """Seconds per step of a training, quiet and beside a process that keeps one core busy; and the way it has found."""
    multiprocessing.current_process()._config["daemon"] = False
    with processes.others(size, train_on, name, options) if size > 1 else nullcontext():
        return train_on(name, options)


def train_on(name: str, options: dict[str, Any]) -> Any:
    """A training without an end, until worker 0 has its times."""
    minigen.keep_freed_memory()
    trainer, request, found = training_side(name, options), StopRequest(), []
    if trainer.workers.rank == 0:
        threading.Thread(target=time_phases, args=(trainer, request, found), daemon=True).start()
    with adapting_to_others(trainer.pace, lambda line: None):
        while not ways.share_steps(trainer, request.number):
            with parallel.working_with(trainer.workers):
                trainer.train_epoch(request)
            if trainer.batch == len(trainer.loader):
                trainer.epoch, trainer.batch = trainer.epoch + 1, 0
    return tuple(found)


def time_phases(trainer: Trainer, request: StopRequest, found: list[Any]) -> None:
    """Wait until it is warm, time it, begin to spin, wait until it has found its way, time it."""
    found.append(time_steps(trainer, 2.0))
    spinner = multiprocessing.get_context("spawn").Process(target=spin, daemon=True)
    spinner.start()
    found += [time_steps(trainer, 7.0), trainer.pace.way.name.lower()]
    spinner.kill()
    request.number = 1


def time_steps(trainer: Trainer, after: float) -> float:
    """Seconds per step, so many seconds later."""
    time.sleep(after)
    steps = [trainer.epoch * len(trainer.loader) + trainer.batch, trainer.seconds]
    time.sleep(PHASE)
    return (trainer.seconds - steps[1]) / (trainer.epoch * len(trainer.loader) + trainer.batch - steps[0])


def spinning(name: str, options: dict[str, Any], count: int) -> list[str]:
    """A column for one worker and one for two: medians over so many trainings."""
    trainings: dict[int, list[Any]] = {1: [], 2: []}
    for _, size in itertools.product(range(count), trainings):
        with multiprocessing.get_context("spawn").Pool(1) as process:
            trainings[size].append(process.apply(beside_a_spinner, (name, options, size)))
    columns = []
    for size, rows in trainings.items():
        quiet, beside = (statistics.median(column) * 1e3 for column in list(zip(*rows, strict=True))[:2])
        found = f" {'/'.join(row[2] for row in rows)}" if size > 1 else ""
        columns.append(f"quiet {quiet:8.2f} ms   beside {beside:8.2f} ms   ratio {beside / quiet:5.2f}{found}")
    return columns


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

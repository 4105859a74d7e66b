"""minigen beside PyTorch on the same work, so that only the ratio of their times counts.

A side is a function without arguments that builds its arrays and returns a *step*, itself without
arguments, which is what is timed. It imports its library inside, lies at the top of a module (the
subprocess finds it by name), and takes parameters through `functools.partial`:

    def minigen_side(batch):
        import minigen
        ...
        def step():
            ...
        return step

    def torch_side(batch):
        import torch
        ...

    if __name__ == "__main__":
        compare("dense, batch 128", partial(minigen_side, 128), partial(torch_side, 128))

and `python -m tests.benchmarks.dense` from the root of the repository runs it. Several torch sides
may be given, say one for each memory format: the fastest is the one to compare with.

On a GPU the step has an attribute `wait`, a function that returns when the GPU has done everything: each
round ends with it. `time_in_turn` times one case after another in the same processes.

Each side lives in a process of its own (OpenBLAS's idle threads spin and would slow the other side),
rounds alternate between the sides, and the ratio is the median over rounds of the ratio within a
round: the speed of a machine drifts by half, two neighbouring rounds drift together. Beside it stands the
ratio of the fastest rounds, which is the one to believe on a machine that others use meanwhile. On a busy
machine run with OMP_NUM_THREADS=1: each side then has one thread, and its processor time is what counts.

Each side runs as its users run it: minigen as the training command does, with `minigen.keep_freed_memory()`,
PyTorch as it is installed. With MALLOC_MMAP_MAX_=0 MALLOC_TRIM_THRESHOLD_=2147483647 in the environment PyTorch's
process keeps its memory too.
"""

from __future__ import annotations

import contextlib
import functools
import math
import multiprocessing
import os
import statistics
import time
from collections.abc import Callable, Sequence
from multiprocessing.pool import AsyncResult, Pool
from typing import Any, NamedTuple

Step = Callable[[], object]
Setup = Callable[[], Step]

ROUND_SECONDS = 0.1
WARM_UP_CALLS = 10
CLOCK = time.process_time if os.environ.get("OMP_NUM_THREADS") == "1" else time.perf_counter
REST_SECONDS = 0.005  # the other side's threads fall asleep


class Result(NamedTuple):
    """Seconds a step of each side in its fastest round; the ratio minigen / torch, its median and that of these two."""

    name: str
    minigen: float
    torch: float
    ratio: float
    best_ratio: float


def compare(name: str, minigen_setup: Setup, *torch_setups: Setup, rounds: int = 25) -> Result:
    """Time the sides in turn, each in a process of its own, print one row, and return it."""
    with contextlib.ExitStack() as stack:
        sides = [stack.enter_context(open_side()) for _ in range(1 + len(torch_setups))]
        return time_in_turn(name, sides, minigen_setup, *torch_setups, rounds=rounds)


def open_side() -> Pool:
    """A process of its own, which builds steps and does with the latest one what it is asked."""
    os.environ["OPENBLAS_THREAD_TIMEOUT"] = "23"  # 2²³ ticks, 3 ms: asleep within the rest, awake within a step
    return multiprocessing.get_context("spawn").Pool(1)


def time_in_turn(
    name: str, sides: Sequence[Pool], minigen_setup: Setup, *torch_setups: Setup, rounds: int, seconds: float = 3600
) -> Result:
    """Time the sides in turn, print one row, and return it; multiprocessing.TimeoutError after so many seconds."""
    until = time.monotonic() + seconds
    setups = [functools.partial(_with_kept_memory, minigen_setup), *torch_setups]
    for building in [ask(side, build, setup) for side, setup in zip(sides, setups, strict=True)]:
        answer(building, until)
    for side in sides:
        _seconds_a_step(side, WARM_UP_CALLS, until)
    calls = [max(1, round(ROUND_SECONDS / _seconds_a_step(side, 3, until))) for side in sides]
    times = [[_seconds_a_step(*side, until) for side in zip(sides, calls, strict=True)] for _ in range(rounds)]
    fastest_rounds = [min(column) for column in zip(*times, strict=True)]
    torch = min(range(1, len(sides)), key=fastest_rounds.__getitem__)
    result = Result(
        name,
        fastest_rounds[0],
        fastest_rounds[torch],
        statistics.median(row[0] / row[torch] for row in times),
        fastest_rounds[0] / fastest_rounds[torch],
    )
    print(
        f"{name:<44} minigen {_milliseconds(result.minigen)}   torch {_milliseconds(result.torch)}   "
        f"ratio: median {result.ratio:5.2f}, fastest {result.best_ratio:5.2f}",
        flush=True,
    )
    return result


def summarize(results: Sequence[Result]) -> None:
    """Print the geometric mean of the ratios, and the highest."""
    for kind, ratio in (("median", lambda r: r.ratio), ("fastest", lambda r: r.best_ratio)):
        mean = math.exp(statistics.fmean(math.log(ratio(r)) for r in results))
        worst = max(results, key=ratio)
        print(f"{kind} rounds: geometric mean {mean:.2f}, highest {ratio(worst):.2f} ({worst.name})")


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1e3:8.3f} ms"


def ask(side: Pool, task: Callable[..., Any], *arguments: Any) -> AsyncResult[Any]:
    """Have the side's process run `task(*arguments)`."""
    return side.apply_async(_run, (task, arguments))


def answer(asked: AsyncResult[Any], until: float) -> Any:
    """What the task returned; RuntimeError, one line, where it failed, multiprocessing.TimeoutError after `until`."""
    return asked.get(max(0.0, until - time.monotonic()))


def _run(task: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
    try:
        return task(*arguments)
    except Exception as error:
        raise RuntimeError(f"{type(error).__name__}: {error}") from error  # not every library's errors can be sent


_latest: Any = None


def build(setup: Setup) -> None:
    """In a side's process: let go of the latest step, then build the next."""
    global _latest
    _latest = None
    _latest = setup()


def with_latest(task: Callable[..., Any], *arguments: Any) -> Any:
    """In a side's process: `task` with the latest step and these arguments."""
    return task(_latest, *arguments)


def run_and_wait(step: Any, calls: int) -> float:
    """Seconds that one of so many calls of the step takes."""
    start = CLOCK()
    for _ in range(calls):
        step()
    getattr(step, "wait", lambda: None)()
    return (CLOCK() - start) / calls


def _seconds_a_step(side: Pool, calls: int, until: float) -> float:
    time.sleep(REST_SECONDS)
    return answer(ask(side, with_latest, run_and_wait, calls), until)


def _with_kept_memory(setup: Setup) -> Step:
    import minigen

    minigen.keep_freed_memory()
    return setup()

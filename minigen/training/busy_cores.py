"""What a training changes while other programs use the cores: a thread looks once a second at how much they take.

OpenBLAS cuts each product into one part per core and waits for the slowest. Where another program keeps a core busy,
the part on that core waits for its turn, product after product, and a step takes several times as long. With one thread
it does not wait. So from the moment when others leave less than the products use, these have one thread. Their sums may
then be rounded otherwise.

Several workers have one thread each, and wait for the slowest of them in each step. While the cores are busy, they try
three ways to share the steps (ways.py) and go on in the fastest. Their sums, too, may then be rounded otherwise.
Whoever sets OPENBLAS_NUM_THREADS gets the same bits, however busy the cores are: neither threads nor ways change.

Where there is a core for each worker, the system may let two of them take turns on one core and leave another core to
the other program. So while the cores are busy, each worker keeps to a core of its own, and it is the other program that
moves, to the core of a worker that waits.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_info, threadpool_limits

from minigen import files, parallel
from minigen.training.ways import Pace

PERIOD = 1.0  # seconds between two looks
QUIET_LOOKS = 5  # one after another, until the cores are no longer busy
FIXED = "OPENBLAS_NUM_THREADS"  # the variable that keeps the bits
MOST_TAKEN = 0.4  # of a core, by all others together, beyond the cores that the products leave free
TICKS = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100  # per second of /proc's processor times
_STAT = Path("/proc/stat")


@contextlib.contextmanager
def adapting_to_others(pace: Pace, say: Callable[[str], Any]) -> Iterator[None]:
    """Look after the cores in a `with` block; `say` gets one line if that changes the rounding. Linux only.

    pace: is told whether the cores of several workers are busy.
    """
    threads, workers = product_threads(), [os.getpid(), *parallel.workers().pids]
    if not _STAT.exists() or (len(workers) == 1 and (threads == 1 or FIXED in os.environ)):
        yield
        return
    over = threading.Event()
    adapt = partial(_keep_to_cores, workers, pace) if len(workers) > 1 else partial(_use_one_thread, threads)
    watcher = threading.Thread(target=adapt, args=(say, over), daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()


def _use_one_thread(threads: int, say: Callable[[str], Any], over: threading.Event) -> None:
    if any(_looks(threads, [], over)):
        with threadpool_limits(1, "blas"):
            with contextlib.suppress(OSError):  # nobody reads it
                say("other programs use the cores: matrix products have one thread now, and may round otherwise")
            over.wait()


def _keep_to_cores(workers: list[int], pace: Pace, say: Callable[[str], Any], over: threading.Event) -> None:
    everywhere, quiet = os.sched_getaffinity(0), QUIET_LOOKS
    busy = said = False
    if len(workers) == len(everywhere):
        pace.place = partial(spread, workers, everywhere)
    with contextlib.suppress(OSError):  # a worker has ended, or nobody reads what is said
        for taken in _looks(len(workers), workers[1:], over):
            quiet = 0 if taken else quiet + 1
            if busy != (quiet < QUIET_LOOKS):
                busy = not busy
                pace.place(busy)
            pace.busy = busy and FIXED not in os.environ
            if pace.busy and not said:
                said = True
                say("other programs use the cores: the workers share the steps as is fastest, and may round otherwise")
    if busy:
        spread(workers[:1], everywhere, each_has_its_own=False)


def spread(workers: list[int], everywhere: set[int], each_has_its_own: bool) -> None:
    """Let each of the processes use a core of its own, or all cores."""
    with contextlib.suppress(ProcessLookupError):  # one has ended, which the next meeting tells
        for worker, core in zip(workers, everywhere, strict=False):
            os.sched_setaffinity(worker, {core} if each_has_its_own else everywhere)


def _looks(used: int, others: list[int], over: threading.Event) -> Iterator[bool]:
    """Whether the cores are busy, once a second: other programs leave less than the `used` ones.

    others: the processes of the other workers.
    """
    before = _seconds(others)
    while not over.wait(PERIOD):
        now = _seconds(others)
        wall, all_used, own = (after - earlier for earlier, after in zip(before, now, strict=True))
        before = now
        yield (all_used - own) / wall > max(0, cores() - used) + MOST_TAKEN


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def product_threads() -> int:
    """How many threads compute a matrix product."""
    return max((library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"), default=1)


def _seconds(others: list[int]) -> tuple[float, float, float]:
    """The clock, the processor time of all processes, and that of this one and its workers."""
    user, nice, system = map(int, _words(_STAT)[1:4])
    workers = [_words(Path(f"/proc/{pid}/stat"))[11:13] for pid in others]
    own = time.process_time() + sum(map(int, itertools.chain(*workers))) / TICKS
    return time.perf_counter(), (user + nice + system) / TICKS, own


def _words(path: Path) -> list[bytes]:
    """The words of a file's first line; of /proc/PID/stat those after the process's name."""
    with files.reading(path, 2**20) as file:
        return file.readline().rpartition(b")")[2].split()

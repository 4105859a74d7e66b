"""One thread for matrix products while other programs use the cores.

OpenBLAS cuts each product into one part per core and waits for the slowest. Where another program keeps a core busy,
the part on that core waits for its turn, product after product, and a step takes several times as long. With one thread
it does not wait. So a thread looks once a second at how much of the processor others take, and from the moment
when they leave less than the products use, these have one thread. Their sums may then be rounded otherwise.

Several workers have one thread each, and wait for the slowest of them in each step. Their number stays, since the run's
bits depend on it; a line says that fewer may be faster.
"""

from __future__ import annotations

import contextlib
import itertools
import multiprocessing
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from threadpoolctl import ThreadpoolController

from minigen import files

PERIOD = 1.0  # seconds between two looks
MOST_TAKEN = 0.4  # of a core, by all others together, beyond the cores that the products leave free
TICKS = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100  # per second of /proc's processor times
_STAT = Path("/proc/stat")


@contextlib.contextmanager
def one_thread_where_busy(say: Callable[[str], Any]) -> Iterator[None]:
    """Look after the cores in a `with` block; `say` gets one line if they are found busy. Linux only."""
    blas = ThreadpoolController().select(user_api="blas")
    threads = max((library["num_threads"] for library in blas.info()), default=1)
    others = [worker.pid for worker in multiprocessing.active_children() if worker.pid]
    used = max(threads, len(others) + 1)
    if used == 1 or not _STAT.exists():
        yield
        return
    over = threading.Event()
    watcher = threading.Thread(target=_watch, args=(blas, used, others, say, over), daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()


def _watch(
    blas: ThreadpoolController, used: int, others: list[int], say: Callable[[str], Any], over: threading.Event
) -> None:
    """Wait for a second in which the cores are busy; `others` are the processes of the other workers."""
    with contextlib.suppress(OSError):  # a worker has ended, or nobody reads what is said
        before = _seconds(others)
        while not over.wait(PERIOD):
            now = _seconds(others)
            wall, all_used, own = (after - earlier for earlier, after in zip(before, now, strict=True))
            before = now
            if (all_used - own) / wall <= max(0, cores() - used) + MOST_TAKEN:
                continue
            if others:
                say("other programs use the cores: fewer --workers, down to one, may be faster now")
                return
            with blas.limit(limits=1):
                with contextlib.suppress(OSError):
                    say("other programs use the cores: matrix products have one thread now, and may round otherwise")
                over.wait()


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _seconds(others: list[int]) -> tuple[float, float, float]:
    """The clock, the processor time of all processes, and that of this one and its workers."""
    user, nice, system = map(int, _words(_STAT)[1:4])
    workers = [_words(Path(f"/proc/{pid}/stat"))[11:13] for pid in others]
    own = time.process_time() + sum(map(int, itertools.chain(*workers))) / TICKS
    return time.perf_counter(), (user + nice + system) / TICKS, own


def _words(path: Path) -> list[bytes]:
    """Those of the first line, in that of a process those behind its name."""
    with files.reading(path, 2**20) as file:
        return file.readline().rpartition(b")")[2].split()

"""One thread for matrix products while other programs use the cores.

OpenBLAS cuts each product into one part per core and waits for the slowest. Where another program keeps a core busy,
the part on that core waits for its turn, product after product, and a step takes several times as long. With one thread
it does not wait. So a thread looks once a second at how much of the processor others take, and from the moment
when they leave less than the products use, these have one thread. Their sums may then be rounded otherwise.
"""

from __future__ import annotations

import contextlib
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
_STAT = Path("/proc/stat")


@contextlib.contextmanager
def one_thread_where_busy(say: Callable[[str], Any]) -> Iterator[None]:
    """Look after the cores in a `with` block; `say` gets one line if they are found busy. Linux only."""
    blas = ThreadpoolController().select(user_api="blas")
    threads = max((library["num_threads"] for library in blas.info()), default=1)
    if threads == 1 or not _STAT.exists():
        yield
        return
    over = threading.Event()
    watcher = threading.Thread(target=_watch, args=(blas, threads, say, over), daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()


def _watch(blas: ThreadpoolController, threads: int, say: Callable[[str], Any], over: threading.Event) -> None:
    spare = cores() - threads
    before = _seconds()
    while not over.wait(PERIOD):
        now = _seconds()
        wall, used, own = (after - earlier for earlier, after in zip(before, now, strict=True))
        before = now
        if (used - own) / wall > spare + MOST_TAKEN:
            limited = blas.limit(limits=1)
            with contextlib.suppress(OSError):
                say("other programs use the cores: matrix products have one thread now, and may round otherwise")
            over.wait()
            limited.restore_original_limits()


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _seconds() -> tuple[float, float, float]:
    """The clock, the processor time of all processes, and that of this one."""
    with files.reading(_STAT, 2**20) as file:
        user, nice, system = map(int, file.readline().split()[1:4])
    return time.perf_counter(), (user + nice + system) / os.sysconf("SC_CLK_TCK"), time.process_time()

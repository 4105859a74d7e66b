"""While other programs use the cores, products have one thread, and several workers share the steps as is fastest."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from threadpoolctl import ThreadpoolController, threadpool_limits

from minigen import parallel
from minigen.training import busy_cores
from minigen.training.ways import Pace


def threads() -> int:
    return max(library["num_threads"] for library in ThreadpoolController().select(user_api="blas").info())


def set_threads(count: int) -> None:
    """By a thread that ends: threadpoolctl refuses all others while the one that set them lives."""
    setter = threading.Thread(target=threadpool_limits, args=(count, "blas"))
    setter.start()
    setter.join()


def fix_threads(monkeypatch: pytest.MonkeyPatch, fixed: bool) -> None:
    """Whether the user set the variable that keeps the bits."""
    if fixed:
        monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")
    else:
        monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)


@pytest.fixture
def others(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Other programs that take so much of a core in each second, beside 1.5 of two cores that this one takes."""
    taken: list[float] = request.param
    all_used = itertools.accumulate(itertools.chain([0.0], taken, itertools.repeat(taken[-1])))
    seconds = ((float(n), n * 1.5 + used, n * 1.5) for n, used in enumerate(all_used))
    monkeypatch.setattr(busy_cores, "_seconds", lambda workers: next(seconds))
    monkeypatch.setattr(busy_cores, "PERIOD", 0.01)
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 1}, raising=False)


@pytest.mark.parametrize(
    ("others", "fixed", "left"), [([0.1], False, 2), ([0.9], False, 1), ([0.9], True, 2)], indirect=["others"]
)
def test_products_have_one_thread_where_others_take_a_core(monkeypatch, others, fixed, left):
    fix_threads(monkeypatch, fixed)
    said: list[str] = []
    before = threads()
    set_threads(2)
    if threads() < 2:
        pytest.skip("this BLAS has one thread")
    try:
        with busy_cores.adapting_to_others(Pace(), said.append):
            time.sleep(0.3)
            assert threads() == left
        assert threads() == 2
    finally:
        set_threads(before)
    assert len(said) == (left == 1)


@pytest.mark.skipif(not Path("/proc/stat").exists(), reason="reads /proc")
def test_the_workers_time_is_their_own():
    worker = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        before = busy_cores._seconds([worker.pid])
        time.sleep(0.5)
        wall, used, own = (
            after - earlier for after, earlier in zip(busy_cores._seconds([worker.pid]), before, strict=True)
        )
    finally:
        worker.kill()
        worker.wait()
    assert 0.1 * wall < own < used + 0.1


class Noting(Pace):
    """Notes what it is told."""

    def __init__(self) -> None:
        self.told: list[bool] = []
        super().__init__()

    def __setattr__(self, name: str, value: object) -> None:
        if name == "busy" and (not self.told or self.told[-1] != value):
            self.told.append(bool(value))
        super().__setattr__(name, value)


@pytest.mark.parametrize(
    ("others", "kept", "told"),
    [
        ([0.1], [], [False]),
        ([0.1, *[0.9, 0.1] * 3, *[0.1] * 5], [{0}, {1}, {0, 1}, {0, 1}], [False, True, False]),  # quiet for long
        ([0.9], [{0}, {1}, {0, 1}], [False, True]),  # at the end, this process alone
    ],
    indirect=["others"],
)
@pytest.mark.parametrize("fixed", [False, True])
def test_workers_keep_to_cores_and_their_pace_is_told_while_others_use_them(monkeypatch, others, kept, told, fixed):
    fix_threads(monkeypatch, fixed)
    workers = parallel.Workers()
    workers.pids = (1,)
    calls: list[tuple[int, set[int]]] = []
    monkeypatch.setattr(os, "sched_setaffinity", lambda *call: calls.append(call), raising=False)
    said, pace = [], Noting()
    with parallel.working_with(workers), busy_cores.adapting_to_others(pace, said.append):
        time.sleep(0.3)
    assert calls == list(zip([os.getpid(), 1] * 2, kept, strict=False))
    assert pace.told == ([False] if fixed else told)
    assert len(said) == (True in pace.told)
    assert all("round" in line for line in said)


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="Linux only")
def test_a_worker_that_has_ended_is_left_to_the_next_meeting():
    worker = subprocess.Popen([sys.executable, "-c", ""])
    worker.wait()
    busy_cores.spread([worker.pid], os.sched_getaffinity(0), each_has_its_own=True)

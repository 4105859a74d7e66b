"""While other programs use the cores, products have one thread, and each of several workers a core of its own."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from threadpoolctl import ThreadpoolController, threadpool_limits

from minigen.training import busy_cores


def threads() -> int:
    return max(library["num_threads"] for library in ThreadpoolController().select(user_api="blas").info())


def set_threads(count: int) -> None:
    """By a thread that ends: threadpoolctl refuses all others while the one that set them lives."""
    setter = threading.Thread(target=threadpool_limits, args=(count, "blas"))
    setter.start()
    setter.join()


@pytest.fixture
def others(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Other programs that take so much of a core in each second, beside 1.5 of two cores that this one takes."""
    taken: list[float] = request.param
    all_used = itertools.accumulate(itertools.chain([0.0], taken, itertools.repeat(taken[-1])))
    seconds = ((float(n), n * 1.5 + used, n * 1.5) for n, used in enumerate(all_used))
    monkeypatch.setattr(busy_cores, "_seconds", lambda workers: next(seconds))
    monkeypatch.setattr(busy_cores, "PERIOD", 0.01)
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 1}, raising=False)


@pytest.mark.parametrize(("others", "left"), [([0.1], 2), ([0.9], 1)], indirect=["others"])
def test_products_have_one_thread_where_others_take_a_core(others, left):
    said: list[str] = []
    before = threads()
    set_threads(2)
    if threads() < 2:
        pytest.skip("this BLAS has one thread")
    try:
        with busy_cores.adapting_to_others(said.append):
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


@pytest.mark.parametrize(
    ("others", "kept"),
    [
        ([0.1], []),
        ([0.1, 0.9, 0.9, 0.1], [{0}, {1}, {0, 1}, {0, 1}]),
        ([0.9], [{0}, {1}, {0, 1}]),  # at the end, this process alone
    ],
    indirect=["others"],
)
def test_each_worker_keeps_to_a_core_while_others_use_them(monkeypatch, others, kept):
    monkeypatch.setattr(busy_cores.multiprocessing, "active_children", lambda: [SimpleNamespace(pid=1)])
    calls: list[tuple[int, set[int]]] = []
    monkeypatch.setattr(os, "sched_setaffinity", lambda *call: calls.append(call), raising=False)
    said: list[str] = []
    with busy_cores.adapting_to_others(said.append):
        time.sleep(0.2)
    assert calls == list(zip([os.getpid(), 1] * 2, kept, strict=False))
    assert len(said) == bool(kept)
    assert all("fewer --workers" in line for line in said)

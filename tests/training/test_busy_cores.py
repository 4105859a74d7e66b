"""Matrix products have one thread while other programs use the cores."""

from __future__ import annotations

import itertools
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
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
def others(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> float:
    """Other programs that take so much of a core, beside 1.5 of two cores that this one takes."""
    taken: float = request.param
    seconds: Iterator[tuple[float, float, float]] = ((n, n * (1.5 + taken), n * 1.5) for n in itertools.count(1.0))
    monkeypatch.setattr(busy_cores, "_seconds", lambda workers: next(seconds))
    monkeypatch.setattr(busy_cores, "cores", lambda: 2)
    monkeypatch.setattr(busy_cores, "PERIOD", 0.01)
    return taken


@pytest.mark.parametrize(("others", "left"), [(0.1, 2), (0.9, 1)], indirect=["others"])
def test_products_have_one_thread_where_others_take_a_core(others, left):
    said: list[str] = []
    before = threads()
    set_threads(2)
    if threads() < 2:
        pytest.skip("this BLAS has one thread")
    try:
        with busy_cores.one_thread_where_busy(said.append):
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


@pytest.mark.parametrize(("others", "says"), [(0.1, 0), (0.9, 1)], indirect=["others"])
def test_several_workers_stay_and_say_that_fewer_may_be_faster(monkeypatch, others, says):
    monkeypatch.setattr(busy_cores.multiprocessing, "active_children", lambda: [SimpleNamespace(pid=1)])
    said: list[str] = []
    with busy_cores.one_thread_where_busy(said.append):
        time.sleep(0.1)
    assert len(said) == says
    assert all("fewer --workers" in line for line in said)

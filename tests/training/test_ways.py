"""Workers that share the steps in several ways train as one worker does, and end as always; the fastest way stays."""

from __future__ import annotations

import itertools
import multiprocessing
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import kill_and_resume
import numpy as np
import pytest
import workers_at_work
from support import assert_close

from minigen.parallel import Workers, processes
from minigen.train import main
from minigen.training import resuming
from minigen.training.run_folder import RunFolder
from minigen.training.ways import Pace, Way

SMOKE = ["vae", "--smoke", "--batch-size", "16", "--workers", "2"]  # two epochs of 15 steps


@pytest.mark.parametrize("size", [2, 3])
def test_all_ways_compute_what_one_worker_computes(size):
    together = processes.run(size, workers_at_work.in_every_way)
    for name, value in workers_at_work.in_every_way().items():
        assert_close(np.asarray(together[name]), value, 1e-10, name)


@pytest.mark.parametrize(("weights", "middle"), [((), 5), ((3, 1), 7)])
def test_parts_are_as_large_as_their_weights(weights, middle):
    workers = Workers()
    workers.size, workers.weights = 2, weights
    assert workers.parts(10) == [slice(0, middle), slice(middle, 10)]
    assert workers.parts(10, 3) == [slice(0, 3 * middle), slice(3 * middle, 30)]
    assert workers.shard(7).is_part
    assert workers.shard(4).is_part == (weights == ())  # worker 1 would have one row


# --- which way -----------------------------------------------------------------------------------------------


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, which a test changes."""
    now = [0.0]
    monkeypatch.setattr(time, "perf_counter", lambda: now[0])
    return now


def take_steps(pace: Pace, clock: list[float], seconds: dict[Way, float], count: int) -> list[Way]:
    """The ways in which so many steps were taken, each of which takes so many seconds in its way."""
    taken = []
    for _ in range(count):
        if pace.wanted != pace.way:
            pace.go_on(pace.wanted)
        taken.append(pace.way)
        clock[0] += seconds[pace.way]
        assert pace.count_step() == pytest.approx(seconds[pace.way])
    return taken


@pytest.mark.parametrize("fastest", Way)
def test_each_way_is_tried_and_the_fastest_stays_while_the_cores_are_busy(clock, fastest):
    pace, seconds = Pace(), {way: 0.3 if way == fastest else 0.31 for way in Way}
    assert set(take_steps(pace, clock, seconds, 10)) == {Way.EVENLY}
    placed: list[bool] = []
    pace.busy, pace.place = True, placed.append
    taken = take_steps(pace, clock, seconds, 50)
    assert taken[:12] == [Way.EVENLY] * 4 + [Way.UNEVENLY] * 4 + [Way.ALONE] * 4
    assert set(taken[12:]) == {fastest}
    assert placed == [True, False, True][: 2 + (fastest != Way.ALONE)]  # who is alone may use all cores
    pace.busy = False
    assert set(take_steps(pace, clock, seconds, 10)[1:]) == {Way.EVENLY}


@pytest.mark.parametrize(("slower", "changes"), [(1.05, False), (1.5, True)])
def test_the_way_that_stayed_is_left_only_where_another_was_clearly_faster(clock, slower, changes):
    pace, seconds = Pace(), {Way.EVENLY: 0.3, Way.UNEVENLY: 0.31, Way.ALONE: 0.32}
    pace.busy = True
    take_steps(pace, clock, seconds, 20)
    assert pace.way == Way.EVENLY
    seconds[Way.EVENLY] *= slower
    assert (set(take_steps(pace, clock, seconds, 30)) == {Way.EVENLY}) != changes


# --- runs in which worker 0 goes on alone ----------------------------------------------------------------------


def alone_from_step_2(monkeypatch: pytest.MonkeyPatch, at: int = 0, do: Callable[[], object] = int) -> None:
    """The pace of this process wants it so, and in step `at` something is done; that of the others wants nothing."""
    numbers = itertools.count(1)

    class Scripted(Pace):
        def count_step(self) -> float:
            seconds, number = super().count_step(), next(numbers)
            self.wanted = Way.ALONE if number >= 2 else Way.EVENLY
            if number == at:
                assert self.way == Way.ALONE
                do()
            return seconds

    monkeypatch.setattr(resuming, "Pace", Scripted)


def measures(folder: Path) -> list[float]:
    """Of each epoch and of the test."""
    rows = RunFolder(folder).rows()
    return [value for row in rows for kind in ("train", "validation", "test") for value in row.get(kind, {}).values()]


@pytest.fixture(scope="module")
def by_one_worker(tmp_path_factory: pytest.TempPathFactory) -> list[float]:
    folder = tmp_path_factory.mktemp("one") / "run"
    assert main([*SMOKE, "--workers", "1", "--out", str(folder)]) == 0
    return measures(folder)


def test_a_run_ends_as_one_of_one_worker(tmp_path, monkeypatch, by_one_worker):
    alone_from_step_2(monkeypatch)
    assert main([*SMOKE, "--out", str(tmp_path / "run")]) == 0
    assert measures(tmp_path / "run") == pytest.approx(by_one_worker, rel=1e-4)


def test_a_signal_saves_what_was_trained_alone(tmp_path, monkeypatch, by_one_worker):
    alone_from_step_2(monkeypatch, 20, lambda: os.kill(os.getpid(), signal.SIGTERM))
    words = [*SMOKE, "--out", str(tmp_path / "run")]
    assert main(words) == 128 + signal.SIGTERM
    assert multiprocessing.active_children() == []
    monkeypatch.undo()
    assert main([*words, "--resume"]) == 0
    assert measures(tmp_path / "run") == pytest.approx(by_one_worker, rel=1e-4)


def test_an_error_alone_ends_all(tmp_path, monkeypatch, capsys):
    alone_from_step_2(monkeypatch, 20, lambda: 1 // 0)
    assert main([*SMOKE, "--out", str(tmp_path / "run")]) == 70
    assert "ZeroDivisionError" in capsys.readouterr().err
    assert multiprocessing.active_children() == []


def test_a_worker_that_is_killed_as_it_waits_ends_the_run_with_one_line(tmp_path, monkeypatch, capsys):
    alone_from_step_2(monkeypatch, 20, lambda: multiprocessing.active_children()[0].kill())
    assert main([*SMOKE, "--out", str(tmp_path / "run")]) == 2
    assert re.fullmatch(r"minigen.train: worker 1 of 2 .*killed.*\n", capsys.readouterr().err)


def test_a_worker_that_waits_ends_with_a_killed_worker_0(tmp_path):
    script = f"""
import multiprocessing, os, signal, pytest, test_ways
from minigen.train import main
def die():
    print(multiprocessing.active_children()[0].pid, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
with pytest.MonkeyPatch.context() as patch:
    test_ways.alone_from_step_2(patch, 20, die)
    main({[*SMOKE, "--out", str(tmp_path / "run")]!r})
"""
    paths = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    ended = subprocess.run(
        [sys.executable, "-c", script], env=os.environ | {"PYTHONPATH": paths}, capture_output=True, text=True
    )
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    kill_and_resume.require_ended(int(ended.stdout.split()[-1]))

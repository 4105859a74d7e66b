"""Several workers train what one trains; when one of them fails, all end, and say so once."""

from __future__ import annotations

import errno
import os
import re
import resource
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import kill_and_resume
import numpy as np
import pytest
import workers_at_work
from support import assert_close

from minigen import parallel, train
from minigen.data import Loader
from minigen.evaluation.studies import failures
from minigen.parallel import WorkerError, processes
from minigen.train import main
from minigen.training import checkpoint
from minigen.training.run_folder import RunFolder

WORKERS = ["--workers", "2"]


@pytest.fixture(scope="module")
def alone() -> dict[str, Any]:
    return workers_at_work.all_models()


@pytest.mark.parametrize("size", [2, 3])
def test_workers_compute_what_one_computes(alone, size):
    together = processes.run(size, workers_at_work.all_models)
    assert together.keys() == alone.keys()
    for name, value in alone.items():
        assert_close(np.asarray(together[name]), value, 1e-10, name)


def test_batch_norm_on_workers_is_as_exact_as_on_one():
    alone = workers_at_work.far_from_zero()
    assert abs(alone[:, 0]).max() > 1
    assert not alone[:, 1].any()
    np.testing.assert_allclose(processes.run(3, workers_at_work.far_from_zero), alone, atol=1e-3)


@pytest.mark.parametrize("size", [2, 3])
def test_arrays_of_any_length_are_added_up_and_gathered(size):
    assert processes.run(size, workers_at_work.exchange_arrays) == size


def test_workers_find_in_the_studies_what_one_finds(tmp_path):
    found = []
    for size in (1, 2):
        processes.run(size, workers_at_work.whole_runs, str(tmp_path / str(size)))
        runs = [RunFolder(tmp_path / str(size) / name) for name in workers_at_work.RUNS]
        numbers = {
            run.path.name: run.rows()[-1]["test"] | {"threshold": run.described().threshold or 0} for run in runs
        }
        found.append((numbers, [sorted(path.name for path in run.path.glob("*.png")) for run in runs]))
    (alone, figures), (together, same_figures) = found
    assert figures == same_figures
    assert all(figures)
    for name, numbers in alone.items():
        assert together[name] == pytest.approx(numbers, rel=1e-3, abs=0.03 if name == "sae" else 1e-5), name


def test_an_error_in_a_study_ends_all(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(failures, "signs_of_failure", lambda *_: 1 / 0)  # here, and not in the other process
    assert main(["conv-vae", "--smoke", "--epochs", "1", "--out", str(tmp_path / "run"), *WORKERS]) == 70
    assert "ZeroDivisionError" in capsys.readouterr().err


def test_ctrl_c_after_the_training_ends_all_and_says_how_to_go_on(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(failures, "signs_of_failure", Mock(side_effect=KeyboardInterrupt))
    assert main(["conv-vae", "--smoke", "--epochs", "1", "--out", str(tmp_path / "run"), *WORKERS]) == 130
    assert capsys.readouterr().out.endswith(f"minigen.train conv-vae --resume --out {tmp_path / 'run'}\n")


@pytest.mark.parametrize("rank", [0, 1])
def test_an_error_on_one_worker_ends_all(rank):
    begun = time.monotonic()
    with pytest.raises(ZeroDivisionError, match="on purpose"):
        processes.run(3, workers_at_work.fail, rank)
    assert time.monotonic() - begun < 60  # a hang would be for ever


def test_an_error_that_cannot_be_pickled_is_told_in_words():
    with pytest.raises(WorkerError, match="worker 1 of 2: LocalError: on purpose"):
        processes.run(2, workers_at_work.fail_locally)
    with pytest.raises(WorkerError, match="worker 1 of 2: NamedError: it is 7"):
        processes.run(2, workers_at_work.fail_with_a_name)


def test_a_worker_that_cannot_read_what_comes_ends_and_does_not_hang():
    with pytest.raises(WorkerError, match="worker 1 of 2 has ended"):
        processes.run(2, workers_at_work.send_what_nobody_can_read)


@pytest.mark.parametrize("how", ["has a gradient on some workers only", "has got another array"])
def test_workers_that_would_drift_apart_stop(how):
    with pytest.raises(ValueError, match=how):
        processes.run(2, workers_at_work.drift_apart, how.removeprefix("has got "))


def test_a_system_that_starts_no_more_processes_says_how_many():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (len(os.listdir("/proc/self/fd")) + 8, hard))
    try:
        with pytest.raises(WorkerError, match=r"of 20 workers the system starts \d+ only: Too many open files"):
            processes.run(20, os.getpid)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


class LastWords:
    """The pipe to a worker that comes to the last meeting and ends while worker 0 naps."""

    def __init__(self, counter: np.ndarray) -> None:
        self.counter = counter

    def poll(self) -> bool:
        self.counter[0] = 1
        return True

    def recv(self) -> None:
        raise EOFError


def test_a_worker_may_end_after_the_last_meeting():
    memory = bytearray(2 * processes.LINE + processes.MEMORY)
    counter = np.frombuffer(memory, "int64")[processes.LINE // 8 :]
    processes.Processes(0, 2, memory, [LastWords(counter)]).decide(0)


@pytest.mark.parametrize("evenly", [True, False])
def test_where_the_last_worker_has_a_small_part_worker_0_never_naps(evenly, monkeypatch):
    memory, naps = bytearray(2 * processes.LINE + processes.MEMORY), []
    counter = np.frombuffer(memory, "int64")[processes.LINE // 8 :]
    workers = processes.Processes(0, 2, memory, [LastWords(counter)])
    workers.divide(evenly)
    monkeypatch.setattr(time, "sleep", naps.append)
    workers.decide(0)
    assert len(naps) == evenly


# --- the command line ---------------------------------------------------------------------------------------


class Run:
    """A training of two workers that has begun its first epoch."""

    def __init__(self, folder: Path, *words: str) -> None:
        command = [sys.executable, "-m", "minigen.train", "vae", "--out", str(folder), "--epochs", "1000", *WORKERS]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen([*command, *words], stdout=pipe, stderr=pipe, text=True)
        assert self.process.stdout
        while not self.process.stdout.readline().startswith("    2"):
            assert self.process.poll() is None
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        self.worker = next(
            int(child) for child in children if "spawn_main" in Path(f"/proc/{child}/cmdline").read_text()
        )

    def end(self) -> tuple[int, str, str]:
        """Exit code and output, when both processes have ended."""
        out, errors = self.process.communicate(timeout=20)
        kill_and_resume.require_ended(self.worker)
        return self.process.returncode, out, errors


linux = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="finds the processes in /proc")


@linux
@pytest.mark.parametrize(("number", "worker"), [(signal.SIGINT, 0), (signal.SIGTERM, 1)])
def test_a_signal_to_one_saves_and_ends_all(tmp_path, number, worker):
    run = Run(tmp_path / "run")
    os.kill(run.worker if worker else run.process.pid, number)
    code, out, errors = run.end()
    assert code == 128 + number
    assert "--resume" in out
    assert errors == ""


@linux
def test_a_killed_worker_ends_the_run_with_one_line(tmp_path):
    run = Run(tmp_path / "run")
    os.kill(run.worker, signal.SIGKILL)
    code, _, errors = run.end()
    assert code == 2
    assert re.fullmatch(r"minigen.train: worker 1 of 2 .*killed.*\n", errors)


def shared_memory() -> set[str]:
    """What lies there by name, but for that of ranks whose tests run beside this one."""
    return {name for name in os.listdir("/dev/shm") if not name.startswith("mpich")}


@linux
def test_the_workers_end_with_a_killed_worker_0(tmp_path):
    shared = shared_memory()
    run = Run(tmp_path / "run")
    run.process.kill()
    assert run.end()[0] == -signal.SIGKILL
    assert shared_memory() <= shared


def test_a_full_disk_ends_all_with_one_line(tmp_path, capsys, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "last.safetensors")

    monkeypatch.setattr(checkpoint, "write", full)
    assert main(["vae", "--smoke", "--out", str(tmp_path / "run"), *WORKERS]) == 2
    assert re.fullmatch(r"minigen.train: last.safetensors: No space left .*\n", capsys.readouterr().err)


def test_a_nan_ends_all_with_one_line(tmp_path, capsys):
    words = ["vae", "--smoke", "--lr", "1e30", "--out", str(tmp_path / "run"), *WORKERS]
    assert main(words) == 2
    assert re.fullmatch(r"minigen.train: training stopped at epoch 1, batch .*\n", capsys.readouterr().err)


@pytest.mark.parametrize("call", [3, 4], ids=["in the validation", "in the last measurement"])
def test_an_error_on_worker_1_ends_all_with_one_line(tmp_path, capsys, monkeypatch, call):
    monkeypatch.setattr(train, "_train_together", partial(workers_at_work.train_failing, "measure", 1, call))
    assert main(["vae", "--smoke", "--epochs", "1", "--out", str(tmp_path / "run"), *WORKERS]) == 70
    assert re.fullmatch(r"minigen.train: a fault in minigen: .* on purpose.*\n", capsys.readouterr().err)


def test_a_run_of_two_workers_that_is_killed_resumes_bit_for_bit(tmp_path):
    flags = ["--hidden", "50", "--latent", "8", *WORKERS]
    words = ["--smoke", "--batch-size", "16", *flags]
    assert list(kill_and_resume.survive("vae", 2, 3, words, tmp_path, seed=0)) == ["", ""]


@pytest.mark.parametrize(("first", "then", "said"), [(2, 1, "1 worker, so far 2"), (1, 2, "2 workers, so far 1")])
def test_another_number_of_workers_goes_on_and_says_so(tmp_path, capsys, first, then, said):
    words = ["vae", "--smoke", "--epochs", "2", "--out"]
    assert main([*words, str(tmp_path / "whole"), "--workers", "1"]) == 0
    run = [*words, str(tmp_path / "run"), "--workers"]
    assert main([*run, str(first), "--epochs", "1"]) == 0
    assert f"cores   {first} of" in capsys.readouterr().out
    assert main([*run, str(then), "--resume"]) == 0
    assert f"with {said}: the result is the same up to rounding only" in capsys.readouterr().out
    found, expected = (RunFolder(tmp_path / name).rows()[-1]["test"] for name in ("run", "whole"))
    assert found == pytest.approx(expected, rel=1e-5)


def test_threads_train_models_as_if_each_were_alone(alone, monkeypatch):
    monkeypatch.setattr(Loader.__init__, "__defaults__", (*Loader.__init__.__defaults__[:-1], "float64"))
    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(workers_at_work.three_steps, ["vae", "dcgan", "recurrent-ae", "sae"]):
            for name, value in found.items():
                np.testing.assert_array_equal(value, alone[name], err_msg=name)


def test_workers_and_a_shard_belong_to_their_thread():
    rows = parallel.Shard(0, 3, 7, 3 / 7)
    with parallel.working_with(parallel.Workers()), parallel.computing(rows), ThreadPoolExecutor() as pool:
        assert (parallel.workers() is parallel.ALONE, parallel.shard()) == (False, rows)
        assert pool.submit(lambda: (parallel.workers(), parallel.shard())).result() == (parallel.ALONE, None)

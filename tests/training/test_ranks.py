"""Ranks of mpiexec train what one process trains; NCCL's calls, on the stand-in for CuPy."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import kill_and_resume
import numpy as np
import pytest
import workers_at_work
from support import assert_close

from minigen import backend, parallel
from minigen.parallel.ranks import NCCL
from minigen.train import main

BESIDE = str(Path(sys.executable).parent)  # where the mpich wheel puts mpiexec
MPIEXEC = shutil.which("mpiexec", path=f"{BESIDE}:{os.environ.get('PATH', '')}")
FOUND = MPIEXEC is not None and importlib.util.find_spec("mpi4py") is not None
with_mpi = pytest.mark.skipif(
    not FOUND and "MINIGEN_REQUIRE_MPI" not in os.environ,
    reason="needs mpi4py and mpich: pip install -e '.[distributed]'",
)


def mpiexec(size: int, *words: str) -> list[str]:
    return [str(MPIEXEC), "-n", str(size), sys.executable, *words]


def train(size: int, folder: Path, *words: str) -> list[str]:
    return mpiexec(size, "-m", "minigen.train", "vae", "--smoke", "--distributed", "--out", str(folder), *words)


@with_mpi
@pytest.mark.parametrize("size", [2, 3])
def test_ranks_compute_what_one_process_computes(tmp_path, size):
    file = tmp_path / "found.npz"
    subprocess.run(mpiexec(size, workers_at_work.__file__, "all_models", str(file)), check=True, timeout=200)
    alone = workers_at_work.all_models()
    with np.load(file) as together:
        assert set(together) == alone.keys()
        for name, value in alone.items():
            assert_close(together[name], value, 1e-10, name)


@with_mpi
@pytest.mark.parametrize("size", [2, 3])
def test_arrays_of_any_length_are_added_up_and_gathered(tmp_path, size):
    words = [workers_at_work.__file__, "exchange_arrays", str(tmp_path / "size.npz")]
    subprocess.run(mpiexec(size, *words), check=True, timeout=60)
    assert np.load(tmp_path / "size.npz")["size"] == size


@with_mpi
def test_a_run_of_two_ranks_that_is_killed_resumes_bit_for_bit(tmp_path):
    expected, run = tmp_path / "expected", tmp_path / "killed"
    small = ["--hidden", "50", "--latent", "8", "--batch-size", "16", "--epochs", "3"]
    subprocess.run(train(2, expected, *small), check=True, timeout=60, capture_output=True)
    begun = subprocess.Popen(train(2, run, *small), stdout=subprocess.PIPE, text=True)
    assert begun.stdout
    while not begun.stdout.readline().startswith("    1"):
        assert begun.poll() is None
    begun.kill()
    begun.communicate(timeout=30)
    subprocess.run(train(2, run, "--resume"), check=True, timeout=60, capture_output=True)
    assert kill_and_resume.different(kill_and_resume.outcome(expected), kill_and_resume.outcome(run)) == []


@with_mpi
@pytest.mark.parametrize("rank", [0, 1])
def test_an_error_on_one_rank_ends_all_with_one_message(tmp_path, rank):
    call = f"import workers_at_work as w\nfrom minigen.parallel.ranks import ranks\nwith ranks('cpu'): w.fail({rank})"
    path = os.pathsep.join([str(Path(workers_at_work.__file__).parent), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        mpiexec(3, "-c", call), capture_output=True, text=True, timeout=30, env=os.environ | {"PYTHONPATH": path}
    )
    assert done.returncode != 0
    assert done.stderr.count("ZeroDivisionError: on purpose") == 1


@with_mpi
def test_an_error_of_the_user_is_said_once(tmp_path):
    done = subprocess.run(train(2, tmp_path / "run", "--lr", "-1"), capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert done.stderr.count("minigen.train: --lr is -1") == 1


@with_mpi
def test_a_signal_to_mpiexec_saves(tmp_path):
    command = train(2, tmp_path / "run", "--epochs", "1000", "--hidden", "50")
    run = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)
    assert run.stdout
    while not run.stdout.readline().startswith("    2"):
        assert run.poll() is None
    os.killpg(run.pid, signal.SIGINT)  # as a terminal does
    begun = time.monotonic()
    out, _ = run.communicate(timeout=30)
    assert time.monotonic() - begun < 60
    assert len(re.findall("stopped by SIGINT", out)) == 1


def test_without_mpiexec_one_line_says_how_to_start(tmp_path, capsys):
    assert main(["vae", "--smoke", "--distributed", "--out", str(tmp_path / "run")]) == 2
    assert re.fullmatch(
        "minigen.train: --distributed needs mp.*: (mpiexec -n 4|pip install) .*\n", capsys.readouterr().err
    )


# --- NCCL ---------------------------------------------------------------------------------------------------


class Communicator:
    """NCCL between two ranks of which the other has the same arrays."""

    def __init__(self, size: int, key: tuple[int, ...], rank: int) -> None:
        self.calls: list[tuple[int, ...]] = []

    def allReduce(self, *call: int) -> None:  # noqa: N802 (NCCL's name)
        self.calls.append(call)


def test_nccl_is_told_where_how_many_and_of_which_type(monkeypatch):
    here = SimpleNamespace(use=lambda: None)
    cuda = SimpleNamespace(
        Device=lambda number: here,
        runtime=SimpleNamespace(getDeviceCount=lambda: 1),
        get_current_stream=lambda: SimpleNamespace(ptr=77),
        nccl=SimpleNamespace(
            NcclCommunicator=Communicator, get_unique_id=lambda: (1, 2), NCCL_FLOAT32=7, NCCL_FLOAT64=8, NCCL_SUM=0
        ),
    )
    world = SimpleNamespace(
        Get_rank=lambda: 0, Get_size=lambda: 2, bcast=lambda value: value, Split_type=lambda kind: world
    )
    monkeypatch.setattr(backend, "module", lambda device: SimpleNamespace(cuda=cuda))
    monkeypatch.setattr(backend, "device_of", lambda array: "gpu")
    workers = NCCL(SimpleNamespace(COMM_WORLD=world, COMM_TYPE_SHARED=1))

    class OnGPU(np.ndarray):
        @property
        def data(self):
            return SimpleNamespace(ptr=1000)

    array = np.ones(5, "float32").view(OnGPU)
    workers.all_reduce(array)
    workers.gather(array)
    assert workers._gpus.calls == [(1000, 1000, 5, 7, 0, 77)] * 2
    assert array.tolist() == [1, 1, 0, 0, 0]
    assert parallel.workers().size == 1

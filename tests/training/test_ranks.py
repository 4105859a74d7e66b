"""Ranks of mpiexec train what one process trains; NCCL's calls, on the stand-in for CuPy."""

from __future__ import annotations

import contextlib
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

import fake_cupy
import fake_nccl
import kill_and_resume
import numpy as np
import pytest
import workers_at_work
from support import assert_close

from minigen import backend, parallel
from minigen.parallel.ranks import MPI, NCCL
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


def require_same_as_alone(size: int, work: str, file: Path, timeout: int) -> None:
    """Ranks that do what `work` names in workers_at_work find what one process finds."""
    subprocess.run(mpiexec(size, workers_at_work.__file__, work, str(file)), check=True, timeout=timeout)
    alone = getattr(workers_at_work, work)()
    with np.load(file) as together:
        assert set(together) == alone.keys()
        for name, value in alone.items():
            assert_close(together[name], value, 1e-10, name)


@with_mpi
@pytest.mark.parametrize("size", [2, 3])
def test_ranks_compute_what_one_process_computes(tmp_path, size):
    require_same_as_alone(size, "all_models", tmp_path / "found.npz", timeout=200)


@with_mpi
@pytest.mark.parametrize("size", [2, 3])
def test_arrays_of_any_length_are_added_up_and_gathered(tmp_path, size):
    words = [workers_at_work.__file__, "exchange_arrays", str(tmp_path / "size.npz")]
    subprocess.run(mpiexec(size, *words), check=True, timeout=60)
    assert np.load(tmp_path / "size.npz")["size"] == size


SMALL = ["--hidden", "50", "--latent", "8", "--batch-size", "16"]
BESIDE_THE_TESTS = os.environ | {
    "PYTHONPATH": os.pathsep.join([str(Path(workers_at_work.__file__).parent), os.environ.get("PYTHONPATH", "")])
}


class Run:
    """A training of two ranks in a folder; `failing` says which call of what fails on which rank."""

    def __init__(self, folder: Path, *words: str, failing: tuple[str, int, int] | None = None) -> None:
        self.folder = folder
        train = f"import sys, workers_at_work as w\nfrom minigen.train import main\nwith w.failing{failing}: "
        program = ["-c", f"{train}sys.exit(main(sys.argv[1:]))"] if failing else ["-m", "minigen.train"]
        command = mpiexec(2, *program, "vae", "--smoke", "--distributed", "--out", str(folder), *words)
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, env=BESIDE_THE_TESTS)

    def wait_for_an_epoch(self) -> None:
        assert self.process.stdout
        while not re.match(" +[0-9]", self.process.stdout.readline()):
            assert self.process.poll() is None

    def pids(self) -> dict[int, int]:
        """The process of each rank that has not ended."""
        found = {}
        for process in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                rank = re.search(r"\0PMI_RANK=(\d+)", (process / "environ").read_text())
                if rank and str(self.folder) in (process / "cmdline").read_text():
                    found[int(rank[1])] = int(process.name)
        return found

    def end(self) -> tuple[int, str, str]:
        """Exit code, output and errors, without a hang and without an orphan."""
        out, errors = self.process.communicate(timeout=120)
        end = time.monotonic() + 30
        while self.pids():
            assert time.monotonic() < end, "an orphan"
            time.sleep(0.02)
        return self.process.returncode, out, errors


@with_mpi
def test_a_run_of_two_ranks_resumes_bit_for_bit_whatever_ended_it(tmp_path):
    expected, folder = Run(tmp_path / "expected", "--epochs", "20", *SMALL), tmp_path / "disturbed"
    assert expected.end()[0] == 0
    begin = ["--epochs", "20", *SMALL]
    for rank in (1, 0):
        run = Run(folder, *begin)
        begin = ["--resume"]
        run.wait_for_an_epoch()
        os.kill(run.pids()[rank], signal.SIGKILL)
        assert run.end()[0] != 0
    for number, rank in ((signal.SIGTERM, None), (signal.SIGINT, None), (signal.SIGTERM, 1)):
        run = Run(folder, "--resume")
        run.wait_for_an_epoch()
        os.kill(run.process.pid if rank is None else run.pids()[rank], number)
        code, out, errors = run.end()
        assert (code, out.count(f"stopped by {number.name}")) == (128 + number, 1)
        assert not re.search("minigen|Traceback|Error", errors), errors  # mpiexec may say something of its own
        assert "mpiexec -n 2 python -m minigen.train vae --resume --distributed" in out
    for failing, code, words in (
        (("disk", 0, 1), 2, "last.safetensors: No space left on device"),
        (("save", 0, 1), 130, "stopped by SIGINT"),
        (("measure", 1, 3), 70, "on purpose"),
    ):
        ended, _, errors = Run(folder, "--resume", failing=failing).end()
        assert ended == code
        assert len(re.findall(f"^minigen.train: .*{words}", errors, re.M)) == errors.count("minigen.train:") == 1
    assert Run(folder, "--resume").end()[0] == 0
    found = kill_and_resume.outcome(folder)
    assert kill_and_resume.different(kill_and_resume.outcome(expected.folder), found) == []


@with_mpi
@pytest.mark.parametrize(
    ("words", "failing", "code", "line"),
    [
        (["--lr", "1e30"], None, 2, "minigen.train: training stopped at epoch 1, batch"),
        (["--epochs", "1"], ("measure", 1, 4), 70, "minigen.train: a fault in minigen: .* on purpose"),
        (["--lr", "-1"], None, 2, "minigen.train: --lr is -1"),
        (["--nosuch"], None, 2, "minigen.train: unknown option '--nosuch'"),
    ],
    ids=["NaN", "error on rank 1 in the last measurement", "wrong value", "wrong word"],
)
def test_ranks_end_together_and_one_says_why(tmp_path, words, failing, code, line):
    ended, _, errors = Run(tmp_path / "run", *SMALL, *words, failing=failing).end()
    assert ended == code
    assert len(re.findall(line, errors)) == errors.count("minigen.train:") == 1


@with_mpi
@pytest.mark.parametrize("rank", [0, 1])
def test_an_error_on_one_rank_ends_all_with_one_message(tmp_path, rank):
    call = f"import workers_at_work as w\nfrom minigen.parallel.ranks import ranks\nwith ranks(): w.fail({rank})"
    done = subprocess.run(mpiexec(3, "-c", call), capture_output=True, text=True, timeout=120, env=BESIDE_THE_TESTS)
    assert done.returncode != 0
    assert done.stderr.count("ZeroDivisionError: on purpose") == 1


def test_without_mpiexec_one_line_says_how_to_start(tmp_path, capsys):
    assert main(["vae", "--smoke", "--distributed", "--out", str(tmp_path / "run")]) == 2
    assert re.fullmatch(
        "minigen.train: --distributed needs mp.*: (mpiexec -n 4|pip install) .*\n", capsys.readouterr().err
    )


# --- NCCL ---------------------------------------------------------------------------------------------------


@with_mpi
@pytest.mark.parametrize("size", [2, 3])
def test_ranks_with_gpus_compute_what_one_computes(tmp_path, size):
    require_same_as_alone(size, "models_on_gpus", tmp_path / "found.npz", timeout=60)


@pytest.mark.parametrize(
    ("broken", "line"),
    [
        ({"available": False}, "pip install nvidia-nccl-cu12"),
        ({"get_unique_id": lambda: bytes(128)}, "NCCL cannot connect the GPUs .*INVALID_USAGE"),
        ({}, "2 ranks of one machine have 1 GPUs, must have one each"),
    ],
)
def test_nccl_that_cannot_work_is_refused(monkeypatch, broken, line):
    buses = ["0000:00:00.0", "0000:00:00.0" if not broken else "0000:01:00.0"]
    world = SimpleNamespace(
        Get_rank=lambda: 0, Get_size=lambda: 2, bcast=lambda value: value, allgather=lambda bus: buses
    )
    world.Split_type = lambda kind: world
    monkeypatch.setattr(backend, "_gpu", fake_cupy)
    monkeypatch.setitem(sys.modules, "cupy.cuda.nccl", SimpleNamespace(**(vars(fake_nccl) | broken)))
    with pytest.raises(parallel.WorkerError, match=line):
        MPI(SimpleNamespace(COMM_WORLD=world, COMM_TYPE_SHARED=1)).on("gpu")


def test_nccl_refuses_an_array_that_does_not_lie_row_by_row(monkeypatch):
    monkeypatch.setattr(backend, "_gpu", fake_cupy)
    ranks = object.__new__(NCCL)
    with pytest.raises(ValueError, match=r"shape \(3, 2\)"):
        ranks.gather(backend.to_device(np.zeros((2, 3)), "gpu").T)

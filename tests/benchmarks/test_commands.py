"""What the benchmarks' command lines refuse before anything is timed, and the GPU's one command on the stand-in."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.benchmarks import gpu, wheels


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", *words], capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize("name", ["steps", "conv", "lstm", "pooling", "gpu", "operation", "pages", "peak"])
def test_help_and_an_unknown_word_time_nothing(name: str) -> None:
    done = run(f"tests.benchmarks.{name}", "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"usage: python -m tests.benchmarks.{name} ")
    done = run(f"tests.benchmarks.{name}", "vae", "nope")
    assert (done.returncode, done.stdout) == (2, "")
    assert "nope" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


SMALL = """
from tests.benchmarks import gpu
gpu.SIZES = [{"batch_size": 8}, {"data": "mnist5k-rows"}]
gpu.TESTED, gpu.ROUNDS = ["ops/test_joining.py"], 1
raise SystemExit(gpu.main())
"""


def test_the_command_for_a_gpu_goes_on_after_a_failure_and_reports_it_at_the_end(tmp_path: Path) -> None:
    """On the stand-in; gan takes images, so its case on rows fails."""
    pytest.importorskip("torch")
    words = ["--device", "fake", "--models", "gan", "--only", "tests", "steps", "profile", "--out", str(tmp_path)]
    done = subprocess.run([sys.executable, "-c", SMALL, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    failed = done.stdout.partition("\nfailed: ")[2].splitlines()
    assert [line.split(":")[0].strip() for line in failed] == ["2", "steps", "profile"]
    assert all("gan needs images" in line for line in failed[1:])
    results = [json.loads(line) for line in (tmp_path / "results.jsonl").read_text().splitlines()]
    assert [result["part"] for result in results] == ["machine", "tests", "steps", "profile"]
    assert re.fullmatch(r"\d+ passed", results[1]["tests"])
    assert results[3]["minigen_waits"] == 0


def test_without_a_gpu_the_command_says_so_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    done = run("tests.benchmarks.gpu", "--out", str(tmp_path))
    assert (done.returncode, done.stdout) == (2, "")
    assert "device 'gpu'" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


def test_the_waits_of_a_trace_are_synchronisations_and_copies_between_host_and_gpu() -> None:
    events = [
        {"cat": "kernel", "name": "add", "dur": 1500},
        {"cat": "gpu_memset", "name": "Memset (Device)", "dur": 500},
        {"cat": "gpu_memcpy", "name": "Memcpy DtoD (Device -> Device)", "dur": 1000},
        {"cat": "gpu_memcpy", "name": "Memcpy DtoH (Device -> Pageable)", "dur": 1000},
        {"cat": "gpu_memcpy", "name": "Memcpy HtoD (Pageable -> Device)", "dur": 1000},
        {"cat": "cuda_runtime", "name": "cudaStreamSynchronize", "dur": 9000},
        {"cat": "cuda_runtime", "name": "cudaLaunchKernel", "dur": 9000},
        {"ph": "M", "name": "process_name"},
    ]
    assert gpu.counted(events) == {"launches": 5, "busy": 5.0, "waits": 3}


def test_the_largest_wheels_are_left_out_where_they_have_no_room(tmp_path: Path) -> None:
    for name, size in (("small-1.0-py3-none-any", 10), ("large_one-2-py3-none-any", 30), ("numpy-2.4-cp312-x", 5)):
        (tmp_path / f"{name}.whl").write_bytes(bytes(size))
    wheels.keep_what_fits(tmp_path, room=35)
    assert [wheel.name for wheel in tmp_path.iterdir()] == ["small-1.0-py3-none-any.whl"]

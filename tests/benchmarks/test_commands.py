"""What the benchmarks' command lines refuse, before anything is timed."""

from __future__ import annotations

import subprocess
import sys

import pytest


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", *words], capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize("name", ["steps", "conv", "lstm", "pooling"])
def test_help_and_an_unknown_word_time_nothing(name: str) -> None:
    done = run(f"tests.benchmarks.{name}", "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"usage: python -m tests.benchmarks.{name} ")
    done = run(f"tests.benchmarks.{name}", "vae", "nope")
    assert (done.returncode, done.stdout) == (2, "")
    assert "nope" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from minigen.training.lock import LockedError, locked

HOLD = """
import sys
from pathlib import Path
from minigen.training.lock import locked

with locked(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_training_is_refused_until_the_first_ends(tmp_path: Path) -> None:
    with locked(tmp_path / "run"):
        refused = pytest.raises(
            LockedError, match=r"another training is running in .*run: wait for it, or choose another folder with --out"
        )
        with refused, locked(tmp_path / "run"):
            pass
        with locked(tmp_path / "another"):
            pass
    with locked(tmp_path / "run"):
        pass


def test_a_lock_does_not_outlive_a_killed_process(tmp_path: Path) -> None:
    words = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(LockedError), locked(tmp_path):
            pass
        other.kill()
        other.wait()
        with locked(tmp_path):
            pass

"""Every fault once with little effort; `python -m tests.faults` prints the table and takes more."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.faults.__main__ import FAULTS
from tests.faults.fault import Effort, Fault, refused


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_nothing_is_lost(fault: Fault, tmp_path: Path) -> None:
    tries = list(fault.tries(tmp_path, Effort()))
    assert tries
    assert not [lost for lost in tries if lost]


def test_a_loss_is_seen(capsys: pytest.CaptureFixture[str]) -> None:
    def crash(words: list[str]) -> int:
        raise ZeroDivisionError

    def talk(words: list[str]) -> int:
        print("Traceback\nand more", file=sys.stderr)
        return 2

    assert refused(crash, []) == "raised ZeroDivisionError()"
    assert refused(lambda words: 0, []) == "exit code 0, said ''"
    assert refused(talk, [], "and more").startswith("exit code 2, said")

"""Every fault once with little effort; `python -m tests.faults` prints the table and takes more."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.faults.__main__ import FAULTS, main
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


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--models", "vae", "nope"], "argument --models: unknown nope; known: all, "),
        (["--only", "no such fault"], "argument --only: no fault has 'no such fault' in its name"),
        (["--kills", "-1"], "argument --kills: is -1, must be at least 1"),
    ],
)
def test_a_command_that_would_try_nothing_is_refused(
    capsys: pytest.CaptureFixture[str], words: list[str], message: str
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(words)
    assert stopped.value.code == 2
    printed = capsys.readouterr()
    assert message in printed.err
    assert printed.out == ""

"""Every fault once with little effort; `python -m tests.faults` prints the table and takes more."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from tests.faults import child
from tests.faults.__main__ import FAULTS, main
from tests.faults.fault import Effort, Fault
from tests.kill_and_resume import different


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_nothing_is_lost(fault: Fault, tmp_path: Path) -> None:
    tries = list(fault.tries(tmp_path, Effort()))
    assert tries
    assert not [lost for lost in tries if lost]


def says(text: str, code: int) -> child.Command:
    def command(words: list[str]) -> int:
        print(text, end="", file=sys.stderr)
        return code

    return command


@pytest.mark.parametrize(
    ("command", "seen"),
    [
        (says("", 0), False),
        (says("why not\n", 2), False),
        (says("", 2), True),
        (says("why not\nand more\n", 2), True),
        (says("a word\n", 0), True),
        (says("Warning: odd\n", 2), True),
        (says("out of memory\n", 2), True),
        (says("why not\n", 1), True),
        (lambda words: 1 // 0, True),
    ],
)
def test_a_loss_is_seen(command: child.Command, seen: bool) -> None:
    assert bool(child.loss(child.run(command, []))) == seen


def test_a_difference_of_one_bit_is_seen() -> None:
    weight = np.zeros(3, np.float32)
    expected = {"weight": weight, "row 1": ({"loss": 1.0}, None, 1e-3)}
    assert different(expected, {**expected, "weight": weight.copy()}) == []
    for other in (-weight, weight.astype(float)):
        assert different(expected, {**expected, "weight": other}) == ["weight"]
    assert different(expected, {"weight": weight}) == ["row 1"]
    assert different(expected, {**expected, "row 1": ({"loss": 1.5}, None, 1e-3)}) == ["row 1"]


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

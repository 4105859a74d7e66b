"""tests/kill_and_resume.py in small: the script itself makes 20 tries and takes any model."""

from __future__ import annotations

from pathlib import Path

import kill_and_resume
import numpy as np


def test_two_killed_trainings_end_as_if_never_stopped(tmp_path: Path) -> None:
    flags = ["--hidden", "24", "--latent", "4", "--validation", "0.9", "--batch-size", "64"]
    tally = kill_and_resume.survive("vae", 2, 6, flags, tmp_path, seed=1)
    assert (tally.tries, tally.equal) == (2, 2)
    assert tally.kills >= 2


def test_a_difference_of_one_bit_is_seen() -> None:
    weight = np.zeros(3, dtype=np.float32)
    expected = {"weight": weight, "row 1": ({"loss": 1.0}, None, 1e-3)}
    assert kill_and_resume.different(expected, {**expected, "weight": weight.copy()}) == []
    assert kill_and_resume.different(expected, {**expected, "weight": -weight}) == ["weight"]
    assert kill_and_resume.different(expected, {**expected, "weight": weight.astype(float)}) == ["weight"]
    assert kill_and_resume.different(expected, {"weight": weight}) == ["row 1"]
    assert kill_and_resume.different(expected, {**expected, "row 1": ({"loss": 1.5}, None, 1e-3)}) == ["row 1"]

"""Run folders from elsewhere: whatever stands in their files, every verb works or says one line."""

from __future__ import annotations

import contextlib
import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_runs import small_run

from minigen import apply, compare
from minigen.training import checkpoint
from minigen.training.run_folder import RunFolder

USES = [["sample", "--count", "1"], ["reconstruct", "--count", "1"], ["interpolate", "0", "1", "--steps", "2"]]
USES += [["encode", "--count", "2"], ["score", "--count", "1"], ["restore"], ["export"], ["compare"]]
HOSTILE: list[Any] = [
    None,
    True,
    -1,
    0,
    1,
    2**31,
    2**64,
    10**400,
    1e308,
    -0.5,
    "",
    "x" * 5000,
    "../x",
    "$\\x^",
    "\ud800",
]
HOSTILE += [[], [[]], [None], {}, {"": {}}, [1] * 1000, "NaN", "中\n"]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[RunFolder, dict[Path, bytes]]:
    """A run, and what its files hold before anyone has changed them."""
    folder = tmp_path_factory.mktemp("runs")
    small_run(folder / "other")
    run = RunFolder(small_run(folder / "run"))
    return run, {path: path.read_bytes() for path in run.path.iterdir()}


def paths_in(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The keys that lead to each part of a JSON value."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(deeper for key, part in items for deeper in paths_in(part, (*path, key)))][bool(not path) :]


def changed(value: Any, place: int, remove: bool, new: Any) -> Any:
    """The value with a part of it removed, or replaced by something hostile."""
    paths = paths_in(value)
    *way, last = paths[place % len(paths)]
    part = value
    for key in way:
        part = part[key]
    if remove:
        del part[last]
    else:
        part[last] = new
    return value


@settings(max_examples=30)
@given(
    use=st.sampled_from(USES),
    where=st.sampled_from(["config.json", "metrics.jsonl", "checkpoints"]),
    place=st.integers(0, 2**16),
    remove=st.booleans(),
    new=st.sampled_from(HOSTILE),
)
def test_a_hostile_run_is_used_or_refused_in_one_line(
    whole: tuple[RunFolder, dict[Path, bytes]], use: list[str], where: str, place: int, remove: bool, new: Any
) -> None:
    run, contents = whole
    for path, content in contents.items():
        path.write_bytes(content)
    if where == "checkpoints":
        for path in (run.best, run.last):
            arrays, state = checkpoint.read(path)
            checkpoint.write(path, arrays, changed(state, place, remove, new))
    else:
        path = run.path / where
        rows = [
            json.loads(line)
            for line in (path.read_text().splitlines() if path.suffix == ".jsonl" else [path.read_text()])
        ]
        path.write_text("".join(json.dumps(row) + "\n" for row in changed(rows, place, remove, new)))
    words = [str(run.path), *use, "--out", str(run.path.parent / "out")]
    command = apply.main
    if use == ["compare"]:
        command, words = compare.main, [str(run.path), str(run.path.parent / "other")]
    with contextlib.redirect_stderr(io.StringIO()) as said, contextlib.redirect_stdout(io.StringIO()):
        code = command(words)
    lines = said.getvalue().splitlines()
    assert code in (0, 2), lines
    assert len([line for line in lines if "is used instead" not in line]) <= 1, lines
    assert all(len(line) < 2100 for line in lines), lines

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from minigen.data import Description
from minigen.models.vae import VAEConfig
from minigen.own_files import OwnFiles
from minigen.training.run_folder import RunError, RunFolder

DATA = Description("sequences", (8, 2), ("sequence",), ((0.0, 2.5), (-1.0, 1.0)))
OUTSIDE = ("../thesis.png", "pictures/../../thesis.png", ".", "", "..", "pictures/..")


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    return RunFolder(tmp_path / "a" / "run").create("vae", VAEConfig(hidden=7), DATA, overwrite=False)


def test_describes_the_run_and_what_it_ran_on(run: RunFolder) -> None:
    saved = RunFolder.open(run.path).described()
    assert (saved.model, VAEConfig(**saved.config), saved.data) == ("vae", VAEConfig(hidden=7), DATA)
    versions = json.loads((run.path / "config.json").read_text())["versions"]
    assert {"python", "numpy", "safetensors"} <= versions.keys()


def test_rows_come_back_in_order(run: RunFolder) -> None:
    rows = [{"epoch": n, "train": {"loss": 1 / n}} for n in (1, 2, 3)]
    for row in rows:
        run.add_row(row)
    assert run.rows() == rows


@pytest.mark.parametrize("damage", [b'{"epoch": 3, "tra', b"\xff\xfe\x00", b"\n"])
def test_rows_up_to_a_damaged_line(run: RunFolder, damage: bytes) -> None:
    run.add_row({"epoch": 1})
    with (run.path / "metrics.jsonl").open("ab") as file:
        file.write(damage)
    assert run.rows() == [{"epoch": 1}]


@pytest.mark.parametrize(
    "line",
    [
        *("3", '{"epoch": "x"}', '{"epoch": null}', '{"epoch": 1, "train": 3}', "[]", "garbage"),
        json.dumps({"epoch": 1, "train": {f"term {number}": 1 for number in range(10_000)}}),
    ],
)
def test_a_line_that_no_crash_left_is_named_and_nothing_is_lost(run: RunFolder, line: str) -> None:
    metrics = run.path / "metrics.jsonl"
    metrics.write_text(f'{{"epoch": 1}}\n{line}\n{{"epoch": 3}}\n')
    before = metrics.read_bytes()
    with pytest.raises(RunError, match=r"metrics\.jsonl: not what minigen wrote \(line 2: .*; move the file away"):
        run.keep_rows(3)
    assert metrics.read_bytes() == before


def test_keeps_the_rows_of_finished_epochs_only(run: RunFolder) -> None:
    for row in ({"epoch": 1}, {"epoch": 2}, {"test": {}}, {"epoch": 3}):
        run.add_row(row)
    run.keep_rows(2)
    assert run.rows() == [{"epoch": 1}, {"epoch": 2}]


def test_a_folder_without_rows_has_none(run: RunFolder) -> None:
    assert run.rows() == []
    run.keep_rows(0)
    assert run.rows() == []


def test_a_run_is_not_overwritten_unasked(run: RunFolder) -> None:
    with pytest.raises(RunError, match="already holds a run: --resume continues it, --overwrite replaces it"):
        RunFolder(run.path).create("vae", VAEConfig(), DATA, overwrite=False)
    assert run.described().config["hidden"] == 7


@pytest.mark.parametrize("name", ["best.safetensors", "metrics.jsonl"])
def test_a_run_that_lost_its_config_is_not_overwritten_unasked(run: RunFolder, name: str) -> None:
    (run.path / "config.json").unlink()
    (run.path / name).write_bytes(b"weeks of work")
    with pytest.raises(RunError, match=r"already holds a run without its config\.json"):
        RunFolder(run.path).create("vae", VAEConfig(), DATA, overwrite=False)
    assert (run.path / name).read_bytes() == b"weeks of work"


@pytest.mark.parametrize("overwrite", [False, True])
def test_files_of_the_user_in_a_folder_without_a_run_stay(tmp_path: Path, overwrite: bool) -> None:
    own = [tmp_path / "frames" / "video.npy", tmp_path / "frames" / "7.npy"]
    own += [] if overwrite else [tmp_path / "samples.png", tmp_path / "frames" / "0001.npy"]
    (tmp_path / "frames").mkdir()
    for path in own:
        path.write_bytes(b"x")
    RunFolder(tmp_path).create("vae", VAEConfig(), DATA, overwrite)
    assert all(path.exists() for path in own)


def test_overwriting_forgets_the_run_and_nothing_else(run: RunFolder) -> None:
    run.add_row({"epoch": 1})
    run.frames.mkdir()
    for path in (run.last, run.best, run.frames / "0001.npy", run.path / "thesis.tex", run.path / "samples.png"):
        path.write_bytes(b"x")
    for name in ("mine.png", "learning.gif", "mine.png"):
        run.save(name, b"drawn")
    assert "0001.npy: not written by minigen" in run.save_frame(1, b"drawn")[0]
    assert run.save_frame(2, b"drawn") == []
    assert list(run.frame_files()) == [2]
    assert list(run.own.written()) == ["mine.png", "learning.gif"]
    new = RunFolder(run.path).create("vae", VAEConfig(hidden=8), DATA, overwrite=True)
    assert new.described().config["hidden"] == 8
    assert new.rows() == []
    assert {path.name for path in run.path.iterdir()} - {".written.lock"} == {
        "config.json",
        "thesis.tex",
        "samples.png",
        "frames",
    }
    assert {path.name: path.read_bytes() for path in run.frames.iterdir()} == {"0001.npy": b"x"}


@pytest.mark.parametrize(
    "note",
    [
        *(f'{{"{name}": {{"maker": "train", "sha256": ["{hashlib.sha256(b"x").hexdigest()}"]}}}}' for name in OUTSIDE),
        *('["', "3", "[3]", '{"a": 3}', "\\xff"),
    ],
)
def test_a_note_that_anyone_may_have_edited_removes_nothing_elsewhere(run: RunFolder, note: str) -> None:
    """A right checksum, but a name that leads out of the folder."""
    thesis = run.path.parent / "thesis.png"
    thesis.write_text("x")
    (run.path / ".written.json").write_text(note)
    RunFolder(run.path).create("vae", VAEConfig(), DATA, overwrite=True)
    assert thesis.exists()
    assert run.path.exists()


def test_a_picture_of_the_user_is_not_replaced(run: RunFolder) -> None:
    (run.path / "curves.png").write_bytes(b"mine")
    assert [run.save("curves.png", content).name for content in (b"1", b"2")] == ["curves-2.png"] * 2
    run.save("loss.png", b"drawn")
    (run.path / "loss.png").write_bytes(b"edited")
    assert run.save("loss.png", b"3").name == "loss-2.png"
    RunFolder(run.path).create("vae", VAEConfig(), DATA, overwrite=True)
    left = {path.name: path.read_bytes() for path in run.path.glob("*.png")}
    assert left == {"curves.png": b"mine", "loss.png": b"edited"}


def test_a_run_folder_may_be_a_link(run: RunFolder, tmp_path: Path) -> None:
    run.path.rename(tmp_path / "elsewhere")
    run.path.symlink_to(tmp_path / "elsewhere")
    assert [run.save("curves.png", content).name for content in (b"1", b"2")] == ["curves.png"] * 2
    RunFolder(run.path).create("vae", VAEConfig(), DATA, overwrite=True)
    assert not list(run.path.glob("*.png"))


def test_nothing_is_written_or_removed_through_a_link_within_the_folder(run: RunFolder, tmp_path: Path) -> None:
    theirs, own = tmp_path / "theirs", OwnFiles(run.path, "sample")
    own.save({"pictures/0.png": b"drawn"})
    (run.path / "pictures").rename(theirs)
    for name in ("pictures", "frames"):
        (run.path / name).symlink_to(theirs)
    own.remove()
    with pytest.raises(OSError, match="not written by minigen"):
        own.save({"pictures/0.png": b"2"})
    for write in (lambda: own.save({"pictures/1.png": b"3"}), lambda: run.save_frame(1, b"4")):
        with pytest.raises(OSError, match="minigen writes through none"):
            write()
    assert {path.name: path.read_bytes() for path in theirs.iterdir()} == {"0.png": b"drawn"}


def test_a_figure_that_overwriting_would_leave_is_not_drawn(run: RunFolder) -> None:
    with pytest.raises(ValueError, match=r"'\.\./portrait\.png', must be letters"):
        run.save("../portrait.png", b"x")


def test_a_folder_of_frames_with_something_else_in_it_stays(run: RunFolder) -> None:
    run.frames.mkdir()
    (run.frames / "notes.txt").write_text("the best one is 7")
    RunFolder(run.path).create("vae", VAEConfig(), DATA, overwrite=True)
    assert (run.frames / "notes.txt").exists()


def test_a_folder_without_a_run_is_not_opened(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="holds no run"):
        RunFolder.open(tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        *("", "{", "[]", "null", '"vae"', '{"model": "vae"}', '{"model": 3, "config": {}}'),
        *('{"model": "vae", "config": 1}', "[" * 100_000, "\xff\xfe{}"),
    ],
)
def test_a_description_that_is_none_is_one_line(run: RunFolder, text: str) -> None:
    (run.path / "config.json").write_text(text, encoding="latin-1")
    with pytest.raises(RunError, match=r"config\.json: not a run's description") as failure:
        run.described()
    assert "\n" not in str(failure.value)

"""The door to the disk, and everything that goes through it: special files, links, other writers, full memory."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from unittest.mock import Mock

import pytest
from limits import modest

from minigen import files
from minigen.data import cifar, load, read_sequences
from minigen.data.idx import read_idx
from minigen.data.npy import read_npy
from minigen.data.pictures import read_picture
from minigen.training import checkpoint
from minigen.training.lock import locked
from minigen.training.run_folder import RunFolder

READERS: dict[str, Callable[[Path], object]] = {
    "raw": lambda path: files.read(path, 2**20),
    "images.gz": lambda path: read_idx(path, 3),
    "train-images-idx3-ubyte.gz": lambda path: load("mnist", path.parent),
    "train-images.idx3-ubyte": lambda path: load("fashion-mnist", path.parent),
    cifar.ARCHIVE: lambda path: load("cifar10", path.parent),
    cifar.TRAIN_FILES[0]: lambda path: load("cifar10", path.parent),
    "own.npy": read_sequences,
    "own.csv": read_sequences,
    "own.CSV": lambda path: read_sequences(str(path)),
    "own.npz": load,
    "picture.png": lambda path: read_picture(path, 1, (28, 28)),
    "picture.tiff": lambda path: read_picture(path, 3, None),
    "config.json": lambda path: RunFolder(path.parent).described(),
    "metrics.jsonl": lambda path: RunFolder(path.parent).rows() or files.read(path, 1),
    "last.safetensors": checkpoint.read,
    **{
        name: lambda path: (locked(path.parent).__enter__(), files.read(path, 1)) for name in (".lock", ".written.lock")
    },
    "weights.npy": read_npy,
}
SPECIAL: dict[str, Callable[[Path], object]] = {
    "folder": Path.mkdir,
    "FIFO": lambda path: os.mkfifo(path),
    "socket": lambda path: os.mknod(path, stat.S_IFSOCK | 0o600),
    "endless": lambda path: path.symlink_to("/dev/zero"),
    "terminal": lambda path: path.symlink_to("/dev/tty"),
    "link to itself": lambda path: path.symlink_to(path),
    "sparse": lambda path: (path.touch(), os.truncate(path, 2**35)),
}


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """A file of the user's, outside the folder that minigen writes into."""
    (tmp_path / "run").mkdir()
    (tmp_path / "outside").write_bytes(b"the user's")
    return tmp_path / "outside"


# Reading


@pytest.mark.parametrize("kind", SPECIAL)
@pytest.mark.parametrize("name", READERS)
def test_only_regular_files_are_read(name: str, kind: str, tmp_path: Path) -> None:
    path = tmp_path / name
    SPECIAL[kind](path)
    with modest(), pytest.raises((ValueError, OSError)) as raised:
        READERS[name](path)
    assert name in str(raised.value) or "holds neither" in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_link_to_a_regular_file_is_read_and_a_limit_is_kept(target: Path) -> None:
    for name, make in (("link", os.symlink), ("hard", os.link)):
        make(target, target.with_name(name))
        assert files.read(target.with_name(name), 10) == b"the user's"
    with pytest.raises(OSError, match=r"10 bytes, at most 9 are read") as raised:
        files.read(target, 9)
    assert raised.value.filename == str(target)


# Writing

WRITERS: dict[str, Callable[[Path], object]] = {
    "replace": lambda path: files.replace_file(path, b"new"),
    "append": lambda path: files.append(path, b"new"),
    "open": lambda path: files.open_own(path).close(),
    "folder": lambda path: files.make_folder(path),
}


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize("aim", ["outside", "nothing", "."])
def test_nothing_is_written_through_a_link(writer: str, aim: str, target: Path) -> None:
    link = target.parent / "run" / "link"
    link.symlink_to(target.parent / aim)
    with pytest.raises(OSError, match="a link, and minigen writes through none") as raised:
        WRITERS[writer](link)
    assert raised.value.filename == str(link)
    assert target.read_bytes() == b"the user's"
    assert {path.name for path in target.parent.iterdir()} == {"outside", "run"}
    assert link.is_symlink()


def test_hard_links_are_left_behind_or_refused(target: Path) -> None:
    path = target.parent / "run" / "file"
    os.link(target, path)
    with pytest.raises(OSError, match="second name"):
        files.append(path, b"new")
    files.replace_file(path, b"new")
    files.append(path, b"er")
    assert (path.read_bytes(), target.read_bytes()) == (b"newer", b"the user's")


@pytest.mark.parametrize("writer", ["append", "open"])
def test_a_fifo_is_not_waited_for(writer: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    with modest(), pytest.raises(OSError, match="not a regular file"):
        WRITERS[writer](tmp_path / "fifo")


def test_no_file_is_left_half_written(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", Mock(side_effect=OSError(28, "No space left on device")))
    for path in (target, target.parent / "run" / "file"):
        with pytest.raises(OSError, match="No space"):
            files.replace_file(path, b"new")
    assert not list((target.parent / "run").iterdir())
    assert target.read_bytes() == b"the user's"


def test_writers_of_one_name_do_not_disturb_each_other(tmp_path: Path) -> None:
    contents = [bytes([number]) * 100_000 for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda content: [files.replace_file(tmp_path / "x", content) for _ in range(10)], contents))
    assert (tmp_path / "x").read_bytes() in contents
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


def test_a_name_may_be_as_long_as_the_system_takes(tmp_path: Path) -> None:
    files.replace_file(tmp_path / ("x" * 255), b"long")
    for name in ("x" * 256, "x\0y"):
        with pytest.raises(OSError, match=r"too long|no name"):
            files.read(tmp_path / name, 10)


# Names


def test_paths_do_not_depend_on_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert files.absolute("~/x") == files.absolute("x") == files.absolute(Path("x")) == tmp_path / "x"


@pytest.mark.parametrize("text", ["a\nb", "\x1b[31m", os.fsdecode(b"caf\xe9"), "\ud83d", "\u202egnp.exe", "\u2028"])
def test_text_from_outside_is_one_printable_line(text: str) -> None:
    shown = files.printable(text)
    assert shown.isprintable()
    assert text != shown == shown.encode().decode()
    assert files.printable("中文 é 🙂 $x$") == "中文 é 🙂 $x$"

"""Folders of one's own pictures: how they are understood, what is refused, and the cache of what was decoded."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from minigen.data import DataError, Dataset, Loader, load
from minigen.data import cache as cache_module
from minigen.data.pictures import find_pictures


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache/minigen/pictures"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "photos"


def picture(path: Path, level: int = 100, size: tuple[int, int] = (6, 8), mode: str = "RGB") -> Path:
    """A picture of (H, W) that is `level` all over, in its first channel."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size[::-1], (level, 10, 200)[: len(mode)] if mode == "RGB" else level).save(path)
    return path


def levels(data: Dataset) -> list[list[int]]:
    return [split.inputs[:, 0, 0, 0].tolist() for split in (data.train, data.test)]


def test_folders_are_classes_and_train_and_test_are_splits(root: Path) -> None:
    for part, base in (("train", 0), ("test", 100)):
        for name, level in (("dog/b", 40), ("cat/z", 20), ("cat/a/deep", 30), ("dog/.hidden", 99), ("ant/x", 50)):
            if (part, name) != ("test", "ant/x"):
                picture(root / part / f"{name}.png", base + level)
    (root / "train/cat/notes.txt").write_text("no picture")
    (root / "train/__MACOSX").mkdir()
    data = load(root)
    assert (data.name, data.classes, data.input_shape) == ("photos", ("ant", "cat", "dog"), (3, 6, 8))
    assert levels(data) == [[50, 30, 20, 40], [140, 130, 120]], "the test pictures are shuffled"
    assert [split.labels.tolist() for split in (data.train, data.test)] == [[0, 1, 1, 2], [2, 1, 1]]
    assert "7 pictures, 3 classes, 6 × 8 in colours, test split: test, 1 other files not read" in data.source
    assert "photos" in repr(data)
    (root / "test").rename(root / "val")
    assert levels(load(root)) == levels(data)


def test_a_flat_folder_gives_a_seeded_tenth_to_the_test_split(root: Path) -> None:
    for level in range(2, 27):
        picture(root / f"{level:02}.png", level, mode="L")
    splits = [levels(load(root, seed=seed)) for seed in (0, 0, 1)]
    assert splits[0] == splits[1] != splits[2]
    assert sorted(splits[0][0] + splits[0][1]) == list(range(2, 27))
    assert len(splits[0][1]) == 3
    assert load(root).classes == ("picture",)
    assert load(root).input_shape == (1, 6, 8)


def test_linked_folders_are_followed_once_and_never_upwards(root: Path, tmp_path: Path) -> None:
    for name in ("photos/cat/1", "photos/cat/deep/2", "photos/dog/3", "elsewhere/4"):
        picture(tmp_path / f"{name}.png", int(name[-1]))
    (root / "dog/linked").symlink_to(tmp_path / "elsewhere")
    (root / "cat/up").symlink_to(root)
    (root / "cat/deep/again").symlink_to(root / "cat")
    data = load(root)
    assert sorted(levels(data)[0] + levels(data)[1]) == [1, 2, 3, 4]
    assert sorted(label for split in (data.train, data.test) for label in split.labels) == [0, 0, 1, 1]
    assert [path.name for path in find_pictures([root / "dog"])] == ["3.png", "4.png"]


@pytest.mark.parametrize("closed", ["", "dog", "cat/deep"])
def test_a_folder_that_cannot_be_read_is_named(root: Path, closed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("cat/1", "cat/deep/2", "dog/3"):
        picture(root / f"{name}.png")
    scandir = os.scandir

    def refusing(path: Path) -> Any:
        if Path(path) == root / closed:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)
    for read in (load, lambda folder: find_pictures([folder])):
        with pytest.raises(DataError, match=rf"^{root / closed}: cannot be read \(Permission denied\)$"):
            read(root)


def test_pages_that_are_not_read_are_counted(root: Path) -> None:
    pages = [Image.new("L", (6, 8), level) for level in (10, 20, 30)]
    for name in ("a.tif", "b.gif", "c.webp", "d.png"):
        picture(root / name, 100, (8, 6), "L")
        pages[0].save(root / f"several-{name}", save_all=True, append_images=pages[1:])
    with_preview = root / "phone.jpg"
    pages[0].save(with_preview, "MPO", save_all=True, append_images=pages[1:2])
    for _ in range(2):
        source = load(root, channels=1).source
        assert "9 pictures, without classes, 8 × 6 in grey" in source
        assert "only the first page of 4 files read" in source
    picture(root.with_name("plain") / "a.png")
    picture(root.with_name("plain") / "b.png")
    assert "first page" not in load(root.with_name("plain")).source


def test_a_third_part_is_not_read_and_said(root: Path) -> None:
    for part in ("train", "test", "val", "test-set"):
        picture(root / part / "1.png")
    assert "test split: test, test-set not read, val not read" in load(root).source


@pytest.mark.parametrize(
    "parts", [("Train", "Test"), ("Training", "testing"), ("TRAIN", "TEST"), ("train", "valid"), ("training", "val")]
)
def test_other_spellings_of_train_and_test_are_no_classes(root: Path, parts: tuple[str, str]) -> None:
    for part in parts:
        picture(root / part / "a/1.png")
    with pytest.raises(DataError, match=f"holds {parts[0]} and {parts[1]}: rename them train and test"):
        load(root)


@pytest.mark.parametrize(
    ("options", "shape"), [({"size": "3x5", "channels": 3}, (3, 3, 5)), ({"size": "4", "channels": 1}, (1, 4, 4))]
)
def test_pictures_are_scaled_and_made_grey_on_demand(
    root: Path, options: dict[str, Any], shape: tuple[int, ...]
) -> None:
    for number, mode in enumerate(("L", "RGB", "RGBA", "P")):
        picture(root / f"{number}.png", 120, (10 + number, 20), mode)
    assert load(root, **options).input_shape == shape


def test_a_part_of_a_folder_stays_on_the_disk_and_its_batches_are_those_of_an_array(root: Path) -> None:
    for level in range(2, 42):
        picture(root / f"{'ab'[level % 2]}/{level:02}.png", level)
    data = load(root, size="2")
    train, held = data.hold_out(0.25, seed=1)
    assert train.stored is held.stored is data.test.stored
    with pytest.raises(ValueError, match="read-only"):
        train.stored[0] = 0
    copied = type(data)("copy", *(type(train).__base__(s.inputs, s.labels) for s in (train, held)), ("a", "b"), "")
    for mapped, plain in ((train, copied.train), (held, copied.test)):
        assert mapped.crc32() == plain.crc32()
        for ours, theirs in zip(*(Loader(split, 7, 3).epoch(2) for split in (mapped, plain)), strict=True):
            np.testing.assert_array_equal(ours.inputs, theirs.inputs)
            np.testing.assert_array_equal(ours.labels, theirs.labels)


# The cache


def test_pictures_are_decoded_once_and_again_when_one_changes(root: Path, cache: Path, monkeypatch) -> None:
    decoded: list[str] = []
    read = cache_module.read_levels
    monkeypatch.setattr(cache_module, "read_levels", lambda path, *a: decoded.append(path.name) or read(path, *a))
    for level in range(10):
        picture(root / f"{level}.png", level)
    before = levels(load(root))
    assert len(decoded) == 10
    assert levels(load(root)) == before
    shutil.move(root, root.with_name("moved"))
    assert levels(load(root, data_dir=root.with_name("moved"))) == before
    assert len(decoded) == 10, "what was moved is what it was"
    picture(root.with_name("moved") / "3.png", 33)
    assert any(33 in part for part in levels(load(root.with_name("moved"))))
    assert len(decoded) == 20
    assert not list(cache.glob(".minigen-*"))


@pytest.mark.parametrize("damage", ["cut", "bit", "json", "none"])
def test_a_damaged_cache_is_made_again(root: Path, cache: Path, damage: str) -> None:
    for level in range(10):
        picture(root / f"{level}.png", level)
    before = levels(load(root))
    (stored,) = cache.glob("*.levels")
    content = stored.read_bytes()
    if damage == "cut":
        stored.write_bytes(content[:-1])
    elif damage == "bit":
        stored.write_bytes(bytes([content[0] ^ 1]) + content[1:])
    elif damage == "json":
        stored.with_suffix(".json").write_text('{"shape": [10, 3, 6, 8], "crc32": "x", "unreadable": {}}')
    else:
        stored.with_suffix(".json").unlink()
    assert levels(load(root)) == before
    assert stored.read_bytes() == content


def test_a_killed_decoder_leaves_nothing_that_counts(root: Path, cache: Path, monkeypatch) -> None:
    for level in range(10):
        picture(root / f"{level}.png", level)
    read = cache_module.read_levels

    def stopped(path: Path, *rest: Any) -> Any:
        if path.name == "5.png":
            raise KeyboardInterrupt
        return read(path, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(cache_module, "read_levels", stopped)
        with pytest.raises(KeyboardInterrupt):
            load(root)
    assert not list(cache.iterdir())
    (cache / ".minigen-0123456789abcdef").write_bytes(b"left by a process that was killed")
    os.utime(cache / ".minigen-0123456789abcdef", (0, 0))
    assert len(load(root).train) == 9
    assert sorted(path.suffix for path in cache.iterdir()) == [".json", ".levels"]


def test_a_cache_that_cannot_be_written_is_named(root: Path, tmp_path: Path, monkeypatch) -> None:
    picture(root / "a.png")
    picture(root / "b.png")
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(DataError, match=r"decoded pictures cannot be kept there .*: XDG_CACHE_HOME names another"):
        load(root)

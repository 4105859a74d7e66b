"""A folder of the user's own pictures as a data set.

    FOLDER/*.png                                  pictures without classes
    FOLDER/CLASS/**/*.png                         a class per sub-folder, as torchvision's ImageFolder has it
    FOLDER/train/…  with FOLDER/test/… or val/…   either of these twice; without such a pair, a random tenth is the test
                                                  split, which the seed chooses

Classes and files are in the order of their names, but the test pictures are shuffled: figures show the first of them.
Hidden files and folders are left out, links to folders are followed.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

import numpy as np

from minigen.data.cache import decoded
from minigen.data.dataset import DataError, Dataset, MappedSplit, hold_tenth, require_examples
from minigen.data.pictures import ENDINGS, Size, has_ending, walk
from minigen.files import printable

UNNAMED = "picture"  # the class of pictures without classes
_NO_CLASS = ("__MACOSX",)  # what macOS puts into an archive
_TRAINS, _TESTS = ("train", "training"), ("test", "testing", "val", "valid", "validation")


class _Part(NamedTuple):
    """Pictures by their class: paths from the root, and how many other files lie there."""

    classes: dict[str, list[str]]
    others: int


def load_folder(root: Path, seed: int, size: Size, channels: int | None, skip_unreadable: bool) -> Dataset:
    """The pictures of a folder, as the head of this file says; each as `read_picture` reads it.

    size: (H, W), to which each is shrunk or stretched; None: all have one size already.
    channels: 1 for grey, 3 for colours; None: as the pictures are.
    skip_unreadable: leave out files that are no whole pictures, instead of refusing the folder.
    Raises DataError, one line, for all that is unclear about the folder and for files that cannot be read.
    """
    tested, unread = _tested(root)
    train = _list(root, root / "train" if tested else root)
    test = _list(root, root / tested) if tested else _Part({}, 0)
    classes = sorted(train.classes)
    foreign = sorted(test.classes.keys() - train.classes)
    if foreign:
        where = f"classes {', '.join(classes)}" if UNNAMED not in classes else "no classes"
        raise DataError(f"{root}: {tested} has the class {foreign[0]}, train has {where}: both must have the same")
    names, labels = list[str](), list[int]()
    for part in (train, test):
        for label, name in enumerate(classes):
            names += part.classes.get(name, [])
            labels += [label] * len(part.classes.get(name, []))
    count = sum(map(len, train.classes.values()))  # those of the training part come first
    levels, unreadable, of_several = decoded(root, names, size, channels, skip_unreadable)
    kept = np.delete(np.arange(len(names)), list(unreadable))
    every, rows = np.array(labels, np.int64)[kept], np.arange(len(kept))
    chosen = (rows[kept < count], rows[kept >= count]) if tested else hold_tenth(len(kept), seed)
    require_examples(f"{root}: of {len(kept):,} pictures that can be read, none", *chosen)
    trained, tests = chosen[0], np.random.default_rng(0).permutation(chosen[1])
    train_split, test_split = (MappedSplit(levels, part, every[part]) for part in (trained, tests))
    understood = [
        f"your own folder {root}: {len(kept):,} pictures",
        "without classes" if classes == [UNNAMED] else f"{len(classes)} class{'es' * (len(classes) > 1)}",
        f"{levels.shape[2]} × {levels.shape[3]} in {'grey' if levels.shape[1] == 1 else 'colours'}",
        f"test split: {tested or 'a random tenth'}",
    ]
    understood += [f"{name} not read" for name in unread]
    understood += [f"{len(unreadable):,} unreadable ones left out"] if unreadable else []
    understood += [f"only the first page of {of_several:,} files read"] if of_several else []
    others = train.others + test.others
    understood += [f"{others:,} other files not read"] if others else []
    source = ", ".join(understood)
    return Dataset(printable(root.name) or "pictures", train_split, test_split, tuple(map(printable, classes)), source)


def _tested(root: Path) -> tuple[str, list[str]]:
    """The test folder beside `train`, and the folders beside the two; "" and none where there is no such pair."""
    if not root.is_dir():
        raise DataError(f"{root}: no such file or folder; if it was moved, --data PATH says where to")
    folders = [entry.name for entry in _entries(root) if entry.is_dir()]
    for name in ("test", "val"):
        if "train" in folders and name in folders:
            return name, [other for other in folders if other not in ("train", name)]
    trains, tests = ([name for name in folders if name.casefold() in names] for names in (_TRAINS, _TESTS))
    if trains and tests:
        raise DataError(f"{root}: holds {trains[0]} and {tests[0]}: rename them train and test")
    if "train" not in folders:
        return "", []
    raise DataError(f"{root}: holds train, but neither test nor val: name {root / 'train'} to train on all of that")


def _list(root: Path, folder: Path) -> _Part:
    """The pictures of a folder by class; those that lie in it directly have the class UNNAMED."""
    loose, others = list[str](), 0
    classes: dict[str, list[str]] = {}
    for entry in _entries(folder):
        if entry.is_dir():
            inside, more = walk(folder / entry.name)
            classes[entry.name] = sorted(str(path.relative_to(root)) for path in inside)
            others += more
        elif has_ending(Path(entry.name)):
            loose.append(str((folder / entry.name).relative_to(root)))
        else:
            others += 1
    holding = [name for name, found in classes.items() if found]
    if loose and holding:
        what = f"holds pictures ({Path(loose[0]).name}) beside the class {holding[0]}"
        raise DataError(f"{folder}: {what}: they must lie in the folder of a class, too")
    if not loose and not holding:
        raise DataError(f"{folder}: holds no picture ({', '.join(ENDINGS)})")
    empty = [name for name in classes if name not in holding]
    if holding and empty:
        what = f"the class {empty[0]} has no picture ({', '.join(ENDINGS)})"
        raise DataError(f"{folder}: {what}: put pictures in it, or remove it")
    return _Part({UNNAMED: loose} if loose else classes, others)


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    """What lies in a folder, by name, without what is hidden."""
    try:
        found = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        raise DataError(f"{folder}: cannot be read ({error.strerror})") from error
    return [entry for entry in found if not entry.name.startswith(".") and entry.name not in _NO_CLASS]

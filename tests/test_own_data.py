"""One's own data on the command line: trained on, moved, changed, and twenty mistakes, each of which is one line."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from minigen import apply, train
from minigen.data import Dataset, Description
from minigen.data.dataset import MappedSplit
from minigen.evaluation import figures
from minigen.evaluation.studies.failures import signs_of_failure
from minigen.inference.trained import Trained
from minigen.models import MODELS

Write = Callable[[Path], object]


def picture(path: Path, level: int = 90, size: tuple[int, int] = (8, 8), mode: str = "RGB") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(level).integers(0, 256, (*size, 3), dtype=np.uint8)
    Image.fromarray(noise).convert(mode).save(path)


def photos(root: Path, count: int = 24) -> None:
    for level in range(count):
        picture(root / f"{'ab'[level % 2]}/{level:02}.png", level)


def flat(root: Path) -> None:
    for level in range(24):
        picture(root / f"{level:02}.png", level)


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(figures, "draw_all", lambda *_: {})
    monkeypatch.chdir(tmp_path)
    return tmp_path


def done(command: Callable[[list[str]], int], line: str, capsys: pytest.CaptureFixture[str]) -> str:
    capsys.readouterr()
    code = command(line.split())
    printed = capsys.readouterr()
    assert code == 0, printed.err
    return printed.out + printed.err


def refused(command: Callable[[list[str]], int], line: str, capsys: pytest.CaptureFixture[str]) -> str:
    capsys.readouterr()
    assert command(line.split()) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    return error


TRAIN = "vae --hidden 4 --latent 2 --epochs 1 --batch-size 8 --out run"


def test_a_run_notices_another_folder_and_finds_a_moved_one(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    photos(place / "mine")
    assert "24 pictures, 2 classes, 8 × 8 in colours" in done(train.main, f"{TRAIN} --data mine", capsys)
    said = json.loads((place / "run/config.json").read_text())
    assert said["config"]["data"] == str(place / "mine")
    assert (said["data"]["name"], said["data"]["examples"], said["data"]["classes"]) == ("mine", [21, 3], ["a", "b"])
    score = done(apply.main, "run reconstruct", capsys)
    shutil.move(place / "mine", place / "moved")
    assert "mine: no such file or folder" in refused(apply.main, "run reconstruct", capsys)
    assert "mine: no such file or folder" in refused(train.main, "vae --resume --out run --epochs 2", capsys)
    for flag in ("--data", "--data-dir"):
        assert done(apply.main, f"run reconstruct {flag} moved", capsys) == score
    assert "resumed after 1 epoch\n" in done(train.main, "vae --resume --out run --epochs 2 --data moved", capsys)
    assert "resumed after 2 epochs" in done(train.main, "vae --resume --out run --epochs 3", capsys)
    picture(place / "moved/a/new.png", 99)
    assert "moved have changed since (19 examples, now 20;" in refused(
        train.main, "vae --resume --out run --epochs 4", capsys
    )
    assert "moved is not the data that the run was trained on (25 examples, not 24)" in done(
        apply.main, "run reconstruct", capsys
    )


def test_a_run_is_not_used_on_classes_of_other_names(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    photos(place / "mine")
    done(train.main, f"{TRAIN} --data mine", capsys)
    (place / "mine/a").rename(place / "mine/zebra")
    assert "mine has the classes b, zebra, the model was trained on a, b" in refused(
        apply.main, "run reconstruct", capsys
    )


def test_the_use_of_a_run_is_not_told_options_of_a_training(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    photos(place / "mine")
    done(train.main, f"{TRAIN} --data mine", capsys)
    picture(place / "mine/a/99.png", size=(8, 9))
    error = refused(apply.main, "run reconstruct", capsys)
    assert "a/99.png is 8 × 9): must be like the data that the run was trained on\n" in error
    assert "--size" not in error


def test_results_never_join_the_pictures_that_are_read(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    photos(place / "mine")
    done(train.main, f"{TRAIN} --data mine", capsys)
    before = sorted((place / "mine").rglob("*"))
    for words in ("run reconstruct mine --out mine/a/b", "run reconstruct .", "run sample --out mine/a"):
        assert ": pictures written there would be read the next time" in refused(apply.main, words, capsys)
    assert sorted((place / "mine").rglob("*")) == before
    done(apply.main, "run reconstruct mine/a --out mine/../results", capsys)


def sequences(path: Path) -> None:
    np.savetxt(path, np.random.default_rng(0).random((20, 6)), delimiter=",")


FOLDERS: dict[str, tuple[Write, str, str]] = {
    "no such folder": (lambda p: None, "./own", "no such file or folder"),
    "no such file": (lambda p: None, "own.npy", "own.npy: no such file or folder"),
    "a run among its pictures": (
        lambda p: flat(p.parent),
        ".",
        "--out is run, must lie outside /.*: pictures written there would be read the next time",
    ),
    "a run among its moved pictures": (
        lambda p: flat(p.parent),
        "./own --data-dir .",
        "--out is run, must lie outside",
    ),
    "name that is no UTF-8": (
        lambda p: photos(p.parent / "\udcf6"),
        "\udcf6",
        r"\\udcf6: its name is not UTF-8: rename",
    ),
    "name that is none": (lambda p: None, "minst5k", "unknown data set 'minst5k': did you mean 'mnist5k'"),
    "empty folder": (lambda p: p.mkdir(), "", r"holds no picture \(\.png"),
    "empty class": (
        lambda p: (photos(p), (p / "c").mkdir()),
        "",
        "the class c has no picture .*: put pictures in it, or remove it",
    ),
    "pictures beside classes": (lambda p: (photos(p), picture(p / "x.png")), "", r"\(x\.png\) beside the class a"),
    "train without test": (lambda p: photos(p / "train"), "", "holds train, but neither test nor val"),
    "class only in test": (
        lambda p: (photos(p / "train"), picture(p / "test/c/1.png")),
        "",
        "test has the class c, train has classes a, b",
    ),
    "one picture": (lambda p: picture(p / "1.png"), "", "none is left to train on"),
    "different sizes": (
        lambda p: (photos(p), picture(p / "a/99.png", size=(8, 9))),
        "",
        r"00\.png is 8 × 8, a/99\.png is 8 × 9.*--size 64",
    ),
    "grey and colours": (
        lambda p: (picture(p / "1.png", mode="L"), picture(p / "2.png")),
        "",
        r"1\.png is grey, 2\.png is in colours: --channels 1 or",
    ),
    "colours and grey": (
        lambda p: (picture(p / "1.png"), picture(p / "2.png", mode="L")),
        "",
        r"1\.png is in colours, 2\.png is grey: --channels 1 or",
    ),
    "no picture inside": (
        lambda p: (photos(p), (p / "a/bad.png").write_text("x")),
        "",
        r"1 of 25 .*a/bad\.png \(not a",
    ),
    "cut file": (
        lambda p: (photos(p), (p / "a/04.png").write_bytes((p / "a/04.png").read_bytes()[:99])),
        "",
        r"1 of 24 pictures cannot be read: a/04\.png .*--skip-unreadable",
    ),
    "seven bad files": (
        lambda p: (photos(p), [(p / f"a/z{i}.png").write_text("x") for i in range(7)]),
        "",
        "7 of 31 pictures cannot be read: .*z4.png .*and 2 more",
    ),
    "only bad files": (lambda p: (p.mkdir(), (p / "a.jpg").write_text("x")), "", "1 of 1 pictures cannot be read"),
    "link that leads nowhere": (
        lambda p: (photos(p), (p / "a/l.png").symlink_to("no")),
        "",
        r"a/l\.png .*No such file",
    ),
    "huge pictures": (
        lambda p: (p.mkdir(), [Image.new("L", (5000, 4000), 9).save(p / f"{i}.png") for i in range(2)]),
        "",
        "pictures of 4000 × 5000, .*--size 64 shrinks them",
    ),
    "size that is none": (photos, "own --size 64by64", "--size is '64by64', must be"),
    "size that fills memory": (photos, "own --size 100000", "--size is '100000', must be at most 16,777,216 pixels"),
    "channels that are none": (photos, "own --channels 2", "--channels is '2', must be one of 1, 3|--channels is"),
    "size of a named set": (lambda p: None, "mnist5k --size 32", "--size is 32, but mnist5k has a form of its own"),
    "odd size": (photos, "own --size 37x53 --MODEL conv-vae", "images of 37 × 53, conv-vae needs multiples of 4"),
    "text file": (lambda p: p.with_suffix(".txt").write_text("x"), "./own.txt", "must be a folder of pictures, or a"),
    "size of sequences": (
        lambda p: sequences(p.with_suffix(".csv")),
        "./own.csv --size 64",
        r"--size is 64, but .*own\.csv holds sequences",
    ),
    "channels of sequences": (
        lambda p: sequences(p.with_suffix(".csv")),
        "./own.csv --channels 1",
        r"--channels is 1, but .*own\.csv holds sequences",
    ),
    "sequences for an image model": (lambda p: sequences(p.with_suffix(".csv")), "./own.csv", "vae needs images"),
    **{
        f"no classes for {model}": (flat, f"own --MODEL {model}", f"own has one class only, {model} needs at least two")
        for model in ("cnn", "ddnet", "sae --mode joint")
    },
    "pictures for a sequence model": (photos, "own --MODEL recurrent-ae", r"read from \.npy and \.csv files"),
    "window of pictures": (photos, "mnist5k-rows --window 5 --MODEL recurrent-ae", "--window is 5, but it is for file"),
}


class Watched(np.ndarray):
    """An array of which at most 5,000 rows are looked at in one go."""

    def max(self, *args, **options):
        assert len(self) <= 5000
        return super().max(*args, **options)


@pytest.mark.parametrize("name", ["ae", "gan"])
def test_what_follows_a_training_reads_pictures_in_parts(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []
    monkeypatch.setattr(
        MappedSplit, "inputs", property(lambda split: (read.append(len(split)), split.stored[split.rows])[1])
    )
    levels = np.random.default_rng(0).integers(0, 256, (12_000, 1, 4, 4)).astype(np.uint8).view(Watched)
    split = MappedSplit(levels, np.arange(len(levels)), np.zeros(len(levels), np.int64))
    data = Dataset("pictures", split, split, ("picture",), "")
    model = MODELS[name](MODELS[name].config_type(), data.input_shape, 1)
    model.eval()
    model.study(data, split)
    signs_of_failure(model, data, {"mse": 1.0})
    Trained(model, model.config, Description.of(data), 0).threshold_of(split)
    assert 0 < max(read) <= 5000


@pytest.mark.parametrize("what", FOLDERS)
def test_a_mistake_is_one_line_and_loses_nothing(what: str, place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write, words, message = FOLDERS[what]
    write(place / "own")
    before = {path: path.lstat().st_mtime_ns for path in place.rglob("*") if "cache" not in path.parts}
    words, _, model = (words or "own").partition(" --MODEL ")
    error = refused(train.main, f"{model or 'vae'} --epochs 1 --out run --data {words}", capsys)
    assert re.search(message, error), error
    after = {path: path.lstat().st_mtime_ns for path in place.rglob("*") if "cache" not in path.parts}
    assert after == before
    assert not list(place.glob("cache/minigen/pictures/.minigen-*"))


def test_a_class_of_pictures_called_normal_is_one_like_any_other(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for level in range(40):
        picture(place / f"own/{('normal', 'odd')[level % 2]}/{level:02}.png", level)
    done(train.main, f"{TRAIN} --data own", capsys)
    assert "anomalies" not in done(apply.main, "run score", capsys)
    one = "run score own/odd/01.png --threshold 0"
    assert "1 of 1 inputs are above" in done(apply.main, one, capsys)
    assert "this use reads no data set" in refused(apply.main, f"{one} --data own", capsys)


def test_a_code_is_not_judged_by_classes_that_are_not_there(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    flat(place / "own")
    assert "raw pixels" not in done(train.main, "sae --data own --epochs 1 --out run", capsys)


def test_unreadable_files_are_left_out_where_that_is_asked(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    photos(place / "own")
    (place / "own/a/bad.png").write_text("x")
    out = done(train.main, f"{TRAIN} --data own --skip-unreadable", capsys)
    assert "24 pictures, 2 classes" in out
    assert "1 unreadable ones left out" in out

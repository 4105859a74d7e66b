from __future__ import annotations

import contextlib
import csv
import errno
import json
import os
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import load_file
from small_runs import small_run

import minigen
from minigen import apply, compare, explore, train
from minigen.data import load
from minigen.evaluation.generator_measures import GeneratorMeasures
from minigen.evaluation.studies.classification import wilson_interval
from minigen.inference.arrays import UseError
from minigen.inference.inputs import picture_names, unlike
from minigen.training import lock
from minigen.training.run_folder import RunFolder

Command = Callable[..., list[str]]
PICTURE = Path(__file__).parents[1] / "lessons/figures/10-edges.png"


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    small_run(folder / "vae")
    small_run(folder / "gan", "gan")
    small_run(folder / "deconv", "deconv", scale=2)
    small_run(folder / "waves", "recurrent-ae", data="waves")
    small_run(folder / "cnn", "cnn", hidden=16)
    small_run(folder / "sae", "sae")
    return folder


@pytest.fixture
def command(runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], device: str) -> Command:
    """Calls `minigen.apply` on a run and gives what it printed; what it makes lies in tmp_path / "out"."""

    def call(run: str, *words: object) -> list[str]:
        place = ["--out", str(tmp_path / "out"), "--device", device]
        code = apply.main([str(runs / run), *map(str, words), *place])
        printed = capsys.readouterr()
        assert (code, printed.err) == (0, "")
        return printed.out.splitlines()

    return call


@pytest.fixture
def refused(runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Calls `minigen.apply` with words that it must refuse in one line, and leave nothing; the line."""

    def call(run: str, *words: object) -> str:
        out = tmp_path / "never made"
        code = apply.main([str(runs / run), *map(str, words), *(["--out", str(out)] if words else [])])
        printed = capsys.readouterr()
        assert code == 2
        assert printed.err.count("\n") == 1
        assert not out.exists()
        return printed.err

    return call


def pictures(tmp_path: Path) -> dict[str, np.ndarray]:
    paths = sorted((tmp_path / "out" / "pictures").iterdir())
    return {path.stem: np.asarray(Image.open(path)) for path in paths}


@pytest.fixture
def digits(tmp_path: Path) -> Path:
    """A folder with three test digits as PNG files, dark on light."""
    folder = tmp_path / "digits"
    folder.mkdir()
    for name, digit in zip("abc", load("mnist5k").test.inputs[::100], strict=False):
        Image.fromarray(255 - digit[0]).save(folder / f"{name}.png")
    return folder


def test_sample_writes_the_pictures_of_a_seed(command: Command, runs: Path, tmp_path: Path) -> None:
    lines = command("vae", "sample", "--count", 12, "--seed", 3, "--temperature", 0.5)
    assert lines[0].startswith("vae of ")
    made = pictures(tmp_path)
    assert list(made) == [f"{number:02}" for number in range(12)]
    expected = minigen.load(runs / "vae").sample(12, seed=3, temperature=0.5)
    assert abs(made["05"] / 255 - expected[5, 0]).max() < 0.003
    assert (tmp_path / "out" / "sheet.png").exists()


def test_the_folder_is_the_runs_own_by_default(runs: Path) -> None:
    assert apply.main([str(runs / "vae"), "sample", "--count", "1"]) == 0
    assert (runs / "vae" / "sample" / "pictures" / "0.png").exists()


def test_reconstructs_the_test_set_and_the_users_pictures(command: Command, tmp_path: Path, digits: Path) -> None:
    lines = command("vae", "reconstruct", "--count", 3)
    assert list(pictures(tmp_path)) == ["0", "1", "2"]
    inverted = command("vae", "reconstruct", digits, "--invert")
    made = pictures(tmp_path)
    assert {"a", "b", "c"} <= made.keys()
    assert lines[1].split(" (")[0].rsplit(" ", 1)[0] == inverted[1].split(" (")[0].rsplit(" ", 1)[0]
    assert abs(made["a"].astype(int) - (255 - 255 * _of_first(command, tmp_path))).max() <= 2


def _of_first(command: Command, tmp_path: Path) -> np.ndarray:
    command("vae", "reconstruct", "--count", 1)
    return pictures(tmp_path)["0"] / 255


def test_pictures_of_one_name_stay_apart(command: Command, tmp_path: Path, digits: Path) -> None:
    (digits / "more").mkdir()
    (digits / "a.png").rename(digits / "more" / "b.png")
    command("vae", "reconstruct", digits, digits / "more")
    assert list(pictures(tmp_path)) == ["0000-b", "0002-b", "c"]


def test_pictures_may_have_any_name(command: Command, tmp_path: Path, digits: Path) -> None:
    (digits / "a.png").rename(digits / os.fsdecode(b"caf\xe9.png"))
    (digits / "b.png").rename(digits / "中文 $x^.png")
    (digits / "c.png").write_bytes(b"broken")
    lines = command("vae", "score", digits, "--invert")
    assert lines[-1].startswith(f"left out {digits / 'c.png'}: ")
    assert (tmp_path / "out" / "scores.csv").read_text(encoding="utf-8").count("\n") == 3


def test_inputs_on_another_scale_get_a_note(command: Command, runs: Path, digits: Path, tmp_path: Path) -> None:
    uses = [("vae", "reconstruct"), ("vae", "encode"), ("vae", "score"), ("deconv", "restore")]
    for run, verb, *words in (
        *((*use, digits) for use in uses),
        ("vae", "interpolate", digits / "a.png", digits / "b.png"),
    ):
        (note,) = (line for line in command(run, verb, *words) if line.startswith("note"))
        assert re.fullmatch(
            r"note    the mean of the inputs is 0\.[89]\d*, of the training .* 0\.1\d*: .* with --invert", note
        )
        assert not [line for line in command(run, verb, *words, "--invert") if line.startswith("note")]
    np.save(tmp_path / "large.npy", np.full((2, *minigen.load(runs / "waves").data.input_shape), 50.0))
    assert command("waves", "score", tmp_path / "large.npy")[-1].endswith(": are they in other units?")
    trained, images = minigen.load(runs / "vae"), load("mnist5k").test.inputs / np.float32(255)
    assert not [image for image in images if unlike(trained, [image])], "no digit by itself"
    with pytest.raises(UseError, match="damaged holds values from 0 to 255, images must be in"):
        minigen.load(runs / "deconv").restore(255 * images[:3])


def test_interpolates_between_test_images_and_pictures(command: Command, tmp_path: Path, digits: Path) -> None:
    command("vae", "interpolate", 3, 8, "--steps", 4)
    assert list(pictures(tmp_path)) == ["0", "1", "2", "3"]
    command("vae", "interpolate", digits / "a.png", digits / "b.png", "--invert", "--steps", 12)
    assert len({image.tobytes() for image in pictures(tmp_path).values()}) > 4
    command("gan", "interpolate", 1, 2, "--steps", 2)
    command("waves", "interpolate", 3, 8, "--steps", 5)
    assert np.load(tmp_path / "out" / "steps.npy").shape == (5, 64, 1)
    assert np.asarray(Image.open(tmp_path / "out" / "sheet.png")).shape[1] > 800, "curves, not columns of one pixel"


def test_encodes_to_an_array_a_table_and_a_map(command: Command, runs: Path, tmp_path: Path, digits: Path) -> None:
    command("vae", "encode", "--count", 20)
    codes = np.load(tmp_path / "out" / "codes.npy")
    with (tmp_path / "out" / "codes.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert (codes.shape, len(rows)) == ((20, 3), 20)
    assert list(rows[0]) == ["name", "class", "z1", "z2", "z3"]
    assert [row["class"] for row in rows] == [str(label) for label in load("mnist5k").test.labels[:20]]
    np.testing.assert_allclose([[float(row[z]) for z in ("z1", "z2", "z3")] for row in rows], codes, rtol=1e-6)
    assert (tmp_path / "out" / "map.png").exists()
    command("vae", "encode", digits / "a.png")
    assert (tmp_path / "out" / "codes.csv").read_text().startswith("name,z1,z2,z3\na,")


def test_restores_pictures_of_any_size(command: Command, tmp_path: Path, digits: Path) -> None:
    lines = command("deconv", "restore", "--count", 4)
    assert lines[1].startswith("PSNR ")
    command("deconv", "restore", digits, "--damage")
    assert pictures(tmp_path)["a"].shape == (28, 28)
    Image.new("RGB", (31, 17)).save(digits / "wide.png")
    command("deconv", "restore", digits / "wide.png")
    assert pictures(tmp_path)["wide"].shape == (34, 62)


def classes_of(tmp_path: Path) -> list[dict[str, str]]:
    with (tmp_path / "out" / "classes.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_classifies_the_test_set(command: Command, runs: Path, tmp_path: Path) -> None:
    lines = command("cnn", "classify", "--count", 50)
    rows, labels = classes_of(tmp_path), load("mnist5k").test.labels[:50]
    assert list(rows[0]) == ["name", "label", "probability", "true"]
    assert [row["true"] for row in rows] == [str(label) for label in labels]
    chances = minigen.load(runs / "cnn").classify(load("mnist5k").test.inputs[:50])
    assert [row["label"] for row in rows] == [str(label) for label in chances.argmax(axis=1)]
    np.testing.assert_allclose([float(row["probability"]) for row in rows], chances.max(axis=1), rtol=1e-5)
    right = sum(row["label"] == row["true"] for row in rows)
    low, high = wilson_interval(right, 50)
    assert lines[1] == f"accuracy {right / 50:.4f} of 50 (95 % interval {low:.4f} to {high:.4f})"
    assert {path.name for path in (tmp_path / "out").glob("*.png")} == {"confusion.png", "least_certain.png"}
    assert "of 1,000 (" in command("cnn", "classify")[1], "all test images where --count is not given"


def test_classifies_pictures(command: Command, tmp_path: Path, digits: Path) -> None:
    lines = command("cnn", "classify", digits, "--invert")
    rows = classes_of(tmp_path)
    assert [(row["name"], list(row)) for row in rows] == [(name, ["name", "label", "probability"]) for name in "abc"]
    assert lines[1:4] == [f"{row['name']}: {row['label']} {float(row['probability']):.2f}" for row in rows]
    assert not (tmp_path / "out" / "confusion.png").exists(), "nobody knows the true classes"


def test_a_code_that_saw_no_label_gets_its_classifier_from_the_training_images(command: Command) -> None:
    accuracy = float(command("sae", "classify")[1].split()[1])
    assert accuracy > 0.5, "ten classes, and a code of 32 numbers after two epochs"


def test_scores_sequences(command: Command, tmp_path: Path) -> None:
    lines = command("waves", "score", "--count", 30)
    assert any(line.startswith("area under the ROC curve") for line in lines)
    at = next(number for number, line in enumerate(lines) if "rate of 0.05 on 400 normal validation sequences" in line)
    assert [line[:22].strip() for line in lines[at + 2 : at + 6]] == [
        "recurrent-ae",
        "distance to the mean",
        "PCA with 2 axes",
        "PCA with 32 axes",
    ]
    threshold = float(lines[1].split("threshold ")[1].split(",")[0])
    with (tmp_path / "out" / "scores.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["name", "score", "anomalous"]
    above = sum(row["anomalous"] == "True" for row in rows)
    assert lines[1].startswith(f"{above} of 30 test examples are above the threshold")
    more = command("waves", "score", "--count", 30, "--false-alarms", 0.5)[1]
    assert float(more.split("threshold ")[1].split(",")[0]) < threshold
    assert ", chosen for a false-alarm rate of 0.5 on the validation split" in more
    own = tmp_path / "own.csv"
    own.write_text("\n".join(",".join(["0.5"] * 64) for _ in range(3)))
    assert command("waves", "score", own, "--threshold", 0)[1] == "3 of 3 inputs are above the threshold 0"
    command("waves", "reconstruct", own)
    assert np.load(tmp_path / "out" / "reconstructions.npy").shape == (3, 64, 1)


def test_sequences_of_the_user_keep_their_units(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own = tmp_path / "own.npy"
    values = 1000 + 50 * np.random.default_rng(0).random((100, 8, 2))
    np.save(own, values)
    run = small_run(tmp_path / "run", "recurrent-ae", data_file=str(own))
    assert minigen.load(run).data.units[0] == pytest.approx((1000, 1050), abs=1)
    assert apply.main([str(run), "reconstruct", str(own)]) == 0
    back = np.load(run / "reconstruct" / "reconstructions.npy")
    assert back.shape == (100, 8, 2)
    assert 1000 < back.min() < back.max() < 1051
    np.save(own, values[:, :, :1])
    assert apply.main([str(run), "score", str(own)]) == 2
    assert "sequences (T, D) = (8, 1), the model was trained on (8, 2)" in capsys.readouterr().err


def test_a_reconstruction_counts_no_padding(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = small_run(tmp_path / "run", "recurrent-ae", data="waves-varied")
    assert apply.main([str(run), "reconstruct", "--count", "20"]) == 0
    test = load("waves-varied").test.take(range(20))
    error = minigen.load(run).score(test.inputs, test.lengths).mean()
    assert f"squared error per value: {error:.4f} (mean of 20)" in capsys.readouterr().out
    made = np.load(run / "reconstruct" / "reconstructions.npy")
    np.testing.assert_array_equal(made, minigen.load(run).reconstruct(test.inputs, test.lengths))


def test_a_path_between_codes_has_no_padding_in_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run, lengths = small_run(tmp_path / "run", "recurrent-ae", data="waves-varied"), load("waves-varied").test.lengths
    whole, short = np.flatnonzero(lengths == 64)[:2], np.flatnonzero(lengths < 64)[0]
    assert apply.main([str(run), "interpolate", *map(str, whole)]) == 0
    assert apply.main([str(run), "interpolate", str(whole[0]), str(short)]) == 2
    assert f"{short}: a sequence of {lengths[short]} steps, must have all 64" in capsys.readouterr().err


def test_measures_a_generator(command: Command) -> None:
    lines = command("gan", "score")
    assert lines[1] == "of 2,000 samples, and in brackets of 2,000 training images:"
    assert any(line.split()[0] == "frechet" for line in lines[2:])


def test_a_generator_without_anything_to_measure_against_is_refused(
    refused: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(GeneratorMeasures, "of_images", lambda *_: {})
    assert "mnist5k gives nothing to measure against: its test images are all the same" in refused("gan", "score")


def test_export_writes_the_weights(command: Command, tmp_path: Path) -> None:
    command("vae", "export")
    assert "mean.weight" in load_file(tmp_path / "out" / "vae.safetensors")


def test_lists_the_verbs(capsys: pytest.CaptureFixture[str]) -> None:
    assert apply.main([]) == 0
    printed = capsys.readouterr().out
    assert all(f"\n  {verb} " in printed for verb in apply.VERBS)


# Whose files are written, and where


@pytest.fixture
def again(command: Command, runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Calls the verb once more into tmp_path / "out", with words that it refuses; the one line."""

    def call(*words: object) -> str:
        assert apply.main([str(runs / "vae"), *map(str, words), "--out", str(tmp_path / "out")]) == 2
        return capsys.readouterr().err

    return call


def test_nothing_that_minigen_did_not_write_is_replaced(
    command: Command, again: Callable[..., str], tmp_path: Path, digits: Path
) -> None:
    (tmp_path / "out").mkdir()
    digits.rename(tmp_path / "out" / "pictures")
    own = pictures(tmp_path)
    assert "pictures/a.png: not written by minigen" in again("reconstruct", tmp_path / "out" / "pictures")
    assert {name: image.tobytes() for name, image in pictures(tmp_path).items()} == {
        name: image.tobytes() for name, image in own.items()
    }
    assert not (tmp_path / "out" / "sheet.png").exists(), "nothing is written"
    command("vae", "reconstruct", tmp_path / "out" / "pictures", "--overwrite")
    assert (pictures(tmp_path)["a"] != own["a"]).any()
    (tmp_path / "out" / "sheet.png").write_bytes(b"drawn over")
    assert "sheet.png: not written by minigen, or changed since" in again("reconstruct", "--count", 1)


def test_a_use_removes_what_the_last_one_left(command: Command, tmp_path: Path) -> None:
    command("vae", "sample", "--count", 12)
    command("vae", "encode", "--count", 2)
    (tmp_path / "out" / "pictures" / "05.png").write_bytes(b"drawn over")
    (tmp_path / "out" / "pictures" / "mine.png").write_bytes(b"mine")
    command("vae", "sample", "--count", 3)
    names = {path.name for path in (tmp_path / "out" / "pictures").iterdir()}
    assert names == {"0.png", "1.png", "2.png", "05.png", "mine.png"}
    assert (tmp_path / "out" / "codes.csv").exists(), "another verb's"


def test_no_two_outputs_share_a_name() -> None:
    for paths in (["a.png", "a.jpg", "0000-a.png"], ["c1/a.png", "c2/A.png", "c3/0000-a.png", "0001-a.png"]):
        names = picture_names([Path(path) for path in paths])
        assert len({name.casefold() for name in names}) == len(paths)
    long = picture_names([Path(letter * 240 + ".png") for letter in "aé"])
    assert all(len(name.encode()) < 240 for name in long)


def test_uses_of_a_run_at_once_wait_for_each_other(runs: Path, tmp_path: Path) -> None:
    out = str(tmp_path / "out")

    def use(verb: str) -> int:
        return apply.main([str(runs / "vae"), verb, "--out", out])

    with ThreadPoolExecutor() as pool:
        assert list(pool.map(use, ["sample", "reconstruct", "encode", "sample", "encode"])) == [0] * 5
    assert {"codes.csv", "codes.npy", "map.png", "sheet.png"} < {path.name for path in Path(out).iterdir()}
    assert len(list(Path(out, "pictures").iterdir())) == 110, "00 … 99 and 0 … 9"


def test_a_run_in_training_is_explored_and_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = RunFolder(small_run(tmp_path / "run"))
    folder, half = str(run.path), run.path / ".minigen-0123456789abcdef"
    with lock.locked(run.path):
        half.write_bytes(b"what the training is writing")
        run.save("curves.png", b"drawn")
        assert explore.main([folder, "--no-open"]) == 0
        assert apply.main([folder, "export", "--out", folder]) == 0
        assert half.exists()
    assert set(run.own.written()) == {"curves.png", "explore.html", "vae.safetensors"}
    monkeypatch.setattr(lock, "PATIENCE", 1)
    with lock.changing_list(run.path):
        capsys.readouterr()
        assert explore.main([folder, "--no-open"]) == 2
    assert "another command has been writing into" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (("RUN", "--help"), "Verbs"),
        (("sample", "--help"), "--temperature"),
        (("sample", "RUN", "-h"), "--temperature"),
        (("RUN", "sample", "--help"), "--temperature"),
    ],
)
def test_helps_wherever_help_is_asked_for(
    runs: Path, words: tuple[str, ...], shown: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with contextlib.suppress(SystemExit):
        assert apply.main([str(runs / "vae") if word == "RUN" else word for word in words]) == 0
    assert shown in capsys.readouterr().out


def test_a_tilde_is_the_home_of_the_user(runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert apply.main([str(runs / "vae"), "export", "--out=~/a"]) == 0
    assert explore.main([str(runs / "vae"), "--out=~/a/b.html", "--no-open"]) == 0
    assert compare.main([*[str(runs / "vae")] * 2, "--out=~/a/c.png"]) == 0
    names = {path.suffix for path in (tmp_path / "a").iterdir()}
    assert {".safetensors", ".html", ".png"} < names


def test_a_verb_before_its_run_is_told_the_order(capsys: pytest.CaptureFixture[str]) -> None:
    assert apply.main(["sample", "runs/vae"]) == 2
    assert "the run comes before the verb: python -m minigen.apply runs/vae sample" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("run", "words", "message"),
    [
        ("vae", ("encode", __file__, "--count", 3), "--count: it counts test examples, and all inputs"),
        ("deconv", ("restore", __file__, "--count", 3), "--count: it counts test examples, and all inputs"),
        ("vae", ("encode", __file__, "--data-dir", "x"), "--data-dir: this use reads no data set"),
        ("vae", ("interpolate", "a", "b", "--data-dir", "x"), "--data-dir: this use reads no data set"),
        ("gan", ("interpolate", 1, 2, "--data-dir", "x"), "--data-dir: this use reads no data set"),
        ("vae", ("encode", __file__, "--data", "x"), "--data: this use reads no data set"),
        ("sae", ("classify", PICTURE, "--data-dir", "x"), "mnist5k comes with minigen and reads no --data-dir"),
        ("vae", ("encode", "--invert"), "--invert: it is for pictures that you name"),
        ("cnn", ("classify", "--invert"), "--invert: it is for pictures that you name"),
        ("vae", ("score", "--invert"), "--invert: it is for pictures that you name"),
        ("waves", ("reconstruct", "--invert"), "--invert: recurrent-ae of waves reads and writes no pictures"),
        ("deconv", ("restore", "--damage"), "--damage: test examples are damaged in any case"),
        ("vae", ("sample", "--out", ""), "--out: is '', must name a folder"),
        ("vae", ("sample", "--out", __file__), "test_apply.py is a file, must name a folder"),
        ("vae", ("sample", "5"), "unexpected word '5'"),
        ("vae", (), "a verb is missing (sample, reconstruct"),
        ("vae", ("smaple",), "unknown verb 'smaple': did you mean 'sample'?"),
        ("vae", ("sample", "--cuont", 3), "unknown option '--cuont': did you mean '--count'?"),
        ("vae", ("sample", "--count", "three"), "argument --count: invalid int value: 'three'"),
        ("vae", ("sample", "--count", 0), "count is 0, must be an integer from 1 to 1,000,000"),
        ("vae", ("sample", "--temperature", "1e39"), "temperature is 1e+39, must be a number from 0 to 1,000,000"),
        ("vae", ("interpolate", 1, 2, "--steps", 10**24), f"steps is {10**24}, must be an integer from 2 to 1,000,000"),
        ("vae", ("score", "--threshold", "nan"), "--threshold is nan, must be a number"),
        ("waves", ("score", "--false-alarms", 1), "--false-alarms is 1, must be above 0 and below 1"),
        ("waves", ("score", "--false-alarms", 0.001), "--false-alarms is 0.001, must be at least 0.0025"),
        ("waves", ("score", "--false-alarms", 0.1, "--threshold", 1), "must be one of them"),
        ("gan", ("score", "--false-alarms", 0.1), "--false-alarms: gan scores no inputs"),
        ("vae", ("score", "--seed", 1), "--seed: vae scores inputs, for which it draws no noise"),
        ("gan", ("score", "a.png"), "a.png: gan scores no inputs, but its own samples"),
        ("gan", ("score", "--invert"), "--invert: gan scores no inputs"),
        ("gan", ("score", "--count", 1000), "--count: gan scores no inputs"),
        ("gan", ("score", "--threshold", 0), "--threshold: gan scores no inputs"),
        ("vae", ("sample", "--seed", -1), "seed is -1, must be an integer from 0 to 18,446,744,073,709,551,615"),
        ("gan", ("score", "--seed", -1), "seed is -1, must be an integer from 0 to 18,446,744,073,709,551,615"),
        ("gan", ("interpolate", 0, 2**64), f"seed is {2**64}, must be an integer from 0 to 18,446,744,073,709,551,615"),
        ("vae", ("sample", "--device", "tpu"), "argument --device: invalid choice: 'tpu'"),
        ("vae", ("restore",), "vae cannot restore; it can sample, reconstruct, interpolate, encode, score, export"),
        ("gan", ("encode",), "gan cannot encode; it can sample, interpolate, score, export"),
        ("vae", ("classify",), "vae cannot classify; it can sample, reconstruct, interpolate, encode, score, export"),
        ("vae", ("reconstruct", "--count", -1), "--count is -1, must be at least 1"),
        ("vae", ("reconstruct", "none.png"), "none.png: no such file or folder"),
        ("vae", ("reconstruct", __file__), "test_apply.py: not a picture"),
        ("vae", ("interpolate", 3), "the following arguments are required: B"),
        ("vae", ("interpolate", 3, 1000), "1000: the test set has numbers 0 to 999"),
        ("vae", ("interpolate", 3, -1), "'-1': neither a picture nor the number of a test example"),
        ("gan", ("interpolate", "a.png", 1), "'a.png': must be the seed of a noise"),
        ("waves", ("interpolate", "a.png", 1), "'a.png': must be the number of a test sequence"),
        ("waves", ("score", __file__), "sequences are read from .npy and .csv files"),
        ("waves", ("score", "a.csv", "b.csv"), "2 files of sequences, must be one"),
        ("none", ("sample",), "none holds no run (there is no such folder)"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    refused: Callable[..., str], run: str, words: tuple[object, ...], message: str
) -> None:
    assert message in refused(run, *words)


@pytest.mark.parametrize(
    ("program", "words"), [(apply.main, ["export"]), (compare.main, ["{run}"]), (explore.main, ["--no-open"])]
)
def test_a_folder_that_cannot_be_written_is_named(
    runs: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, program: Any, words: list[str]
) -> None:
    def read_only(path: Path) -> None:
        raise OSError(errno.EROFS, "Read-only file system", str(path))

    monkeypatch.setattr(lock, "open_own", read_only)
    run = str(runs / "vae")
    assert program([run, *(word.format(run=run) for word in words)]) == 2
    error = capsys.readouterr().err
    assert "Read-only file system: --out names another folder" in error
    assert ".lock" not in error


# The data that a run was trained on, moved or changed


@pytest.fixture
def trained_on_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run that `train` made of own.npy, named by a relative path; 20 other sequences lie in other.npy."""
    monkeypatch.chdir(tmp_path)
    values = 1000 + 50 * np.random.default_rng(0).random((120, 4, 2))
    np.save("own.npy", values[:100])
    np.save("other.npy", values[100:])
    words = "recurrent-ae --data-file own.npy --hidden 4 --latent 2 --epochs 1 --out run"
    assert train.main(words.split()) == 0
    monkeypatch.chdir("/")
    return tmp_path / "run"


def test_scale_and_threshold_are_the_runs_own(trained_on_own: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run, folder = trained_on_own, trained_on_own.parent

    def scores(*words: object, err: str = "") -> tuple[str, str]:
        capsys.readouterr()
        assert apply.main([str(run), "score", *map(str, words)]) == 0
        printed = capsys.readouterr()
        assert bool(printed.err) == bool(err)
        assert err in printed.err
        return printed.out.splitlines()[1], (run / "score" / "scores.csv").read_text()

    line, table = scores(folder / "other.npy")
    assert "a false-alarm rate of 0.1 on the validation split" in line, "0.05 is not possible with 9 examples"
    before = scores()
    (folder / "own.npy").rename(folder / "moved.npy")
    assert scores(folder / "other.npy") == (line, table), "the data are not needed"
    assert apply.main([str(run), "score"]) == 2
    assert f"{folder / 'own.npy'}: " in capsys.readouterr().err
    assert scores("--data-file", folder / "moved.npy") == before
    np.save(folder / "own.npy", 3 * np.load(folder / "moved.npy"))
    changed, _ = scores(err="own.npy is not the data that the run was trained on")
    assert "10 of 10 test examples are above" in changed, "scaled as the run's data were"
    edit = json.loads((run / "config.json").read_text())
    (run / "config.json").write_text(json.dumps(edit | {"threshold": None}))
    assert apply.main([str(run), "score"]) == 2
    assert "--threshold X says what is anomalous" in capsys.readouterr().err.splitlines()[-1]


def test_data_may_be_given_only_where_a_model_reads_them(refused: Callable[..., str]) -> None:
    assert "--data-file: vae reads no such file" in refused("vae", "score", "--data-file", "x.csv")
    assert "reads no --data-dir" in refused("vae", "score", "--data-dir", "x")

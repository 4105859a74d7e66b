"""What an adversary's training shows: pictures, measures in its rows, warnings by name, animations."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from limits import no_file_above
from PIL import Image

from minigen import Tensor, rng, train
from minigen.data import Description, load
from minigen.evaluation import animation
from minigen.models.gan import GAN, GANConfig
from minigen.models.model import Loss
from minigen.training.generator_watch import FRAME, GeneratorWatch, warnings
from minigen.training.loop import Trainer
from minigen.training.run_folder import RunFolder

FINE = {"classes": 10, "diversity": 1.0}


def row(epoch: int = 9, samples: dict[str, Any] = FINE, **terms: float) -> dict[str, Any]:
    healthy = {"d_real": 0.7, "d_fake": 0.3, "g_gradient_norm": 1.0}
    return {"epoch": epoch, "train": healthy | terms, "samples": samples}


@pytest.mark.parametrize(
    ("bad", "name", "remedy"),
    [
        (row(d_real=0.99, d_fake=0.01), "discriminator saturated", "--real-label 0.9"),
        (row(g_gradient_norm=1e-5), "gradients vanished", "--loss non-saturating"),
        (row(samples={"classes": 4, "diversity": 0.9}), "diversity collapsed: 4 of 10 digits", "wgan-gp"),
        (row(samples={"classes": 10, "diversity": 0.2}), "diversity collapsed", "--batch-size"),
        (row(samples={"diversity": 0.2}), "diversity collapsed: 0.20 of the variance", "wgan-gp"),
        ({"epoch": 9, "train": {}, "samples": {"classes": 3}}, "collapsed: 3 of 10 digits; more", "more epochs"),
    ],
)
def test_each_failure_is_warned_of_by_name_with_what_to_try(bad: dict[str, Any], name: str, remedy: str) -> None:
    (line,) = warnings(bad)
    assert name in line
    assert remedy in line


@pytest.mark.parametrize(
    "good",
    [
        row(),
        row(d_real=0.99, d_fake=0.4),
        row(epoch=2, samples={"classes": 1, "diversity": 0.1}),
        {"epoch": 9, "train": {"distance": 3.0, "g_gradient_norm": 2.0}, "samples": FINE},
    ],
    ids=["healthy", "fakes still pass", "too early to say", "a critic has no probabilities"],
)
def test_what_is_well_is_not_warned_of(good: dict[str, Any]) -> None:
    assert warnings(good) == []


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    folder = tmp_path_factory.mktemp("run") / "gan"
    assert train.main(["gan", "--smoke", "--out", str(folder)]) == 0
    return RunFolder(folder)


def test_every_epoch_is_measured_and_pictured(run: RunFolder) -> None:
    rows = [json.loads(line) for line in (run.path / "metrics.jsonl").read_text().splitlines()]
    epochs = [each for each in rows if "epoch" in each]
    measured = {"frechet", "classes", "rarest", "balance_kl", "confidence", "diversity"}
    assert [set(each["samples"]) for each in epochs] == [measured, measured]
    assert measured <= set(rows[-1]["test"])
    pictures = [np.load(path) for path in sorted(run.frames.glob("*.npy"))]
    assert [each.shape for each in pictures] == [(FRAME, 1, 28, 28)] * 2
    assert not np.array_equal(*pictures)


def test_the_figures_are_there(run: RunFolder) -> None:
    names = {path.name for path in run.path.iterdir()}
    assert {"samples.png", "curves.png", "between_noises.png", "nearest.png", "learning.png", "learning.gif"} <= names


def test_the_animation_shows_every_epoch_and_holds_the_last(run: RunFolder) -> None:
    with Image.open(run.path / "learning.gif") as gif:
        assert gif.size == (448, 448)
        assert gif.n_frames >= 2  # type: ignore[attr-defined]
        assert gif.info["duration"] > 0


def test_a_cut_or_foreign_picture_is_passed_over(run: RunFolder, tmp_path: Path) -> None:
    frames = RunFolder(tmp_path).frames
    shutil.copytree(run.frames, frames)
    (frames / "0003.npy").write_bytes((frames / "0002.npy").read_bytes()[:300])
    (frames / "0004.npy").write_bytes(b"")
    np.save(frames / "0000.npy", np.zeros((3, 1, 8, 8), np.uint8))
    np.save(frames / "video.npy", np.zeros(5))
    assert list(animation.read(RunFolder(tmp_path).frame_files())) == [1, 2]


def test_a_picture_that_finds_the_disk_full_is_named_and_left_out(tmp_path: Path) -> None:
    data = load("mnist5k")
    rng.manual_seed(0)
    watch = GeneratorWatch(GAN(GANConfig(), data.input_shape, 10), data, RunFolder(tmp_path))
    with no_file_above(20_000), pytest.raises(OSError, match=r"File too large: .*frames/0003\.npy"):
        watch(row(3))
    assert not list((tmp_path / "frames").glob("*.npy"))


def test_the_last_epoch_is_kept_also_with_validation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = load("mnist5k")
    model = GAN(GANConfig(epochs=3), data.input_shape, 10)
    run = RunFolder(tmp_path / "run").create("gan", model.config, Description.of(data), overwrite=False)
    scores = iter([0.1, 3.0, 2.0])
    monkeypatch.setattr(model, "evaluate", lambda batch: Loss("d_loss", Tensor(np.float32(next(scores)))))
    Trainer(model, data.train.take(range(64)), data.train.take(range(8)), run, lambda _: None).fit()
    assert run.best.read_bytes() == run.last.read_bytes()
    assert [each["validation"]["d_loss"] for each in run.rows()] == pytest.approx([0.1, 3.0, 2.0])


def test_measuring_does_not_change_training(tmp_path: Path) -> None:
    """The watch draws from streams of its own: two epochs measured are two epochs not measured."""
    data = load("mnist5k")
    part = data.train.take(range(64))
    weights = []
    for watched in (False, True):
        rng.manual_seed(0)
        model = GAN(GANConfig(epochs=2), data.input_shape, 10)
        run = RunFolder(tmp_path / str(watched)).create("gan", model.config, Description.of(data), overwrite=False)
        watch = GeneratorWatch(model, data, run) if watched else None
        Trainer(model, part, part.take([]), run, lambda _: None, False, watch).fit()
        weights.append(model.state_dict())
    for name, array in weights[0].items():
        np.testing.assert_array_equal(array, weights[1][name], err_msg=name)

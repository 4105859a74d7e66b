"""`python -m minigen.train`: what a person types, sees and finds, above all when something is wrong."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import numpy as np
import pytest
from limits import no_file_above

from minigen import backend
from minigen.data import Batch, descriptions, load, mnist
from minigen.data.idx import write_idx
from minigen.evaluation import figures
from minigen.evaluation.text import counted
from minigen.models import MODELS
from minigen.models.config import options
from minigen.models.vae import VAE
from minigen.train import main
from minigen.training import checkpoint
from minigen.training.lock import locked
from minigen.training.loop import Trainer

FILES = ("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz", "t10k-images-idx3-ubyte.gz")


@dataclasses.dataclass
class Result:
    code: int
    out: str
    err: str

    def refused(self, pattern: str) -> None:
        """Exactly one line on stderr that fits, exit code 2."""
        assert self.code == 2, self.err
        assert re.fullmatch(r"minigen\.train: [^\n]+\n", self.err), self.err
        assert re.search(pattern, self.err), self.err


Command = Callable[..., Result]


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for --data-dir: 100 + 50 digits in the four files of MNIST."""
    folder = tmp_path_factory.mktemp("tiny")
    digits = load("mnist5k")
    for name, split, step in (("train", digits.train, 50), ("t10k", digits.test, 20)):
        write_idx(folder / f"{name}-images-idx3-ubyte.gz", split.inputs[::step, 0])
        write_idx(folder / f"{name}-labels-idx1-ubyte.gz", split.labels[::step].astype(np.uint8))
    return folder


@pytest.fixture
def data_dir(tiny: Path, tmp_path: Path) -> Path:
    """Such a folder to be damaged."""
    return Path(shutil.copytree(tiny, tmp_path / "data"))


@pytest.fixture
def train(tiny: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    """`train("--epochs", 3)`: a small VAE on the tiny data set, in runs/vae of an empty folder, without figures."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(figures, "draw_all", lambda *_: {})

    def call(*words: object, small: bool = True) -> Result:
        sizes = ["--hidden", "12", "--latent", "3", "--batch-size", "16"] if "--resume" not in words else []
        data = ["--data", "mnist", "--data-dir", str(tiny)] if "--resume" not in words else []
        capsys.readouterr()
        code = main(["vae", *(sizes + data if small else []), *map(str, words)])
        return Result(code, *capsys.readouterr())

    return call


@pytest.fixture
def typed(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Command:
    """`typed("vae --epochs 3")`: a command line and nothing else."""
    monkeypatch.chdir(tmp_path)

    def call(line: str) -> Result:
        code = main(shlex.split(line))
        return Result(code, *capsys.readouterr())

    return call


LAST = Path("runs/vae/last.safetensors")
BEST = Path("runs/vae/best.safetensors")
CONFIG = Path("runs/vae/config.json")


def arrays_of(path: Path) -> dict[str, bytes]:
    return {name: array.tobytes() for name, array in checkpoint.read(path)[0].items()}


# What a run says and leaves


def test_a_smoke_run_from_the_embedded_digits_to_the_figures(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["vae", "--smoke", "--hidden", "20"]) == 0
    out, err = capsys.readouterr()
    assert err == "", "no progress bar where there is no terminal"
    lines = out.splitlines()
    assert lines[0].startswith("vae: Variational autoencoder with dense layers")
    for expected in (
        r"  encoder\.1  Linear +\(N, 20\) +15,700",
        r"device  cpu \(NumPy; --device gpu uses CuPy\)",
        r"data    mnist5k: 230 training, 26 validation, 256 test",
        r"seed    0",
        r"epoch      loss  reconstruction        kl      norm      elbo samples/s     left",
        r"    2 .* 0:00",
        r"test    negative elbo \d+\.\d{4}, reconstruction \d+\.\d{4}, kl \d+\.\d{4}",
        r"good    negative ELBO of .*",
    ):
        assert sum(bool(re.fullmatch(expected, line)) for line in lines) == 1, expected
    written = {Path(line.split()[1]) for line in lines if line.startswith("wrote ")}
    names = {"curves", "reconstructions", "samples", "interpolation", "latent_map"}
    assert written == {BEST, *(Path(f"runs/vae/{name}.png") for name in names)}
    assert all(path.stat().st_size > 1000 for path in written)
    rows = [json.loads(line) for line in Path("runs/vae/metrics.jsonl").read_text().splitlines()]
    assert [row.get("epoch") for row in rows] == [1, 2, None]
    assert rows[-1]["test"].keys() == {"negative_elbo", "reconstruction", "kl"}


def test_a_progress_bar_moves_on_a_terminal(train: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    assert re.search(r"epoch 1: .*\d/6", train("--epochs", 1).err)


def test_flags_reach_the_model_and_the_description(train: Command) -> None:
    assert train("--epochs", 1, "--likelihood", "gaussian", "--beta=2", "--lr", "1e-4", "--out", "a b/c").code == 0
    config = json.loads(Path("a b/c/config.json").read_text())["config"]
    assert (config["likelihood"], config["beta"], config["lr"], config["hidden"]) == ("gaussian", 2.0, 1e-4, 12)
    assert "model.pixel_log_var.weight" in checkpoint.read(Path("a b/c/last.safetensors"))[0]


# Words on the command line


def test_the_list_has_every_model_and_data_set(typed: Command) -> None:
    for words in ("", "--list", "--help", "-h"):
        result = typed(words)
        assert (result.code, result.err) == (0, "")
        for name in (*MODELS, *descriptions()):
            assert re.search(rf"^  {name}  +\S", result.out, re.MULTILINE), name
        for model in MODELS.values():
            assert re.search(rf"^  {model.name}  +{re.escape(model.summary())}$", result.out, re.MULTILINE)


def test_help_has_every_hyper_parameter_its_default_and_a_good_result(
    typed: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        typed("vae --help")
    out, err = capsys.readouterr()
    assert (end.value.code, err) == (0, "")
    text = " ".join(out.split())
    for option in options(VAE.config_type):
        assert option.help
        values = f"--no-{option.flag[2:]}" if isinstance(option.default, bool) else option.values
        assert re.search(rf"{option.flag},? {re.escape(values)} {re.escape(option.help)}", text)
    assert "--likelihood {bernoulli,gaussian}" in text
    assert "(default 0.001)" in text
    assert "None" not in text
    assert "A good result: negative ELBO" in text
    assert max(map(len, out.splitlines())) <= 80


@pytest.mark.parametrize(
    ("line", "pattern"),
    [
        ("vea", r"unknown model 'vea': did you mean 'vae'\? \(--list shows all\)"),
        ("VAE", r"unknown model 'VAE': did you mean 'vae'\?"),
        ("xyzzy", r"unknown model 'xyzzy' \(--list shows all\)"),
        ("--smoke vae", r"'--smoke' stands where the model must"),
        ("vae --hiden 3", r"unknown option '--hiden': did you mean '--hidden'\? \(.*--help shows all\)"),
        ("vae --batch_size=3", r"unknown option '--batch_size=3': did you mean '--batch-size'\?"),
        ("vae --lat 3", r"unknown option '--lat'"),
        ("vae 3", r"unexpected word '3'"),
        ("vae --epochs", r"--epochs: expected one argument"),
        ("vae --epochs ten", r"--epochs is 'ten', must be of type int"),
        ("vae --epochs 0", r"--epochs is 0, must be at least 1"),
        ("vae --hidden 99999999999999999999", r"--hidden is 99999999999999999999, must be at most 4294967296"),
        ("vae --lr -1", r"--lr is -1, must be above 0"),
        ("vae --lr nan", r"--lr is nan, must be above 0"),
        ("vae --validation 1", r"--validation is 1, must be below 1"),
        ("vae --lr inf", r"--lr is inf, must be a finite number"),
        ("gan --real-label 1.1", r"--real-label is 1\.1, must be at most 1"),
        ("gan --real-label inf", r"--real-label is inf, must be at most 1"),
        ("vae --validation 0.9999", r"--validation is 0\.9999: of 5,000 examples none is left to train on"),
        ("vae --out ''", r"--out: is '', must name a folder"),
        ("vae --out /dev/null/run", r"/dev/null.*Not a directory"),
        ("vae --out /proc/run", r"/proc/run.*No such file or directory"),
        ("vae --data MNIST5K", r"unknown data set 'MNIST5K': did you mean 'mnist5k'\?"),
        ("vae --likelihood binary", r"--likelihood is 'binary', must be one of bernoulli, gaussian"),
        ("vae --resume --overwrite", r"--resume continues a run, --overwrite replaces it: choose one"),
        ("deconv --noise 0.5", r"--noise is used only with --task denoise, this run is with --task superres"),
        ("sae --label-weight 1", r"--label-weight is used only with --mode joint, this run is with --mode pretrain"),
        ("recurrent-ae --data waves --data-file x.csv", r"--data is used only without --data-file, .*/x\.csv"),
        ("vae --data-dir somewhere", "mnist5k comes with minigen and reads no --data-dir"),
        ("vae --data waves", r"--data waves holds sequences .*vae needs images"),
    ],
)
def test_a_wrong_word_is_one_line_and_leaves_no_folder(typed: Command, line: str, pattern: str) -> None:
    typed(line).refused(pattern)
    assert not Path("runs").exists()


# Data that is not there, or not whole


def cut(content: bytes) -> bytes:
    return content[: len(content) // 2]


@pytest.mark.parametrize("file", FILES)
def test_a_damaged_data_file_is_named(train: Command, data_dir: Path, file: str) -> None:
    (data_dir / file).write_bytes(cut((data_dir / file).read_bytes()))
    train("--data-dir", data_dir).refused(re.escape(str(data_dir / file)))
    assert not Path("runs").exists()


def test_a_missing_data_folder_or_file_is_named(train: Command, data_dir: Path) -> None:
    train("--data-dir", "nowhere").refused("nowhere: no such folder")
    (data_dir / FILES[1]).unlink()
    train("--data-dir", data_dir).refused("train-labels-idx1-ubyte")


# A run that is there already


def test_a_run_is_never_overwritten_unasked(train: Command) -> None:
    assert train("--epochs", 1).code == 0
    before = LAST.read_bytes(), CONFIG.read_bytes()
    train("--epochs", 1, "--seed", 7).refused("runs/vae already holds a run: --resume .*--overwrite .*--out")
    assert (LAST.read_bytes(), CONFIG.read_bytes()) == before
    assert train("--epochs", 1, "--seed", 7, "--overwrite").code == 0
    assert LAST.read_bytes() != before[0]


def test_a_run_that_cannot_begin_does_not_overwrite(train: Command, data_dir: Path) -> None:
    assert train("--epochs", 1).code == 0
    (data_dir / FILES[0]).write_bytes(b"")
    train("--data-dir", data_dir, "--overwrite").refused("train-images")
    assert train("--resume").code == 0


def test_a_second_training_in_the_folder_is_refused(train: Command) -> None:
    assert train("--epochs", 1).code == 0
    with locked(Path("runs/vae")):
        train("--resume").refused("another training is running in runs/vae")
        train("--overwrite").refused("another training is running in runs/vae")
    assert train("--resume").code == 0


# Going on


@pytest.fixture
def whole(train: Command) -> tuple[bytes, bytes]:
    """The checkpoints of three epochs without a stop."""
    assert train("--epochs", 3, "--out", "whole").code == 0
    return Path("whole/last.safetensors").read_bytes(), Path("whole/best.safetensors").read_bytes()


class Interrupt:
    """Raise a signal in the n-th step of the next training."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, number: int, step: int) -> None:
        self.number, self.left = number, step
        original = Trainer.step

        def interrupted(trainer: Trainer, batch: Batch) -> None:
            original(trainer, batch)
            self.left -= 1
            if self.left == 0:
                os.kill(os.getpid(), self.number)

        monkeypatch.setattr(Trainer, "step", interrupted)


@pytest.mark.parametrize(
    ("step", "number", "code"),
    [(1, signal.SIGINT, 130), (8, signal.SIGTERM, 143), (12, signal.SIGINT, 130), (18, signal.SIGTERM, 143)],
)
def test_a_signal_saves_and_prints_the_command_that_goes_on(
    train: Command, whole: tuple[bytes, bytes], monkeypatch: pytest.MonkeyPatch, step: int, number: int, code: int
) -> None:
    with monkeypatch.context() as patch:
        Interrupt(patch, number, step)
        result = train("--epochs", 3)
    assert (result.code, result.err) == (code, "")
    said = result.out.splitlines()[-2:]
    assert said[0].startswith(f"stopped by {signal.Signals(number).name}; ")
    assert said[1].split() == ["python", "-m", "minigen.train", "vae", "--resume"]
    resumed = train(*said[1].split()[4:])
    assert resumed.code == 0
    steps = f" and {counted(step % 6, 'step')}" if step % 6 else ""
    assert f"resumed after {counted(step // 6, 'epoch')}{steps}\n" in resumed.out
    assert (LAST.read_bytes(), BEST.read_bytes()) == whole


def test_the_command_that_goes_on_names_the_folder(train: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        Interrupt(patch, signal.SIGINT, 1)
        result = train("--smoke", "--out", "my runs/1")
    words = shlex.split(result.out.splitlines()[-1])
    assert words == [*["python", "-m", "minigen.train", "vae", "--resume", "--out"], "my runs/1"]
    assert train(*words[4:]).code == 0


def test_ctrl_c_before_training_and_while_figures_are_drawn(train: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(mnist, "read_folder", Mock(side_effect=KeyboardInterrupt()))
        result = train()
        assert (result.code, result.out, result.err) == (130, "", "minigen.train: stopped by SIGINT\n")
    with monkeypatch.context() as patch:
        patch.setattr(figures, "draw_all", Mock(side_effect=KeyboardInterrupt()))
        result = train("--epochs", 1)
        assert (result.code, result.err) == (130, "")
        assert result.out.endswith("python -m minigen.train vae --resume\n")
    assert train("--resume").code == 0


def test_a_finished_run_resumes_to_its_result(train: Command) -> None:
    first = train("--epochs", 2)
    again = train("--resume")
    assert again.code == 0
    test_line = next(line for line in first.out.splitlines() if line.startswith("test "))
    assert test_line in again.out.splitlines()
    assert "the run is finished; a larger --epochs trains on" in again.out.splitlines()
    rows = [json.loads(line) for line in Path("runs/vae/metrics.jsonl").read_text().splitlines()]
    assert [row.get("epoch") for row in rows] == [1, 2, None]


def test_a_run_killed_before_its_first_checkpoint_begins_again(train: Command, whole: tuple[bytes, bytes]) -> None:
    assert train("--epochs", 3).code == 0
    for path in Path("runs/vae").iterdir():
        if path != CONFIG:
            path.unlink()
    assert train("--resume").code == 0
    assert (LAST.read_bytes(), BEST.read_bytes()) == whole


def test_moved_data_is_found_again_and_other_data_refused(
    train: Command, data_dir: Path, tiny: Path, whole: tuple[bytes, bytes]
) -> None:
    assert train("--epochs", 1, "--data-dir", data_dir).code == 0
    images = mnist.read_folder(data_dir)[0].inputs[:, 0].copy()
    shutil.rmtree(data_dir)
    train("--resume").refused("data: no such folder")
    shutil.copytree(tiny, data_dir.with_name("moved"))
    assert train("--resume", "--data-dir", data_dir.with_name("moved")).code == 0
    write_idx(data_dir.with_name("moved") / FILES[0], images[::-1])
    train("--resume", "--epochs", 2).refused(
        r"last.safetensors: the training data of .*/moved have changed since \(checksum\)"
    )


@pytest.mark.parametrize(
    ("words", "pattern"),
    [
        ("--hidden 13", "--hidden is 13, the run in runs/vae has 12"),
        ("--lr 0.5", "--lr is 0.5, the run in runs/vae has 0.001"),
        ("--epochs 1", "--epochs is 1, the run in runs/vae has 2"),
        ("--epochs 3", r"--epochs is 3, the run in runs/vae has 2.*\(its cosine schedule depends on --epochs\)$"),
        ("--schedule constant", "--schedule is constant, the run in runs/vae has cosine"),
    ],
)
def test_a_resumption_with_other_hyper_parameters_is_refused(train: Command, words: str, pattern: str) -> None:
    assert train("--epochs", 2, "--schedule", "cosine").code == 0
    before = LAST.read_bytes()
    train("--resume", *words.split()).refused(pattern)
    assert "the run is finished" in train("--resume", "--hidden", 12, "--lr", "1e-3").out.splitlines()
    assert LAST.read_bytes() == before


def test_a_run_of_smoke_goes_on_as_one(train: Command) -> None:
    assert "\n    5 " in train("--smoke", "--epochs", 5, "--hidden", 4, small=False).out, "--epochs is obeyed"
    assert train("--resume").code == 0
    described = json.loads(CONFIG.read_text())
    assert described["data"].pop("used") == [256, 256]
    CONFIG.write_text(json.dumps(described))  # as older versions wrote it
    train("--resume").refused(
        r"data of mnist5k have changed since \(230 examples, now 4,500; a run of --smoke goes on with --smoke\)"
    )
    assert train("--resume", "--smoke").code == 0
    assert train("--resume").code == 0


def test_a_folder_without_a_run_is_not_resumed(train: Command) -> None:
    train("--resume").refused("runs/vae holds no run")
    assert not Path("runs").exists()


def test_a_run_that_lost_its_config_is_told_apart_from_none(train: Command) -> None:
    assert train("--epochs", 1).code == 0
    CONFIG.unlink()
    train("--resume").refused("holds a run without its config.json: a training with --overwrite replaces it")
    train().refused("already holds a run without its config.json: --overwrite replaces it, --out names another")
    assert train("--epochs", 1, "--overwrite").code == 0


def test_a_run_of_another_model_is_not_resumed(train: Command, typed: Command) -> None:
    assert train("--epochs", 1).code == 0
    typed("ae --resume --out runs/vae").refused("runs/vae holds a run of vae, not of ae")


# Files that were damaged or edited


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("damage", [flip, lambda path: path.write_bytes(cut(path.read_bytes())), Path.unlink])
def test_a_damaged_last_checkpoint_falls_back_to_the_best(
    train: Command, whole: tuple[bytes, bytes], monkeypatch: pytest.MonkeyPatch, damage: Callable[[Path], Any]
) -> None:
    with monkeypatch.context() as patch:
        Interrupt(patch, signal.SIGTERM, 14)
        assert train("--epochs", 3).code == 143
    damage(LAST)
    result = train("--resume")
    assert (result.code, result.err) == (0, "")
    assert re.search(r"runs/vae/last.safetensors: .*runs/vae/best.safetensors is used instead", result.out)
    assert (LAST.read_bytes(), BEST.read_bytes()) == whole


@pytest.mark.parametrize(
    ("change", "pattern"),
    [
        ({"hidden": 12.0}, "config.json: --hidden is 12.0, must be of type int"),
        ({"likelihood": "poisson"}, "config.json: --likelihood is 'poisson'"),
        ({"hidden": 13}, "last.safetensors: trained with hidden 12, this run has 13"),
        ({"lr": 0.01}, "last.safetensors: trained with lr 0.001, this run has 0.01"),
        ({"data": "mnits"}, "unknown data set 'mnits'"),
        ({"colour": 1}, "config.json: vae has no hyper-parameter colour"),
    ],
)
def test_a_config_edited_by_hand_is_one_line(train: Command, change: dict[str, Any], pattern: str) -> None:
    assert train("--epochs", 1).code == 0
    before = LAST.read_bytes()
    content = json.loads(CONFIG.read_text())
    content["config"] |= change
    CONFIG.write_text(json.dumps(content))
    train("--resume").refused(pattern)
    assert LAST.read_bytes() == before


# Devices


def test_a_gpu_without_cupy_is_one_line(typed: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backend, "_gpu", None)
    monkeypatch.setattr(backend.importlib.util, "find_spec", lambda _: None)
    typed("vae --device gpu").refused("device 'gpu' needs CuPy, which is not installed: pip install cupy-cuda1")
    assert not Path("runs").exists()


# Disks


@pytest.fixture
def plain_user() -> Iterator[None]:
    """Permissions stop everybody but root."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    yield
    os.seteuid(user)


def test_a_full_disk_keeps_the_last_good_checkpoint(train: Command, whole: tuple[bytes, bytes]) -> None:
    assert train("--epochs", 1).code == 0
    before = LAST.read_bytes()
    with no_file_above(len(before) // 2):
        train("--resume", "--epochs", 3).refused(
            r"runs/vae/\w+\.safetensors: File too large; the last checkpoint is whole, .*"
            r"python -m minigen\.train vae --resume$"
        )
    assert LAST.read_bytes() == before
    assert {path.name for path in LAST.parent.glob(".*")} == {".lock", ".written.lock"}
    assert train("--resume").code == 0
    assert json.loads(CONFIG.read_text())["config"]["epochs"] == 3
    assert arrays_of(LAST) == arrays_of(Path("whole/last.safetensors"))


def test_a_disk_that_is_full_from_the_start(train: Command) -> None:
    with no_file_above(100):
        train().refused(r"runs/vae/config.json: File too large")
    with no_file_above(10_000):
        train("--overwrite").refused(
            r"runs/vae/last.safetensors: File too large; there is no checkpoint yet, to begin again: .* --resume$"
        )
    assert train("--overwrite", "--epochs", 1).code == 0


def test_a_folder_that_loses_its_permission(
    train: Command, tiny: Path, tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert train("--epochs", 1).code == 0
    before = LAST.read_bytes()
    for path in (LAST.parent, *LAST.parent.iterdir()):
        path.chmod(path.stat().st_mode & 0o555)
    digits = load("mnist", tiny)
    monkeypatch.setattr("minigen.train.load_data", lambda _: digits)  # the folders above are root's alone
    tmp_path.chmod(0o755)
    request.getfixturevalue("plain_user")
    train("--resume", "--epochs", 2).refused(r"runs/vae: Permission denied: --out names another folder$")
    assert not os.access(LAST.parent, os.W_OK, effective_ids=True)
    os.seteuid(os.getuid())
    assert LAST.read_bytes() == before
    LAST.parent.chmod(0)
    os.seteuid(65534 if os.getuid() == 0 else os.getuid())
    train("--resume", "--epochs", 2).refused(r"runs/vae/config.json: Permission denied$")
    os.seteuid(os.getuid())
    LAST.parent.chmod(0o755)


@pytest.mark.parametrize(
    ("where", "error", "pattern"),
    [
        ((Trainer, "step"), MemoryError("292. GiB"), r"out of memory \(292. GiB\): a smaller model or --batch-size"),
        ((figures, "draw_all"), OSError(28, "Disk full", "runs/x.png"), r"runs/x.png: Disk full; .* --resume$"),
    ],
)
def test_what_the_system_lacks_is_one_line(
    train: Command, monkeypatch: pytest.MonkeyPatch, where: tuple[Any, str], error: Exception, pattern: str
) -> None:
    monkeypatch.setattr(*where, Mock(side_effect=error))
    train("--epochs", 1).refused(pattern)


@pytest.mark.parametrize("traceback", ["", "1"])
def test_a_fault_in_minigen_is_one_line_and_a_traceback_where_asked(
    train: Command, monkeypatch: pytest.MonkeyPatch, traceback: str
) -> None:
    monkeypatch.setenv("MINIGEN_TRACEBACK", traceback)
    monkeypatch.setattr(Trainer, "step", Mock(side_effect=KeyError("tr\nain")))
    result = train()
    *trace, line = result.err.splitlines()
    assert result.code == 70
    assert re.fullmatch(r"minigen\.train: a fault in minigen: KeyError 'tr.*ain'; MINIGEN_TRACEBACK=1 .*", line)
    assert bool(trace) == bool(traceback)


# In a process of its own


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "minigen.train", *words]


def test_a_process_warns_of_nothing_when_it_diverges(tiny: Path, tmp_path: Path) -> None:
    words = ["vae", "--data", "mnist", "--data-dir", str(tiny), "--out", str(tmp_path / "run"), "--lr", "1e12"]
    finished = subprocess.run(command(*words), capture_output=True, text=True, timeout=60)
    Result(finished.returncode, finished.stdout, finished.stderr).refused(
        "stopped after epoch 1, at its validation: linear gave a value that is not finite.*; a smaller --lr may help"
    )


def test_a_process_stops_at_a_signal_and_shows_its_rows_at_once(tmp_path: Path) -> None:
    words = ["vae", "--hidden", "20", "--epochs", "1000", "--out", str(tmp_path / "run")]
    with subprocess.Popen(command(*words), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as p:
        assert p.stdout is not None
        for line in p.stdout:  # through a pipe, and before it is full
            if line.startswith("    1 "):
                break
        p.send_signal(signal.SIGTERM)
        out, err = p.communicate(timeout=30)
    assert (p.returncode, err) == (143, "")
    assert out.splitlines()[-1].split() == f"python -m minigen.train vae --resume --out {tmp_path / 'run'}".split()
    assert checkpoint.read(tmp_path / "run" / "last.safetensors")[1]["epoch"] >= 1


@pytest.mark.parametrize("closed", [">&-", "<&- >&- 2>&-"])
def test_a_process_without_streams_trains(tmp_path: Path, closed: str) -> None:
    words = shlex.join(command("vae", "--smoke", "--hidden", "4", "--out", str(tmp_path)))
    finished = subprocess.run(f"{words} {closed}", shell=True, capture_output=True, timeout=60)
    assert (finished.returncode, finished.stderr) == (0, b"")
    assert checkpoint.read(tmp_path / "last.safetensors")[1]["epoch"] == 2


def test_ctrl_c_while_python_still_imports_is_quiet() -> None:
    script = "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); sys.argv[0] = '-m'; "
    script += "sys.orig_argv = ['python', '-m', 'minigen.train']; import minigen"
    ended = f"{script}; signal.raise_signal(signal.SIGINT)"
    finished = subprocess.run([sys.executable, "-c", ended], capture_output=True, timeout=60)
    assert (finished.returncode, finished.stderr) == (-signal.SIGINT, b"")
    raised = f"{script}\nfrom minigen.command_line import run_command\n"
    raised += "sys.exit(run_command('p', lambda words: signal.raise_signal(signal.SIGINT), []))"
    finished = subprocess.run([sys.executable, "-c", raised], capture_output=True, timeout=60)
    assert (finished.returncode, finished.stderr) == (130, b"p: stopped by SIGINT\n")


def test_a_command_works_in_a_thread(train: Command) -> None:
    with ThreadPoolExecutor() as pool:
        assert pool.submit(train, "--epochs", 1).result().code == 0


def test_a_reader_that_leaves_is_no_error() -> None:
    with subprocess.Popen(command("--list"), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as p:
        assert p.stdout is not None
        assert p.stderr is not None
        p.stdout.close()
        assert p.wait(timeout=30) in (0, 141)
        assert p.stderr.read() == b""

"""A user's own model in a file of its own: registered, it does all that minigen's models do."""

from __future__ import annotations

import importlib.util
import shlex
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import minigen
from minigen import apply, compare, train
from minigen.inference.arrays import UseError
from minigen.models import MODELS, Config, Model, able, register
from minigen.models.model import Encodes

FILE = '''
from typing import Annotated

from matplotlib.figure import Figure
from msgspec import Meta

from minigen import Tensor, nn, ops, optim
from minigen.evaluation.finding import Finding
from minigen.models import Config, Model, register
from minigen.models.config import Epochs
from minigen.models.model import Loss, Objective


class MineConfig(Config):
    epochs: Epochs = 1
    width: Annotated[int, Meta(ge=2, description="numbers in my code")] = 4


@register
class Mine(Model):
    """My own idea: a code without a bias."""

    name = "mine"
    config_type = MineConfig

    def __init__(self, config, input_shape, classes):
        self.config, self.input_shape, self.latent = config, input_shape, config.width
        self.down, self.up = nn.Linear(784, config.width, bias=False), nn.Linear(config.width, 784, bias=False)

    def encode(self, x):
        return self.down(x.flatten(1))

    def decode(self, z):
        return ops.sigmoid(self.up(z)).reshape(len(z), *self.input_shape)

    def evaluate(self, batch):
        x = Tensor(batch.inputs)
        return Loss("mse", ops.mse_loss(self.decode(self.encode(x)), x))

    def objectives(self):
        return [Objective("error", optim.Adam(self.parameters(), self.config.lr), self.evaluate)]

    def study(self, data, validation):
        return Finding({"test_images": len(data.test)}, ["nothing else"], {"my_figure": Figure()})
'''


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    monkeypatch.chdir(tmp_path)
    Path("mine.py").write_text(FILE)
    spec = importlib.util.spec_from_file_location("mine", "mine.py")
    module = importlib.util.module_from_spec(spec)  # type: ignore[arg-type]
    monkeypatch.setitem(sys.modules, "mine", module)
    spec.loader.exec_module(module)  # type: ignore[union-attr]
    yield module
    del MODELS["mine"]


@pytest.fixture
def do(mine: ModuleType, capsys: pytest.CaptureFixture[str]) -> Callable[[str], str]:
    def call(line: str) -> str:
        command, *words = shlex.split(line)
        code = {"train": train, "apply": apply, "compare": compare}[command].main(words)
        out, err = capsys.readouterr()
        assert code == 0, err
        return out

    return call


def test_it_trains_resumes_applies_compares_and_loads(do: Callable[[str], str], mine: ModuleType) -> None:
    assert "mine My own idea: a code without a bias" in " ".join(do("train --list").split())
    first = do("train mine --smoke")
    assert "test images 256" in first
    assert "nothing else" in first
    assert "wrote   runs/mine/my_figure.png" in first
    assert "good" not in first
    assert "resumed after 1 epoch\n" in do("train mine --resume --epochs 2")
    do("train mine --smoke --width 2 --out runs/narrow")
    assert "runs/mine/encode/codes.npy" in do("apply runs/mine encode --count 20")
    assert "2" in do("compare runs/mine runs/narrow").split("width")[1].split("\n")[0]
    trained = minigen.load("runs/mine")
    assert isinstance(trained.model, mine.Mine)
    assert trained.encode(minigen.data.load("mnist5k").test.inputs[:3]).shape == (3, 4)
    assert able(Encodes).endswith(", mine")
    with pytest.raises(UseError, match="mine cannot sample: that is for vae"):
        trained.sample(1)


def test_its_hyper_parameters_are_checked_as_any(mine: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    assert train.main(["mine", "--width", "1"]) == 2
    assert "--width is 1, must be at least 2" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        ({}, 'Own has no name for the command line: write `name = "own"`'),
        ({"name": "own"}, "Own lacks __init__, evaluate, objectives: a model must define them"),
        (
            {"name": "own", "config_type": dict},
            "Own.config_type is <class 'dict'>, must be a class that inherits Config",
        ),
        (
            {"name": "vae", "__init__": None, "evaluate": None, "objectives": None},
            "must be another: minigen.models.vae",
        ),
    ],
)
def test_what_is_missing_is_said_with_what_to_write(attributes: dict[str, Any], message: str) -> None:
    with pytest.raises(TypeError) as failure:
        register(type("Own", (Model,), attributes))
    assert message in str(failure.value)
    assert "own" not in MODELS


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("self.config, self", "self.own, self", "Mine has no config: write `self.config = config` in its __init__"),
        ("self.input_shape, ", "self.shape, ", "Mine has no input_shape: write `self.input_shape = input_shape`"),
        ("config, input_shape, classes)", "config)", "Mine.__init__ must take (config, input_shape, classes)"),
        ("self.evaluate)]", "self.evaluate)],", "Mine.objectives returns a tuple, must return a list of Objectives"),
        (
            "return [Objective",
            "return [0] or [Objective",
            "Mine.objectives returns a list with a int, must be an Objective",
        ),
        ("optim.Adam(self.parameters(), self.config.lr)", "None", "a list with None, must be an Optimizer"),
        ("self.evaluate)", "lambda batch: 3.0)", "the loss of objective 'error' returns a float, must return a Loss"),
        ('Loss("mse", ', "dict(mse=", "Mine.evaluate returns a dict, must return a Loss: Loss(name, value)"),
        (
            ", x))",
            ", x, 'none'))",
            "Mine.evaluate returns a Tensor of shape (2, 1, 28, 28) as 'mse', must be a 0-d Tensor",
        ),
    ],
)
def test_a_mistake_in_it_is_one_line_before_the_training(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    old: str,
    new: str,
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert old in FILE
    monkeypatch.setitem(sys.modules, "mine", ModuleType("mine"))
    exec(FILE.replace(old, new), sys.modules["mine"].__dict__)
    try:
        assert train.main(["mine", "--smoke"]) == 2
    finally:
        del MODELS["mine"]
    (line,) = capsys.readouterr().err.splitlines()
    assert message in line
    assert not Path("runs").exists()


def test_what_is_no_model_is_refused() -> None:
    with pytest.raises(TypeError, match="Config is no Model"):
        register(Config)  # type: ignore[type-var]

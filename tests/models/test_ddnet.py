"""The deconvolution classifier and a CNN of the same depth; the norm of each layer's gradient."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from minigen import data
from minigen.models.ddnet import DDNet, DDNetConfig
from minigen.training.loop import Trainer
from minigen.training.run_folder import RunFolder


def count(net: Any) -> int:
    return sum(parameter.size for parameter in net.parameters())


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 32, 32)], ids=str)
def test_the_two_nets_are_as_deep_and_about_as_large(shape: tuple[int, ...]) -> None:
    model = DDNet(DDNetConfig(), shape, 10)
    assert len(list(model.ddnet.named_children())) == len(list(model.cnn.named_children())) == 7
    assert 0.9 < count(model.ddnet) / count(model.cnn) < 1.1


def test_layers_norms_make_up_the_nets_norm(tmp_path: Path) -> None:
    digits = data.load("mnist5k")
    model = DDNet(DDNetConfig(batch_size=4), digits.input_shape, 10)
    trainer = Trainer(model, digits.train, digits.train.take([]), RunFolder(tmp_path), print)
    trainer.step(trainer.loader.first(4))
    read = trainer.averages.read()
    for net in ("ddnet", "cnn"):
        layers = [value for name, value in read.items() if name.startswith(f"{net}/")]
        assert len(layers) == 7
        assert sum(norm**2 for norm in layers) ** 0.5 == pytest.approx(read[f"{net}_gradient_norm"], rel=1e-5)

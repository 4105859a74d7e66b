"""The deconvolution classifier leads back to the image's size; beside it, a CNN of the same depth."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from minigen import Tensor, data, no_grad, random
from minigen.data import Batch
from minigen.models import ConfigError
from minigen.models.ddnet import DDNet, DDNetConfig
from minigen.training.loop import Trainer
from minigen.training.run_folder import RunFolder

SHAPES = [(1, 28, 28), (3, 32, 32), (3, 64, 64), (1, 9, 22)]


def make(shape: tuple[int, ...] = (1, 8, 8), classes: int = 10, **options: Any) -> DDNet:
    random.manual_seed(3)
    return DDNet(DDNetConfig(**options), shape, classes)


def batch_of(count: int, shape: tuple[int, ...] = (1, 8, 8)) -> Batch:
    generator = np.random.default_rng(4)
    x = generator.random((count, *shape), dtype=np.float32)
    return Batch(x, generator.integers(0, 10, count), None, np.arange(count))


def count(net: Any) -> int:
    return sum(parameter.size for parameter in net.parameters())


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_features_are_mapped_back_to_the_images_own_space(shape: tuple[int, ...]) -> None:
    net = make(shape).ddnet
    with no_grad():
        x = net.features(Tensor(batch_of(2, shape).inputs))
        assert x.shape == (2, 128, shape[1] // 8, shape[2] // 8)
        for deconv, channels in ((net.deconv1, 64), (net.deconv2, 32), (net.deconv3, shape[0])):
            x = deconv(x)
            assert x.shape[1] == channels
        assert x.shape == (2, *shape)


@pytest.mark.parametrize("shape", SHAPES[:2], ids=str)
def test_the_two_nets_are_as_deep_and_about_as_large(shape: tuple[int, ...]) -> None:
    model = make(shape)
    assert len(list(model.ddnet.named_children())) == len(list(model.cnn.named_children())) == 7
    assert 0.9 < count(model.ddnet) / count(model.cnn) < 1.1


def test_refuses_sequences() -> None:
    with pytest.raises(ConfigError, match=r"--data mnist5k holds sequences \(T, D\) = \(28, 28\), ddnet needs images"):
        make((28, 28))


def test_refuses_images_that_three_poolings_leave_nothing_of() -> None:
    with pytest.raises(ConfigError, match="--data mnist5k holds images of 7 × 9, ddnet needs at least 8 × 8"):
        make((1, 7, 9))


def test_pixels_are_brought_to_plus_minus_one() -> None:
    """As the document normalises them: black and white images are opposite, so a bias-free first layer is odd."""
    model = make()
    model.ddnet.conv1.bias.data[...] = 0
    seen: list[Any] = []
    forward = model.ddnet.conv1.forward
    model.ddnet.conv1.forward = lambda x: (seen.append(x.data), forward(x))[1]  # type: ignore[method-assign]
    model.classify(Tensor(np.stack([np.zeros((1, 8, 8)), np.ones((1, 8, 8))]).astype(np.float32)))
    assert (seen[0][0] == -1).all()
    assert (seen[0][1] == 1).all()


def test_each_net_is_moved_by_its_own_objective_alone() -> None:
    model, batch = make(), batch_of(4)
    ddnet, cnn = model.objectives()
    ddnet.loss(batch).value.backward()
    assert all(p.grad is not None for p in model.ddnet.parameters())
    assert all(p.grad is None for p in model.cnn.parameters())
    assert {id(p) for p in ddnet.optimizer.parameters} == {id(p) for p in model.ddnet.parameters()}
    assert {id(p) for p in cnn.optimizer.parameters} == {id(p) for p in model.cnn.parameters()}


def test_every_layers_gradient_is_recorded_from_the_input_to_the_output() -> None:
    ddnet, cnn = make().objectives()
    assert list(ddnet.layers) == ["conv1", "conv2", "conv3", "deconv1", "deconv2", "deconv3", "dense"]
    assert list(cnn.layers) == ["conv1", "conv2", "conv3", "conv4", "conv5", "conv6", "dense"]


def test_evaluates_both() -> None:
    terms = make().evaluate(batch_of(4)).terms
    assert list(terms) == ["ddnet_cross_entropy", "ddnet_accuracy", "cnn_cross_entropy", "cnn_accuracy"]


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

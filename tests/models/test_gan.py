"""gan, dcgan and wgan-gp: what each loss moves, ranges, sizes and flags."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from minigen import Tensor, nn, no_grad, random
from minigen.data import Batch
from minigen.models import MODELS, ConfigError
from minigen.models.adversarial import Adversarial
from minigen.models.gan import bce_for_label

ALL = ["gan", "dcgan", "wgan-gp"]
SMALL = {"gan": {}, "dcgan": {"channels": 3}, "wgan-gp": {"channels": 3}}


def make(name: str, shape: tuple[int, ...] = (1, 8, 8), dtype: str = "float64", **options: Any) -> Adversarial:
    random.manual_seed(3)
    config = MODELS[name].config_type(**({"latent": 6} | SMALL[name] | options))
    model = MODELS[name](config, shape, 10)
    model.to(dtype=dtype)
    assert isinstance(model, Adversarial)
    return model


def batch_of(count: int, shape: tuple[int, ...] = (1, 8, 8)) -> Batch:
    x = np.random.default_rng(4).random((count, *shape))
    return Batch(x, np.zeros(count, dtype=np.int64), None, np.arange(count))


def noise(count: int, latent: int = 6) -> Tensor:
    return Tensor(np.random.default_rng(5).standard_normal((count, latent)))


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 32, 32), (2, 8, 12)], ids=str)
def test_samples_are_images_in_range(name: str, shape: tuple[int, ...]) -> None:
    model = make(name, shape)
    with no_grad():
        images = model.sample(noise(3)).data
    assert images.shape == (3, *shape)
    assert 0 <= images.min() <= images.max() <= 1


@pytest.mark.parametrize("name", ["dcgan", "wgan-gp"])
@pytest.mark.parametrize("shape", [(28, 28), (1, 30, 28)], ids=str)
def test_inputs_that_are_no_images_of_a_fitting_size_are_refused_by_name(name: str, shape: tuple[int, ...]) -> None:
    with pytest.raises(ConfigError, match=f"{name} needs"):
        make(name, shape)


def test_the_dense_gan_has_the_documents_sizes() -> None:
    model = make("gan", (1, 28, 28), latent=100)
    sizes = {name: array.shape for name, array in model.state_dict().items() if name.endswith("weight")}
    assert sizes == {
        "generator.0.weight": (256, 100),
        "generator.2.weight": (512, 256),
        "generator.4.weight": (784, 512),
        "discriminator.1.weight": (1024, 784),
        "discriminator.3.weight": (512, 1024),
        "discriminator.5.weight": (1, 512),
    }


@pytest.mark.parametrize("name", ALL)
def test_each_objective_has_an_optimizer_of_its_own_net_only(name: str) -> None:
    model = make(name)
    d, g = model.objectives()
    for objective, net in ((d, model.discriminator), (g, model.generator)):
        assert [id(p) for p in objective.optimizer.parameters] == [id(p) for p in net.parameters()]


@pytest.mark.parametrize("name", ALL)
def test_the_discriminators_loss_gives_the_generator_no_gradient(name: str) -> None:
    model = make(name)
    model.objectives()[0].loss(batch_of(4)).value.backward()
    assert all(p.grad is None for p in model.generator.parameters())
    assert all(p.grad is not None for p in model.discriminator.parameters())


@pytest.mark.parametrize("name", ALL)
def test_each_objective_draws_noise_of_its_own(name: str) -> None:
    model = make(name)
    drawn = [model.noise(np.empty(4)).data for _ in range(2)]
    assert drawn[0].shape == (4, 6)
    assert not np.any(drawn[0] == drawn[1])


def test_the_losses_are_the_formulas() -> None:
    model, x = make("gan", real_label=0.9), Tensor(batch_of(5).inputs)
    z = noise(5)
    with no_grad():
        real = 1 / (1 + np.exp(-model.discriminator(x * 2.0 - 1.0).data))
        fake = 1 / (1 + np.exp(-model.discriminator(model.generator(z)).data))
        d, g = model.discriminator_loss(x, z).terms, model.generator_loss(z).terms
        saturating = make("gan", loss="minimax").generator_loss(z).terms
    smoothed = -0.9 * np.log(real) - 0.1 * np.log(1 - real)
    assert d["d_loss"].item() == pytest.approx(smoothed.mean() - np.log(1 - fake).mean(), rel=1e-12)
    assert d["d_real"].item() == pytest.approx(real.mean(), rel=1e-12)
    assert d["d_fake"].item() == pytest.approx(fake.mean(), rel=1e-12)
    assert g["g_loss"].item() == pytest.approx(-np.log(fake).mean(), rel=1e-12)
    assert saturating["g_loss"].item() == pytest.approx(np.log(1 - fake).mean(), rel=1e-12)


def test_smoothing_is_one_sided_and_keeps_the_discriminator_from_certainty() -> None:
    logits = Tensor(np.linspace(-9.0, 9.0, 1801))
    losses = [bce_for_label(Tensor(np.array([x])), 0.9).item() for x in logits.data]
    assert logits.data[int(np.argmin(losses))] == pytest.approx(math.log(9), abs=0.01), "σ(D) = 0.9 is best"


@pytest.mark.parametrize("output", ["tanh", "sigmoid"])
def test_real_and_generated_images_have_one_range(output: str) -> None:
    model = make("gan", output=output)
    assert isinstance(model, MODELS["gan"])
    low = -1.0 if output == "tanh" else 0.0
    ends = model.to_output_range(Tensor(np.array([0.0, 1.0]))).data  # type: ignore[attr-defined]
    assert ends.tolist() == [low, 1.0]


def test_dcgan_weights_are_radfords() -> None:
    model = make("dcgan", (1, 28, 28), channels=32, latent=100)
    for name, array in model.state_dict().items():
        if array.ndim >= 2:
            assert np.std(array) == pytest.approx(0.02, rel=0.1), name
    assert np.all(model.state_dict()["discriminator.0.bias"] == 0)


def test_the_critic_steps_more_often() -> None:
    d, g = make("wgan-gp", critic_steps=4).objectives()
    assert (d.every, g.every) == (1, 4)


def test_the_penalty_is_zero_where_the_slope_is_one_and_grows_with_its_square() -> None:
    model = make("wgan-gp", (1, 4, 4))

    class Plane(nn.Module):
        def __init__(self, slope: float) -> None:
            direction = np.random.default_rng(0).standard_normal((1, 16))
            self.normal = slope * direction / np.linalg.norm(direction)

        def forward(self, x: Tensor) -> Tensor:
            return (x.flatten(1) * self.normal).sum(1)

    for slope, expected in ((1.0, 0.0), (3.0, 4.0), (0.0, 1.0)):
        model.discriminator = Plane(slope)
        penalty = model.gradient_penalty(np.random.default_rng(1).random((5, 1, 4, 4)))  # type: ignore[attr-defined]
        assert penalty.item() == pytest.approx(expected, abs=1e-5)


def test_evaluation_needs_no_tape() -> None:
    for name in ALL:
        model = make(name)
        model.eval()
        with no_grad():
            assert all(math.isfinite(value.item()) for value in model.evaluate(batch_of(4)).terms.values())

"""The documents' mistakes in training a GAN, made on purpose: each fails by a number, beside the right way.

The data are images of 4 × 4 in two shades. A generator has learned them when its mean image is theirs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pytest

from minigen import Tensor, no_grad, rng
from minigen.models.gan import GAN, GANConfig, bce_for_label
from minigen.nn import Parameter
from minigen.optim import Adam, grad_norm

SHAPE = (1, 4, 4)
MEAN = np.array([0.8, 0.2] * 8, dtype=np.float32).reshape(SHAPE)
STEPS, BATCH = 150, 32


class Game:
    """A small GAN, its data, and what a training loop needs."""

    def __init__(self, **options: Any) -> None:
        rng.manual_seed(0)
        self.generator = np.random.default_rng(0)
        self.model = GAN(GANConfig(**({"latent": 8} | options)), SHAPE, 10)

    def real(self, count: int = BATCH) -> Tensor:
        return Tensor(MEAN + 0.05 * self.generator.standard_normal((count, *SHAPE), dtype=np.float32))

    def noise(self, count: int = BATCH) -> Tensor:
        return Tensor(rng.standard_normal((count, 8), "float32", "cpu"))

    def adam(self, parameters: Iterable[Parameter]) -> Adam:
        return Adam(parameters, 2e-4, (0.5, 0.999))

    def on_real(self) -> Tensor:
        return self.model.discriminator(self.model.to_output_range(self.real()))

    def on_fake(self) -> Tensor:
        return self.model.discriminator(self.model.generator(self.noise()))

    def error(self) -> float:
        """How far the mean of the samples lies from the data's, a pixel."""
        with no_grad():
            return float(np.abs(self.model.sample(self.noise(500)).data.mean(axis=0) - MEAN).mean())

    def verdict(self) -> tuple[float, float]:
        """The probabilities that the discriminator gives to real and to fake images."""
        with no_grad():
            terms = self.model.discriminator_loss(self.real(500), self.noise(500)).terms
        return terms["d_real"].item(), terms["d_fake"].item()


def minimise(optimizer: Adam, loss: Callable[[], Tensor]) -> None:
    optimizer.zero_grad()
    loss().backward()
    optimizer.step()


def train_rightly(game: Game) -> None:
    model = game.model
    d, g = (objective.optimizer for objective in model.objectives())
    for _ in range(STEPS):
        minimise(d, lambda: model.discriminator_loss(game.real(), game.noise()).value)
        minimise(g, lambda: model.generator_loss(game.noise()).value)


@pytest.fixture(scope="module")
def rightly_trained() -> Game:
    game = Game()
    assert game.error() > 0.25
    train_rightly(game)
    return game


def test_the_right_way_learns_the_data_and_neither_net_wins(rightly_trained: Game) -> None:
    assert rightly_trained.error() < 0.12
    assert all(0.3 < probability < 0.7 for probability in rightly_trained.verdict())


def test_fakes_labelled_real_teach_the_discriminator_nothing(rightly_trained: Game) -> None:
    """To the discriminator everything is real, so its gradient to the generator fades."""
    game = Game()
    model = game.model
    d, g = (objective.optimizer for objective in model.objectives())
    norms = []
    for _ in range(STEPS):
        minimise(d, lambda: bce_for_label(game.on_real(), 1.0) + bce_for_label(game.on_fake(), 1.0))
        minimise(g, lambda: model.generator_loss(game.noise()).value)
        norms.append(grad_norm(model.generator.parameters()))
    on_real, on_fake = game.verdict()
    assert on_real > 0.999
    assert on_fake > 0.999
    assert norms[-1] < norms[0] / 50
    assert game.error() > 1.5 * rightly_trained.error()


def test_one_optimizer_for_both_nets_moves_the_generator_away_from_the_data() -> None:
    """-ln(1 - σ(D)) and -ln σ(D) pull the same weights both ways: D rests at ½ on fakes, whatever they are."""
    game = Game()
    before = game.error()
    adam = game.adam(game.model.parameters())

    def both() -> Tensor:
        on_fake = game.on_fake()
        return bce_for_label(game.on_real(), 1.0) + bce_for_label(on_fake, 0.0) + bce_for_label(on_fake, 1.0)

    for _ in range(STEPS):
        minimise(adam, both)
    on_real, on_fake = game.verdict()
    assert on_real > 0.99
    assert abs(on_fake - 0.5) < 0.05
    assert game.error() > before


def test_two_optimizers_that_each_move_both_nets_fail_likewise() -> None:
    """Document 002's code: `minimize(d_loss)` and `minimize(g_loss)` without a list of variables."""
    game = Game()
    before = game.error()
    d, g = game.adam(game.model.parameters()), game.adam(game.model.parameters())
    for _ in range(STEPS):
        minimise(d, lambda: bce_for_label(game.on_real(), 1.0) + bce_for_label(game.on_fake(), 0.0))
        minimise(g, lambda: bce_for_label(game.on_fake(), 1.0))
    assert game.error() > before


def test_a_discriminator_trained_on_fakes_only_cannot_tell_what_is_real() -> None:
    """Document 004's code: one net, trained on fakes with label 0 and then with label 1, never on a real image."""
    game = Game()
    d = game.adam(game.model.discriminator.parameters())
    for _ in range(STEPS):
        minimise(d, lambda: bce_for_label(game.on_fake(), 0.0))
        minimise(d, lambda: bce_for_label(game.on_fake(), 1.0))
    with no_grad():
        loss = bce_for_label(game.on_real(), 1.0) + bce_for_label(game.on_fake(), 0.0)
    assert loss.item() > 1.2, "two coins cost 2·ln 2 = 1.386"


@pytest.mark.parametrize(("ahead", "weaker"), [(40, 5), (80, 30)])
def test_minimax_stalls_where_the_generator_is_behind(ahead: int, weaker: float) -> None:
    """At σ(D(G)) = p the two losses' derivatives are p and 1 - p: their gradients are (1 - p)/p apart."""
    norms = {}
    for loss in ("minimax", "non-saturating"):
        game = Game(loss=loss)
        d = game.model.objectives()[0].optimizer
        for _ in range(ahead):
            minimise(d, lambda game=game: game.model.discriminator_loss(game.real(), game.noise()).value)
        game.model.zero_grad()
        game.model.generator_loss(game.noise(500)).value.backward()
        norms[loss] = grad_norm(game.model.generator.parameters())
    _, p = game.verdict()
    ratio = norms["non-saturating"] / norms["minimax"]
    assert ratio > weaker
    assert ratio == pytest.approx((1 - p) / p, rel=0.25)

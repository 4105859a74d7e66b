"""Checks of lesson 20."""

import numpy as np

from minigen import Tensor, nn, ops
from minigen.learning import WrongError, close, differentiates, exercise, number, same


@exercise("pencil", "D = ½ everywhere.", "-ln ½ - ln ½")
def answer_balance(your):
    mistakes = {
        0.693: "there are two terms",
        2: "nats, not bits",
        1: "that is D of both together",
        0: "both terms are -ln ½, not 0",
    }
    number(your.answer_balance, 2 * np.log(2), mistakes | {0.25: "the logarithm of each, then the sum"})


def logits():
    return np.random.default_rng(27).standard_normal((2, 5, 1))


@exercise(
    "gap",
    "-ln σ(s) = ln(1 + e⁻ˢ) = softplus(-s).",
    "-ln(1 - σ(s)) = softplus(s).",
    without="binary_cross_entropy_with_logits",
)
def discriminator_loss(your):
    real, fake = logits()
    first, second = np.log1p(np.exp(-real)).mean(), np.log1p(np.exp(fake)).mean()
    mistakes = {
        "real and fake are exchanged: it learns to call fake images real": np.log1p(np.exp(real)).mean()
        + np.log1p(np.exp(-fake)).mean(),
        "fake images must be called fake: ln(1 - σ)": first + np.log1p(np.exp(-fake)).mean(),
        "real images must be called real: ln σ": np.log1p(np.exp(real)).mean() + second,
        "the term of the fake images is missing": first,
        "the term of the real images is missing": second,
        "the mean over the batch of each, and then their sum": (first + second) / 2,
        "the mean over the batch, not the sum": 5 * (first + second),
        "the logarithm is minimised with a minus": -(first + second),
    }
    same(your.discriminator_loss(Tensor(real), Tensor(fake)), Tensor(np.asarray(first + second)), "the loss", mistakes)
    far = np.array([[1000.0]])
    same(your.discriminator_loss(Tensor(-far), Tensor(far)), Tensor(np.asarray(2000.0)), "the loss for logits of ±1000")
    differentiates([({}, your.discriminator_loss, (real, fake))], "real fake")


@exercise(
    "gap",
    "The generator wants σ(fake) to be 1.",
    "-ln σ(s) = softplus(-s).",
    without="binary_cross_entropy_with_logits",
)
def generator_loss(your):
    _, fake = logits()
    right = np.log1p(np.exp(-fake)).mean()
    mistakes = {
        "that is the discriminator's term: the generator wants the opposite": np.log1p(np.exp(fake)).mean(),
        "that is the minimax loss, which is flat where the discriminator is sure": -np.log1p(np.exp(fake)).mean(),
        "the logarithm is minimised with a minus": -right,
        "the mean over the batch, not the sum": 5 * right,
        "logits go through ln σ; they are not averaged themselves": -fake.mean(),
        "the logarithm is missing": -(1 / (1 + np.exp(-fake))).mean(),
    }
    same(your.generator_loss(Tensor(fake)), Tensor(np.asarray(right)), "the loss", mistakes)
    same(
        your.generator_loss(Tensor(np.array([[-1000.0]]))), Tensor(np.asarray(1000.0)), "the loss for a logit of -1000"
    )
    differentiates([({}, your.generator_loss, (fake,))], "fake")


@exercise("gap", "Set the derivative to D to zero.", "-p_real/D + p_fake/(1 - D) = 0")
def best_discriminator(your):
    p, q = abs(np.random.default_rng(28).standard_normal((2, 6)))
    mistakes = {
        "real and fake are exchanged": q / (p + q),
        "that is larger than 1 where p_real > p_fake": p / q,
        "it may not be negative": (p - q) / (p + q),
    }
    mistakes |= {
        "D = ½ is the best only where both densities agree": np.full(6, 0.5),
        "densities are not squared": p**2 / (p**2 + q**2),
    }
    same(your.best_discriminator(p, q), p / (p + q), "D", mistakes | {"divide by the sum of both": p})


@exercise("bug", "Compare the generator's weights before and after.", "Which parameters may this step move?", line=3)
def discriminator_step(your):
    generator, discriminator = nn.Linear(2, 3), nn.Linear(3, 1)
    noise, real = (Tensor(array.astype("float32")) for array in (np.ones((4, 2)), np.full((4, 3), 2.0)))

    def loss(on_real, on_fake):
        return (ops.softplus(-on_real) + ops.softplus(on_fake)).mean()

    first = [p.data.copy() for p in (*generator.parameters(), *discriminator.parameters())]
    value = loss(discriminator(real), discriminator(generator(noise)))
    value.backward()
    right = [p.data - 0.1 * p.grad.data for p in discriminator.parameters()]
    your.discriminator_step(generator, discriminator, loss, noise, real, 0.1)
    if not all(close(p.data, old) for p, old in zip(generator.parameters(), first, strict=False)):
        raise WrongError(
            "the discriminator's step moves the generator, too, towards images that are easy to tell apart"
        )
    for p, wanted, old in zip(discriminator.parameters(), right, first[2:], strict=True):
        same(
            p.data,
            wanted,
            "the discriminator's parameter",
            {"it has not moved": old, "it moved uphill": 2 * old - wanted},
            rtol=1e-5,
        )


class Game:
    def __init__(self, seed, calls):
        self.rest, self.left = np.random.default_rng(seed).uniform(-2, 2, 2), calls

    def gradient(self, axis):
        def call(x, y):
            if not self.left:
                raise WrongError("the gradients were called more often than allowed")
            self.left -= 1
            return float((y - self.rest[1], x - self.rest[0])[axis])

        return call


@exercise(
    "open",
    "Along a circle the gradient a step ahead points more towards the middle than the gradient here.",
    "Take a step to look ahead, compute both gradients there, and apply these to where you stood before.",
)
def play(your):
    for seed in range(5):
        for calls in (200, 40):
            game = Game(seed, calls)
            found = your.play(game.gradient(0), game.gradient(1), 1.0, -1.0, calls)
            if not isinstance(found, tuple) or len(found) != 2:
                raise WrongError("play must return two numbers, (x, y)")
            distance = float(np.hypot(*(np.array(found) - game.rest)))
            if calls == 200 and not distance < 0.01:
                raise WrongError(f"after {200 - game.left} calls your distance is {distance:.2g}, the mark is 0.01")

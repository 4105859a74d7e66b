"""Checks of lesson 21."""

import numpy as np

import minigen
from minigen import Tensor, ops
from minigen.learning import WrongError, exercise, same


@exercise("gap", "Sort both.", "The mean of |a - b| between numbers of equal rank.")
def distance(your):
    generator = np.random.default_rng(29)
    for a, b in (
        generator.standard_normal((2, 7)),
        (np.array([3.0, 1.0, 2.0]), np.array([11.0, 12.0, 13.0])),
        (np.arange(3.0), np.arange(3.0)[::-1].copy()),
    ):
        right = float(abs(np.sort(a) - np.sort(b)).mean())
        mistakes = {
            "sort both: the smallest goes to the smallest": abs(a - b).mean(),
            "sort b as well": abs(np.sort(a) - b).mean(),
        }
        mistakes |= {
            "that is the distance of the means: take the absolute value of each way": abs(a.mean() - b.mean()),
            "the mean way, not the sum": right * len(a),
        }
        mistakes |= {
            "ways are not squared": ((np.sort(a) - np.sort(b)) ** 2).mean(),
            "that is the mean over all pairs": abs(a[:, None] - b).mean(),
        }
        mistakes |= {"take the absolute value of each way": (np.sort(a) - np.sort(b)).mean()}
        same(your.distance(a, b), right, "the distance", mistakes)


def setting():
    """A critic with two weights, images of two channels, and a number of mixing for each image."""
    generator = np.random.default_rng(30)
    real, fake = generator.standard_normal((2, 3, 2, 2, 2))
    weights = [Tensor(generator.standard_normal(8), requires_grad=True), Tensor(np.array(0.7), requires_grad=True)]

    def critic(x):
        flat = x.flatten(1)
        return ops.tanh(flat * weights[0]).sum(1, keepdim=True) * weights[1] + (flat**2).sum(1, keepdim=True) * 0.1

    return critic, weights, real, fake, generator.random((3, 1, 1, 1))


def penalty(critic, x, axes=(1, 2, 3), target=1.0, reduce="mean", root=True):
    x = Tensor(x, requires_grad=True)
    (slope,) = minigen.grad(critic(x).sum(), x, create_graph=True)
    norm = (slope**2).sum(axes)
    return getattr(((ops.sqrt(norm) if root else norm) - target) ** 2, reduce)()


@exercise(
    "gap",
    "Make x̂ a Tensor with requires_grad=True, and take the gradient of critic(x̂).sum() to it.",
    "The norm of each image: ops.sqrt((slope**2).sum((1, 2, 3))).",
    "create_graph=True records the gradient, so that the penalty can be differentiated in its turn.",
)
def gradient_penalty(your):
    critic, weights, real, fake, mix = setting()
    between = mix * real + (1 - mix) * fake
    right = penalty(critic, between)
    mistakes = {
        "it is taken at the real images only: mix them with the fake ones": penalty(critic, real),
        "it is taken at the fake images only": penalty(critic, fake),
        "mix·real + (1 - mix)·fake, not the reverse": penalty(critic, mix * fake + (1 - mix) * real),
        "the norm goes over the whole image, not over its channels": penalty(critic, between, 1),
        "the mean over the images, not their sum": penalty(critic, between, reduce="sum"),
        "the norm must be 1, not 0": penalty(critic, between, target=0.0),
        "the norm is the root of the sum of squares": penalty(critic, between, root=False),
        "one norm for each image, not one for the batch": penalty(critic, between, (0, 1, 2, 3)),
    }
    found = your.gradient_penalty(critic, real.copy(), fake.copy(), mix)
    values = {hint: wrong.data for hint, wrong in mistakes.items()}
    same(found, right, "the penalty", values)
    if not found.requires_grad:
        raise WrongError("the penalty has the right value, but no gradient to the critic's weights: create_graph=True")
    for k, (mine, truth) in enumerate(zip(minigen.grad(found, weights), minigen.grad(right, weights), strict=True)):
        same(mine, truth, f"the penalty is right; its gradient to the critic's weight {k}")


@exercise(
    "bug",
    "May the estimate of a distance have an upper limit?",
    "A hinge stops pulling as soon as a score is beyond ±1.",
    line=3,
)
def critic_loss(your):
    critic, _, real, fake, _ = setting()
    for scale in (0.1, 1.0, 5.0):
        x, y = Tensor(scale * real), Tensor(scale * fake)
        a, b = critic(x), critic(y)
        right = b.mean() - a.mean() + 10.0 * 0.3
        mistakes = {
            "the critic minimises the negative of the distance": (a.mean() - b.mean() + 3.0).data,
            "the penalty counts weight-fold": right.data - 2.7,
            "a score is no logit: no logarithm": (ops.softplus(b).mean() + ops.softplus(-a).mean() + 3.0).data,
        }
        same(your.critic_loss(critic, x, y, 0.3), right, "the loss", mistakes)

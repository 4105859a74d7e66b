"""Exercises of lesson 21: differentiating a gradient, WGAN-GP.

Fill the gaps, then run: python -m minigen.learn 21
"""

import numpy as np

import minigen
from minigen import Tensor, ops


def distance(a, b):
    """The Wasserstein distance between two sets of numbers, each of equal weight: the smallest mean way from a to b.

    a, b: (N,).   Returns a number. On a line, crossing never helps: the smallest goes to the smallest.
    """
    return abs(np.sort(a) - np.sort(b)).mean()


def gradient_penalty(critic, real, fake, mix):
    """E[(‖∇f(x̂)‖ - 1)²] at points x̂ = mix·real + (1 - mix)·fake between real and fake images.

    critic: f, maps a tensor (N, C, H, W) to scores (N, 1).   real, fake: arrays (N, C, H, W).
    mix: one random number in [0, 1] for each image, (N, 1, 1, 1).
    The norm goes over all numbers of an image. The penalty is part of the critic's loss, so it must have a derivative
    to the critic's weights: minigen.grad(…, create_graph=True). Returns a tensor of shape ().
    """
    between = Tensor(mix * real + (1 - mix) * fake, requires_grad=True)
    (slope,) = minigen.grad(critic(between).sum(), between, create_graph=True)
    norm = ops.sqrt((slope**2).sum((1, 2, 3)))
    return ((norm - 1.0) ** 2).mean()


# Find the bug: enter the number of the wrong line, and fix that line in the function below.
BUGGY_LINE = 3


def critic_loss(critic, real, fake, penalty, weight=10.0):
    """What the critic of a WGAN-GP minimises: -(E[f(real)] - E[f(fake)]) + weight·penalty.

    The bracket is the critic's estimate of the Wasserstein distance, which may be any number.
    """
    on_real = critic(real)  # line 1
    on_fake = critic(fake)  # line 2
    loss = on_fake.mean() - on_real.mean()  # line 3
    return loss + weight * penalty  # line 4

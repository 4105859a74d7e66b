"""Exercises of lesson 19: the convolutional VAE.

Fill the gaps, then run: python -m minigen.learn 19
"""

import numpy as np


def arc(a, b, t):
    """The point at t in [0, 1] of the arc from code a to code b: sin((1 - t)·θ)/sin θ · a + sin(t·θ)/sin θ · b.

    θ is the angle between a and b. Between codes of equal length all points have this length, as draws of N(0, 1)
    nearly have; the straight line would pass through codes that are too short.
    a, b: (Z,), neither parallel nor opposite.   Returns (Z,).
    """
    raise NotImplementedError("your turn")


# Find the bug: enter the number of the wrong line, and fix the function below.
BUGGY_LINE = 0


def training_loss(error, kl, epoch, warm_up, beta=1.0, batch=128, count=60000):
    """The mean over a batch of error + weight·KL, in nats per image, where the weight rises to beta during the warm-up.

    error, kl: (N,), nats per image.   epoch: 0, 1, …   warm_up: epochs until the weight is beta.
    batch, count: images in a batch, images in the data set.
    """
    weight = beta * min(1.0, epoch / warm_up)  # line 1
    cost = weight * kl * batch / count  # line 2
    return (error + cost).mean()  # line 3

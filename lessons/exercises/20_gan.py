"""Exercises of lesson 20: the GAN.

Fill the gaps, then run: python -m minigen.learn 20
A discriminator gives one logit s per image: the probability that the image is real is σ(s).
"""

import minigen
from minigen import ops

# Pencil: what is -E[ln D(real)] - E[ln(1 - D(fake))] if the discriminator cannot tell real from fake images?
answer_balance = None


def discriminator_loss(real, fake):
    """-E[ln σ(real)] - E[ln(1 - σ(fake))], with the means over the batch, finite for logits of ±1000.

    real, fake: logits (N, 1) of real and of fake images.   Returns a tensor of shape (). ops.softplus(x) is ln(1 + eˣ).
    """
    raise NotImplementedError("your turn")


def generator_loss(fake):
    """The non-saturating loss -E[ln σ(fake)]: its gradient is largest where D is sure that the images are fake.

    fake: logits (N, 1).   Returns a tensor of shape ().
    """
    raise NotImplementedError("your turn")


def best_discriminator(p_real, p_fake):
    """The D(x) that minimises -p_real·ln D - p_fake·ln(1 - D), for plain arrays of densities at some points x."""
    raise NotImplementedError("your turn")


# Find the bug: enter the number of the wrong line, and fix that line in the function below.
BUGGY_LINE = 0


def discriminator_step(generator, discriminator, loss, noise, real, lr):
    """One step of gradient descent for the discriminator alone: the generator has a turn of its own.

    loss: maps the logits of real and of fake images to a tensor of one element. Both nets are nn.Modules.
    """
    fake = generator(noise)  # line 1
    value = loss(discriminator(real), discriminator(fake))  # line 2
    moved = [*generator.parameters(), *discriminator.parameters()]  # line 3
    for p, g in zip(moved, minigen.grad(value, moved), strict=True):  # line 4
        p.data -= lr * g.data  # line 5


def play(gradient_x, gradient_y, x, y, calls=200):
    """Open: find the equilibrium of the game V(x, y) = (x - a)·(y - b), where one player minimises over x, the other
    maximises over y. Simultaneous steps of gradient descent and ascent circle around it, ever further away.

    gradient_x, gradient_y: functions of (x, y), dV/dx and dV/dy. Together they may be called `calls` times.
    Returns (x, y), closer than 0.01 to the equilibrium (a, b).
    """
    raise NotImplementedError("your turn")

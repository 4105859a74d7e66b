"""Exercises of lesson 20: the GAN.

Fill the gaps, then run: python -m minigen.learn 20
A discriminator gives logits s, one for each image: it believes with probability σ(s) that the image is real.
"""

import minigen
from minigen import ops

# Pencil. The discriminator cannot tell real from made images. The value of -E[ln D(real)] - E[ln(1 - D(made))]?
answer_balance = None


def discriminator_loss(real, made):
    """-E[ln σ(real)] - E[ln(1 - σ(made))], with the means over the batch, finite for logits of ±1000.

    real, made: logits (N, 1) of real and of made images.   Returns a tensor of shape (). ops.softplus(x) is ln(1 + eˣ).
    """
    raise NotImplementedError("your turn")


def generator_loss(made):
    """The non-saturating loss -E[ln σ(made)]: its gradient is largest where D is sure that the images are made.

    made: logits (N, 1).   Returns a tensor of shape ().
    """
    raise NotImplementedError("your turn")


def best_discriminator(p_real, p_made):
    """The D(x) that minimises -p_real·ln D - p_made·ln(1 - D), for plain arrays of densities at some points x."""
    raise NotImplementedError("your turn")


# Find the bug. The number of the wrong line, and the line itself put right in the function.
BUGGY_LINE = 0


def discriminator_step(generator, discriminator, loss, noise, real, lr):
    """One step of gradient descent for the discriminator alone: the generator has a turn of its own.

    loss: maps the logits of real and of made images to a tensor of one element. Both nets are nn.Modules.
    """
    made = generator(noise)  # line 1
    value = loss(discriminator(real), discriminator(made))  # line 2
    moved = [*generator.parameters(), *discriminator.parameters()]  # line 3
    for p, g in zip(moved, minigen.grad(value, moved), strict=True):  # line 4
        p.data -= lr * g.data  # line 5

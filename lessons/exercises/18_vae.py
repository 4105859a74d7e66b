"""Exercises of lesson 18: the VAE.

Fill the gaps, then run: python -m minigen.learn 18
"""

import math

from minigen import ops

# Pencil: what is KL(N(1, 1) ‖ N(0, 1)) in nats?
answer_kl = None


def kl(mean, log_var):
    """KL(N(μ, σ²) ‖ N(0, 1)) for each example, summed over its latent numbers: ½·Σ (μ² + σ² - 1 - ln σ²), in nats.

    mean, log_var: μ and ln σ², tensors (N, Z).   Returns a tensor (N,).
    """
    raise NotImplementedError("your turn")


def gaussian_nll(x, mean, log_var):
    """-ln N(x; μ, σ²) for each example, summed over its numbers, in nats: tensors (N, D) -> (N,).

    ½·Σ (ln 2π + ln σ² + (x - μ)²/σ²)
    """
    raise NotImplementedError("your turn")


# Find the bug: enter the number of the wrong line, and fix that line in the function below.
BUGGY_LINE = 0


def negative_elbo(logits, x, mean, log_var):
    """The negative ELBO in nats per image: the error of all pixels of an image + KL, averaged over the images.

    logits, x: (N, D), the decoder's output and the pixels in [0, 1].   mean, log_var: (N, Z), the encoder's.
    """
    count = x.shape[0]  # line 1
    error = ops.binary_cross_entropy_with_logits(logits, x, reduction="none")  # line 2
    error = error.mean()  # line 3
    divergence = ops.kl_standard_normal(mean, log_var).sum() / count  # line 4
    return error + divergence  # line 5

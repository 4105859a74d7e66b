"""Exercises of lesson 11: the transpose of a convolution, pooling, and sizes.

Fill the gaps, then run: python -m minigen.learn 11
"""

import numpy as np

from minigen.autograd import record

# Pencil: a transposed convolution of 7 × 7 numbers, kernel 4, stride 2, padding 1. How many rows does the result have?
answer_size = 14


def stamps(y, weight, stride):
    """The transposed convolution: each number of y stamps the kernel, multiplied by it, into the result; stamps add up.

    y: (H, W).   weight: (k, k).   Stamp (i, j) begins at row stride·i and column stride·j.
    Returns ((H - 1)·stride + k, (W - 1)·stride + k).
    """
    kernel = len(weight)
    x = np.zeros([(length - 1) * stride + kernel for length in y.shape])
    for i, j in np.ndindex(y.shape):
        x[i * stride : i * stride + kernel, j * stride : j * stride + kernel] += y[i, j] * weight
    return x


def max_pool(x):
    """The largest number of each block of 2 × 2: (N, C, H, W) -> (N, C, H/2, W/2), an operation with its derivative.

    H and W are even, and no block holds its maximum twice. Reshape blocks to axes of their own: (N, C, H/2, 2, W/2, 2).
    """
    n, c, h, w = x.shape
    blocks = x.data.reshape(n, c, h // 2, 2, w // 2, 2)
    value = blocks.max(axis=(3, 5))
    largest = blocks == value[:, :, :, None, :, None]
    return record(value, (x, lambda g: (g.reshape(n, c, h // 2, 1, w // 2, 1) * largest).reshape(x.shape)))

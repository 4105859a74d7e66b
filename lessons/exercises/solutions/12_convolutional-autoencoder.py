"""Exercises of lesson 12: the convolutional autoencoder.

Fill the gaps, then run: python -m minigen.learn 12
"""

import numpy as np


def output_padding(size, kernel, stride, padding):
    """What must be added at the border so that the transposed convolution gives back the size that the convolution had.

    The convolution makes o = ⌊(size + 2·padding - kernel) / stride⌋ + 1 of size; its transpose with the same kernel,
    stride and padding makes (o - 1)·stride - 2·padding + kernel + output_padding of o.
    """
    pooled = (size + 2 * padding - kernel) // stride + 1
    return size - ((pooled - 1) * stride - 2 * padding + kernel)


def unpool(values, switches, size):
    """Each value at the place where pooling had found it, zeros elsewhere.

    values: (N, C, OH, OW).   switches: integers of the same shape, row·W + column in the image that was pooled.
    size: (H, W) of that image.   Returns (N, C, H, W). No two values have the same place.
    """
    n, c = values.shape[:2]
    flat = np.zeros((n, c, size[0] * size[1]))
    np.put_along_axis(flat, switches.reshape(n, c, -1), values.reshape(n, c, -1), axis=2)
    return flat.reshape(n, c, *size)


# Pencil: 16 channels of 14 × 14 go through a dense layer to a code of 16 numbers.
# How many parameters does this layer have, with its biases?
answer_dense = 50192

"""Exercises of lesson 10: convolution as one matrix product.

Fill the gaps, then run: python -m minigen.learn 10
"""

import numpy as np

# Pencil: an image of 28 × 28, a kernel of 3 × 3, stride 2, padding 1. How many rows does the result have?
answer_size = None


def im2col(x, kernel, stride=1, dilation=1):
    """What a window sees from each of its positions, as columns. Plain arrays, no padding.

    x: (C, H, W).   kernel: k, for k × k taps, which lie `dilation` apart: a window is d = dilation·(k - 1) + 1 wide.
    stride: the step from one position to the next. There are OH × OW positions, OH = (H - d) // stride + 1.
    Returns (C·k·k, OH·OW): a row for each channel and tap, in this order, and a column for each position.
    """
    raise NotImplementedError("your turn")


def col2im(columns, shape, kernel, stride=1, dilation=1):
    """The adjoint of im2col: each element of the image is the sum of its copies in the columns.

    columns: (C·k·k, OH·OW).   shape: (C, H, W), that of the image.   Returns an array of this shape.
    """
    raise NotImplementedError("your turn")


# Find the bug: enter the number of the wrong line, and fix that line in the function below.
BUGGY_LINE = 0


def convolve(x, weight):
    """y[i, j] = Σ over u, v of weight[u, v]·x[i + u, j + v]: an image (H, W), a kernel (k, k)."""
    height = x.shape[0] - len(weight) + 1  # line 1
    width = x.shape[0] - len(weight) + 1  # line 2
    y = np.zeros((height, width))  # line 3
    for u, v in np.ndindex(weight.shape):  # line 4
        y += weight[u, v] * x[u : u + height, v : v + width]  # line 5
    return y  # line 6

"""Checks of lesson 11."""

import numpy as np

from minigen import Tensor, ops
from minigen.learning import differentiates, exercise, number, recorded, same


@exercise("pencil", "Turn the formula of the convolution round.", "(7 - 1)·2 - 2·1 + 4")
def answer_size(your):
    mistakes = {
        16: "padding cuts the result: - 2·padding",
        12: "the last stamp is a whole kernel: + 4",
        3: "that is the convolution's size",
    }
    number(your.answer_size, 14, mistakes | {15: "padding cuts both sides", 18: "padding cuts, it does not add"})


def transposed(y, weight, stride):
    return ops.conv_transpose2d(Tensor(y[None, None]), Tensor(weight[None, None]), stride=stride).data[0, 0]


@exercise(
    "gap",
    "Make zeros of the result's size and go through all (i, j) of y.",
    "Where stamps overlap they add up: +=.",
    without="conv_transpose2d col2im",
)
def stamps(your):
    generator = np.random.default_rng(13)
    for shape, kernel, stride in (((1, 1), 2, 1), ((2, 3), 2, 2), ((2, 3), 2, 1), ((3, 2), 3, 2), ((2, 2), 2, 3)):
        y, weight = generator.standard_normal(shape), generator.standard_normal((kernel, kernel))
        right = transposed(y, weight, stride)
        last = np.zeros(right.shape)
        for i, j in np.ndindex(shape):
            last[i * stride : i * stride + kernel, j * stride : j * stride + kernel] = y[i, j] * weight
        mistakes = {
            "stamps must add where they overlap: +=": last,
            "the kernel is not flipped": transposed(y, weight[::-1, ::-1], stride),
        }
        mistakes |= {
            "the kernel is not transposed": transposed(y, weight.T, stride),
            "each stamp is the kernel times y[i, j]": transposed(np.ones(shape), weight, stride),
        }
        same(
            your.stamps(y, weight, stride), right, f"y {shape}, kernel {kernel}, stride {stride}: the result", mistakes
        )


@exercise(
    "gap",
    "value = blocks.max(axis=(3, 5)); remember as booleans where each block holds its maximum.",
    "The gradient goes to the largest alone: reshape g to (N, C, H/2, 1, W/2, 1), multiply, reshape to x's shape.",
    without="max_pool2d MaxPool2d",
)
def max_pool(your):
    generator = np.random.default_rng(14)
    cases = []
    for shape in ((1, 1, 2, 2), (1, 1, 4, 4), (2, 3, 2, 4)):
        x = generator.permutation(np.prod(shape)).reshape(shape) / 4.0
        right = ops.max_pool2d(Tensor(x), 2).data
        blocks = x.reshape(*shape[:2], shape[2] // 2, 2, shape[3] // 2, 2)
        mistakes = {
            "that is the mean of each block": blocks.mean((3, 5)),
            "that is the smallest": blocks.min((3, 5)),
            "that is the sum": blocks.sum((3, 5)),
        }
        same(your.max_pool(Tensor(x)), Tensor(right), f"max_pool of {shape}", mistakes)
        recorded(your.max_pool(Tensor(x, requires_grad=True)))
        cases.append(({}, your.max_pool, (x,)))
    hint = "the gradient goes to the largest of each block alone"
    differentiates(cases, "x", {"dx": hint})

"""Checks of lesson 12."""

import numpy as np

from minigen import Tensor, nn, ops
from minigen.learning import WrongError, exercise, number, same


@exercise("gap", "Work out o first.", "size minus what the transposed convolution makes without output_padding.")
def output_padding(your):
    for size, kernel, stride, padding in (
        (28, 4, 2, 1),
        (28, 3, 2, 1),
        (7, 3, 2, 1),
        (9, 2, 3, 0),
        (10, 2, 3, 0),
        (11, 2, 3, 0),
    ):
        found = your.output_padding(size, kernel, stride, padding)
        o = (size + 2 * padding - kernel) // stride + 1
        right = size - ((o - 1) * stride - 2 * padding + kernel)
        text = f"size {size}, kernel {kernel}, stride {stride}, padding {padding}: output_padding"
        mistakes = {"it is what is missing, not what is too much": -right} if right else {}
        mistakes |= (
            {"that is the size without it": size - right, "padding cuts both sides": right - padding} if padding else {}
        )
        same(found, right, text, mistakes)
        if not isinstance(found, int):
            raise WrongError(f"{text} is {type(found).__name__}, must be an integer: // divides so")
        layer = nn.ConvTranspose2d(1, 1, kernel, stride=stride, padding=padding, output_padding=found)
        back = layer(Tensor(np.zeros((1, 1, o, o), "float32"))).shape
        assert back == (1, 1, size, size)


@exercise(
    "gap",
    "Make zeros (N, C, H·W) and put each value at its switch, image by image and channel by channel.",
    "np.put_along_axis(flat, switches.reshape(n, c, -1), values.reshape(n, c, -1), axis=2)",
    without="max_unpool2d MaxUnpool2d",
)
def unpool(your):
    generator = np.random.default_rng(15)
    for shape in ((1, 1, 2, 2), (2, 3, 4, 4), (2, 1, 4, 6)):
        x = generator.standard_normal(shape)
        values, switches = ops.max_pool2d(Tensor(x), 2, return_indices=True)
        right = ops.max_unpool2d(values, switches, 2).data
        mistakes = {
            "this repeats each value; only one place of a block receives it": values.data.repeat(2, 2).repeat(2, 3)
        }
        corners = np.zeros(shape)
        corners[:, :, ::2, ::2] = values.data
        mistakes |= {"values belong where the switches say, not into the corner of a block": corners}
        mistakes |= (
            {
                "row·W + column: the row is switch // W": np.ascontiguousarray(
                    right.reshape(*shape[:2], *shape[:1:-1]).swapaxes(2, 3)
                )
            }
            if shape[2] != shape[3]
            else {}
        )
        same(your.unpool(values.data, switches, shape[2:]), right, f"unpool to {shape}", mistakes)


@exercise(
    "pencil", "Each number of the code reads each of the flattened features.", "16 · 14 · 14 features, 16 numbers"
)
def answer_dense(your):
    mistakes = {
        50176: "the biases are missing: one for each number of the code",
        53312: "a bias belongs to each number of the code, not to each feature",
        3152: "those are the features and the biases, but each number of the code has a weight for each feature",
        272: "flatten first: a dense layer has a weight for each feature, not for each channel",
        3136: "those are the features",
    }
    number(your.answer_dense, 50192, mistakes, rtol=1e-7)

"""Checks of lesson 10."""

import numpy as np

from minigen import ops
from minigen.autograd import record
from minigen.learning import WrongError, differentiates, exercise, number, same

SETTINGS = [
    (3, 1, 1, 1),
    (4, 2, 2, 1),
    (4, 1, 2, 1),
    (5, 2, 1, 1),
    (4, 2, 1, 1),
    (5, 3, 2, 1),
    (5, 3, 1, 1),
    (5, 2, 1, 2),
    (6, 2, 2, 3),
]


@exercise("pencil", "The last position is where the window ends at the padded border.", "⌊(28 + 2·1 - 3) / 2⌋ + 1")
def answer_size(your):
    mistakes = {
        13: "the first position counts too: + 1",
        28: "the stride is 2",
        27: "subtract the kernel, divide by the stride",
    }
    number(
        your.answer_size,
        14,
        mistakes
        | {
            14.5: "rounded down: a half position does not exist",
            15: "rounded down",
            12.5: "padding lies on both sides",
        },
    )


def images():
    """(text, image, kernel, stride, dilation): higher than wide, the simplest first."""
    generator = np.random.default_rng(11)
    for channels, (height, kernel, stride, dilation) in enumerate(SETTINGS):
        x = generator.standard_normal((1 + channels % 2, height, height + channels % 2))
        yield f"kernel {kernel}, stride {stride}, dilation {dilation}", x, kernel, stride, dilation


def right_columns(x, kernel, stride, dilation):
    return ops.im2col(x[None], kernel, stride, 0, dilation)


def steps(x, kernel, stride, dilation, sizes):
    """The columns of a given number of positions, whatever the distance of positions and of taps."""
    rows = np.arange(kernel)[:, None] * dilation + np.arange(sizes[0]) * stride
    cols = np.arange(kernel)[:, None] * dilation + np.arange(sizes[1]) * stride
    return x[:, rows[:, None, :, None], cols[None, :, None, :]].reshape(-1, sizes[0] * sizes[1])


@exercise(
    "gap",
    "One tap (u, v) sees a block of the image: it starts at (u·dilation, v·dilation) and goes in steps of stride.",
    "x[:, top : top + stride * OH : stride, left : left + stride * OW : stride] is that block, (C, OH, OW).",
    "Fill an array (C, k, k, OH, OW) tap by tap, and reshape it at the end.",
    without="im2col conv2d",
)
def im2col(your):
    for text, x, kernel, stride, dilation in images():
        right = right_columns(x, kernel, stride, dilation)
        found = your.im2col(x, kernel, stride, dilation)
        sizes = [(length - dilation * (kernel - 1) - 1) // stride + 1 for length in x.shape[1:]]
        mistakes = (
            {"positions are columns, taps are rows: transpose it": right.T} if len(right) != right.shape[1] else {}
        )
        if dilation > 1:
            mistakes["dilation is ignored: taps lie `dilation` apart"] = steps(x, kernel, stride, 1, sizes)
        if stride > 1:
            mistakes["stride is ignored: positions lie `stride` apart"] = steps(x, kernel, 1, dilation, sizes)
        if len(x) > 1:
            order = np.arange(len(right)).reshape(len(x), -1).T.ravel()
            mistakes["rows are ordered by channel first, then by tap"] = right[order]
        taps = np.arange(len(right)).reshape(len(x), kernel, kernel).swapaxes(1, 2).ravel()
        mistakes["a tap's row comes before its column: (u, v), not (v, u)"] = right[taps]
        same(found, right, f"im2col with {text}", mistakes)


def adjoint_pair(im2col, col2im, shape):
    """im2col as an operation whose derivative is col2im, and the reverse."""

    def unfold(x):
        return record(im2col(x.data), (x, fold))

    def fold(c):
        return record(col2im(c.data, shape), (c, unfold))

    return unfold


@exercise(
    "gap",
    "im2col copies blocks out of the image; col2im puts each row of the columns back into the block that it came from.",
    "An element that lies in several windows receives the sum of what all of them hold.",
    "Start with zeros, take the loop of im2col, exchange both sides of its assignment and write += for =.",
    without="col2im conv_transpose2d",
)
def col2im(your):
    cases = []
    for _, x, kernel, stride, dilation in images():
        found = your.col2im(right_columns(x, kernel, stride, dilation), x.shape, kernel, stride, dilation)
        same(np.zeros(np.shape(found)), np.zeros(x.shape), "the image")
        pair = adjoint_pair(
            lambda x, k=kernel, s=stride, d=dilation: right_columns(x, k, s, d),
            lambda c, shape, k=kernel, s=stride, d=dilation: your.col2im(c, shape, k, s, d),
            x.shape,
        )
        overlap = any((a - b) * dilation % stride == 0 for a in range(kernel) for b in range(a))
        facts = {
            "windows overlap": overlap,
            "stride": stride,
            "dilation": dilation,
            "kernel": kernel,
            "channels": len(x),
        }
        cases.append((facts, pair, (x,)))
    hints = {
        "windows overlap": "col2im must *add* where windows overlap",
        "stride": "a window moves by the stride",
        "dilation": "taps lie `dilation` apart",
    }
    differentiates(cases, "x", hints)


@exercise("bug", "Try an image that is wider than high.", "Which sizes does each of the first two lines use?", line=2)
def convolve(your):
    generator = np.random.default_rng(12)
    for shape in ((4, 4), (4, 6), (6, 4)):
        x, weight = generator.standard_normal(shape), generator.standard_normal((3, 3))
        right = (weight.reshape(1, 9) @ right_columns(x[None], 3, 1, 1)).reshape(shape[0] - 2, shape[1] - 2)
        try:
            found = your.convolve(x, weight)
        except ValueError as error:
            raise WrongError(f"an image of {shape} cannot be convolved ({error})") from error
        same(found, right, f"the convolution of an image of {shape}", {"this flips the kernel": right[::-1, ::-1]})

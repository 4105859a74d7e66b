"""Forward + backward of convolutions and transposed convolutions, beside PyTorch's faster memory format.

    python -m tests.benchmarks.conv

The input of a first layer (1 or 3 channels) requires no gradient, on neither side. Last, the peak memory
of the batch of 1,024 images of 64 × 64 × 32 that must train in 4 GB.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
from functools import partial
from typing import NamedTuple

from tests.benchmarks.side_by_side import Step, compare, summarize


class Case(NamedTuple):
    batch: int
    channels: int
    size: int
    out_channels: int
    kernel: int
    stride: int
    padding: int
    output_padding: int | None = None  # a number: a transposed convolution

    @property
    def transposed(self) -> bool:
        return self.output_padding is not None

    @property
    def name(self) -> str:
        kind = "conv-transpose" if self.transposed else "conv"
        return (
            f"{kind} {self.batch} × {self.channels}→{self.out_channels}, {self.size}², "
            f"k{self.kernel} s{self.stride} p{self.padding}" + (" op1" if self.output_padding else "")
        )

    @property
    def needs_input_gradient(self) -> bool:
        return self.channels > 3

    @property
    def options(self) -> dict[str, int]:
        options = {"stride": self.stride, "padding": self.padding}
        return options | ({"output_padding": self.output_padding} if self.output_padding is not None else {})

    @property
    def weight_shape(self) -> tuple[int, int, int, int]:
        first = (self.channels, self.out_channels) if self.transposed else (self.out_channels, self.channels)
        return (*first, self.kernel, self.kernel)


CASES = [
    Case(128, 1, 28, 32, 3, 2, 1),
    Case(128, 32, 14, 64, 3, 2, 1),
    Case(64, 3, 32, 32, 3, 1, 1),
    Case(64, 32, 32, 64, 3, 1, 1),
    Case(64, 32, 32, 64, 3, 2, 1),
    Case(128, 1, 28, 16, 5, 1, 2),
    Case(16, 32, 64, 64, 3, 1, 1),
    Case(64, 64, 8, 64, 4, 2, 1),
    Case(128, 64, 7, 32, 4, 2, 1, 0),
    Case(128, 32, 14, 1, 4, 2, 1, 0),
    Case(64, 64, 8, 64, 3, 2, 1, 1),
    Case(64, 32, 16, 3, 4, 2, 1, 0),
]


def minigen_side(case: Case) -> Step:
    import numpy

    import minigen
    from minigen.ops.conv import conv2d, conv_transpose2d

    draw = numpy.random.default_rng(0).standard_normal
    batch_last = draw((case.channels, case.size, case.size, case.batch), "float32")
    x = minigen.Tensor(batch_last.transpose(3, 0, 1, 2), requires_grad=case.needs_input_gradient)
    weight = minigen.Tensor(draw(case.weight_shape, "float32"), requires_grad=True)
    bias = minigen.Tensor(draw(case.out_channels, "float32"), requires_grad=True)
    op = conv_transpose2d if case.transposed else conv2d
    gradient = numpy.ones_like(op(x, weight, bias, **case.options).data)

    def step() -> None:
        x.grad = weight.grad = bias.grad = None
        op(x, weight, bias, **case.options).backward(gradient)

    return step


def torch_side(case: Case, channels_last: bool) -> Step:
    import torch

    layout = torch.channels_last if channels_last else torch.contiguous_format
    x = torch.randn(case.batch, case.channels, case.size, case.size).contiguous(memory_format=layout)
    x.requires_grad_(case.needs_input_gradient)
    weight = torch.randn(case.weight_shape).contiguous(memory_format=layout).requires_grad_()
    bias = torch.randn(case.out_channels, requires_grad=True)
    op = torch.nn.functional.conv_transpose2d if case.transposed else torch.nn.functional.conv2d
    gradient = torch.ones_like(op(x, weight, bias, **case.options))

    def step() -> None:
        x.grad = weight.grad = bias.grad = None
        op(x, weight, bias, **case.options).backward(gradient)

    return step


def peak_gigabytes(batch: int = 1024) -> float:
    """The most memory that a process holds which trains a convolution 32→32, 3 × 3, on images of 64 × 64."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_train_large_batch, (batch,))


def _train_large_batch(batch: int) -> float:
    import numpy

    import minigen
    from minigen.ops.conv import conv2d

    draw = numpy.random.default_rng(0).standard_normal
    x = minigen.Tensor(draw((batch, 32, 64, 64), "float32"), requires_grad=True)
    weight = minigen.Tensor(draw((32, 32, 3, 3), "float32"), requires_grad=True)
    (conv2d(x, weight, padding=1) ** 2).mean().backward()
    assert x.grad is not None
    assert weight.grad is not None
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


if __name__ == "__main__":
    argparse.ArgumentParser(prog="python -m tests.benchmarks.conv", description=__doc__.split(".")[0]).parse_args()
    summarize(
        [
            compare(c.name, partial(minigen_side, c), partial(torch_side, c, True), partial(torch_side, c, False))
            for c in CASES
        ]
    )
    print(f"1,024 images of 64 × 64 × 32 through a convolution and back: {peak_gigabytes():.2f} GB at most")

"""Forward + backward of pooling, upsampling and batch norm, beside PyTorch's faster memory format.

python -m tests.benchmarks.pooling
"""

from __future__ import annotations

import argparse
from functools import partial
from typing import Any

from tests.benchmarks.side_by_side import Step, compare, summarize

SHAPES = [(128, 32, 28, 28), (64, 64, 32, 32)]


def apply(name: str, library: Any, x: Any, weight: Any, bias: Any) -> Any:
    """The operation on x, in either library, whose functions have the same names but one."""
    if name == "max_pool2d":
        return library.max_pool2d(x, 2)
    if name == "avg_pool2d":
        return library.avg_pool2d(x, 2)
    if name == "batch_norm":
        return library.batch_norm(x, None, None, weight, bias, training=True)
    if hasattr(library, "interpolate"):
        return library.interpolate(x, scale_factor=2.0, mode="nearest")
    return library.upsample_nearest2d(x, 2)


NAMES = ["max_pool2d", "avg_pool2d", "upsample_nearest2d", "batch_norm"]


def minigen_side(name: str, shape: tuple[int, int, int, int]) -> Step:
    import numpy

    import minigen

    generator = numpy.random.default_rng(0)
    batch_last = generator.standard_normal((*shape[1:], shape[0]), "float32")
    x = minigen.Tensor(batch_last.transpose(3, 0, 1, 2), requires_grad=True)
    weight, bias = (minigen.Tensor(numpy.ones(shape[1], "float32"), requires_grad=True) for _ in range(2))
    gradient = apply(name, minigen.ops, x, weight, bias).data.copy("K")

    def step() -> None:
        x.grad = weight.grad = bias.grad = None
        apply(name, minigen.ops, x, weight, bias).backward(gradient)

    return step


def torch_side(name: str, shape: tuple[int, int, int, int], channels_last: bool) -> Step:
    import torch

    layout = torch.channels_last if channels_last else torch.contiguous_format
    x = torch.randn(shape).contiguous(memory_format=layout).requires_grad_()
    weight, bias = (torch.ones(shape[1], requires_grad=True) for _ in range(2))
    gradient = apply(name, torch.nn.functional, x, weight, bias).detach().clone()

    def step() -> None:
        x.grad = weight.grad = bias.grad = None
        apply(name, torch.nn.functional, x, weight, bias).backward(gradient)

    return step


if __name__ == "__main__":
    argparse.ArgumentParser(prog="python -m tests.benchmarks.pooling", description=__doc__.split(".")[0]).parse_args()
    summarize(
        [
            compare(
                f"{name} {' × '.join(map(str, shape))}",
                partial(minigen_side, name, shape),
                partial(torch_side, name, shape, True),
                partial(torch_side, name, shape, False),
            )
            for name in NAMES
            for shape in SHAPES
        ]
    )

"""One recorded operation, forward + backward, beside PyTorch's: python -m tests.benchmarks.operation

A step is a chain of 1,000 operations on 4 numbers, so that arithmetic costs next to nothing and a step's
milliseconds are an operation's microseconds.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial
from typing import Any

from tests.benchmarks.side_by_side import Step, compare, summarize

OPERATIONS: dict[str, Callable[[Any], Any]] = {
    "x + 1": lambda x: x + 1.0,
    "x * x": lambda x: x * x,
    "x.tanh()": lambda x: x.tanh(),
    "x.relu()": lambda x: x.relu(),
    "x.t()": lambda x: x.t(),
}


def chain(x: Any, name: str) -> Step:
    operation = OPERATIONS[name]

    def step() -> None:
        x.grad = None
        y = x
        for _ in range(1000):
            y = operation(y)
        y.sum().backward()

    return step


def minigen_side(name: str) -> Step:
    import minigen

    return chain(minigen.tensor([[0.0, 0.0], [0.0, 0.0]], requires_grad=True), name)


def torch_side(name: str) -> Step:
    import torch

    return chain(torch.zeros(2, 2, requires_grad=True), name)


if __name__ == "__main__":
    argparse.ArgumentParser(prog="python -m tests.benchmarks.operation", description=__doc__.split(":")[0]).parse_args()
    print("milliseconds per 1,000 operations: microseconds per operation")
    summarize([compare(name, partial(minigen_side, name), partial(torch_side, name)) for name in OPERATIONS])

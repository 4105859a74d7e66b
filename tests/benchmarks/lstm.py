"""The LSTM, forward + backward to all parameters, beside torch.nn.LSTM: python -m tests.benchmarks.lstm

Batch 128, 28 steps of 28 features (the rows of an MNIST digit), float32. The aim: 1.5 at 64 and 128 units,
1.25 at 256.
"""

from __future__ import annotations

import argparse
from functools import partial

from tests.benchmarks.side_by_side import Step, compare, summarize

BATCH, STEPS, FEATURES = 128, 28, 28


def minigen_side(hidden: int) -> Step:
    import numpy as np

    from minigen import Tensor, nn

    lstm = nn.LSTM(FEATURES, hidden)
    generator = np.random.default_rng(0)
    # Batch-last in memory, as the loader gives images and the next layer gives gradients.
    x = Tensor(generator.standard_normal((STEPS, FEATURES, BATCH), dtype="float32").transpose(2, 0, 1))
    g = Tensor(generator.standard_normal((STEPS, hidden, BATCH), dtype="float32").transpose(2, 0, 1))

    def step() -> None:
        lstm.zero_grad()
        outputs, _ = lstm(x)
        outputs.backward(g)

    return step


def torch_side(hidden: int) -> Step:
    import torch

    lstm = torch.nn.LSTM(FEATURES, hidden, batch_first=True)
    x = torch.randn(BATCH, STEPS, FEATURES)
    g = torch.randn(BATCH, STEPS, hidden)

    def step() -> None:
        lstm.zero_grad()
        outputs, _ = lstm(x)
        outputs.backward(g)

    return step


if __name__ == "__main__":
    argparse.ArgumentParser(prog="python -m tests.benchmarks.lstm", description=__doc__.split(":")[0]).parse_args()
    summarize([compare(f"LSTM, H {h}", partial(minigen_side, h), partial(torch_side, h)) for h in (64, 128, 256)])

"""A small trained classifier of digits, which judges generators: its weights come with minigen.

A judge must be the same everywhere, or its numbers cannot be compared: so it is not trained on demand, its
weights lie here (float16, 220 kB). `build.py` made them from all of MNIST; 98.8 % of the test digits are right.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from safetensors.numpy import load

from minigen import files, nn, rng
from minigen.autograd import Tensor

WEIGHTS = Path(__file__).parent / "weights.safetensors"
FEATURES = 64


class DigitClassifier(nn.Module):
    """(N, 1, 28, 28) in [0, 1] -> logits of the ten digits (N, 10); the 64 numbers before them are the features."""

    def __init__(self) -> None:
        self.features = nn.Sequential(
            nn.Conv2d(1, 16, 4, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(16, 32, 4, stride=2, padding=1),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(32 * 7 * 7, FEATURES),
            nn.ReLU(),
        )
        self.classes = nn.Linear(FEATURES, 10)

    def forward(self, x: Tensor) -> Tensor:
        """x: (N, 1, 28, 28)"""
        return self.classes(self.features(x))

    @classmethod
    def trained(cls, device: str = "cpu") -> DigitClassifier:
        """With the weights that come with minigen."""
        with rng.stream(0):  # its first weights are replaced: they shall not disturb anyone's draws
            model = cls()
        model.load_state_dict(
            {name: array.astype(np.float32) for name, array in load(files.read(WEIGHTS, 2**20)).items()}
        )
        model.to(device)
        return model

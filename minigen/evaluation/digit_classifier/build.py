"""Train the judge and write its weights: `python -m minigen.evaluation.digit_classifier.build FOLDER_OF_MNIST`.

Six epochs over the 60,000 training digits, about two minutes on one core; prints the test accuracy.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from safetensors.numpy import save

from minigen import files, ops, optim, rng
from minigen.autograd import Tensor
from minigen.data import Loader, Split, load
from minigen.evaluation.digit_classifier import WEIGHTS, DigitClassifier
from minigen.memory import keep_freed_memory
from minigen.models.classification import accuracy

EPOCHS, BATCH_SIZE, SEED = 6, 128, 0


def train(split: Split) -> DigitClassifier:
    """Cross-entropy, Adam 2e-3 on half a cosine."""
    rng.manual_seed(SEED)
    model = DigitClassifier()
    adam = optim.Adam(model.parameters())
    loader = Loader(split, BATCH_SIZE, SEED)
    for epoch in range(EPOCHS):
        for position, batch in enumerate(loader.epoch(epoch)):
            step = epoch * len(loader) + position
            adam.lr = 2e-3 * optim.warmup_cosine(step, 0, EPOCHS * len(loader))
            adam.zero_grad()
            ops.cross_entropy(model(Tensor(batch.inputs)), batch.labels).backward()
            adam.step()
    return model


def main(folder: str) -> None:
    """Train, write float16 weights, and say how good the model is that these give."""
    keep_freed_memory()
    data = load("mnist", folder)
    model = train(data.train)
    files.replace_file(WEIGHTS, save({name: x.astype(np.float16) for name, x in model.state_dict().items()}))
    right = accuracy(DigitClassifier.trained(), data.test)
    print(f"test accuracy {right:.4f}, wrote {Path(WEIGHTS)}")  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1])

"""Exported weights go into a PyTorch module of the same layers, and the module computes the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

import torch
from safetensors.torch import load_file
from small_runs import small_run
from torch import nn

import minigen
from minigen.data import load

DCGAN = nn.Sequential(
    nn.Linear(100, 64 * 7 * 7, bias=False),
    nn.Unflatten(1, (64, 7, 7)),
    nn.BatchNorm2d(64),
    nn.ReLU(),
    nn.ConvTranspose2d(64, 32, 4, stride=2, padding=1, bias=False),
    nn.BatchNorm2d(32),
    nn.ReLU(),
    nn.ConvTranspose2d(32, 1, 4, stride=2, padding=1),
    nn.Tanh(),
)
"""The generator as a PyTorch user writes it."""


def test_dense_layers_compute_the_same_in_torch(tmp_path: Path) -> None:
    trained = minigen.load(small_run(tmp_path / "run", "ae"))
    module = nn.Module()
    module.encoder = nn.Sequential(nn.Flatten(), nn.Linear(784, 12), nn.ReLU(), nn.Linear(12, 3))
    module.decoder = nn.Sequential(nn.Linear(3, 12), nn.ReLU(), nn.Linear(12, 784))
    module.load_state_dict(load_file(trained.export(tmp_path / "ae.safetensors")), strict=True)
    digits = load("mnist5k").test.inputs[:10].astype(np.float32) / 255
    with torch.no_grad():
        theirs = torch.sigmoid(module.decoder(module.encoder(torch.from_numpy(digits)))).numpy()
    np.testing.assert_allclose(trained.reconstruct(digits).reshape(10, 784), theirs, atol=1e-5)


def test_convolutions_and_running_statistics_compute_the_same_in_torch(tmp_path: Path) -> None:
    trained = minigen.load(small_run(tmp_path / "run", "dcgan", epochs=1))
    weights = load_file(trained.export(tmp_path / "dcgan.safetensors"))
    own = {name.removeprefix("generator."): w for name, w in weights.items() if name.startswith("generator.")}
    DCGAN.load_state_dict(own, strict=True)
    DCGAN.eval()
    with torch.no_grad():
        theirs = DCGAN(torch.from_numpy(trained.noise(4))).numpy()
    np.testing.assert_allclose(trained.sample(4), theirs * 0.5 + 0.5, atol=1e-5)


def test_an_lstm_computes_the_same_in_torch(tmp_path: Path) -> None:
    trained = minigen.load(small_run(tmp_path / "run", "recurrent-ae", data="waves"))
    weights = load_file(trained.export(tmp_path / "rae.safetensors"))
    own = {name.removeprefix("encoder."): w for name, w in weights.items() if name.startswith("encoder.")}
    x = load("waves").test.inputs[:4]
    standardised = (torch.from_numpy(x) - weights["mean"]) / weights["deviation"]
    names = sorted(own)
    lstm = nn.LSTM(1, 12, batch_first=True)
    assert set(names) <= {name for name, _ in lstm.named_parameters()}, names
    lstm.load_state_dict(own, strict=True)
    with torch.no_grad():
        _, (h, _) = lstm(standardised)
        codes = torch.nn.functional.linear(h[0], weights["code.weight"], weights["code.bias"]).numpy()
    np.testing.assert_allclose(trained.encode(x), codes, atol=1e-5)

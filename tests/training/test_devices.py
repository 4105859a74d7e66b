"""--device gpu from end to end, on the stand-in where there is no GPU: runs and models move between the devices."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minigen
from minigen.backend import to_device
from minigen.data import Dataset, loader
from minigen.train import main
from minigen.training import checkpoint
from minigen.training.report import opening

RUN = ["vae", "--smoke", "--hidden", "8", "--latent", "3"]
pytestmark = pytest.mark.usefixtures("second_device")


def weights(folder: Path) -> dict[str, np.ndarray]:
    arrays, _ = checkpoint.read(folder / "last.safetensors")
    return {name: array for name, array in arrays.items() if name.startswith(("model.", "optimizer."))}


@pytest.mark.parametrize(("first", "second"), [("cpu", "gpu"), ("gpu", "cpu")])
def test_a_run_goes_on_where_another_device_left_it(first: str, second: str, tmp_path: Path) -> None:
    assert main([*RUN, "--epochs", "1", "--device", first, "--out", str(tmp_path)]) == 0
    before = weights(tmp_path)
    resume = ["vae", "--smoke", "--resume", "--epochs", "2", "--device", second, "--out", str(tmp_path)]
    assert main(resume) == 0
    after = weights(tmp_path)
    assert before.keys() == after.keys()
    assert any((before[name] != after[name]).any() for name in before)


def test_a_stopped_gpu_run_ends_with_the_bits_of_one_never_stopped(tmp_path: Path) -> None:
    assert main([*RUN, "--epochs", "2", "--device", "gpu", "--out", str(tmp_path / "whole")]) == 0
    assert main([*RUN, "--epochs", "1", "--device", "gpu", "--out", str(tmp_path / "parts")]) == 0
    assert main(["vae", "--smoke", "--resume", "--epochs", "2", "--out", str(tmp_path / "parts")]) == 0
    whole, parts = weights(tmp_path / "whole"), weights(tmp_path / "parts")
    for name, array in whole.items():
        np.testing.assert_array_equal(array, parts[name])


def test_the_opening_moves_no_data_to_the_gpu_again(
    make_trainer: Any, digits: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainer, moved = make_trainer(device="gpu"), list[int]()
    monkeypatch.setattr(
        loader, "to_device", lambda array, device: (moved.append(len(array)), to_device(array, device))[1]
    )
    opening(trainer, digits)
    assert max(moved) == 2


def test_a_model_trained_on_one_device_is_used_on_the_other(tmp_path: Path) -> None:
    assert main([*RUN, "--device", "gpu", "--out", str(tmp_path)]) == 0
    images = [minigen.load(tmp_path, device=device).sample(4, seed=1) for device in ("cpu", "gpu")]
    np.testing.assert_allclose(*images, atol=1e-5)

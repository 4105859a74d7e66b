"""The recurrent autoencoder: order of the steps, lengths, refusals, the user's own file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import to_numpy, to_tensor

import minigen
from minigen import Tensor
from minigen.data import Loader, Split
from minigen.models.recurrent_ae import RecurrentAEConfig, RecurrentAutoencoder
from minigen.train import main


def model_of(shape: tuple[int, int] = (6, 2), device: str = "cpu", **options: Any) -> RecurrentAutoencoder:
    minigen.manual_seed(0)
    config = RecurrentAEConfig(hidden=5, latent=3, device=device, **{"clock": False, **options})
    model = RecurrentAutoencoder(config, shape, 1)
    model.to(device)
    return model


def batch_of(lengths: list[int] | None, device: str, beyond: float = 0.0) -> Any:
    inputs = np.random.default_rng(0).random((4, 6, 2)).astype(np.float32)
    if lengths is not None:
        inputs = np.where(np.arange(6)[:, None] < np.array(lengths)[:, None, None], inputs, np.float32(beyond))
    split = Split(inputs, np.zeros(4, np.int64), None if lengths is None else np.array(lengths))
    return Loader(split, 4, 0, device, shuffle=False).first(4)


@pytest.mark.parametrize("reversed_target", [False, True])
def test_the_error_of_a_batch_is_that_of_the_reconstruction(device: str, reversed_target: bool) -> None:
    model = model_of(device=device, reversed_target=reversed_target)
    model.eval()
    batch = batch_of(None, device)
    decoded = to_numpy(model.reconstruct(Tensor(batch.inputs)))
    expected = ((decoded - to_numpy(batch.inputs)) ** 2).mean((1, 2))
    np.testing.assert_allclose(to_numpy(model.squared_errors(batch)), expected, rtol=1e-5)


@pytest.mark.parametrize("reversed_target", [False, True])
def test_a_short_sequence_has_the_error_that_it_has_alone(device: str, reversed_target: bool) -> None:
    model = model_of(device=device, reversed_target=reversed_target)
    together = to_numpy(model.squared_errors(batch_of([6, 3, 1, 4], device)))
    alone = model_of((3, 2), device, reversed_target=reversed_target)
    whole = batch_of(None, device).inputs
    part = Loader(Split(to_numpy(whole)[1:2, :3], np.zeros(1, np.int64)), 1, 0, device).first(1)
    np.testing.assert_allclose(to_numpy(alone.squared_errors(part))[0], together[1], rtol=1e-5)


@pytest.mark.parametrize("reversed_target", [False, True])
def test_a_short_sequence_is_reconstructed_as_it_is_alone(device: str, reversed_target: bool) -> None:
    batch = batch_of([6, 3, 1, 4], device, beyond=7.0)
    x, lengths = to_numpy(batch.inputs), [6, 3, 1, 4]
    together = to_numpy(
        model_of(device=device, reversed_target=reversed_target).reconstruct(Tensor(batch.inputs), batch.lengths)
    )
    for each, (shown, length) in enumerate(zip(together, lengths, strict=True)):
        alone = model_of((length, 2), device, reversed_target=reversed_target)
        expected = alone.reconstruct(to_tensor(x[each : each + 1, :length], device))
        np.testing.assert_allclose(shown[:length], to_numpy(expected)[0], rtol=1e-5)
        assert (shown[length:] == 0).all()


def test_what_lies_beyond_the_end_has_no_influence(device: str) -> None:
    model = model_of(device=device, clock=True)
    errors = [to_numpy(model.squared_errors(batch_of([6, 3, 1, 4], device, beyond))) for beyond in (0.0, 7.0)]
    np.testing.assert_array_equal(*errors)


def test_a_standardised_model_reads_its_training_data_in_any_units(device: str) -> None:
    generator = np.random.default_rng(0)
    x, lengths = generator.random((4, 6, 2)).astype(np.float32), np.array([6, 3, 1, 4])
    x[:, :, 1] = 0.5  # a constant variable
    codes = []
    for scale, shift in ((1, 0), (0.05, 0.4)):
        split = Split(x * np.float32(scale) + np.float32(shift), np.zeros(4, np.int64), lengths)
        model = model_of(device=device)
        model.prepare(split)
        batch = Loader(split, 4, 0, device, shuffle=False).first(4)
        codes.append(to_numpy(model.encode(Tensor(batch.inputs), batch.lengths)))
    np.testing.assert_allclose(*codes, atol=1e-5)
    steps = x[np.arange(6) < lengths[:, None]] * 0.05 + 0.4
    np.testing.assert_allclose(to_numpy(Tensor(model.mean)), steps.mean(0), rtol=1e-5)
    np.testing.assert_allclose(to_numpy(Tensor(model.deviation)), [steps.std(0)[0], 1], rtol=1e-5)


def test_the_mean_of_many_sequences_is_not_rounded_away() -> None:
    inputs = np.full((100_000, 6, 2), 0.22, np.float32)
    inputs[::2] -= np.float32(0.1)
    model = model_of()
    model.prepare(Split(inputs, np.zeros(len(inputs), np.int64)))
    np.testing.assert_allclose(to_numpy(Tensor(model.mean)), [0.17, 0.17], rtol=1e-5)
    np.testing.assert_allclose(to_numpy(Tensor(model.deviation)), [0.05, 0.05], rtol=1e-5)


def test_a_file_of_the_users_own_is_trained_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    time = np.linspace(0, 6, 20)
    np.savetxt(tmp_path / "own.csv", [np.sin(time + shift) for shift in range(30)], delimiter=",")
    words = ["recurrent-ae", "--data-file", str(tmp_path / "own.csv"), "--epochs", "1", "--hidden", "4"]
    assert main([*words, "--out", str(tmp_path / "run")]) == 0
    assert " 3 test" in capsys.readouterr().out
    assert (tmp_path / "run" / "series.png").exists()


@pytest.mark.parametrize(
    ("text", "complaint"),
    [("1,2\n3\n", "ragged"), ("1,x\n2,3\n", "'x' is not a number"), ("1,nan\n2,3\n", "a value is missing")],
)
def test_a_bad_file_is_one_line(text: str, complaint: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "own.csv").write_text(text)
    assert main(["recurrent-ae", "--data-file", str(tmp_path / "own.csv"), "--out", str(tmp_path / "run")]) == 2
    error = capsys.readouterr().err
    assert complaint in error
    assert error.count("\n") == 1

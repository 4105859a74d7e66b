"""--corrupt: what it does to inputs, when, and what it refuses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from minigen.models import MODELS, ConfigError
from minigen.models.corruption import CorruptionConfig, corrupted, parse

WITH_CORRUPTION = [name for name, model in MODELS.items() if issubclass(model.config_type, CorruptionConfig)]


def digits(dtype: str = "float32") -> Any:
    """Batch-last in memory, as the loader gives them."""
    return np.random.default_rng(0).uniform(0.1, 1, (1, 20, 20, 64)).astype(dtype).transpose(3, 0, 1, 2)


def test_every_autoencoder_and_vae_has_it() -> None:
    assert {"ae", "sae", "conv-ae", "recurrent-ae", "vae", "conv-vae"} <= set(WITH_CORRUPTION)


@pytest.mark.parametrize(
    ("text", "parsed"), [("none", ("none", 0)), ("gaussian:0.3", ("gaussian", 0.3)), ("mask:0", ("mask", 0))]
)
def test_the_three_forms_are_read(text: str, parsed: tuple[str, float]) -> None:
    assert parse(text) == parsed


@pytest.mark.parametrize(
    "text",
    [
        "",
        "gaussian",
        "gaussian:",
        "gaussian:-1",
        "gaussian:inf",
        "gaussian:nan",
        "mask:1",
        "mask:x",
        "salt:0.1",
        "none:1",
    ],
)
def test_other_words_are_refused_in_one_line(text: str) -> None:
    with pytest.raises(ConfigError, match=rf"--corrupt is '{text}', must be none, gaussian:STD"):
        MODELS["ae"].config_type(corrupt=text)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_gaussian_noise_has_the_given_deviation_and_no_bias(dtype: str) -> None:
    x = digits(dtype)
    noise = corrupted(x, "gaussian:0.3", training=True) - x
    assert noise.dtype == dtype
    assert abs(noise.mean()) < 0.01
    assert noise.std() == pytest.approx(0.3, rel=0.03)


def test_masking_zeroes_the_given_part_and_leaves_the_rest_as_it_is() -> None:
    x = digits()
    damaged = corrupted(x, "mask:0.3", training=True)
    assert (damaged == 0).mean() == pytest.approx(0.3, abs=0.02)
    assert np.array_equal(damaged[damaged != 0], x[damaged != 0])


@pytest.mark.parametrize("how", ["gaussian:0.3", "mask:0.3"])
def test_damage_is_drawn_anew_keeps_the_layout_and_the_original(how: str) -> None:
    x = digits()
    before = x.copy()
    first, second = (corrupted(x, how, training=True) for _ in range(2))
    assert not np.array_equal(first, second)
    assert first.strides == x.strides
    assert np.array_equal(x, before)


@pytest.mark.parametrize("how", ["none", "gaussian:0.3", "mask:0.3", "gaussian:0"])
def test_nothing_is_damaged_in_evaluation(how: str) -> None:
    x = digits()
    assert corrupted(x, how, training=False) is x

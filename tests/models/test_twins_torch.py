"""Each model beside its PyTorch twin: up to 50 training steps from the same weights, on the same batches and noise,
and then an evaluation.
"""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")

import torch
from twins import all_cases, twin_type
from twins.corruption import corrupted
from twins.side_by_side import Case, Noise, OwnNoise, train_both

from minigen import rng
from minigen.models import MODELS


@pytest.mark.parametrize("model", MODELS)
def test_every_model_has_a_twin(model: str) -> None:
    assert model in {case.model for case in all_cases()}, (
        f"tests/twins/ has no CASES of {model}: write it in PyTorch too"
    )


@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-9), ("float32", 1e-4)])
@pytest.mark.parametrize("case", all_cases(), ids=lambda case: case.id)
def test_trains_as_its_twin(case: Case, dtype: str, tolerance: float, device: str) -> None:
    ours, theirs = train_both(case, dtype, device)
    assert len(ours.updates) == len(theirs.updates) >= case.steps
    for update, (own, other) in enumerate(zip(ours.updates, theirs.updates, strict=True)):
        require_equal(own, other, tolerance, f"update {update}")
    first, last = (next(iter(update.values())) for update in (ours.updates[0], ours.updates[-1]))
    assert last != first, "nothing was learned"
    require_equal(ours.evaluation, theirs.evaluation, tolerance, "the evaluation")


def require_equal(own: dict[str, float], other: dict[str, float], tolerance: float, where: str) -> None:
    """Terms in the same order, and equal in proportion to the first, or to themselves where they are larger."""
    assert list(own) == list(other), where
    loss = abs(next(iter(other.values())))
    for name, value in other.items():
        assert abs(own[name] - value) <= tolerance * max(loss, abs(value)), f"{name} of {where}"


def test_recorded_noise_is_drawn_again_in_its_kind_and_order() -> None:
    noise = Noise(0)
    with noise.given_to_minigen():
        mask, normal = rng.uniform((2, 3), "float64", "cpu"), rng.standard_normal((2, 3), "float64", "cpu")
    np.testing.assert_array_equal(noise.uniform(2, 3), mask)
    np.testing.assert_array_equal(noise.normal(2, 3), normal)


def test_a_twin_that_draws_another_kind_another_shape_or_more_fails() -> None:
    noise = Noise(0)
    with noise.given_to_minigen():
        for _ in range(2):
            rng.uniform((2, 3), "float64", "cpu")
    with pytest.raises(AssertionError, match=r"draws normal \(2, 3\), minigen uniform"):
        noise.normal(2, 3)
    with pytest.raises(AssertionError, match=r"draws uniform \(2, 4\), minigen uniform"):
        noise.uniform(2, 4)
    with pytest.raises(AssertionError, match="where minigen drew none"):
        noise.uniform(2, 3)


@pytest.mark.parametrize("part", [0.3, 0.5])
def test_a_twin_on_its_own_masks_the_given_part_in_training_only(part: float) -> None:
    x = torch.ones(100, 10, 10)
    masked = corrupted(x, f"mask:{part}", True, OwnNoise(0))
    assert set(masked.unique().tolist()) == {0, 1}
    assert (masked == 0).float().mean().item() == pytest.approx(part, abs=0.02)
    assert corrupted(x, f"mask:{part}", False, OwnNoise(0)) is x


def test_what_torchs_lstm_cannot_do_is_refused() -> None:
    config = MODELS["recurrent-ae"].config_type(activation="relu")
    with pytest.raises(ValueError, match=r"the twin of recurrent-ae: activation is 'relu'"):
        twin_type("recurrent-ae")(config, (28, 28), 10, OwnNoise(0))

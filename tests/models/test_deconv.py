"""Image restoration: what is done to the images, what the net makes of them, and how it is measured."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from minigen import Tensor, no_grad, rng
from minigen.data import Batch
from minigen.models.deconv import Deconvolution, DeconvolutionConfig, Resampling, psnr

TASKS = [{"scale": 4}, {"scale": 2}, {"task": "denoise"}, {"task": "deblur"}]


def make(shape: tuple[int, ...] = (1, 8, 8), **options: Any) -> Deconvolution:
    rng.manual_seed(3)
    return Deconvolution(DeconvolutionConfig(**options), shape, 10)


def images(count: int, shape: tuple[int, ...] = (1, 8, 8)) -> Any:
    return np.random.default_rng(4).random((count, *shape), dtype=np.float32)


def batch_of(x: Any) -> Batch:
    return Batch(x, np.zeros(len(x), dtype=np.int64), None, np.arange(len(x)))


def test_deblur_spreads_a_point_as_a_gaussian() -> None:
    x = np.zeros((1, 1, 33, 33), dtype=np.float32)
    x[0, 0, 16, 16] = 1
    blurred = make((1, 33, 33), task="deblur", blur=2.0).damage(Tensor(x)).data[0, 0]
    d = np.arange(33) - 16
    expected = np.exp(-(d[:, None] ** 2 + d**2) / (2 * 2.0**2))
    np.testing.assert_allclose(blurred, expected / expected.sum(), rtol=1e-5, atol=1e-7)


def test_a_resampling_is_a_matrix_for_the_rows_and_one_for_the_columns() -> None:
    generator = np.random.default_rng(0)
    rows, columns = generator.random((3, 8)), generator.random((5, 12))
    x = images(4, (2, 8, 12))
    for array in (x, np.asfortranarray(x)):
        y = Resampling(rows, columns)(Tensor(array)).data
        np.testing.assert_allclose(y, np.einsum("hH,wW,ncHW->nchw", rows, columns, x), rtol=1e-5)


def test_resampling_is_saved_and_moved_but_not_trained() -> None:
    model = make()
    assert {"averaging.rows", "averaging.columns", "bicubic.rows", "bicubic.columns"} < model.state_dict().keys()
    assert all(name.startswith("net.") for name, _ in model.named_parameters())
    model.to(dtype="float64")
    assert model.damage(Tensor(images(1).astype(np.float64))).dtype == np.float64


def test_psnr_is_in_decibels_and_averaged_over_images() -> None:
    truth = np.full((2, 1, 4, 4), 0.5)
    x = truth + np.array([0.1, 0.01]).reshape(2, 1, 1, 1)
    assert psnr(Tensor(x), Tensor(truth)).item() == pytest.approx((20 + 40) / 2)
    assert psnr(Tensor(truth), Tensor(truth)).item() == 100


@pytest.mark.parametrize("options", TASKS, ids=str)
def test_learns_to_do_better_than_no_net(options: dict[str, Any]) -> None:
    """On straight edges, which small pixels and blur soften and noise frays."""
    rows, columns = np.indices((16, 16))
    x = np.stack([rows + columns > place for place in (9, 12, 15, 18, 21)])[:, None].astype(np.float32)
    model, batch = make((1, 16, 16), lr=3e-3, **options), batch_of(x)
    (objective,) = model.objectives()
    for _ in range(150):
        objective.optimizer.zero_grad()
        objective.loss(batch).value.backward()
        objective.optimizer.step()
    with no_grad():
        _, own, other = (term.item() for term in model.evaluate(batch).terms.values())
    assert own > other + 1

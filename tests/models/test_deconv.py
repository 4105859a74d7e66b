"""Image restoration: what is done to the images, what the net makes of them, and how it is measured."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from minigen import Tensor, no_grad, random
from minigen.data import Batch
from minigen.models import ConfigError
from minigen.models.deconv import Deconvolution, DeconvolutionConfig, Resampling, psnr

TASKS = [{"scale": 4}, {"scale": 2}, {"task": "denoise"}, {"task": "deblur"}]


def make(shape: tuple[int, ...] = (1, 8, 8), **options: Any) -> Deconvolution:
    random.manual_seed(3)
    return Deconvolution(DeconvolutionConfig(**options), shape, 10)


def images(count: int, shape: tuple[int, ...] = (1, 8, 8)) -> Any:
    return np.random.default_rng(4).random((count, *shape), dtype=np.float32)


def batch_of(x: Any) -> Batch:
    return Batch(x, np.zeros(len(x), dtype=np.int64), None, np.arange(len(x)))


@pytest.mark.parametrize("options", TASKS, ids=str)
@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 32, 32), (3, 64, 64), (2, 8, 12)], ids=str)
def test_restores_images_of_their_own_size(shape: tuple[int, ...], options: dict[str, Any]) -> None:
    model, x = make(shape, **options), Tensor(images(2, shape))
    scale = options.get("scale", 1)
    with no_grad():
        damaged = model.damage(x)
        assert damaged.shape == (2, shape[0], shape[1] // scale, shape[2] // scale)
        _, other = model.without_net(damaged)
        for result in (model.restore(damaged), other):
            assert result.shape == x.shape
            assert 0 <= result.data.min() <= result.data.max() <= 1


def test_superres_sees_the_mean_of_each_square() -> None:
    x = images(3, (2, 8, 12))
    expected = x.reshape(3, 2, 2, 4, 3, 4).mean(axis=(3, 5))
    np.testing.assert_allclose(make((2, 8, 12)).damage(Tensor(x)).data, expected, rtol=1e-6)


def test_denoise_adds_noise_of_the_asked_size_anew_each_time() -> None:
    model, x = make((1, 32, 32), task="denoise", noise=0.2), Tensor(images(20, (1, 32, 32)))
    first, second = (model.damage(x).data - x.data for _ in range(2))
    assert first.std() == pytest.approx(0.2, rel=0.03)
    assert abs(np.corrcoef(first.ravel(), second.ravel())[0, 1]) < 0.03


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


@pytest.mark.parametrize(("options", "name"), [({}, "bicubic"), ({"task": "deblur"}, "identity")])
def test_stands_beside_what_needs_no_net(options: dict[str, Any], name: str) -> None:
    model, x = make(**options), images(5)
    with no_grad():
        terms = model.evaluate(batch_of(x)).terms
        restored = model.restore(model.damage(Tensor(x))).data
    assert list(terms) == ["mse", "psnr", f"{name}_psnr"]
    assert terms["mse"].item() == pytest.approx(((restored - x) ** 2).mean(), rel=1e-6)
    each = [-10 * math.log10(((a - b) ** 2).mean()) for a, b in zip(restored, x, strict=True)]
    assert terms["psnr"].item() == pytest.approx(np.mean(each), rel=1e-5)


@pytest.mark.parametrize(
    ("shape", "options", "message"),
    [
        ((1, 30, 28), {}, "--data mnist5k holds images of 30 × 28, deconv needs multiples of 4"),
        ((1, 8, 8), {"scale": 3}, "--scale is 3, must be one of 2, 4"),
        ((1, 8, 8), {"task": "denoise", "noise": 0.0}, "--noise is 0.0, must be above 0"),
        ((28, 28), {}, "holds sequences"),
    ],
)
def test_refuses_what_cannot_be(shape: tuple[int, ...], options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        make(shape, **options)


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

"""The dense VAE against its formulas, written once more in NumPy; test_twins_torch.py has it beside PyTorch."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from minigen import Tensor, rng
from minigen.data import Batch
from minigen.models.vae import VAE, VAEConfig

SHAPE = (1, 4, 3)


def make(dtype: str = "float64", shape: tuple[int, ...] = SHAPE, **options: Any) -> VAE:
    rng.manual_seed(3)
    model = VAE(VAEConfig(**({"hidden": 7, "latent": 2} | options)), shape, 10)
    model.to(dtype=dtype)
    return model


def images(n: int, shape: tuple[int, ...] = SHAPE, dtype: str = "float64") -> Batch:
    x = np.random.default_rng(4).random((n, *shape)).astype(dtype)
    return Batch(x, np.zeros(n, dtype=np.int64), None, np.arange(n))


def by_hand(model: VAE, x: Any, noise: Any) -> tuple[float, float]:
    """-ln p(x|z) and the KL divergence of one image after the other, as the textbook has them."""
    w = model.state_dict()

    def dense(name: str, v: Any) -> Any:
        return w[f"{name}.weight"] @ v + w[f"{name}.bias"]

    reconstruction = kl = 0.0
    for image, epsilon in zip(x, noise, strict=True):
        pixels = image.reshape(-1)
        hidden = np.maximum(dense("encoder.1", pixels), 0)
        mean, variance = dense("mean", hidden), np.exp(dense("log_var", hidden))
        z = mean + np.sqrt(variance) * epsilon
        hidden = np.maximum(dense("decoder.0", z), 0)
        p = 1 / (1 + np.exp(-dense("pixel", hidden)))
        if model.config.likelihood == "bernoulli":
            reconstruction -= np.sum(pixels * np.log(p) + (1 - pixels) * np.log(1 - p))
        else:
            v = np.exp(np.clip(dense("pixel_log_var", hidden), -6, 6))
            reconstruction -= np.sum(np.log(np.exp(-((pixels - p) ** 2) / (2 * v)) / np.sqrt(2 * np.pi * v)))
        kl += np.sum((variance + mean**2 - 1 - np.log(variance)) / 2)
    return reconstruction / len(x), kl / len(x)


@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
def test_the_elbo_is_the_textbooks_summed_over_pixels_and_averaged_over_images(likelihood: str) -> None:
    model, batch = make(likelihood=likelihood), images(5)
    rng.manual_seed(8)
    terms = model.loss(batch).terms
    rng.manual_seed(8)
    reconstruction, kl = by_hand(model, batch.inputs, rng.standard_normal((5, 2), "float64", "cpu"))
    assert terms["reconstruction"].item() == pytest.approx(reconstruction, rel=1e-12)
    assert terms["kl"].item() == pytest.approx(kl, rel=1e-12)
    assert terms["loss"].item() == pytest.approx(reconstruction + kl, rel=1e-12)


@pytest.mark.parametrize("beta", [0.0, 0.5, 4.0])
def test_beta_weighs_the_kl_term_in_training_and_not_in_evaluation(beta: float) -> None:
    model, batch = make(beta=beta), images(3)
    trained, evaluated = model.loss(batch).terms, model.evaluate(batch).terms
    assert trained["loss"].item() == pytest.approx(trained["reconstruction"].item() + beta * trained["kl"].item())
    assert list(evaluated) == ["negative_elbo", "reconstruction", "kl"]
    assert evaluated["negative_elbo"].item() == pytest.approx(
        evaluated["reconstruction"].item() + evaluated["kl"].item()
    )
    assert evaluated["kl"].item() == pytest.approx(trained["kl"].item())


@pytest.mark.parametrize("bias", [-1e4, 1e4])
def test_a_gaussian_pixel_is_never_surer_than_its_bound(bias: float) -> None:
    model = VAE(VAEConfig(hidden=7, latent=2, likelihood="gaussian"), (1, 4, 3), 10).to(dtype="float64")
    model.pixel_log_var.bias.data[...] = bias
    model.pixel_log_var.weight.data[...] = 0
    x = np.random.default_rng(4).random((3, 1, 4, 3))
    loss = model.negative_log_likelihood(Tensor(x), Tensor(np.zeros((3, 2)))).item()
    assert math.isfinite(loss)
    per_pixel = 0.5 * math.log(2 * math.pi) + math.copysign(3.0, bias)
    assert loss >= 12 * per_pixel

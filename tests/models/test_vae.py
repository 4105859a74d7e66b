"""The dense VAE against its formulas, written once more in NumPy; test_twins_torch.py has it beside PyTorch."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from minigen import Tensor, no_grad, random
from minigen.data import Batch
from minigen.models.vae import VAE, VAEConfig

SHAPE = (1, 4, 3)


def make(dtype: str = "float64", shape: tuple[int, ...] = SHAPE, **options: Any) -> VAE:
    random.manual_seed(3)
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
    random.manual_seed(8)
    terms = model.loss(batch).terms
    random.manual_seed(8)
    reconstruction, kl = by_hand(model, batch.inputs, random.standard_normal((5, 2), "float64", "cpu"))
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


def test_the_kl_term_is_zero_where_the_posterior_is_the_prior() -> None:
    model = make()
    for name in ("mean", "log_var"):
        for parameter in getattr(model, name).parameters():
            parameter.data[...] = 0
    assert model.loss(images(3)).terms["kl"].item() == 0


def test_codes_spread_with_sigma_and_not_with_its_square(monkeypatch: pytest.MonkeyPatch) -> None:
    model, seen = make(), []
    for parameter in model.parameters():
        parameter.data[...] = 0
    model.log_var.bias.data[...] = math.log(9.0)
    model.mean.bias.data[...] = 5.0
    decoder = model.decoder.forward
    monkeypatch.setattr(model.decoder, "forward", lambda z: (seen.append(z.data), decoder(z))[1])
    model.loss(images(4000))
    assert seen[0].mean() == pytest.approx(5, abs=0.15)
    assert seen[0].std() == pytest.approx(3, abs=0.15)


@pytest.mark.parametrize("bias", [-1e4, 1e4])
def test_a_gaussian_pixel_is_never_surer_than_its_bound(bias: float) -> None:
    model = make(likelihood="gaussian")
    model.pixel_log_var.bias.data[...] = bias
    model.pixel_log_var.weight.data[...] = 0
    loss = model.negative_log_likelihood(Tensor(images(3).inputs), Tensor(np.zeros((3, 2)))).item()
    assert math.isfinite(loss)
    per_pixel = 0.5 * math.log(2 * math.pi) + math.copysign(3.0, bias)
    assert loss >= 12 * per_pixel


@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 5, 4)])
def test_shapes_ranges_and_dtypes(likelihood: str, shape: tuple[int, ...]) -> None:
    model, x = make("float32", shape, likelihood=likelihood), Tensor(images(6, shape, "float32").inputs)
    with no_grad():
        mean, log_var = model.posterior(x)
        code, restored, sampled = model.encode(x), model.reconstruct(x), model.sample(Tensor(mean.data))
    assert mean.shape == log_var.shape == code.shape == (6, 2)
    np.testing.assert_array_equal(code.data, mean.data)
    np.testing.assert_array_equal(restored.data, sampled.data)
    for result in (code, restored, sampled):
        assert str(result.dtype) == "float32"
    assert restored.shape == x.shape
    assert 0 < restored.data.min() < restored.data.max() < 1


def test_a_batch_of_one_and_gradients_to_every_parameter() -> None:
    for likelihood in ("bernoulli", "gaussian"):
        model = make(likelihood=likelihood)
        model.loss(images(1)).value.backward()
        for name, parameter in model.named_parameters():
            assert parameter.grad is not None, name
            assert np.abs(parameter.grad.data).sum() > 0, name


def test_weights_have_the_names_and_shapes_of_a_torch_module() -> None:
    assert {name: array.shape for name, array in make(likelihood="gaussian").state_dict().items()} == {
        "encoder.1.weight": (7, 12),
        "encoder.1.bias": (7,),
        "mean.weight": (2, 7),
        "mean.bias": (2,),
        "log_var.weight": (2, 7),
        "log_var.bias": (2,),
        "decoder.0.weight": (7, 2),
        "decoder.0.bias": (7,),
        "pixel.weight": (12, 7),
        "pixel.bias": (12,),
        "pixel_log_var.weight": (12, 7),
        "pixel_log_var.bias": (12,),
    }


def test_corruption_damages_the_input_in_training_and_never_the_target(monkeypatch: pytest.MonkeyPatch) -> None:
    model, batch, encoded, compared = make(corrupt="mask:0.5"), images(400), [], []
    posterior, likelihood = model.posterior, model.negative_log_likelihood
    monkeypatch.setattr(model, "posterior", lambda x: (encoded.append(x.data), posterior(x))[1])
    monkeypatch.setattr(model, "negative_log_likelihood", lambda x, z: (compared.append(x.data), likelihood(x, z))[1])
    model.train()
    model.loss(batch)
    model.eval()
    model.evaluate(batch)
    assert 0.4 < (encoded[0] == 0).mean() < 0.6
    np.testing.assert_array_equal(encoded[0][encoded[0] != 0], batch.inputs[encoded[0] != 0])
    for untouched in (encoded[1], *compared):
        np.testing.assert_array_equal(untouched, batch.inputs)

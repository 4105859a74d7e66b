"""The convolutional autoencoder: a decoder that mirrors its encoder, and switches that go past the code."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from minigen import Tensor, no_grad, ops, random
from minigen.data import Batch
from minigen.models import ConfigError
from minigen.models.conv_ae import ConvAutoencoder, ConvAutoencoderConfig

SHAPES = [(1, 28, 28), (3, 32, 32), (3, 64, 64), (1, 6, 10)]


def make(shape: tuple[int, ...] = (1, 6, 10), **options: Any) -> ConvAutoencoder:
    random.manual_seed(3)
    model = ConvAutoencoder(ConvAutoencoderConfig(**({"latent": 5} | options)), shape, 10)
    model.to(dtype="float64")
    return model


def batch_of(count: int, shape: tuple[int, ...] = (1, 6, 10)) -> Batch:
    x = np.random.default_rng(4).random((count, *shape))
    return Batch(x, np.zeros(count, dtype=np.int64), None, np.arange(count))


@pytest.mark.parametrize("pooling", ["strided", "max"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_gives_an_image_of_the_same_shape_back(shape: tuple[int, ...], pooling: str) -> None:
    model, x = make(shape, pooling=pooling), Tensor(batch_of(2, shape).inputs)
    with no_grad():
        assert model.encode(x).shape == (2, 5)
        for images in (model.reconstruct(x), model.decode(model.encode(x))):
            assert images.shape == x.shape
            assert 0 <= images.data.min() <= images.data.max() <= 1


@pytest.mark.parametrize("pooling", ["strided", "max"])
def test_the_decoder_has_the_encoders_layers_the_other_way_round(pooling: str) -> None:
    model = make((3, 32, 32), pooling=pooling)
    way_in = [layer for layer in model.features if hasattr(layer, "weight")]
    way_out = [layer for layer in model.image if hasattr(layer, "weight")]
    for there, back in zip(way_in, reversed(way_out), strict=True):
        assert there.weight.shape == back.weight.shape
        assert there.stride == back.stride
    sizes = [layer.weight.shape[0] for layer in way_in], model.code[1].weight.shape
    assert sizes == ([32, 64], (5, 64 * 16 * 16)), "the document's"


def test_refuses_what_it_cannot_halve() -> None:
    with pytest.raises(ConfigError, match="--data mnist5k holds images of 7 × 10, conv-ae needs multiples of 2"):
        make((1, 7, 10))


def test_strided_reconstructs_from_the_code_alone() -> None:
    model, x = make(), Tensor(batch_of(3).inputs)
    np.testing.assert_array_equal(model.reconstruct(x).data, model.decode(model.encode(x)).data)
    assert list(model.evaluate(batch_of(3)).terms) == ["mse"]


def test_switches_carry_what_the_code_does_not() -> None:
    """Two images whose codes are made equal are told apart by their switches."""
    model, x = make(pooling="max"), Tensor(batch_of(2).inputs)
    _, switches = model.encode_with_switches(x)
    z = Tensor(np.ones((2, 5)))
    with_switches, alone = model.logits(z, switches).data, model.logits(z, None).data
    assert np.abs(with_switches[0] - with_switches[1]).max() > 1e-3
    np.testing.assert_array_equal(alone[0], alone[1])


def test_without_switches_a_maximum_may_have_come_from_anywhere() -> None:
    """decode is linear in the unpooled features up to the next relu: a quarter is the mean over the four places."""
    model = make(pooling="max")
    features = Tensor(np.random.default_rng(0).random((1, 64, 3, 5)))
    rows, columns = np.arange(3)[:, None] * 2, np.arange(5) * 2
    places = [(rows + i) * 10 + columns + j for i in (0, 1) for j in (0, 1)]
    shape = (1, 64, 3, 5)
    each = [ops.max_unpool2d(features, np.broadcast_to(place, shape), 2).data for place in places]
    first = model.image[0]
    mean = np.mean([first(Tensor(unpooled)).data for unpooled in each], axis=0)
    np.testing.assert_allclose(first(0.25 * ops.upsample_nearest2d(features, 2)).data, mean, atol=1e-12)


def test_the_error_without_switches_stands_beside_the_one_with_them() -> None:
    model, batch = make(pooling="max"), batch_of(4)
    with no_grad():
        terms = model.evaluate(batch).terms
        x = Tensor(batch.inputs)
        expected = ((model.decode(model.encode(x)).data - batch.inputs) ** 2).mean()
    assert list(terms) == ["mse", "mse_of_the_code_alone"]
    assert terms["mse_of_the_code_alone"].item() == pytest.approx(expected, rel=1e-12)


def test_the_loss_is_measured_against_the_clean_image() -> None:
    model, batch = make(corrupt="mask:0.9"), batch_of(4)
    model.train()
    damaged = model.loss(batch).value.item()
    model.eval()
    assert model.loss(batch).value.item() == model.evaluate(batch).value.item() != damaged
    assert list(make(loss="bce").evaluate(batch).terms) == ["bce", "mse"]

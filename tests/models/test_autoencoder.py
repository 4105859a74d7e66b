"""The dense autoencoder and the tied one: errors a pixel, codes, shared weights, labels."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

from minigen import Tensor, gradcheck, no_grad, ops, random
from minigen.data import Batch, Split
from minigen.models.autoencoder import Autoencoder, AutoencoderConfig, binary_cross_entropy, squared_error
from minigen.models.tied import TiedAutoencoder, TiedConfig, balanced_part
from minigen.optim import Adam

SHAPE = (1, 4, 5)


def batch_of(count: int = 7) -> Batch:
    random = np.random.default_rng(4)
    return Batch(random.random((count, *SHAPE)), random.integers(0, 3, count), None, np.arange(count))


def autoencoder(**options: Any) -> Autoencoder:
    random.manual_seed(3)
    model = Autoencoder(AutoencoderConfig(**({"hidden": 6, "latent": 3} | options)), SHAPE, 3)
    model.to(dtype="float64")
    return model


def tied(**options: Any) -> TiedAutoencoder:
    random.manual_seed(3)
    model = TiedAutoencoder(TiedConfig(**({"latent": 3} | options)), SHAPE, 3)
    model.to(dtype="float64")
    return model


def split_of(labels: list[int]) -> Split:
    return Split(np.zeros((len(labels), *SHAPE), np.uint8), np.array(labels, dtype=np.int64))


@pytest.mark.parametrize("make", [autoencoder, tied])
def test_codes_and_images_have_their_shapes(make: Any) -> None:
    model, x = make(), Tensor(batch_of().inputs)
    with no_grad():
        code = model.encode(x)
        assert code.shape == (7, 3)
        for images in (model.reconstruct(x), model.decode(code)):
            assert images.shape == (7, *SHAPE)
            assert 0 <= images.data.min() <= images.data.max() <= 1
        assert np.array_equal(model.reconstruct(x).data, model.decode(code).data)


def test_errors_are_averaged_over_pixels_and_examples() -> None:
    x = batch_of().inputs
    logits = np.random.default_rng(0).standard_normal((7, 20))
    p, flat = 1 / (1 + np.exp(-logits)), x.reshape(7, 20)
    assert squared_error(Tensor(logits), x).item() == pytest.approx(((p - flat) ** 2).mean(), rel=1e-12)
    expected = -(flat * np.log(p) + (1 - flat) * np.log(1 - p)).mean()
    assert binary_cross_entropy(Tensor(logits), x).item() == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(("loss", "measures"), [("mse", ["mse"]), ("bce", ["bce", "mse"])])
def test_what_is_minimised_comes_first_and_the_squared_error_is_always_told(loss: str, measures: list[str]) -> None:
    model = autoencoder(loss=loss)
    model.eval()
    assert list(model.loss(batch_of()).terms) == [loss]
    evaluated = model.evaluate(batch_of())
    assert list(evaluated.terms) == measures
    assert evaluated.value.item() == model.loss(batch_of()).value.item()


def test_the_decoder_is_the_encoder_transposed() -> None:
    model = tied()
    assert sorted(model.state_dict()) == [
        "classifier.bias", "classifier.weight", "decoder.bias", "encoder.bias", "encoder.weight",
    ]  # fmt: skip
    weight, code = model.encoder.weight.data, np.random.default_rng(1).standard_normal((7, 3))
    with no_grad():
        logits = model.logits(Tensor(code)).data
    np.testing.assert_allclose(logits, code @ weight + model.decoder.bias.data, rtol=1e-13)


def test_the_shared_weights_gradient_is_the_sum_of_both_uses() -> None:
    """Beside an untied net with the same numbers: its two gradients add up to the one."""
    model, batch = tied(), batch_of()
    model.pixel_error(batch).backward()
    x, weight = Tensor(batch.inputs), model.encoder.weight.data
    into, out = Tensor(weight.copy(), requires_grad=True), Tensor(weight.T.copy(), requires_grad=True)
    code = ops.relu(ops.linear(x.flatten(1), into, model.encoder.bias))
    binary_cross_entropy(ops.linear(code, out, model.decoder.bias), batch.inputs).backward()
    assert model.encoder.weight.grad is not None
    assert into.grad is not None
    assert out.grad is not None
    np.testing.assert_allclose(model.encoder.weight.grad.data, into.grad.data + out.grad.data.T, rtol=1e-12)


def test_the_tied_loss_passes_the_gradient_check() -> None:
    model, batch = tied(mode="joint"), batch_of()

    def loss(*_: Tensor) -> Tensor:
        return model.joint_loss(batch, batch).value

    gradcheck(loss, list(model.parameters()))


def test_pretraining_reads_no_label_and_leaves_the_classifier() -> None:
    model, batch = tied(), batch_of()
    (objective,) = model.objectives()
    others = Batch(batch.inputs, np.zeros_like(batch.labels), None, batch.index)
    assert objective.loss(batch).value.item() == objective.loss(others).value.item()
    assert not {id(p) for p in objective.optimizer.parameters} & {id(p) for p in model.classifier.parameters()}


def test_pretraining_keeps_no_image() -> None:
    model, images = tied(), np.zeros((5000, *SHAPE), np.uint8)
    model.keep_labelled(Split(images, np.zeros(5000, np.int64)))
    assert len(pickle.dumps(model)) < images.nbytes / 2


def test_joint_training_takes_labels_of_the_labelled_images_only() -> None:
    model = tied(mode="joint", labels=6, batch_size=4)
    inputs = np.random.default_rng(0).integers(0, 255, (60, *SHAPE)).astype(np.uint8)
    train = Split(inputs, np.arange(60, dtype=np.int64) % 3)
    model.keep_labelled(train)
    labelled = balanced_part(train, 6, model.config.seed)
    seen = np.concatenate([model._labelled_batch(step).inputs for step in range(2)])
    known = labelled.inputs / 255
    assert all(np.any(np.all(np.isclose(known, image), axis=(1, 2, 3))) for image in seen)
    np.testing.assert_array_equal(model._labelled_batch(5).inputs, model._labelled_batch(5).inputs)


def test_the_joint_loss_weighs_its_terms() -> None:
    terms = tied(mode="joint", label_weight=0.25).joint_loss(batch_of(), batch_of(3)).terms
    assert terms["loss"].item() == pytest.approx(terms["bce"].item() + 0.25 * terms["cross_entropy"].item(), rel=1e-12)


def test_a_balanced_part_has_as_many_of_each_class_as_possible() -> None:
    split = split_of([0] * 50 + [1] * 30 + [2] * 20)
    for count, each in ((9, [3, 3, 3]), (60, [20, 20, 20]), (70, [25, 25, 20]), (100, [50, 30, 20])):
        part = balanced_part(split, count, seed=1)
        assert np.bincount(part.labels).tolist() == each
    assert len(balanced_part(split, 1000, seed=1)) == 100


def test_a_balanced_part_is_chosen_by_its_seed() -> None:
    labels = np.arange(100, dtype=np.int64) % 2
    split = Split(np.arange(100, dtype=np.uint8).reshape(100, 1, 1, 1), labels)
    chosen = [balanced_part(split, 10, seed).inputs.ravel().tolist() for seed in (0, 0, 1)]
    assert chosen[0] == chosen[1] != chosen[2]


def test_joint_training_teaches_the_classifier() -> None:
    model = tied(mode="joint", label_weight=1.0)
    batch = batch_of(6)
    adam = Adam(model.parameters(), 0.02)
    for _ in range(150):
        adam.zero_grad()
        model.joint_loss(batch, batch).value.backward()
        adam.step()
    assert model.evaluate(batch).terms["accuracy"].item() == 1.0

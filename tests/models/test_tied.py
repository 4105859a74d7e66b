"""The tied autoencoder: which labels and images it keeps. Twins in PyTorch prove its losses."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np

from minigen import rng
from minigen.data import Batch, Split
from minigen.models.tied import TiedAutoencoder, TiedConfig, balanced_part

SHAPE = (1, 4, 5)


def batch_of(count: int = 7) -> Batch:
    random = np.random.default_rng(4)
    return Batch(random.random((count, *SHAPE)), random.integers(0, 3, count), None, np.arange(count))


def tied(**options: Any) -> TiedAutoencoder:
    rng.manual_seed(3)
    model = TiedAutoencoder(TiedConfig(**({"latent": 3} | options)), SHAPE, 3)
    model.to(dtype="float64")
    return model


def split_of(labels: list[int]) -> Split:
    return Split(np.zeros((len(labels), *SHAPE), np.uint8), np.array(labels, dtype=np.int64))


def test_pretraining_reads_no_label_and_leaves_the_classifier() -> None:
    model, batch = tied(), batch_of()
    (objective,) = model.objectives()
    others = Batch(batch.inputs, np.zeros_like(batch.labels), None, batch.index)
    assert objective.loss(batch).value.item() == objective.loss(others).value.item()
    assert not {id(p) for p in objective.optimizer.parameters} & {id(p) for p in model.classifier.parameters()}


def test_pretraining_keeps_no_image() -> None:
    model, images = tied(), np.zeros((5000, *SHAPE), np.uint8)
    model.prepare(Split(images, np.zeros(5000, np.int64)))
    assert len(pickle.dumps(model)) < images.nbytes / 2


def test_joint_training_takes_labels_of_the_labelled_images_only() -> None:
    model = tied(mode="joint", labels=6, batch_size=4)
    inputs = np.random.default_rng(0).integers(0, 255, (60, *SHAPE)).astype(np.uint8)
    train = Split(inputs, np.arange(60, dtype=np.int64) % 3)
    model.prepare(train)
    labelled = balanced_part(train, 6, model.config.seed)
    seen = np.concatenate([model._labelled_batch(step).inputs for step in range(2)])
    known = labelled.inputs / 255
    assert all(np.any(np.all(np.isclose(known, image), axis=(1, 2, 3))) for image in seen)
    np.testing.assert_array_equal(model._labelled_batch(5).inputs, model._labelled_batch(5).inputs)


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

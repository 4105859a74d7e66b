"""The comparison of features where labels are few."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from minigen import Tensor, rng
from minigen.data import Dataset, Split
from minigen.evaluation.studies.few_labels import LinearClassifier, compare_features, fine_tuned, table
from minigen.models.classification import accuracy
from minigen.models.tied import TiedAutoencoder, TiedConfig

SHAPE = (1, 2, 4)


def striped(count: int, seed: int) -> Split:
    """Two classes: bright above, or bright below, with noise."""
    random = np.random.default_rng(seed)
    labels = np.arange(count, dtype=np.int64) % 2
    images = random.integers(0, 120, (count, *SHAPE))
    images[np.arange(count), 0, labels] += 100
    return Split(images.astype(np.uint8), labels)


def dataset() -> Dataset:
    return Dataset("stripes", striped(300, 0), striped(200, 1), ("above", "below"), "drawn")


def make(**options: Any) -> TiedAutoencoder:
    rng.manual_seed(0)
    return TiedAutoencoder(TiedConfig(**({"latent": 6} | options)), SHAPE, 2)


def test_the_classifier_learns_what_is_linear() -> None:
    data = dataset()
    classifier = LinearClassifier(lambda x: x.flatten(1), data.train, data, "cpu")
    assert accuracy(classifier, data.test, "cpu") > 0.97


@pytest.mark.parametrize("count", [100, 300, 999, 1001])
def test_the_classifier_is_fitted_to_every_image(count: int) -> None:
    part, seen = striped(count, 0), list[int]()

    def features(x: Tensor) -> Tensor:
        seen.append(len(x))
        return x.flatten(1)

    LinearClassifier(features, part, dataset(), "cpu")
    assert sum(seen) == count
    assert max(seen) - min(seen) <= 1


def test_the_scale_of_features_does_not_matter() -> None:
    data = dataset()
    found = []
    for factor in (1.0, 1000.0):
        rng.manual_seed(0)
        classifier = LinearClassifier(lambda x, factor=factor: x.flatten(1) * factor, data.train, data, "cpu")
        found.append(accuracy(classifier, data.test, "cpu"))
    assert found[0] == found[1]


def test_fine_tuning_moves_a_copy() -> None:
    data, model = dataset(), make()
    before = model.encoder.weight.data.copy()
    fitted = LinearClassifier(model.encode, data.train, data, "cpu")
    kept = fitted.classes.weight.data.copy()
    tuned = fine_tuned(model, fitted, data.train)
    assert np.array_equal(model.encoder.weight.data, before)
    assert np.array_equal(fitted.classes.weight.data, kept)
    assert accuracy(tuned, data.test, "cpu") >= accuracy(fitted, data.test, "cpu")


def test_accuracy_counts_every_image_once() -> None:
    split = striped(1234, 0)

    def always_below(x: Tensor) -> Tensor:
        return Tensor(np.tile(np.array([0.0, 1.0]), (len(x), 1)))

    assert accuracy(always_below, split, "cpu") == 0.5


@pytest.mark.parametrize(
    ("options", "kinds", "counts"),
    [
        ({}, ["raw pixels", "random codes", "codes", "fine-tuned"], [100, 300]),
        ({"labels": 20}, ["raw pixels", "random codes", "codes", "fine-tuned"], [20]),
        ({"labels": 20, "mode": "joint"}, ["raw pixels", "random codes", "joint"], [20]),
        ({"mode": "joint"}, ["raw pixels", "random codes", "joint"], [240]),
    ],
    ids=["all counts", "one count", "joint", "joint on all"],
)
def test_the_finding_has_each_kind_and_count(options: dict[str, Any], kinds: list[str], counts: list[int]) -> None:
    data = dataset()
    finding = compare_features(make(**options), data, data.train.first(60))
    assert set(finding.numbers) == {f"{kind} {count}".replace(" ", "_") for kind in kinds for count in counts}
    assert [line[:22].strip() for line in finding.remarks[1:]] == kinds
    assert list(finding.figures) == ["few_labels"]
    assert all("±" not in line for line in finding.remarks if line.startswith("joint"))


def test_the_table_tells_mean_and_spread_in_per_cent() -> None:
    lines = table({"codes": [[0.7, 0.8], [0.9]]}, [100, 1000])
    assert lines[1].split() == ["codes", "75.0", "±", "5.0", "90.0"]

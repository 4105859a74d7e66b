"""The measures of generators: closed forms, what collapse does to them, and the judge itself."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from minigen import Tensor, no_grad
from minigen.data import Dataset, load
from minigen.evaluation.digit_classifier import FEATURES, DigitClassifier
from minigen.evaluation.digit_classifier.build import train
from minigen.evaluation.generator_measures import GeneratorMeasures, class_measures, draw, frechet_distance
from minigen.models.classification import accuracy


@pytest.fixture(scope="module")
def data() -> Dataset:
    return load("mnist5k")


@pytest.fixture(scope="module")
def measures(data: Dataset) -> GeneratorMeasures:
    return GeneratorMeasures(data, "cpu")


def one_hot(labels: list[int], sure: float = 1.0) -> np.ndarray:
    rest = (1 - sure) / 9
    return np.full((len(labels), 10), rest) + (sure - rest) * np.eye(10)[labels]


def test_the_judge_knows_digits_it_was_not_trained_on(data: Dataset) -> None:
    assert accuracy(DigitClassifier.trained(), data.test) > 0.975


def test_the_judge_can_be_built_anew(data: Dataset) -> None:
    """The script's own training on a sixtieth of its data."""
    model = train(data.train.take(range(0, 5000, 5)))
    assert accuracy(model, data.test) > 0.75


def test_frechet_distance_of_normal_distributions_is_the_closed_form() -> None:
    """For independent features: Σ (μ - μ')² + (σ - σ')²."""
    random = np.random.default_rng(0)
    a, b = random.standard_normal((200_000, 3)), random.standard_normal((200_000, 3))
    a, b = a * [1, 2, 0.5] + [0, 1, 2], b * [2, 2, 1] + [1, 1, 0]
    assert frechet_distance(a, b) == pytest.approx((1 + 0 + 4) + (1 + 0 + 0.25), rel=0.02)


def test_frechet_distance_of_full_covariances_is_scipys_formula() -> None:
    """The trace of the root from the eigenvalues of Σ·Σ' itself, which no symmetry was used for."""
    random = np.random.default_rng(1)
    a, b = (random.standard_normal((500, 6)) @ random.standard_normal((6, 6)) + k for k in (0, 1))
    roots = np.sqrt(np.linalg.eigvals(np.cov(a, rowvar=False) @ np.cov(b, rowvar=False)).astype(complex)).real.sum()
    shift = ((a.mean(0) - b.mean(0)) ** 2).sum()
    expected = shift + np.cov(a, rowvar=False).trace() + np.cov(b, rowvar=False).trace() - 2 * roots
    assert frechet_distance(a, b) == pytest.approx(expected, rel=1e-9)


def test_frechet_distance_is_a_symmetric_zero_of_equal_sets() -> None:
    random = np.random.default_rng(2)
    a, b = random.standard_normal((2, 300, 5))
    assert frechet_distance(a, a) == pytest.approx(0, abs=1e-9)
    assert frechet_distance(a, b) == pytest.approx(frechet_distance(b, a), rel=1e-9)
    dead = a.copy()
    dead[:, 0] = 0.0  # a feature that never fires, as relu's do
    assert np.isfinite(frechet_distance(dead, b))


def test_class_measures_of_even_classes() -> None:
    found = class_measures(one_hot(list(range(10)) * 20, sure=0.91))
    assert found == pytest.approx({"classes": 10, "rarest": 10.0, "balance_kl": 0.0, "confidence": 0.91})


def test_class_measures_of_a_collapsed_generator() -> None:
    found = class_measures(one_hot([3] * 199 + [4]))
    assert found["classes"] == 1, "one sample in 200 does not cover a class"
    assert found["rarest"] == 0
    assert found["balance_kl"] == pytest.approx(np.log(10), rel=0.02)


def test_real_images_score_best_and_noise_worst(measures: GeneratorMeasures, data: Dataset) -> None:
    real = measures.of_training_images(data.train)
    ones = measures.of_images(data.train.inputs[data.train.labels == 1].astype(np.float32) / 255)
    noise = measures.of_images(np.random.default_rng(0).random((500, 1, 28, 28), dtype=np.float32))
    assert real["frechet"] < 0.15 * ones["frechet"] < ones["frechet"] < noise["frechet"]
    assert real["classes"] == 10
    assert ones["classes"] == 1
    assert real["confidence"] > 0.95
    assert real["diversity"] == pytest.approx(1, abs=0.1)
    assert ones["diversity"] < 0.6


def test_images_that_are_no_digits_get_only_their_diversity(drawn_shapes: Dataset) -> None:
    found = GeneratorMeasures(drawn_shapes, "cpu").of_training_images(drawn_shapes.train)
    assert found == {"diversity": pytest.approx(1, abs=0.1)}


def test_digits_of_another_size_are_not_judged(data: Dataset) -> None:
    images = np.random.default_rng(0).integers(0, 256, (20, 1, 13, 17), dtype=np.uint8)
    test = dataclasses.replace(data.test.take(range(20)), inputs=images)
    found = GeneratorMeasures(dataclasses.replace(data, test=test, train=test), "cpu").of_training_images(test)
    assert found == {"diversity": pytest.approx(1)}


@pytest.mark.filterwarnings("error")
def test_one_real_image_has_no_diversity_to_compare_with(data: Dataset) -> None:
    one = data.test.take([0])
    measures = GeneratorMeasures(dataclasses.replace(data, test=one), "cpu")
    found = measures.of_training_images(one)
    assert "diversity" not in found
    assert found["frechet"] == pytest.approx(0, abs=1e-9)
    assert np.isfinite(measures.of_training_images(data.train)["frechet"])


def test_the_same_seed_draws_the_same_samples() -> None:
    class Echo:
        latent = 3

        def sample(self, noise: Tensor) -> Tensor:
            return noise.reshape(len(noise), 1, 1, 3)

    first, again, other = draw(Echo(), 700, "cpu", 1), draw(Echo(), 700, "cpu", 1), draw(Echo(), 700, "cpu", 2)
    assert first.shape == (700, 1, 1, 3)
    assert np.array_equal(first, again)
    assert not np.any(first == other)


def test_the_features_are_the_numbers_before_the_classes() -> None:
    judge = DigitClassifier.trained()
    x = Tensor(np.zeros((2, 1, 28, 28), np.float32))
    with no_grad():
        features = judge.features(x)
        assert features.shape == (2, FEATURES)
        np.testing.assert_array_equal(judge.classes(features).data, judge(x).data)


def test_the_training_images_of_every_class_are_measured(measures: GeneratorMeasures, data: Dataset) -> None:
    in_order = data.train.take(np.argsort(data.train.labels, kind="stable"))
    assert measures.of_training_images(in_order)["classes"] == 10

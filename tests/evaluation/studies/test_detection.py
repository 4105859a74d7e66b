"""Detectors of anomalies: the threshold's rule, the area under the curve and the baselines, by hand."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from minigen.evaluation.studies.detection import baselines, detection, possible, roc_auc, table, threshold_for


@pytest.mark.parametrize(("rate", "expected"), [(0.05, 19), (0.1, 18), (0.249, 16), (0.01, 19)])
def test_the_threshold_is_the_kth_highest_of_the_normal_scores(rate: float, expected: int) -> None:
    scores = np.random.default_rng(0).permutation(np.arange(1.0, 20.0))  # 19: k is at most 20 times the rate
    assert threshold_for(scores, rate) == expected
    assert possible(rate, len(scores)) == max(rate, 0.05)


def test_a_threshold_keeps_its_rate_of_false_alarms() -> None:
    scores = np.random.default_rng(1).random((20_000, 40))
    above = [row[-1] > threshold_for(row[:-1], 0.1) for row in scores]
    assert np.mean(above) == pytest.approx(0.1, abs=0.01)


def test_roc_auc_is_the_share_of_pairs_in_the_right_order() -> None:
    generator = np.random.default_rng(0)
    score = generator.integers(0, 8, 60).astype(float)  # many ties
    positive = generator.random(60) < 0.4
    pairs = [(a > b) + 0.5 * (a == b) for a, b in itertools.product(score[positive], score[~positive])]
    assert roc_auc(score, positive) == pytest.approx(np.mean(pairs))


def test_roc_auc_of_perfect_reversed_and_equal_scores() -> None:
    positive = np.array([False, False, True, True])
    assert roc_auc(np.array([1.0, 2.0, 3.0, 4.0]), positive) == 1.0
    assert roc_auc(np.array([4.0, 3.0, 2.0, 1.0]), positive) == 0.0
    assert roc_auc(np.ones(4), positive) == 0.5


def test_the_baselines_of_a_square_are_its_distances() -> None:
    corners = np.array([[3, 1], [3, -1], [-3, 1], [-3, -1]])
    train = np.pad(corners, ((0, 0), (0, 1)))[:, :, None] + np.array([5.0, 6.0, 7.0])[:, None]  # (4, 3, 1)
    found = baselines(train)
    assert set(found) == {"distance to the mean", "PCA with 2 axes"}, "3 values have no 32 axes"
    x = np.array([[5.0, 6.0, 7.0], [8.0, 8.0, 7.0], [8.0, 8.0, 10.0]])[:, :, None]
    np.testing.assert_allclose(found["distance to the mean"](x), [0, 13 / 3, 22 / 3], atol=1e-6)
    np.testing.assert_allclose(found["PCA with 2 axes"](x), [0, 0, 9 / 3], atol=1e-6)


def test_the_table_says_when_a_baseline_wins() -> None:
    anomalous = np.array([False, False, True, True])
    good, bad = (detection(np.array(scores), anomalous, 2.5) for scores in ([1.0, 2, 3, 4], [1.0, 3, 2, 4]))
    assert good == (1.0, 2.5, 1.0, 0.0)
    assert bad == (0.75, 2.5, 0.5, 0.5)
    _, first, second = table({"net": good, "PCA": bad})
    assert (first.split(), second.split()) == (["net", "1.0000", "100.0%", "0.0%"], ["PCA", "0.7500", "50.0%", "50.0%"])
    assert table({"net": bad, "PCA": good})[-1].startswith("PCA tells these anomalies better than net")

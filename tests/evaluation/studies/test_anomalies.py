"""Anomalies by reconstruction error: the study of a tiny model."""

from __future__ import annotations

import pytest

from minigen import rng
from minigen.data import load
from minigen.evaluation.studies.anomalies import draw_series, find_anomalies, scores
from minigen.evaluation.studies.detection import roc_auc
from minigen.models.recurrent_ae import RecurrentAEConfig, RecurrentAutoencoder


def test_the_study_counts_alarms_above_the_threshold() -> None:
    rng.manual_seed(0)
    data = load("waves")
    model = RecurrentAutoencoder(RecurrentAEConfig(hidden=4, latent=2, data="waves"), data.input_shape, 4)
    validation = data.train.take(range(50))
    finding = find_anomalies(model, data, validation)
    threshold = finding.numbers["threshold"]
    assert (scores(model, validation) > threshold).sum() == 1, "2 of 51 would be above it, this one not among them"
    tested, anomalous = scores(model, data.test), data.test.labels != 0
    assert finding.numbers["false_alarms"] == pytest.approx((tested[~anomalous] > threshold).mean())
    assert finding.numbers["roc_auc"] == pytest.approx(roc_auc(tested, anomalous))
    assert set(finding.figures) == {"series", "scores"}


def test_the_error_in_a_title_is_that_of_the_line_drawn() -> None:
    rng.manual_seed(0)
    data = load("waves-varied")
    config = RecurrentAEConfig(hidden=4, latent=2, data="waves-varied")
    model = RecurrentAutoencoder(config, data.input_shape, 4)
    model.output.weight.data *= 20  # the lines go up and down
    for axes in draw_series(model, data).axes:
        series, decoded = (line.get_ydata() for line in axes.lines)
        assert len(series) == len(decoded)
        assert axes.get_title().endswith(f"error {((decoded - series) ** 2).mean():.4f}")


def test_without_labelled_anomalies_there_are_only_figures() -> None:
    data = load("mnist5k-rows")
    model = RecurrentAutoencoder(RecurrentAEConfig(hidden=4, latent=2), data.input_shape, 10)
    assert find_anomalies(model, data, data.train.take(range(10))).numbers == {}

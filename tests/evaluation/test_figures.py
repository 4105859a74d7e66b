from __future__ import annotations

import dataclasses
import struct

import numpy as np
import pytest

from minigen import Tensor, rng
from minigen.data import Dataset, load
from minigen.evaluation import figures
from minigen.models.recurrent_ae import RecurrentAEConfig, RecurrentAutoencoder
from minigen.models.vae import VAE, VAEConfig


def test_a_grid_places_images_row_by_row() -> None:
    images = np.linspace(0, 1, 5 * 2 * 3).reshape(5, 1, 2, 3)
    picture = figures.image_grid(images, columns=3)
    assert picture.shape == (4, 9)
    np.testing.assert_allclose(picture[:2, 3:6], images[1, 0], rtol=1e-6)
    np.testing.assert_allclose(picture[2:, :3], images[3, 0], rtol=1e-6)
    assert (picture[2:, 6:] == 0).all(), "an empty place is paper: grey is drawn from white at 0 to black at 1"


def test_a_grid_of_colours_has_them_last_and_stays_in_range() -> None:
    images = np.stack([np.full((2, 2), value) for value in (-1.0, 0.5, 2.0)])[None]
    np.testing.assert_array_equal(figures.image_grid(images, columns=1)[0, 0], [0, 0.5, 1])


def test_codes_of_two_numbers_or_one_are_shown_as_they_are() -> None:
    codes = np.random.default_rng(0).standard_normal((6, 2))
    np.testing.assert_array_equal(figures.project(codes)[0], codes)
    plane, share = figures.project(codes[:, :1])
    np.testing.assert_array_equal(plane, np.column_stack([codes[:, 0], np.zeros(6)]))
    assert share == 1


def test_codes_are_projected_on_their_greatest_variances() -> None:
    generator = np.random.default_rng(0)
    wide, narrow = generator.standard_normal((500, 2)) * [5, 3], generator.standard_normal((500, 3)) * 0.1
    turn, _ = np.linalg.qr(generator.standard_normal((5, 5)))
    plane, share = figures.project(np.column_stack([wide, narrow]) @ turn)
    assert plane.shape == (500, 2)
    np.testing.assert_allclose(plane.std(0), [5, 3], rtol=0.1)
    assert 0.998 < share < 1


def png_size(content: bytes) -> tuple[int, int]:
    assert content.startswith(b"\x89PNG")
    assert content.endswith(b"IEND\xaeB`\x82")
    return struct.unpack(">II", content[16:24])


def test_draws_every_figure_of_a_vae(digits: Dataset) -> None:
    config = VAEConfig(hidden=8, latent=3)
    model = VAE(config, digits.input_shape, 10)
    terms = {"loss": 2.0, "reconstruction": 1.0, "kl": 1.0, "gradient_norm": 0.5}
    validation = {"negative_elbo": 2.0, "kl": 1.0}
    rows = [{"epoch": epoch, "train": terms, "validation": validation} for epoch in (1, 2)]
    drawn = figures.draw_all(model, digits, rows)
    assert list(drawn) == ["curves", "reconstructions", "samples", "interpolation", "latent_map"]
    assert all(min(png_size(figures.png(figure))) > 100 for figure in drawn.values())


@pytest.mark.parametrize("count", [1, 2, 3])
def test_fewer_test_images_than_columns_are_fewer_columns(digits: Dataset, count: int) -> None:
    model = VAE(VAEConfig(hidden=8, latent=3), digits.input_shape, 10)
    test = digits.test.take(range(count))
    (axes,) = figures.reconstructions(model, test).axes
    shown = np.asarray(axes.images[0].get_array())
    assert shown.shape == (2 * 28, count * 28)
    np.testing.assert_allclose(shown[:28, -28:], test.inputs[-1, 0] / 255, atol=1e-6)
    (axes,) = figures.interpolation(model, test).axes
    assert np.asarray(axes.images[0].get_array()).shape == (28, 10 * 28)


def test_sequences_are_called_sequences() -> None:
    data = load("mnist5k")
    rows = dataclasses.replace(data.test.take(range(4)), inputs=np.zeros((4, 6, 3), np.float32))
    model = RecurrentAutoencoder(RecurrentAEConfig(hidden=4, latent=2), (6, 3), 10)
    figure = figures.reconstructions(model, rows)
    (axes,) = figure.axes
    assert figure.get_suptitle() == "4 test sequences and their reconstructions"
    assert [label.get_text() for label in axes.get_yticklabels()] == ["sequence", "reconstructed"]


def test_codes_of_short_sequences_are_mapped_without_their_padding() -> None:
    data = load("waves-varied")
    rng.manual_seed(0)
    model = RecurrentAutoencoder(RecurrentAEConfig(hidden=4, latent=2, data="waves-varied"), data.input_shape, 4)
    (axes,) = figures.latent_map(model, data, 50).axes
    points = np.concatenate([np.asarray(kind.get_offsets()) for kind in axes.collections])
    codes = model.encode(Tensor(data.test.inputs[:50]), data.test.lengths[:50]).numpy()
    np.testing.assert_allclose(np.sort(points, axis=0), np.sort(codes, axis=0), atol=1e-5)


def test_gradient_norms_show_the_nets_layers_beside_each_other() -> None:
    rows = [
        {"epoch": epoch, "train": {"loss": 1.0, "a/conv": 0.1, "a/dense": 0.2, "b/conv": 0.3 * epoch, "b/last": 0.4}}
        for epoch in (1, 2, 3)
    ]
    first, last = figures.gradient_norms(rows).axes
    assert [label.get_text() for label in first.get_xticklabels()] == ["conv", "dense\nlast"]
    assert [text.get_text() for text in last.get_legend().get_texts()] == ["a", "b"]
    np.testing.assert_allclose(first.lines[1].get_ydata(), [0.3, 0.4])
    np.testing.assert_allclose(last.lines[1].get_ydata(), [0.9, 0.4])
    assert len(figures.gradient_norms(rows[:1]).axes) == 1, "after one epoch the first is the last"
    assert len(figures.curves(rows).axes) == 1, "single layers have no panels of their own"


def test_curves_pass_over_epochs_in_which_a_net_took_no_step() -> None:
    rows = [{"epoch": epoch, "train": {"d": 1.0} | ({"g": 2.0} if epoch % 2 == 0 else {})} for epoch in range(1, 6)]
    d, g = figures.curves(rows).axes
    assert d.lines[0].get_xdata().tolist() == [1, 2, 3, 4, 5]
    assert g.lines[0].get_xdata().tolist() == [2, 4]


@pytest.mark.parametrize("count", [1, 2, 40])
def test_curves_are_seen_however_few_their_epochs(count: int) -> None:
    epochs = range(1, count + 1)
    rows = [{"epoch": epoch, "train": {"loss": 1 / epoch}, "validation": {"loss": 2.0}} for epoch in epochs]
    (axes,) = figures.curves(rows).axes
    assert [line.get_marker() not in ("", "None") for line in axes.lines] == [count < 40] * 2
    low, high = axes.get_xlim()
    ticks = [tick for tick in axes.get_xticks() if low <= tick <= high]
    assert ticks
    assert all(tick == round(tick) for tick in ticks)


def test_the_sheet_of_samples_is_that_of_the_runs_seed(digits: Dataset) -> None:
    rng.manual_seed(5)
    shown = []
    for seed in (0, 0, 1):
        with rng.stream(9):
            model = VAE(VAEConfig(hidden=8, latent=3, seed=seed), digits.input_shape, 10)
        (axes,) = figures.samples(model, columns=2).axes
        shown.append(np.asarray(axes.images[0].get_array()))
        rng.standard_normal((3,), "float32", "cpu")  # what was drawn before does not matter
    assert shown[0].shape == (56, 56)
    np.testing.assert_array_equal(shown[0], shown[1])
    assert (shown[0] != shown[2]).any()


def test_small_images_are_enlarged_pixel_by_pixel() -> None:
    images = np.arange(4.0).reshape(1, 1, 2, 2)
    np.testing.assert_array_equal(
        figures.enlarged(images, 4)[0, 0], [[0, 0, 1, 1], [0, 0, 1, 1], [2, 2, 3, 3], [2, 2, 3, 3]]
    )
    np.testing.assert_array_equal(figures.enlarged(images, 2), images)

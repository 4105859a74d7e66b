"""reparameterize, kl_standard_normal, dropout: statistics, gradients, seeds."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest
from support import to_device, to_numpy, to_tensor

import minigen
from minigen import ops
from minigen.ops import noise


def test_reparameterize_draws_with_the_standard_deviation_not_the_variance(device: str) -> None:
    minigen.manual_seed(0)
    mean, log_var = (to_tensor(np.full((100_000,), v), device) for v in (2.0, np.log(0.25)))
    draws = to_numpy(ops.reparameterize(mean, log_var))
    assert draws.mean() == pytest.approx(2.0, abs=0.01)
    assert draws.std() == pytest.approx(0.5, abs=0.01)


def test_noise_of_float64_leaves_a_float32_net_float32(device: str) -> None:
    mean = to_tensor(np.zeros((2, 3), "float32"), device)
    assert ops.reparameterize(mean, mean, to_device(np.ones((2, 3)), device)).dtype == "float32"


@pytest.mark.parametrize("shape", [(), (0, 3), (2, 3), (2, 3, 4)])
def test_reparameterize_draws_in_any_shape(shape, device: str) -> None:
    mean = to_tensor(np.zeros(shape, "float32"), device)
    z = ops.reparameterize(mean, mean)
    assert (z.shape, z.dtype) == (shape, "float32")


def test_kl_is_zero_for_the_prior_and_summed_over_the_latent_dimensions(device: str) -> None:
    zeros = to_tensor(np.zeros((2, 20)), device)
    assert to_numpy(ops.kl_standard_normal(zeros, zeros)).tolist() == [0, 0]
    ones = to_tensor(np.ones((2, 20)), device)
    assert to_numpy(ops.kl_standard_normal(ones, zeros)).tolist() == [10, 10]  # 20 · ½ nat


@pytest.mark.parametrize("layout", ["C", "batch-last"])
@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_dropout_keeps_the_expectation(p: float, layout: str, device: str) -> None:
    minigen.manual_seed(0)
    x = to_tensor(np.ones((500, 400), "float32"), device, layout)
    y = ops.dropout(x, p)
    values = to_numpy(y)
    np.testing.assert_allclose(np.unique(values), [0, 1 / (1 - p)], rtol=1e-6)
    assert (values == 0).mean() == pytest.approx(p, abs=0.01)
    assert y.dtype == "float32"
    y.sum().backward()
    np.testing.assert_array_equal(to_numpy(x.grad), values)


def test_dropout_hits_rows_and_columns_alike(device: str) -> None:
    minigen.manual_seed(0)
    kept = to_numpy(ops.dropout(to_tensor(np.ones((300, 200)), device), 0.5)) > 0
    assert kept.mean(0) == pytest.approx(np.full(200, 0.5), abs=0.2)
    assert kept.mean(1) == pytest.approx(np.full(300, 0.5), abs=0.2)


@pytest.mark.parametrize(("p", "training"), [(0.5, False), (0.0, True)])
def test_dropout_that_drops_nothing_is_the_input_itself(p: float, training: bool, device: str) -> None:
    x = to_tensor(np.ones(3), device)
    assert ops.dropout(x, p, training) is x


def test_same_seed_same_bits(device: str) -> None:
    x = to_tensor(np.ones((20, 30), "float32"), device)

    def draw():
        minigen.manual_seed(7)
        return to_numpy(ops.dropout(x)), to_numpy(ops.reparameterize(x, x))

    for first, second in zip(draw(), draw(), strict=True):
        np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("layout", ["C", "batch-last"])
@pytest.mark.parametrize("draw", [noise.normal_like, noise.uniform_like])
def test_noise_has_shape_dtype_and_layout_of_its_array(draw, layout: str, device: str) -> None:
    x = to_tensor(np.zeros((3, 2, 4, 5), "float32"), device, layout).data
    minigen.manual_seed(0)
    drawn = draw(x)
    assert (drawn.shape, drawn.dtype, drawn.strides) == (x.shape, x.dtype, x.strides)
    assert len(np.unique(to_numpy(drawn))) == x.size


def test_a_batch_of_noise_lies_batch_last(xp: ModuleType) -> None:
    drawn = noise.normal_batch(5, 3, xp.zeros((5, 2, 2), "float32"))
    assert (drawn.shape, drawn.dtype, drawn.strides) == ((5, 3), "float32", (4, 20))

"""At the edge: infinite gradients behind a mask, exponents far out, long sums, dimensions taken for flags."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest
from support import LAYOUTS, assert_close, to_device, to_numpy, to_tensor

from minigen import grad, ops

# --- what is not selected has no influence ------------------------------------------------------------------

IMAGE = np.array([[[[-1.0, 4.0], [0.0, 1.0]]]])
KEPT = np.array([[[[False, True], [False, True]]]])
LARGER = np.array([[[[False, True], [True, False]]]])  # of each column
SELECTIONS = {
    "relu": (lambda x, k: ops.relu(x), KEPT),
    "leaky_relu of slope 0": (lambda x, k: ops.leaky_relu(x, 0.0), KEPT),
    "clip": (lambda x, k: ops.clip(x, min=0.5), KEPT),
    "abs": (lambda x, k: ops.abs(x), IMAGE != 0),
    "maximum": (lambda x, k: ops.maximum(x, 0.5), KEPT),
    "max": (lambda x, k: x.max(2), LARGER),
    "min": (lambda x, k: x.min(2), ~LARGER),
    "where": (lambda x, k: ops.where(k, x, 0.0), KEPT),
    "dropout": (lambda x, k: ops.dropout(x, mask=k), KEPT),
    "max_pool2d": (lambda x, k: ops.max_pool2d(x, (2, 1)), LARGER),
    "power 0": (lambda x, k: x**0, np.zeros_like(KEPT)),
    "getitem": (lambda x, k: x[k], KEPT),
    "pad": (lambda x, k: ops.pad(x, [(0, 0), (0, 0), (0, 0), (1, 0)])[..., 1:], np.ones_like(KEPT)),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", SELECTIONS)
def test_an_infinite_gradient_reaches_only_what_was_selected(name: str, layout: str, device: str) -> None:
    """Forwards the gradient is infinite, as that of √y at y = 0; so is the gradient of the gradient."""
    op, kept = SELECTIONS[name]
    x = to_tensor(IMAGE, device, layout)
    y = op(x, to_device(KEPT, device))
    v = to_tensor(np.full(y.shape, np.inf), device)
    (g,) = grad(y, x, v, create_graph=True)
    np.testing.assert_array_equal(np.isinf(to_numpy(g)), kept)
    assert not np.isnan(to_numpy(g)).any()
    if g.requires_grad:
        (gg,) = grad(g, v, to_tensor(np.full(g.shape, np.inf), device))
        assert not np.isnan(to_numpy(gg)).any()


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_root_of_relu_has_derivatives_zero_below_zero(device: str) -> None:
    x = to_tensor([-1.0, 4.0], device)
    (first,) = grad(ops.sqrt(ops.relu(x)).sum(), x, create_graph=True)
    (second,) = grad(first.sum(), x)
    np.testing.assert_allclose(to_numpy(first), [0, 0.25])
    np.testing.assert_allclose(to_numpy(second), [0, -1 / 32])


def test_infinite_values_that_are_dropped_or_unpooled_leave_zeros(device: str) -> None:
    x = to_tensor(np.full((1, 1, 1, 2), np.inf), device)
    mask = to_device([[[[True, False]]]], device)
    assert to_numpy(ops.dropout(x, mask=mask)).ravel().tolist() == [np.inf, 0]
    indices = to_device(np.array([[[[0, 3]]]]), device)
    assert to_numpy(ops.max_unpool2d(x, indices, (1, 2))).ravel().tolist() == [np.inf, 0, 0, np.inf]


def test_a_nan_is_the_extreme_and_receives_the_gradient(device: str) -> None:
    for reduce in ("max", "min"):
        x = to_tensor([[1.0, np.nan, 3.0]], device)
        y = getattr(x, reduce)(1)
        (g,) = grad(y.sum(), x)
        assert np.isnan(to_numpy(y)).all()
        assert to_numpy(g).tolist() == [[0, 1, 0]]


# --- exponents ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("log_var", [-100.0, -1000.0, -1e30])
def test_gaussian_nll_of_a_sure_and_right_prediction(log_var: float, dtype: str, device: str) -> None:
    mean, spread = to_tensor(np.array([2.0], dtype), device), to_tensor(np.array([log_var], dtype), device)
    loss = ops.gaussian_nll_loss(mean, to_device(np.array([2.0], dtype), device), spread)
    loss.backward()
    assert loss.item() == pytest.approx(0.5 * (log_var + np.log(2 * np.pi)), rel=1e-6)
    assert (mean.grad.item(), spread.grad.item()) == (0, 0.5)


def test_a_draw_without_noise_is_the_mean_whatever_the_variance(device: str) -> None:
    mean, log_var = (to_tensor(np.array([v], "float32"), device) for v in (3.0, 1e4))
    assert ops.reparameterize(mean, log_var, to_device(np.zeros(1), device)).item() == 3


def test_infinite_logits(device: str) -> None:
    """Right about the target they cost nothing, else infinitely much."""
    logits = to_tensor([np.inf, np.inf, -np.inf, -np.inf], device)
    loss = ops.binary_cross_entropy_with_logits(logits, to_device([0.0, 1, 0, 1], device), "none")
    loss.sum().backward()
    assert to_numpy(loss).tolist() == [np.inf, 0, 0, np.inf]
    assert to_numpy(logits.grad).tolist() == [1, 0, 0, -1]


@pytest.mark.parametrize("slope", [-0.5, 0.0, 0.5, 2.0])
def test_leaky_relu_of_infinity(slope: float, device: str) -> None:
    assert ops.leaky_relu(to_tensor([np.inf], device), slope).item() == np.inf


# --- sums ---------------------------------------------------------------------------------------------------

LONG = 300_001
SUMS = {
    "sum": lambda x: x.sum(0),
    "mean": lambda x: x.mean(0) * float(len(x)),
    "sum of two dimensions": lambda x: x.reshape(-1, 1, 2).sum((0, 1)),
    "softmax": lambda x: 1 / ops.softmax(x, 0)[0] * 0.1,
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", SUMS)
def test_a_long_sum_down_a_column_is_accurate(name: str, layout: str) -> None:
    """On the CPU: CuPy's sums are trees."""
    x = to_tensor(np.full((LONG, 2), 0.1, "float32"), "cpu", layout)
    assert_close(SUMS[name](x), np.full(2, LONG * 0.1, "float32"), 3e-7)


def test_the_gradient_of_a_bias_is_summed_accurately() -> None:
    bias, x = to_tensor(np.zeros(2, "float32"), "cpu"), to_tensor(np.zeros((LONG, 1), "float32"), "cpu")
    v = to_tensor(np.full((LONG, 2), 0.1, "float32"), "cpu")
    for y in (bias + v, ops.linear(x, to_tensor(np.zeros((2, 1), "float32"), "cpu"), bias)):
        (g,) = grad(y, bias, v)
        assert_close(g, np.full(2, LONG * 0.1, "float32"), 3e-7)


# --- what torch has, and what is easily mistaken ------------------------------------------------------------


def test_ignored_labels_count_neither_in_the_loss_nor_in_the_mean(device: str) -> None:
    logits = to_tensor(np.random.default_rng(0).standard_normal((3, 4)), device)
    labels = np.array([1, -100, 2])
    loss = ops.cross_entropy(logits, to_device(labels, device))
    (g,) = grad(loss, logits)
    kept = to_tensor(to_numpy(logits)[labels >= 0], device)
    expected = ops.cross_entropy(kept, to_device(labels[labels >= 0], device))
    assert loss.item() == pytest.approx(expected.item())
    assert_close(g[[0, 2]], to_numpy(grad(expected, kept)[0]), 1e-12)
    assert not to_numpy(g)[1].any()
    as_two = ops.cross_entropy(logits, to_device(np.array([1, 7, 2]), device), ignore_index=7)
    assert as_two.item() == loss.item()


@pytest.mark.parametrize("shape", [(0, 3), (2, 0), (0,)])
@pytest.mark.parametrize("op", [ops.softmax, ops.log_softmax])
def test_softmax_of_no_elements_is_empty(op, shape, device: str) -> None:
    assert op(to_tensor(np.zeros(shape), device)).shape == shape


PLAIN = {
    "linear": [(2, 3), (4, 3), (4,)],
    "conv2d": [(2, 3, 4, 4), (5, 3, 2, 2), (5,)],
    "conv_transpose2d": [(2, 3, 4, 4), (3, 5, 2, 2), (5,)],
    "lstm": [(3, 4, 2), (3, 5), (3, 5), (20, 2), (20, 5), (20,)],
    "lstm_cell": [(3, 2), (3, 5), (3, 5), (20, 2), (20, 5), (20,)],
}


@pytest.mark.parametrize("name", PLAIN)
def test_all_arguments_but_the_first_may_be_plain_arrays(name: str, device: str) -> None:
    generator, op = np.random.default_rng(0), getattr(ops, name)
    x, *others = (to_tensor(generator.standard_normal(shape), device) for shape in PLAIN[name])
    plain, expected = op(x, *(t.data for t in others)), op(x, *others)
    if name.startswith("lstm"):
        plain, expected = plain[0], expected[0]
    assert_close(plain, to_numpy(expected), 0.0)


def test_transpose_of_a_number(device: str) -> None:
    assert to_tensor(1.0, device).transpose(0, 0).item() == to_tensor(1.0, device).transpose(-1, 0).item() == 1


@pytest.mark.parametrize("name", sorted(set(ops.__all__) - {"im2col", "col2im", "where"}))
@pytest.mark.parametrize("wrong", [1.5, [1.0, 2.0], np.ones((2, 2))], ids=["number", "list", "array"])
def test_what_is_no_tensor_is_named_with_the_operation(name: str, wrong: Any) -> None:
    """All arguments are wrong: the error is about the first."""
    count = sum(p.default is p.empty for p in inspect.signature(getattr(ops, name)).parameters.values())
    arguments = [[wrong]] if name in ("concat", "stack") else [wrong] * count
    with pytest.raises(
        TypeError, match=rf"^{name}: [\w\[\]]+ is (a float|a list|an array of float64), must be a tensor"
    ):
        getattr(ops, name)(*arguments)

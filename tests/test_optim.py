"""Optimizers: the rule of each written out, in place, what is skipped, state, clipping, the schedule."""

from __future__ import annotations

import math
import re
import tracemalloc
from typing import Any

import numpy as np
import pytest
from support import to_device, to_numpy, to_tensor

import minigen
from minigen import Tensor, nn, ops, optim
from minigen.nn import Parameter

RULES = {
    "SGD": lambda p: optim.SGD(p, lr=0.1),
    "SGD momentum": lambda p: optim.SGD(p, lr=0.1, momentum=0.9, weight_decay=0.01),
    "SGD nesterov": lambda p: optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True),
    "RMSprop": lambda p: optim.RMSprop(p, lr=0.1),
    "Adam": lambda p: optim.Adam(p, lr=0.1),
    "AdamW": lambda p: optim.AdamW(p, lr=0.1),
}
every_rule = pytest.mark.parametrize("rule", RULES)


def parameter(values, device: str, gradient=None, dtype: str = "float64") -> Parameter:
    p = Parameter(to_device(np.array(values, dtype), device))
    if gradient is not None:
        p.grad = Tensor(to_device(np.array(gradient, dtype), device))
    return p


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("SGD", 1 - 0.1 * 0.5),
        ("SGD momentum", 1 - 0.1 * (0.5 + 0.01)),
        ("SGD nesterov", 1 - 0.1 * (0.5 + 0.9 * 0.5)),
        ("RMSprop", 1 - 0.1 * 0.5 / (math.sqrt(0.01 * 0.25) + 1e-8)),
        ("Adam", 1 - 0.1 * 0.5 / (0.5 + 1e-8)),
        ("AdamW", (1 - 0.1 * 0.01) - 0.1 * 0.5 / (0.5 + 1e-8)),
    ],
)
def test_the_first_step_is_the_rules_formula(rule: str, expected: float, device: str) -> None:
    p = parameter([1.0], device, [0.5])
    RULES[rule]([p]).step()
    np.testing.assert_allclose(to_numpy(p), [expected], rtol=1e-14, atol=1e-15)


def test_second_step_of_adam_and_momentum(device: str) -> None:
    p, q = parameter([0.0], device, [1.0]), parameter([0.0], device, [1.0])
    adam, sgd = optim.Adam([p], lr=0.1, betas=(0.9, 0.99), eps=0.0), optim.SGD([q], lr=0.1, momentum=0.9)
    for optimizer, x in ((adam, p), (sgd, q)):
        optimizer.step()
        x.grad = Tensor(to_device([3.0], device))
        optimizer.step()
    m, v = 0.9 * 0.1 + 0.1 * 3, 0.99 * 0.01 + 0.01 * 9
    corrected = (m / (1 - 0.9**2)) / math.sqrt(v / (1 - 0.99**2))
    np.testing.assert_allclose(to_numpy(p), [-0.1 - 0.1 * corrected], rtol=1e-14)
    np.testing.assert_allclose(to_numpy(q), [-0.1 * 1 - 0.1 * (0.9 + 3)], rtol=1e-14)


@every_rule
@pytest.mark.parametrize("layout", ["C", "batch-last", "strided"])
@pytest.mark.parametrize("shape", [(), (0, 3), (4, 3)])
def test_updates_in_place_and_leaves_the_gradient(rule: str, layout: str, shape, device: str) -> None:
    array, gradient = (np.asarray(np.random.default_rng(s).standard_normal(shape)) for s in (0, 1))
    p = Parameter(to_tensor(array, device, layout).data)
    optimizer = RULES[rule]([p])
    data, states = p.data, dict(optimizer.state)
    for _ in range(3):
        p.grad = to_tensor(gradient, device, requires_grad=False)
        optimizer.step()
    assert p.data is data
    assert all(optimizer.state[name] is state for name, state in states.items())
    np.testing.assert_array_equal(to_numpy(p.grad), gradient)
    assert not p.data.size or (to_numpy(p) != array).any()


@every_rule
def test_a_gradient_that_is_no_tensor_is_refused(rule: str, device: str) -> None:
    p = parameter([1.0, 2.0], device)
    p.grad = to_device(np.ones(2), device)
    name = rule.split()[0]
    with pytest.raises(
        TypeError, match=rf"^{name}: a parameter of shape \(2,\) has .* an array of float64, must have a"
    ):
        RULES[rule]([p]).step()


@every_rule
def test_float32_stays_float32(rule: str, device: str) -> None:
    p = parameter([1.0, 2.0], device, [0.5, -0.5], "float32")
    optimizer = RULES[rule]([p])
    optimizer.step()
    assert {str(a.dtype) for a in (p.data, *optimizer.state.values())} == {"float32"}


@every_rule
@pytest.mark.parametrize("shape", [(7,), (5, 3), (1, 9)])
def test_parts_of_a_large_parameter_move_as_the_whole(rule: str, shape, monkeypatch: pytest.MonkeyPatch) -> None:
    moved = []
    for part in (4, 100):
        monkeypatch.setattr(optim, "PART", part)
        p = parameter(np.linspace(-1, 1, math.prod(shape)).reshape(shape), "cpu", np.ones(shape))
        optimizer = RULES[rule]([p])
        for _ in range(3):
            optimizer.step()
        moved.append([p.data, *optimizer.state.values()])
    np.testing.assert_array_equal(*moved)


@every_rule
def test_a_step_keeps_no_memory_and_needs_little(rule: str) -> None:
    """Scratch for one parameter at most twice over, and all of it given back."""
    p = parameter(np.ones(100_000), "cpu", np.ones(100_000))
    optimizer = RULES[rule]([p])
    optimizer.step()
    tracemalloc.start()
    try:
        for _ in range(3):
            optimizer.step()
        kept, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < 10_000
    assert peak < 2.1 * p.data.nbytes


@every_rule
def test_parameters_without_a_gradient_are_skipped(rule: str, device: str) -> None:
    still, moving = parameter([1.0], device), parameter([1.0], device, [0.5])
    optimizer = RULES[rule]([still, moving])
    optimizer.step()
    assert to_numpy(still).tolist() == [1]
    assert to_numpy(moving)[0] < 1
    assert all((to_numpy(array) == 0).all() for name, array in optimizer.state.items() if name.startswith("0."))


def test_zero_grad_forgets(device: str) -> None:
    p = parameter([1.0], device, [0.5])
    optim.SGD([p]).zero_grad()
    assert p.grad is None


def test_the_learning_rate_may_change_between_steps(device: str) -> None:
    p = parameter([1.0], device, [1.0])
    optimizer = optim.SGD([p], lr=0.1)
    optimizer.step()
    optimizer.lr = 0.01
    optimizer.step()
    np.testing.assert_allclose(to_numpy(p), [1 - 0.1 - 0.01])


@every_rule
def test_a_net_learns(rule: str, device: str) -> None:
    minigen.manual_seed(0)
    x = to_tensor(np.random.default_rng(0).standard_normal((50, 3)), device, requires_grad=False)
    target = to_device(np.full((50, 1), 0.5), device)
    model = nn.Linear(3, 1).to(device, "float64")
    optimizer = RULES[rule](model.parameters())
    losses = []
    for _ in range(60):
        loss = ops.mse_loss(model(x), target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.05 * losses[0]


# State


def train(optimizer: optim.Optimizer, p: Parameter, steps: range, device: str) -> None:
    for step in steps:
        p.grad = Tensor(to_device(np.random.default_rng(step).standard_normal(p.shape), device))
        optimizer.step()


@every_rule
def test_saved_and_loaded_it_continues_bit_for_bit(rule: str, device: str) -> None:
    p = parameter(np.ones((3, 4)), device)
    optimizer = RULES[rule]([p])
    train(optimizer, p, range(5), device)
    weights = to_numpy(p).copy()
    state = {name: to_numpy(array).copy() for name, array in optimizer.state_dict().items()}
    train(optimizer, p, range(5, 10), device)

    again = parameter(weights, device)
    resumed = RULES[rule]([again])
    resumed.load_state_dict(state)
    train(resumed, again, range(5, 10), device)
    np.testing.assert_array_equal(to_numpy(again), to_numpy(p))
    assert resumed.steps == optimizer.steps == 10


def test_the_state_has_pytorchs_names(device: str) -> None:
    parameters = [parameter([1.0], device), parameter([1.0, 2.0], device)]
    names = {rule: list(RULES[rule](parameters).state_dict()) for rule in RULES}
    assert names["SGD"] == ["counts"]
    assert names["SGD momentum"] == ["0.momentum_buffer", "1.momentum_buffer", "counts"]
    assert names["RMSprop"] == ["0.square_avg", "1.square_avg", "counts"]
    assert names["Adam"] == names["AdamW"] == ["0.exp_avg", "0.exp_avg_sq", "1.exp_avg", "1.exp_avg_sq", "counts"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda s: s.pop("1.exp_avg_sq"), r"missing \['1.exp_avg_sq'\]"),
        (lambda s: s.update({"1.exp_avg": np.ones(3)}), r"1.exp_avg is .*\(3,\), must .*\(2,\)"),
        (lambda s: s.update({"5.exp_avg": np.ones(3)}), r"other parameters.*unknown \['5.exp_avg'\]"),
        (lambda s: s.update({"0.momentum_buffer": np.ones(1)}), r"another rule.*unknown \['0.momentum_buffer'\]"),
        (lambda s: s.update({"counts": np.array([3, -5])}), r"counts hold -5"),
        (lambda s: s.update({"0.exp_avg": np.array(["x"])}), r"0.exp_avg is <U1.*must be numbers"),
    ],
)
def test_loading_changes_nothing_unless_everything_fits(change, says: str, device: str) -> None:
    optimizer = optim.Adam([parameter([1.0], device), parameter([1.0, 2.0], device)])
    state = {name: np.ones(array.shape) for name, array in optimizer.state_dict().items()}
    change(state)
    with pytest.raises(ValueError, match="^Adam: .*" + says):
        optimizer.load_state_dict(state)
    assert optimizer.steps == 0
    assert all((to_numpy(array) == 0).all() for array in optimizer.state_dict().values())


def test_a_state_without_counts_takes_them_from_steps(device: str) -> None:
    optimizer = optim.SGD([parameter([1.0], device)])
    optimizer.load_state_dict({}, 7)
    assert (optimizer.steps, optimizer.counts) == (7, [7])


def test_the_calls_of_step_are_remembered_beside_the_counts(device: str) -> None:
    """A call without a gradient counts too: sae finds its next labelled images by it."""
    p = parameter([1.0], device, [1.0])
    optimizer = optim.SGD([p])
    optimizer.step()
    p.grad = None
    optimizer.step()
    again = optim.SGD([parameter([1.0], device)])
    again.load_state_dict(optimizer.state_dict(), optimizer.steps)
    assert (again.steps, again.counts) == (2, [1])


def test_a_parameter_that_joins_late_moves_as_if_it_were_first(device: str) -> None:
    """Adam's first step is one learning rate long, whichever step of the optimizer it is."""
    early, late = parameter([1.0], device, [1.0]), parameter([1.0], device)
    optimizer = optim.Adam([early, late], lr=0.1)
    for _ in range(1000):
        optimizer.step()
    late.grad = early.grad
    optimizer.step()
    assert to_numpy(late) == pytest.approx(0.9)


@every_rule
def test_a_scalar_moves(rule: str, device: str) -> None:
    for p in (parameter(1.0, device), to_tensor(1.0, device)):
        optimizer = RULES[rule]([p])
        p.data = p.data * 0.5  # a number of NumPy's, no array
        (p * p).backward()
        optimizer.step()
        assert p.item() < 0.5


def test_a_parameter_that_is_given_twice_is_moved_and_counted_once(device: str) -> None:
    p = parameter([1.0], device, [6.0])
    assert float(to_numpy(optim.grad_norm([p, p]))) == 6
    assert float(to_numpy(optim.clip_grad_norm_([p, p], 3.0))) == 6
    optim.SGD([p, p], lr=0.1).step()
    assert to_numpy(p) == pytest.approx(0.7)


@pytest.mark.parametrize(
    ("parameters", "says"),
    [
        (lambda w: w, "parameters is a Parameter, must be a list"),
        (lambda w: nn.Linear(2, 2), r"parameters is a Linear, .*net.parameters\(\)"),
        (lambda w: [w * 0.01], r"shape \(1,\), was computed from other tensors"),
        (lambda w: [w.detach()], "does not require a gradient"),
        (lambda w: [{"params": [w]}], "parameter 0 is a dict"),
        (lambda w: [w, w.data], "parameter 1 is an array of float64"),
    ],
)
def test_what_would_never_be_trained_is_refused(parameters, says: str, device: str) -> None:
    w = parameter([1.0], device)
    with pytest.raises(TypeError, match="^Adam: .*" + says):
        optim.Adam(parameters(w))
    with pytest.raises(TypeError, match="^clip_grad_norm_: .*" + says):
        optim.clip_grad_norm_(parameters(w), 1.0)


# Refusals


def test_no_parameters_and_nesterov_without_momentum_are_refused(device: str) -> None:
    p = parameter([1.0], device)
    with pytest.raises(ValueError, match=r"^Adam: parameters is empty, must hold at least one parameter$"):
        optim.Adam([])
    with pytest.raises(ValueError, match=r"^SGD: nesterov needs a momentum above 0, which is 0.0$"):
        optim.SGD([p], nesterov=True)


@pytest.mark.parametrize(
    ("rule", "setting", "found"),
    [
        ("SGD", "lr", -1),
        ("Adam", "lr", "1e-3"),
        ("RMSprop", "lr", float("nan")),
        ("SGD", "momentum", -0.9),
        ("SGD", "weight_decay", -1e-4),
        ("RMSprop", "alpha", 1.0),
        ("RMSprop", "eps", -1e-8),
        ("Adam", "betas", 0.9),
        ("Adam", "betas", (0.9,)),
        ("AdamW", "eps", None),
        ("AdamW", "weight_decay", float("inf")),
    ],
)
def test_a_number_of_a_rule_is_at_least_0(rule: str, setting: str, found: Any, device: str) -> None:
    with pytest.raises(ValueError, match=re.escape(f"{rule}: {setting} is {found!r}, must be ")):
        getattr(optim, rule)([parameter([1.0], device)], **{setting: found})


@every_rule
def test_a_loss_of_before_the_step_is_not_differentiated_after_it(rule: str, device: str) -> None:
    p, x = parameter([2.0], device), to_tensor([3.0], device)
    optimizer = RULES[rule]([p])
    loss, without_p = (p * p * x).sum(), (x * x).sum()
    loss.backward()
    loss.backward()
    optimizer.step()
    stale = pytest.raises(RuntimeError, match=r"parameter of shape \(1,\) has changed since mul used it")
    with stale:
        loss.backward()
    for output, inputs in ((loss, p), (loss, x), (loss * 1.0 + p, [p])):
        with stale:
            minigen.grad(output, inputs)
    without_p.backward()
    (p * p * x).sum().backward()


@pytest.mark.parametrize(
    "change",
    [
        lambda net: setattr(net.weight, "data", net.weight.data * 2),
        lambda net: net.load_state_dict({k: v + 1 for k, v in net.state_dict().items()}),
        lambda net: net.to(dtype="float64"),
    ],
    ids=["data", "load_state_dict", "to"],
)
def test_other_changes_of_a_parameter_are_seen_as_well(change) -> None:
    net = nn.Linear(2, 1)
    loss = net(minigen.tensor([[1.0, 2.0]])).sum()
    change(net)
    with pytest.raises(RuntimeError, match="has changed since"):
        loss.backward()


# Clipping


def test_clip_scales_all_gradients_by_one_factor(device: str) -> None:
    a, b, none = (parameter([1.0, 1.0], device, [3.0, 0.0]), parameter([1.0], device, [4.0]), parameter([1.0], device))
    norm = optim.clip_grad_norm_([a, b, none], 1.0)
    assert float(norm) == 5
    np.testing.assert_allclose(to_numpy(a.grad), [0.6, 0], rtol=1e-6)
    np.testing.assert_allclose(to_numpy(b.grad), [0.8], rtol=1e-6)
    assert none.grad is None


def test_clip_leaves_small_gradients(device: str) -> None:
    p = parameter([1.0, 1.0], device, [0.3, 0.4])
    assert float(optim.clip_grad_norm_([p], 5.0)) == pytest.approx(0.5)
    assert to_numpy(p.grad).tolist() == [0.3, 0.4]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_clip_takes_a_generator_and_keeps_the_dtype(dtype: str, device: str) -> None:
    model = nn.Linear(3, 2).to(device, dtype)
    model(to_tensor(np.ones((4, 3), dtype), device)).sum().backward()
    norm = optim.clip_grad_norm_(model.parameters(), 0.1)
    assert norm.dtype == dtype
    assert {str(p.grad.dtype) for p in model.parameters()} == {dtype}
    assert float(optim.grad_norm(model.parameters())) == pytest.approx(0.1, rel=1e-4)


def test_clipping_without_a_gradient_is_refused(device: str) -> None:
    p = parameter([1.0], device, [1.0])
    with pytest.raises(ValueError, match=r"^clip_grad_norm_: max_norm is 0, must be positive$"):
        optim.clip_grad_norm_([p], 0)
    p.grad = None
    with pytest.raises(ValueError, match=r"^grad_norm: no parameter has a gradient, call backward first$"):
        optim.clip_grad_norm_([p], 1.0)


# The schedule


def test_warmup_rises_in_a_line_then_the_cosine_falls_to_zero() -> None:
    factors = [optim.warmup_cosine(step, 4, 12) for step in range(13)]
    np.testing.assert_allclose(factors[:4], [0.25, 0.5, 0.75, 1.0])
    np.testing.assert_allclose(factors[4:], [0.5 * (1 + math.cos(math.pi * k / 8)) for k in range(9)], atol=1e-15)
    assert factors[8] == pytest.approx(0.5)
    assert factors[12] == 0


@pytest.mark.parametrize(("step", "warmup", "total", "expected"), [(0, 0, 10, 1), (20, 2, 10, 0), (5, 5, 5, 1)])
def test_schedule_at_its_edges(step: int, warmup: int, total: int, expected: float) -> None:
    assert optim.warmup_cosine(step, warmup, total) == expected

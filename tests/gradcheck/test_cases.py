"""Every case of minigen.gradcheck.cases, on the device under test."""

from __future__ import annotations

import gc
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from support import LAYOUTS, assert_close, lay, to_numpy, to_tensor

from minigen import Tensor, grad, gradcheck, ops
from minigen.autograd import NonFiniteError, check_finite, gradients, record
from minigen.gradcheck.case import Case
from minigen.gradcheck.cases import CASES
from minigen.ops.methods import Methods

every_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


def outputs_of(case: Case, inputs: Sequence[Tensor]) -> list[Tensor]:
    result = case.call(*inputs)
    return [result] if isinstance(result, Tensor) else list(result)


def values_and_gradients(case: Case, inputs: Sequence[Tensor], create_graph: bool = False) -> list[Tensor]:
    """The outputs, and the gradients to each input of Σ ⟨cotangent, output⟩ with cotangents of a fixed seed."""
    outputs = outputs_of(case, inputs)
    generator = np.random.default_rng(1)
    total = sum((y * cotangent_like(y, generator)).sum() for y in outputs)
    found = {id(leaf): g for leaf, g in gradients(total, create_graph=create_graph)}
    return outputs + [found[id(x)] for x in inputs]


def cotangent_like(y: Tensor, generator: np.random.Generator) -> Tensor:
    cotangent = np.asarray(generator.standard_normal(y.shape)).astype(str(y.dtype))
    return to_tensor(cotangent, y.device, requires_grad=False)


def assert_all_close(actual: Sequence[Any], expected: Sequence[Any], tolerance: float) -> None:
    for position, (a, e) in enumerate(zip(actual, expected, strict=True)):
        assert_close(a, to_numpy(e), tolerance, f"output or gradient {position}")


AFFINE_IN_EVERY_INPUT = {
    *("add", "sub", "mul", "neg", "matmul", "sum", "mean", "reshape", "flatten", "permute", "transpose", "T"),
    *("expand_dims", "squeeze", "broadcast_to", "getitem", "where", "concat", "stack", "pad", "dropout"),
    *("linear", "linear_input_grad", "linear_weight_grad", "conv2d", "conv_transpose2d"),
    *("avg_pool2d", "max_unpool2d", "upsample_nearest2d"),
}


def test_names_are_unique():
    names = [case.name for case in CASES]
    assert sorted(set(names)) == sorted(names)


def test_every_public_operation_has_a_case():
    plain_array_functions = {"im2col", "col2im"}
    assert set(ops.__all__) - plain_array_functions <= {case.op for case in CASES}


@every_case
def test_first_derivative(case, device):
    assert gradcheck(case.call, case.inputs(0, device), order=1) <= 1e-7


@every_case
def test_second_derivative_is_right_or_refused(case, device):
    inputs = case.inputs(0, device)
    if case.order >= 2:
        assert gradcheck(case.call, inputs, order=2) <= 1e-5
    else:
        with pytest.raises(NotImplementedError, match=case.op):
            gradcheck(case.call, inputs, order=2)


@every_case
def test_another_seed(case, device):
    gradcheck(case.call, case.inputs(7, device), order=min(case.order, 2), seed=7)


@every_case
def test_inputs_and_incoming_gradient_are_not_changed(case, device):
    inputs = case.inputs(0, device)
    for output in outputs_of(case, inputs):
        cotangent = cotangent_like(output, np.random.default_rng(1))
        watched = [*inputs, cotangent]
        before = [to_numpy(x).copy() for x in watched]
        output.backward(cotangent)
        for x, original in zip(watched, before, strict=True):
            np.testing.assert_array_equal(to_numpy(x), original)


@every_case
def test_gradients_have_their_input_s_shape_dtype_and_device(case, device):
    for dtype in ("float32", "float64"):
        inputs = case.inputs(0, device, dtype)
        found = values_and_gradients(case, inputs)
        assert {str(y.dtype) for y in found} == {dtype}
        assert {y.device for y in found} == {device}
        assert [g.shape for g in found[-len(inputs) :]] == [x.shape for x in inputs]


@every_case
def test_memory_layout_does_not_matter(case, device):
    expected = values_and_gradients(case, case.inputs(0, device))
    for layout in LAYOUTS:
        laid = [Tensor(lay(x.data, layout), requires_grad=True) for x in case.inputs(0, device)]
        assert_all_close(values_and_gradients(case, laid), expected, 1e-12)


@every_case
def test_float32_agrees_with_float64(case, device):
    single = case.inputs(0, device, "float32")
    double = [Tensor(x.data.astype("float64"), requires_grad=True) for x in single]
    assert_all_close(values_and_gradients(case, single), values_and_gradients(case, double), 2e-5)


@every_case
def test_inputs_used_twice_add_their_gradients(case, device):
    """f(x) + 2·f(x), with x used in two calls, has the gradient of 3·f(x)."""
    once, twice = case.inputs(0, device), case.inputs(0, device)
    gradients = []
    for inputs, repeated in ((once, False), (twice, True)):
        generator = np.random.default_rng(1)
        first = outputs_of(case, inputs)
        again = outputs_of(case, inputs) if repeated else first
        cotangents = [cotangent_like(y, generator) for y in first]
        total = sum((c * (y + 2.0 * z)).sum() for c, y, z in zip(cotangents, first, again, strict=True))
        total.backward()
        gradients.append([x.grad for x in inputs])
    assert_all_close(gradients[1], gradients[0], 1e-12)


@every_case
def test_an_affine_operation_and_its_gradient_are_adjoint(case, device):
    """Where f(x + v) - f(x) = J·v, whatever v, ⟨w, J·v⟩ = ⟨Jᵀ·w, v⟩ holds to rounding: no step limits it."""
    inputs = case.inputs(0, device)
    generator = np.random.default_rng(2)
    for position, x in enumerate(inputs):
        v = 0.1 * cotangent_like(x, generator)  # inputs of log and sqrt stay positive

        def moved(factor: float, at: int = position, v: Tensor = v) -> list[Tensor]:
            return outputs_of(case, [*inputs[:at], inputs[at] + factor * v, *inputs[at + 1 :]])

        here, ahead, behind = moved(0.0), moved(1.0), moved(-1.0)
        middles = [0.5 * (a + b) for a, b in zip(ahead, behind, strict=True)]
        if not all(np.allclose(to_numpy(y), to_numpy(m), 1e-12, 1e-12) for y, m in zip(here, middles, strict=True)):
            assert case.op not in AFFINE_IN_EVERY_INPUT or "twice the same" in case.note
            continue
        weights = [cotangent_like(y, generator) for y in here]
        total = sum((w * y).sum() for w, y in zip(weights, outputs_of(case, inputs), strict=True))
        (gradient,) = grad(total, x)
        forward = sum((w * (a - y)).sum().item() for w, a, y in zip(weights, ahead, here, strict=True))
        assert (gradient * v).sum().item() == pytest.approx(forward, rel=1e-11, abs=1e-11)


PUBLIC = {*ops.__all__, *(name.strip("_") for name in vars(Methods)), "div", "power"}


@pytest.mark.parametrize("case", [c for c in CASES if c.note != "zero"], ids=lambda case: case.name)  # NaN⁰ is 1
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_value_that_is_not_finite_is_named_by_an_operation_that_users_know(case, device):
    """Forwards and backwards; an operation that is composed of others names the first of them."""
    nan = [to_tensor(np.full(np.shape(array), np.nan), device) for array in case.arrays()]
    outputs = outputs_of(case, case.inputs(0, device))
    infinite = [to_tensor(np.full(y.shape, np.inf), device) for y in outputs]
    told = []
    with check_finite():
        with pytest.raises(NonFiniteError) as caught:
            outputs_of(case, nan)
        told.append(str(caught.value).split()[0])
        for y, g in zip(outputs, infinite, strict=True):
            try:
                y.backward(g)
            except NonFiniteError as error:
                told.append(str(error).split()[-1])
    assert {name.removesuffix("_grad") for name in told} <= {*PUBLIC, case.op.removesuffix("_grad")}
    assert len(told) > 1 or case.op in ("add", "clone")  # which pass the gradient on as it is


SAME_SHAPE = [case for case in CASES if len({np.shape(a) for a in case.arrays()}) == 1 < len(case.draws)]


@pytest.mark.parametrize("case", SAME_SHAPE, ids=lambda case: case.name)
def test_one_tensor_for_all_arguments(case, device):
    """f(x, x) has the sum of f's gradients at equal arguments."""
    data = case.inputs(0, device)[0].data
    apart = [Tensor(data.copy(), requires_grad=True) for _ in case.draws]
    one = Tensor(data.copy(), requires_grad=True)
    separate = values_and_gradients(case, apart)[-len(apart) :]
    shared = values_and_gradients(case, [one] * len(apart))[-1]
    assert_close(shared, sum(to_numpy(g) for g in separate), 1e-12)


@every_case
def test_outputs_may_be_unused(case, device):
    """Each output alone, and of each only the first element: all else receives no gradient."""
    inputs = case.inputs(0, device)
    for position in range(len(outputs_of(case, inputs))):
        gradcheck(lambda *xs, k=position: outputs_of(case, xs)[k], inputs)
        gradcheck(lambda *xs, k=position: outputs_of(case, xs)[k].reshape(-1)[:1], inputs)


@every_case
def test_a_second_backward_over_the_same_graph_gives_the_same(case, device):
    inputs = case.inputs(0, device)
    output = outputs_of(case, inputs)[0]
    cotangent = cotangent_like(output, np.random.default_rng(1))
    found = []
    for _ in range(2):
        for x in inputs:
            x.grad = None
        output.backward(cotangent)
        found.append([to_numpy(x.grad).copy() for x in inputs if x.grad is not None])
    assert found[0]
    assert_all_close(found[1], found[0], 0.0)


def tensors_left_behind(run: Callable[[], None]) -> int:
    """How many tensors outlive a run that returns none, while the cycle collector is off."""
    gc.disable()
    gc.freeze()  # hides all older objects: looking through them takes a second
    try:
        run()
        return sum(type(o) is Tensor for o in gc.get_objects())
    finally:
        gc.unfreeze()
        gc.enable()


@every_case
def test_no_reference_cycle_keeps_arrays_alive(case, device):
    def run() -> None:
        values_and_gradients(case, case.inputs(0, device), create_graph=case.order >= 2)

    run()
    assert tensors_left_behind(run) == 0


@every_case
def test_no_reference_cycle_stays_where_one_input_is_differentiated(case, device):
    """The derivative to the other inputs never runs; the gradient's graph leads back to the outputs."""

    def run() -> None:
        for position in range(len(case.draws)):
            inputs = case.inputs(0, device)
            total = sum((y * y).sum() for y in outputs_of(case, inputs))
            grad(total, inputs[position], create_graph=case.order >= 2)

    run()
    assert tensors_left_behind(run) == 0


def test_a_reference_cycle_would_be_seen(device):
    def exp_with_cycle(x: Tensor) -> Tensor:
        y = record(ops.exp(x).data, (x, lambda g: g * y))
        return y

    assert tensors_left_behind(lambda: exp_with_cycle(to_tensor(np.ones(3), device)).sum().backward()) > 0

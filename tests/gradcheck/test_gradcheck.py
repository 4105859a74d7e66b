"""The checker itself: right derivatives pass, and every kind of wrong one is caught."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import minigen
from minigen import Tensor, backend, gradcheck, nn, ops
from minigen.autograd import record
from minigen.gradcheck import GradcheckError, NondifferentiableError
from minigen.ops.shapes import unbroadcast


@pytest.fixture
def leaf(device: str) -> Callable[..., Tensor]:
    """A leaf of random numbers, or of the given ones."""
    generator = np.random.default_rng(0)

    def make(*shape: int, values: object = None) -> Tensor:
        array = generator.standard_normal(shape) if values is None else np.asarray(values, dtype="float64")
        return Tensor(backend.to_device(array, device), requires_grad=True)

    return make


def numbers(tensors: list[Tensor]) -> list[list[float]]:
    return [x.numpy().ravel().tolist() for x in tensors]


# --- what is right passes -----------------------------------------------------------------------------------


@pytest.mark.parametrize("order", [1, 2])
def test_right_derivatives_pass_with_a_small_error(leaf, order):
    error = gradcheck(lambda x, w: ops.tanh(x @ w), [leaf(3, 4), leaf(4, 2)], order)
    assert 0 < error < 1e-9


def test_the_worst_error_is_that_of_both_orders(leaf):
    x = leaf(3, 4)
    errors = [[gradcheck(ops.log_softmax, [x], order, seed) for order in (1, 2)] for seed in range(10)]
    assert all(first <= both for first, both in errors)
    assert any(first == both for first, both in errors)


def test_the_step_grows_with_the_input(leaf):
    x = leaf(values=[1e8, -3e9, 2e7])
    gradcheck(lambda x: x * x, [x], order=2)
    with pytest.raises(GradcheckError):
        gradcheck(lambda x: record(x.data * x.data, (x, lambda g: g * (2.002 * x))), [x])


def test_several_outputs_of_which_one_ignores_an_input(leaf):
    gradcheck(lambda a, b: (a * b, a.sum(), b[0]), [leaf(3, 4), leaf(4)], order=2)


def test_an_input_without_influence_has_gradient_zero(leaf):
    gradcheck(lambda a, b: a * a, [leaf(3), leaf(2)], order=2)


def test_a_constant_function_has_gradient_zero(leaf):
    gradcheck(lambda x: Tensor(x.data * 0.0 + 1.0), [leaf(3)], order=2)


def test_no_elements(leaf):
    gradcheck(lambda x: x * x, [leaf(0, 3)], order=2)


def test_one_tensor_given_twice(leaf):
    x = leaf(3)
    gradcheck(lambda a, b: a * b, [x, x], order=2)


def test_parameters_from_outside_given_as_further_inputs(leaf, device):
    layer = nn.Linear(4, 2)
    for parameter in layer.parameters():
        parameter.data = backend.to_device(parameter.data.astype("float64"), device)
    gradcheck(lambda x, *_: layer(x), [leaf(3, 4), *layer.parameters()], order=2)


def test_a_gradient_of_zero_is_not_lost_in_rounding(leaf):
    # Σ softmax = 1: the gradient is 0, and differences give the rounding errors of 1.
    gradcheck(lambda x: ops.softmax(x).sum(), [leaf(3, 4)], order=2)


@pytest.mark.parametrize(
    "fn",
    [lambda x: x * x, lambda x: x**3, lambda x: ops.exp(100.0 * x)],
    ids=["square", "cube", "steep"],
)
def test_a_curve_is_no_kink(leaf, fn):
    gradcheck(fn, [leaf(values=[0.0, 0.001, -0.01])])


def test_a_step_function_away_from_its_step(leaf):
    gradcheck(step, [leaf(values=[0.3, -2.0])], order=2)


# --- what is wrong is caught --------------------------------------------------------------------------------


def softmax_with_zero_backward(x: Tensor) -> Tensor:
    return record(ops.softmax(x).data, (x, lambda g: g * 0.0))


def test_a_softmax_whose_backward_is_zero(leaf):
    with pytest.raises(GradcheckError, match="softmax_with_zero_backward"):
        gradcheck(softmax_with_zero_backward, [leaf(3, 4)])


@pytest.mark.parametrize("wrong", [0, 1, 2])
@pytest.mark.parametrize("seed", range(5))
def test_a_derivative_one_per_mille_off_in_one_of_three_arguments(leaf, wrong, seed):
    def fused(a: Tensor, b: Tensor, c: Tensor) -> Tensor:
        factors = [1.001 if position == wrong else 1.0 for position in range(3)]
        return record(
            a.data * b.data + c.data,
            (a, lambda g: g * b * factors[0]),
            (b, lambda g: g * a * factors[1]),
            (c, lambda g: g * factors[2]),
        )

    with pytest.raises(GradcheckError) as caught:
        gradcheck(fused, [leaf(3, 4), leaf(3, 4), leaf(3, 4)], seed=seed)
    assert caught.value.wrong == ["abc"[wrong]]
    assert caught.value.right == [name for name in "abc" if name != "abc"[wrong]]
    assert all(0.9e-3 < element.relative < 1.1e-3 for element in caught.value.elements)


def test_a_wrong_derivative_beside_a_much_larger_one(leaf):
    def mixed(a: Tensor, b: Tensor) -> Tensor:
        return record(1e6 * a.data + b.data, (a, lambda g: g * 1e6), (b, lambda g: g * 0.95))

    with pytest.raises(GradcheckError, match="the derivative to b is wrong, to a it is right"):
        gradcheck(mixed, [leaf(3, 4), leaf(3, 4)])


def test_a_forgotten_unbroadcast(leaf):
    def add(a: Tensor, b: Tensor) -> Tensor:
        return record(a.data + b.data, (a, lambda g: unbroadcast(g, a.shape)), (b, lambda g: g))

    with pytest.raises(
        GradcheckError, match=r"gave a Tensor of shape \(3, 4\), must be a Tensor of its input's shape \(4,\)"
    ):
        gradcheck(add, [leaf(3, 4), leaf(4)])


def test_a_gradient_of_the_wrong_shape(leaf):
    with pytest.raises(GradcheckError, match=r"shape \(4, 3\), must be a Tensor of its input's shape \(3, 4\)"):
        gradcheck(lambda x: record(x.data, (x, lambda g: g.reshape(4, 3))), [leaf(3, 4)])


def test_a_gradient_of_the_wrong_dtype(leaf):
    def single(x: Tensor) -> Tensor:
        return record(x.data * 1.0, (x, lambda g: Tensor(g.data.astype("float32"))))

    with pytest.raises(GradcheckError, match=r"the gradient to x is float32, must be float64"):
        gradcheck(single, [leaf(3)])


def test_a_result_that_is_not_on_the_tape(leaf):
    with pytest.raises(GradcheckError):
        gradcheck(lambda x: ops.tanh(x).detach(), [leaf(3)])


def test_an_operation_that_changes_its_input(leaf):
    def sorted_out(a: Tensor, b: Tensor) -> Tensor:
        b.data[0] = 0.0
        return a * b

    with pytest.raises(GradcheckError, match=r"the function changed b, of shape \(3,\)"):
        gradcheck(sorted_out, [leaf(3), leaf(3)])


def test_a_derivative_that_changes_an_input(leaf):
    def square(x: Tensor) -> Tensor:
        def derivative(g: Tensor) -> Tensor:
            x.data[...] *= 2.0
            return g * x

        return record(x.data * x.data, (x, derivative))

    with pytest.raises(GradcheckError, match="the function changed x"):
        gradcheck(square, [leaf(3)])


def cube_with_detached_input(x: Tensor) -> Tensor:
    return record(x.data**3, (x, lambda g: g * (3 * x.data * x.data)))


def cube_with_detached_gradient(x: Tensor) -> Tensor:
    return record(x.data**3, (x, lambda g: 3.0 * x * x * g.data))


def cube_a_little_wrong_the_second_time(x: Tensor) -> Tensor:
    def slope() -> Tensor:
        return record(3 * x.data * x.data, (x, lambda g: g * (6.006 * x)))

    return record(x.data**3, (x, lambda g: g * slope()))


@pytest.mark.parametrize(
    "cube", [cube_with_detached_input, cube_with_detached_gradient, cube_a_little_wrong_the_second_time]
)
def test_a_wrong_second_derivative_though_the_first_is_right(leaf, cube):
    gradcheck(cube, [leaf(3)])
    with pytest.raises(GradcheckError, match="order 2"):
        gradcheck(cube, [leaf(3)], order=2)


def test_noise_that_is_not_fixed(leaf):
    with pytest.raises(GradcheckError, match="noise must be fixed"):
        gradcheck(lambda x: ops.dropout(x, 0.5), [leaf(30)])


def test_a_value_that_is_not_finite(leaf, xp):
    with pytest.raises(GradcheckError, match="value is not finite"):
        gradcheck(lambda x: x + xp.asarray([0.0, np.inf]), [leaf(2)])


NEAR_ZERO = {
    "log": (ops.log, lambda x: 1 / x),
    "sqrt": (ops.sqrt, lambda x: 0.5 * x**-0.5),
    "1/x": (lambda x: 1.0 / x, lambda x: -(x**-2)),
    "power": (lambda x: x**-1.5, lambda x: -1.5 * x**-2.5),
    "relu": (ops.relu, lambda x: 1.0 * (x > 0)),
}


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # the first step reaches below 0
@pytest.mark.parametrize("name", NEAR_ZERO)
@pytest.mark.parametrize("value", [1e-10, 1e-7, 1e-4, 1e-3])
def test_a_right_derivative_beside_a_singularity_or_a_kink_passes_and_a_wrong_one_does_not(leaf, name, value):
    fn, slope = NEAR_ZERO[name]
    for seed in range(3):
        gradcheck(fn, [leaf(values=[value, 1.0, 2.0])], order=2, seed=seed)

    def wrong(x: Tensor) -> Tensor:
        return record(fn(x).data, (x, lambda g: g * (1.0001 * slope(x.data))))

    with pytest.raises(GradcheckError):
        gradcheck(wrong, [leaf(values=[value])])


def test_inputs_that_share_memory(leaf, xp):
    whole = leaf(3, 3)
    repeated = Tensor(xp.broadcast_to(leaf(3).data, (2, 3)), requires_grad=True)
    gradcheck(lambda x: x * x, [repeated], order=2)
    gradcheck(lambda a, b: a @ b, [whole, Tensor(whole.data.T, requires_grad=True)], order=2)
    gradcheck(lambda a, b: a[:2] * b, [whole, Tensor(whole.data[1:], requires_grad=True)], order=2)


def test_one_input_needs_no_list(leaf):
    assert gradcheck(ops.tanh, leaf(3)) < 1e-9


def test_inputs_may_come_from_a_generator(leaf):
    layer = nn.Linear(3, 2).to(leaf().device, "float64")
    x = leaf(4, 3)
    gradcheck(lambda *_: layer(x), layer.parameters(), order=2)


# --- kinks --------------------------------------------------------------------------------------------------


def step(x: Tensor) -> Tensor:
    return record(backend.of(x.data).sign(x.data), (x, lambda g: g * 0.0))


KINKS = {
    "relu": (ops.relu, [0.0, 1.0, -1.0]),
    "abs, whose differences agree with sign(0) = 0": (ops.abs, [0.0, 1.0, -1.0]),
    "leaky_relu": (ops.leaky_relu, [0.0, 1.0, -1.0]),
    "clip": (lambda x: ops.clip(x, -1.0, 1.0), [0.5, 1.0, 2.0]),
    "maximum, whose differences agree with half and half": (lambda x: ops.maximum(x, x[::-1]), [0.5, 1.0, 0.5]),
    "max": (lambda x: x.max(), [0.5, 0.5, 0.25]),
    "step": (step, [0.0, 1.0, -1.0]),
    "relu within the step": (lambda x: ops.relu(x - 1.0), [1.000002, 2.0, 0.0]),
    "step within the step": (lambda x: step(x - 1.0), [0.999999, 2.0, 0.0]),
}


@pytest.mark.parametrize("name", KINKS)
@pytest.mark.parametrize("seed", range(5))
def test_a_kink_is_called_a_kink(leaf, name, seed):
    fn, values = KINKS[name]
    with pytest.raises(NondifferentiableError, match="kink or a jump within the step of 6e-06"):
        gradcheck(fn, [leaf(values=values)], seed=seed)


def test_a_kink_of_the_gradient_is_called_a_kink(leaf):
    def bent(x: Tensor) -> Tensor:
        return x + 0.01 * ops.relu(x) * ops.relu(x)

    gradcheck(bent, [leaf(values=[0.0, 1.0])])
    with pytest.raises(NondifferentiableError, match="order 2"):
        gradcheck(bent, [leaf(values=[0.0, 1.0])], order=2)


# --- the report ---------------------------------------------------------------------------------------------


def test_the_report_shows_argument_index_both_numbers_and_the_line(leaf, xp):
    factors = np.ones((2, 3))
    factors[1, 2] = 1.5

    def tripled(a: Tensor, b: Tensor) -> Tensor:
        return record(a.data + 3 * b.data, (a, lambda g: g), (b, lambda g: 3.0 * g * xp.asarray(factors)))

    constant = Tensor(leaf(2, 3).data)
    with pytest.raises(GradcheckError) as caught:
        gradcheck(lambda _, a, b: -tripled(a, b).sum(), [constant, leaf(2, 3), leaf(2, 3)], seed=3)
    title, header, worst, written = str(caught.value).splitlines()
    assert "gradcheck.py, line" in title
    assert title.endswith("seed 3, order 1: the derivative to b is wrong, to input 0 and a it is right")
    assert header.split() == ["argument", "index", "yours", "difference", "quotient", "error"]
    argument, row, column, yours, numeric, error = worst.split()
    assert (argument, row, column) == ("b", "(1,", "2)")
    assert float(yours) == pytest.approx(1.5 * float(numeric), rel=1e-6)
    assert float(error) == pytest.approx(1 / 3, rel=0.1)
    assert written.startswith("written in ")
    assert "tripled" in written
    assert "factors" in written


def test_the_report_leads_to_the_one_operation_that_only_a_wrong_argument_passes(leaf):
    def halved(x: Tensor) -> Tensor:
        return record(0.5 * x.data, (x, lambda g: g))

    def shared(x: Tensor) -> Tensor:
        return record(2.0 * x.data, (x, lambda g: 2.0 * g))

    with pytest.raises(GradcheckError) as caught:
        gradcheck(lambda a, b: shared(ops.tanh(halved(ops.exp(b))) + a), [leaf(3), leaf(3)])
    (place,) = caught.value.written
    assert "in halved: return record(0.5" in place


@pytest.mark.parametrize("mistake", ["detached", "doubled"])
def test_the_report_on_a_second_derivative_leads_to_the_first_one(leaf, mistake):
    def square(x: Tensor) -> Tensor:
        def slope() -> Tensor:
            return record(2 * x.data, (x, lambda gg: 4.0 * gg))

        def detached(g: Tensor) -> Tensor:
            return g * (2 * x.data)

        def doubled(g: Tensor) -> Tensor:
            return g * slope()

        return record(x.data * x.data, (x, {"detached": detached, "doubled": doubled}[mistake]))

    with pytest.raises(
        GradcheckError, match="order 2: the second derivative to x is wrong, to g it is right"
    ) as caught:
        gradcheck(square, [leaf(3)], order=2)
    assert caught.value.order == 2
    assert ("written with arrays" in str(caught.value)) == (mistake == "detached")
    assert {"detached": f"def {mistake}", "doubled": "2 * x.data"}[mistake] in caught.value.written[0]


@pytest.mark.parametrize("result", [3.0, None, ["x"]])
def test_a_function_that_gives_no_tensor_is_named(leaf, result):
    def number(x: Tensor) -> object:
        return result

    with pytest.raises(TypeError, match=r"number gave a .*, must give a tensor"):
        gradcheck(number, leaf(3))


def test_the_report_names_a_module(leaf, device):
    class Wrong(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return softmax_with_zero_backward(x)

    with pytest.raises(GradcheckError, match="gradcheck of Wrong, seed 0, order 1"):
        gradcheck(Wrong(), [leaf(3)])


def test_the_seed_decides_everything(leaf):
    x = leaf(3, 4)
    errors = [gradcheck(ops.tanh, [x], order=2, seed=seed) for seed in (1, 1, 2)]
    assert errors[0] == errors[1] != errors[2]
    messages = []
    for seed in (1, 1, 2):
        with pytest.raises(GradcheckError, match=f"seed {seed}") as caught:
            gradcheck(softmax_with_zero_backward, [x], seed=seed)
        messages.append(str(caught.value))
    assert messages[0] == messages[1] != messages[2]


# --- inputs -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fn", [ops.tanh, softmax_with_zero_backward], ids=["pass", "fail"])
def test_inputs_come_back_bit_for_bit(leaf, fn):
    x = leaf(3, 4)
    before = numbers([x])
    try:
        gradcheck(fn, [x], order=2)
    except GradcheckError:
        assert fn is softmax_with_zero_backward
    assert numbers([x]) == before
    assert x.grad is None


@pytest.mark.parametrize("calls", range(1, 12))
def test_inputs_come_back_after_an_exception_in_the_function(leaf, calls):
    left = calls

    def failing(a: Tensor, b: Tensor) -> Tensor:
        nonlocal left
        left -= 1
        if not left:
            raise ZeroDivisionError("in the middle")
        return a * b

    inputs = [leaf(3), leaf(3)]
    before = numbers(inputs)
    with pytest.raises(ZeroDivisionError, match="in the middle"):
        gradcheck(failing, inputs, order=2)
    assert numbers(inputs) == before


def test_float32_is_refused(leaf, device):
    single = minigen.tensor([1.0, 2.0], requires_grad=True, device=device)
    with pytest.raises(TypeError, match=r"gradcheck: input 1 is float32, must be a float64 tensor"):
        gradcheck(lambda a, _: a, [leaf(2), single])


def test_an_input_that_was_computed_is_refused(leaf):
    with pytest.raises(TypeError, match="gradcheck: input 0 was computed from other tensors"):
        gradcheck(ops.tanh, [2.0 * leaf(2)])


def test_inputs_of_which_none_requires_a_gradient_are_refused(leaf):
    with pytest.raises(TypeError, match="gradcheck: no input requires a gradient, at least one must"):
        gradcheck(ops.tanh, [leaf(2).detach()])


@pytest.mark.parametrize("order", [0, 3])
def test_an_unknown_order_is_refused(leaf, order):
    with pytest.raises(ValueError, match=f"gradcheck: order is {order}, must be 1 or 2"):
        gradcheck(ops.tanh, [leaf(2)], order)

"""The tape of minigen.tensor: record, backward, grad, no_grad, what lives how long."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from hypothesis import given
from support import Draw, draws, shapes, to_device, to_numpy, to_tensor

import minigen
from minigen import Tensor, backend, grad, nn, no_grad, ops
from minigen.autograd import NonFiniteError, check_finite, gradients, record

# backward


@given(draw=draws(), shape=shapes())
def test_gradient_starts_as_given_and_keeps_shape_and_dtype(draw: Draw, shape, device: str) -> None:
    array, seed = draw.normal(shape, shape)
    x = to_tensor(array, device, draw.layout)
    (x * 3.0).backward(to_device(seed, device))
    np.testing.assert_allclose(to_numpy(x.grad), 3 * seed, rtol=1e-6)
    assert (x.grad.shape, x.grad.dtype, x.grad.requires_grad) == (shape, draw.dtype, False)


@pytest.mark.parametrize("shape", [(), (1,), (1, 1)])
def test_one_element_starts_from_one(shape, device: str) -> None:
    x = to_tensor(np.full(shape, 3.0), device)
    (x * x).backward()
    np.testing.assert_array_equal(to_numpy(x.grad), np.full(shape, 6.0))


def test_a_leaf_is_its_own_gradients_place(device: str) -> None:
    x = to_tensor([2.0], device)
    x.backward()
    assert to_numpy(x.grad).tolist() == [1]


def test_more_than_one_element_needs_a_gradient(device: str) -> None:
    x = to_tensor([1.0, 2.0], device)
    message = r"gradient is missing.*\(2,\)"
    with pytest.raises(ValueError, match=message):
        (x * 2).backward()


@pytest.mark.parametrize(
    ("gradient", "found"),
    [
        (1.0, "a float"),
        ([1.0, 1.0], "a list"),
        (np.ones((1, 2)), r"of shape \(1, 2\)"),
        (np.ones(1), r"of shape \(1,\)"),
    ],
)
def test_a_gradient_of_another_shape_is_refused(gradient, found: str, device: str) -> None:
    x = to_tensor([1.0, 2.0], device)
    given_gradient = gradient if isinstance(gradient, (float, list)) else to_device(gradient, device)
    message = rf"gradient is {found}, .*\(2,\)"
    with pytest.raises(ValueError, match=message):
        (x * 2).backward(given_gradient)


def test_what_grad_is_given_is_named(device: str) -> None:
    x, net = to_tensor([1.0, 2.0], device), nn.Linear(2, 1)
    with pytest.raises(ValueError, match=r"grad_output is missing, must have the tensor's shape \(2,\)$"):
        grad(x * 2, [x])
    for wrong, found in (([x.data], "an array of float64"), (net, "a Linear"), ([net], "a Linear")):
        with pytest.raises(TypeError, match=f"^grad: an input is {found}, must be a tensor"):
            grad((x * 2).sum(), wrong)


def test_backward_of_what_requires_no_gradient_is_refused(device: str) -> None:
    x = to_tensor([1.0], device, requires_grad=False)
    message = r"^backward: nothing that this tensor was computed from requires a gradient$"
    with pytest.raises(ValueError, match=message):
        (x * 2).sum().backward()


def test_a_tensor_used_twice_gets_the_sum(device: str) -> None:
    x = to_tensor([2.0, 3.0], device)
    (x * x + x).sum().backward()
    assert to_numpy(x.grad).tolist() == [5, 7]


def test_the_branches_of_a_diamond_are_added(device: str) -> None:
    """y = (x² + 1)·(x² - x): the shared x² passes on its whole gradient once."""
    x = to_tensor([2.0], device)
    square = x * x
    y = (square + 1) * (square - x)
    y.sum().backward()
    assert to_numpy(x.grad).tolist() == [4 * 2**3 - 3 * 2**2 + 2 * 2 - 1]


def test_deep_diamonds_cost_linear_time(device: str) -> None:
    """60 times x + x: 2⁶⁰ paths, 60 steps."""
    x = to_tensor(1.0, device)
    y = x
    for _ in range(60):
        y = y + y
    y.backward()
    assert x.grad.item() == 2.0**60


def test_second_backward_adds_the_same_again_and_interiors_keep_none(device: str) -> None:
    x = to_tensor([2.0, 3.0], device)
    hidden = x * x
    y = (hidden * x).sum()
    y.backward()
    first = to_numpy(x.grad).copy()
    y.backward()
    np.testing.assert_array_equal(to_numpy(x.grad), 2 * first)
    assert hidden.grad is None
    assert y.grad is None


def test_two_outputs_of_one_graph_accumulate(device: str) -> None:
    x = to_tensor([2.0, 3.0], device)
    hidden = x * x
    hidden.sum().backward()
    (hidden * hidden).sum().backward()
    assert to_numpy(x.grad).tolist() == [4 + 32, 6 + 108]


def test_accumulating_makes_a_new_array(device: str) -> None:
    """A gradient that somebody holds does not change under their hands."""
    x = to_tensor([2.0], device)
    (x * 3).sum().backward()
    held = x.grad
    (x * 3).sum().backward()
    assert to_numpy(held).tolist() == [3]
    assert to_numpy(x.grad).tolist() == [6]


def test_inputs_and_the_given_gradient_stay_as_they_were(device: str) -> None:
    x = to_tensor([2.0, 3.0], device)
    seed = to_device([1.0, 1.0], device)
    ((x + x) * x).backward(seed)
    assert to_numpy(seed).tolist() == [1, 1]
    assert to_numpy(x).tolist() == [2, 3]


# Length


def chain(length: int, device: str) -> tuple[Tensor, Tensor]:
    x = to_tensor(1.0, device)
    y = x
    for _ in range(length):
        y = y + 1.0
    return x, y


def test_a_chain_of_100_000_additions_is_no_recursion(device: str) -> None:
    """No RecursionError forward, backward, in grad, nor (a crash) when the graph is destroyed."""
    x, y = chain(100_000, device)
    assert y.item() == 100_001
    y.backward()
    assert x.grad.item() == 1
    (g,) = grad(y, x)
    assert g.item() == 1
    del y


def test_a_chain_of_20_000_additions_is_differentiated_twice(device: str) -> None:
    x, y = chain(20_000, device)
    (g,) = grad(y * y, x, create_graph=True)
    del y
    g.backward()
    assert x.grad.item() == 2


# Higher derivatives


def test_create_graph_up_to_third_order(device: str) -> None:
    x = to_tensor([2.0, -1.5], device)
    y = (x * x * x * x).sum()
    for expected in (lambda v: 4 * v**3, lambda v: 12 * v**2, lambda v: 24 * v):
        (g,) = grad(y, x, create_graph=True)
        np.testing.assert_allclose(to_numpy(g), expected(np.array([2.0, -1.5])), rtol=1e-13)
        y = g.sum()
    assert x.grad is None


def test_backward_with_create_graph_gives_a_differentiable_grad(device: str) -> None:
    x = to_tensor([3.0], device)
    (x * x * x).sum().backward(create_graph=True)
    first, x.grad = x.grad, None
    first.sum().backward()
    assert to_numpy(first).tolist() == [27]
    assert to_numpy(x.grad).tolist() == [18]


def test_without_create_graph_nothing_is_recorded(device: str) -> None:
    x = to_tensor([3.0], device)
    (g,) = grad((x * x).sum(), x)
    assert not g.requires_grad
    with pytest.raises(ValueError, match=r"^backward: nothing that this tensor was computed from requires a gradient$"):
        g.sum().backward()


def test_a_gradient_penalty_is_differentiated(device: str) -> None:
    """WGAN-GP's term: d/dw of (‖∂(w·x²)/∂x‖ - 1)² with one x: 2·(2wx - 1)·2x."""
    w, x = to_tensor([0.7], device), to_tensor([1.5], device)
    (g,) = grad((w * x * x).sum(), x, create_graph=True)
    ((ops.sqrt((g * g).sum()) - 1) ** 2).backward()
    np.testing.assert_allclose(to_numpy(w.grad), [2 * (2 * 0.7 * 1.5 - 1) * 2 * 1.5], rtol=1e-14)


# grad


def test_grad_of_leaves_and_interiors_touches_no_grad(device: str) -> None:
    x, w = to_tensor([2.0], device), to_tensor([5.0], device)
    hidden = x * w
    y = (hidden * hidden + x).sum()
    gradients = grad(y, [hidden, x, w, y])
    assert [to_numpy(g).tolist() for g in gradients] == [[20], [101], [40], 1]
    assert x.grad is w.grad is hidden.grad is y.grad is None


def test_grad_takes_one_input_and_the_same_input_twice(device: str) -> None:
    x = to_tensor([2.0], device)
    y = (x * x).sum()
    assert [to_numpy(g).tolist() for g in grad(y, x)] == [[4]]
    assert [to_numpy(g).tolist() for g in grad(y, (x, x))] == [[4], [4]]


def test_grad_with_a_given_gradient(device: str) -> None:
    x = to_tensor([2.0, 3.0], device)
    (g,) = grad(x * x, x, to_device([1.0, 10.0], device))
    assert to_numpy(g).tolist() == [4, 60]


def test_grad_names_the_input_that_the_output_does_not_depend_on(device: str) -> None:
    x, other = to_tensor([1.0], device), to_tensor(np.zeros((2, 3)), device)
    with pytest.raises(ValueError, match=r"input 1, of shape \(2, 3\).*does not depend"):
        grad((x * x).sum(), (x, other))


class Counted:
    """x -> 2x, and how often its derivative was asked for."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, x: Tensor) -> Tensor:
        def derivative(g: Tensor) -> Tensor:
            self.calls += 1
            return g * 2.0

        return record(x.data * 2.0, (x, derivative))


def test_a_gradient_that_nobody_needs_is_never_computed(device: str) -> None:
    asked, unasked, constant = Counted(), Counted(), Counted()
    x, w, c = (to_tensor([v], device, requires_grad=r) for v, r in ((1.0, True), (2.0, True), (3.0, False)))
    y = (asked(x) * unasked(w) * constant(c)).sum()
    grad(y, x)
    assert (asked.calls, unasked.calls, constant.calls) == (1, 0, 0)
    y.backward()
    assert (asked.calls, unasked.calls, constant.calls) == (2, 1, 0)


def test_grad_to_an_interior_does_not_go_below_it(device: str) -> None:
    below, above = Counted(), Counted()
    x = to_tensor([1.0], device)
    hidden = below(x)
    grad(above(hidden).sum(), hidden)
    assert (above.calls, below.calls) == (1, 0)


def test_each_derivative_is_called_once_however_many_paths_meet(device: str) -> None:
    shared = Counted()
    x = to_tensor([1.0], device)
    hidden = shared(x)
    (hidden * hidden + hidden - hidden * x).sum().backward()
    assert shared.calls == 1


# no_grad


def test_no_grad_records_nothing(device: str) -> None:
    x = to_tensor([1.0], device)
    with no_grad():
        y = x * 2
        with no_grad():
            pass
        z = x * 3
    assert not y.requires_grad
    assert not z.requires_grad
    assert (x * 2).requires_grad


def test_recording_comes_back_after_an_error(device: str) -> None:
    x = to_tensor([1.0], device)

    def derivative(g: Tensor) -> Tensor:
        raise KeyError

    def fail() -> None:
        with no_grad():
            raise KeyError

    y = record(x.data * 1.0, (x, derivative))
    for failing in (fail, y.sum().backward, lambda: grad(y.sum(), x)):
        with pytest.raises(KeyError):
            failing()
        assert (x * 2).requires_grad


def test_backward_inside_no_grad_still_works(device: str) -> None:
    x = to_tensor([2.0], device)
    y = (x * x).sum()
    with no_grad():
        y.backward()
    assert to_numpy(x.grad).tolist() == [4]


def test_a_tensor_made_under_no_grad_can_still_be_a_leaf(device: str) -> None:
    with no_grad():
        x = minigen.tensor([1.0], requires_grad=True, device=device)
    (x * 2).sum().backward()
    assert to_numpy(x.grad).tolist() == [2]


def test_recording_is_off_in_one_thread_alone(device: str) -> None:
    x, inside, done = to_tensor([1.0], device), threading.Event(), threading.Event()

    def other() -> None:
        with no_grad(), check_finite():
            inside.set()
            done.wait(10)

    thread = threading.Thread(target=other)
    thread.start()
    inside.wait(10)
    with np.errstate(divide="ignore"):
        y = x / 0.0
    done.set()
    thread.join()
    assert y.requires_grad


def test_a_suspended_generator_leaves_recording_on(device: str) -> None:
    """Gradients come as a list: no walk can be left in the middle with recording off."""
    x = to_tensor([1.0], device)
    next(iter(gradients((x * x).sum())))
    assert (x * 2).requires_grad


# check_finite


def my_log(x: Tensor) -> Tensor:
    return record(backend.of(x.data).log(x.data), (x, lambda g: g / x))


def test_check_finite_names_a_users_own_operation(device: str) -> None:
    with check_finite(), np.errstate(all="ignore"), pytest.raises(NonFiniteError, match="my_log gave"):
        my_log(to_tensor([-1.0], device))
    with check_finite(), pytest.raises(NonFiniteError, match="an operation gave"):
        record(to_device([np.inf], device))


def test_check_finite_names_the_first_operation_forward(device: str) -> None:
    x = to_tensor([0.0, 1e200], device)
    with check_finite(), np.errstate(over="ignore"), pytest.raises(NonFiniteError) as error:
        (ops.relu(x) * 1e200).sum()
    assert str(error.value) == "mul gave a value that is not finite, of shape (2,)"


def test_check_finite_names_the_derivative_backward(device: str) -> None:
    x = to_tensor([0.0], device)
    y = ops.sqrt(x).sum()
    with check_finite(), np.errstate(divide="ignore"), pytest.raises(NonFiniteError) as error:
        y.backward()
    assert str(error.value) == "div gave a value that is not finite, of shape (1,), in the derivative of sqrt"

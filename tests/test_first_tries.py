"""What one tries first who comes from NumPy or PyTorch: it works as there, or one line says why not."""

from __future__ import annotations

import copy
import operator
import pickle
import re
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from limits import modest
from support import to_device, to_numpy, to_tensor

import minigen
from minigen import Tensor, nn, ops, optim
from minigen.autograd import record
from minigen.nn import Parameter

X = np.ones((2, 3), "float32")


class TorchLike:
    """An array of neither NumPy nor CuPy."""

    dtype, shape, ndim = "torch.float32", (2, 3), 2


def leaf(*values: float) -> Tensor:
    return Tensor(np.array(values), requires_grad=True)


def generator() -> Iterator[int]:
    yield 1


REFUSED = {
    "an array in an operation": (lambda: ops.relu(X), "relu: x is an array of float32, must be a tensor"),
    "an array in a layer": (lambda: nn.Linear(3, 2)(X), "linear: x is an array of float32, must be a tensor"),
    "an array in a loss": (lambda: ops.mse_loss(X, X), "mse_loss: x is an array of float32, must be a tensor"),
    "another library's array": (lambda: Tensor(X) + TorchLike(), "TorchLike was given, must be an array"),
    "a tensor of another library": (lambda: minigen.tensor(TorchLike()), "TorchLike was given, must be an array"),
    "a tensor of a tensor": (lambda: Tensor(Tensor(X)), "data is a Tensor, must be an array"),
    "a parameter of a tensor": (lambda: Parameter(Tensor(X)), "data is a Tensor, must be an array"),
    "complex numbers": (lambda: minigen.tensor([1 + 2j]), "dtype is complex128"),
    "words": (lambda: minigen.tensor(["1"]), "dtype is <U1"),
    "a complex operand": (lambda: Tensor(X) + np.ones(3, complex), "an operand is an array of complex128"),
    "a tensor as a condition": (lambda: bool(leaf(1.0) - 1.0), "neither true nor false"),
    "a tensor compared": (lambda: leaf(1.0) == 1.0, "not compared"),
    "a number in a matrix product": (lambda: Tensor(X) @ 2.0, "operand is the number 2, must be a tensor"),
    "a number first": (lambda: ops.maximum(0.0, Tensor(X)), "maximum: a is a float, must be a tensor"),
    "a function as a layer": (lambda: nn.Sequential(nn.Linear(3, 2), ops.relu), "layer 1 is a function, must be a Mod"),
    "a list of layers": (lambda: nn.Sequential([nn.Linear(3, 2)]), "layer 0 is a list, must be a Module"),
    "whole numbers as weights": (lambda: nn.Linear(3, 2).to(dtype="int64"), "Module.to: dtype is int64"),
    "half precision": (lambda: nn.Linear(3, 2).to(dtype="float16"), "Module.to: dtype is float16"),
    "a matrix": (lambda: Tensor(np.matrix(X)), "data is a matrix"),
    "a matrix copied": (lambda: minigen.tensor(np.matrix(X)), "a matrix .*must be an array"),
    "a matrix as an operand": (lambda: Tensor(X) * np.matrix(X), "a matrix .*must be an array"),
    "a matrix as a parameter": (lambda: Parameter(np.matrix(X)), "data is a matrix"),
    "a masked array": (lambda: Tensor(np.ma.array(X)), r"data is a MaskedArray .*filled"),
    "a masked array copied": (lambda: minigen.tensor(np.ma.array(X)), "MaskedArray .*must be an array"),
    "a masked array as an operand": (lambda: np.ma.array(X) + Tensor(X), "MaskedArray"),
    "a matrix as an index": (lambda: Tensor(X)[np.matrix([0, 1])], "an index is a matrix"),
    "a masked index": (lambda: Tensor(X)[:, np.ma.array([0, 1])], "an index is a MaskedArray"),
    "a tensor as an index": (lambda: Tensor(X)[Tensor(X)], "an index is a Tensor"),
    "a masked condition": (lambda: ops.where(np.ma.array(X > 0), Tensor(X), 0.0), "condition is a MaskedArray"),
    "a tensor as a condition of where": (lambda: ops.where(Tensor(X), Tensor(X), 0.0), "condition is a Tensor"),
    "masked labels": (lambda: ops.cross_entropy(Tensor(X), np.ma.array([0, 1])), "labels is a MaskedArray"),
    "a masked mask": (lambda: ops.dropout(Tensor(X), mask=np.ma.array(X > 0)), "mask is a MaskedArray"),
    "a parameter squared in place": (lambda: operator.ipow(leaf(1.0), 2), r"p \*\*= .* leaves a parameter"),
    "a derivative in NumPy": (
        lambda: record(X, (leaf(1.0), lambda g: g.data * 2)).backward(X),
        r"gave an array of float32, must be a Tensor",
    ),
    "one element of a tensor assigned": (lambda: operator.setitem(leaf(1.0), 0, 2.0), "x.data.* ops.where"),
    "no_grad on a generator": (lambda: minigen.no_grad()(generator), "generator is a generator .*inside"),
    "no_grad without brackets on a generator": (lambda: minigen.no_grad(generator), "inside"),
    "a computed tensor made a leaf": (lambda: (leaf(1.0) * 2).requires_grad_(), "must be a leaf"),
    "the layers of an LSTM": (lambda: nn.LSTM(3, 4, 2), "^LSTM: bias is 2, must be True or False; there is one layer"),
    "the layers of an LSTMCell": (lambda: nn.LSTMCell(3, 4, 2), "^LSTMCell: bias is 2, must be True or False"),
    "a dtype by position": (lambda: minigen.tensor(X, "float64"), "takes 1 positional argument"),
    "an unbiased variance": (lambda: Tensor(X).var(0, False), "positional argument"),
    "torch's order in SGD": (lambda: optim.SGD([Parameter(X)], 0.1, 0.9, 0.1), "positional argument"),
    "torch's order in conv_transpose2d": (
        lambda: ops.conv_transpose2d(Tensor(X), Tensor(X), None, 1, 0, 0, 2),
        "positional argument",
    ),
    "labels as a list": (lambda: ops.cross_entropy(Tensor(X), [0, 1]), "labels is a list"),
}


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")  # np.matrix
@pytest.mark.parametrize("attempt", REFUSED)
def test_what_cannot_work_is_refused_in_one_line(attempt: str) -> None:
    call, message = REFUSED[attempt]
    with pytest.raises(TypeError, match=message) as refusal:
        call()
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("x", [[[1.0]], X], ids=["list", "array"])
def test_what_is_no_tensor_is_a_guess_beside_the_true_error(x: object) -> None:
    class Odd(nn.Module):
        def forward(self, x: object) -> object:
            return self.typo

    for net, true in ((nn.Sequential(nn.Flatten()), "(list|order)"), (Odd(), "no attribute 'typo'")):
        with pytest.raises((AttributeError, TypeError), match=true) as error:
            net(x)
        (note,) = error.value.__notes__
        assert re.match("(Flatten|Odd): the input is an? (list|array).* minigen.tensor makes one", note)


WRONG = {
    "a beta of 1": (lambda: optim.Adam([Parameter(X)], betas=(1.0, 0.9)), r"Adam: betas is \(1.0, 0.9\)"),
    "a negative seed": (lambda: minigen.manual_seed(-1), "manual_seed: seed is -1"),
    "a word for a seed": (lambda: minigen.manual_seed("0"), "manual_seed: seed is '0', must be an integer"),
    "half a layer": (lambda: nn.Linear(28 * 28 / 2, 10), "Linear: in_features is 392.0, must be an integer"),
    "channels below 0": (lambda: nn.Conv2d(1, -1, 3), "Conv2d: out_channels is -1, must be an integer of at least 0"),
    "features as a pair": (lambda: nn.BatchNorm2d((3, 4)), r"BatchNorm2d: num_features is \(3, 4\), must be"),
    "a hidden size as a word": (lambda: nn.LSTM(3, "4"), "LSTM: hidden_size is '4', must be"),
    "the gradient to a constant": (lambda: minigen.grad(leaf(1.0) * 2, Tensor(X)), "input 0, .* not require a grad"),
    "complex weights": (
        lambda: nn.Linear(3, 2).load_state_dict({"weight": np.ones((2, 3), complex), "bias": np.ones(2)}),
        "weight is an array of complex128",
    ),
    "a size of the wrong length": (
        lambda: ops.max_unpool2d(Tensor(np.ones((1, 1, 1, 1))), np.zeros((1, 1, 1, 1), int), 2, output_size=(1, 2, 2)),
        "output_size is",
    ),
}


@pytest.mark.parametrize("attempt", WRONG)
def test_a_wrong_value_is_named(attempt: str) -> None:
    call, message = WRONG[attempt]
    with pytest.raises(ValueError, match=message):
        call()


def test_a_dimension_that_is_not_there_is_named() -> None:
    with pytest.raises(IndexError, match=r"dim is 5, must lie in -2…1"):
        Tensor(X).transpose(0, 5)


@pytest.mark.parametrize("assign", [operator.iadd, operator.isub, operator.imul, operator.itruediv])
def test_a_parameter_is_not_rebound_silently(assign: Callable[[Tensor, float], Tensor]) -> None:
    with pytest.raises(TypeError, match=r"^p .= … leaves a parameter as it is: change its array, p\.data .= …$"):
        assign(leaf(1.0), 0.5)


def test_a_sum_of_losses_may_be_written_in_place() -> None:
    x = leaf(3.0)
    loss = x * 1.0
    loss += x * x
    loss.sum().backward()
    assert x.grad.numpy().tolist() == [7.0]


def test_numbers_and_dimensions_of_numpys_own_types() -> None:
    x, n = Tensor(np.ones((2, 3))), np.int64
    assert x.reshape(n(6)).shape == (6,)
    assert x.reshape(np.int64(3), n(2)).shape == (3, 2)
    assert x.sum([0, 1]).shape == x.max([0, 1]).shape == ()
    assert x.mean([0]).shape == (3,)
    image = Tensor(np.ones((1, 1, 4, 4), "float32"))
    assert ops.conv2d(image, Tensor(np.ones((1, 1, 2, 2), "float32")), stride=n(2)).shape == (1, 1, 2, 2)
    assert ops.clip(image, np.float64(0), np.float64(3)).dtype == "float32"
    p = Parameter(X)
    p.grad = Tensor(X)
    optim.clip_grad_norm_([p], np.float64(1))
    assert p.grad.dtype == "float32"


def test_arrays_beside_tensors(device: str) -> None:
    array = np.arange(6.0).reshape(2, 3)
    x = to_tensor(array.T, device)
    np.testing.assert_allclose(to_numpy(to_device(array, device) @ x), array @ array.T)
    joined = ops.concat([x, to_device(array.T, device)], 1)
    joined.sum().backward()
    assert joined.shape == (3, 4)
    assert to_numpy(x.grad).tolist() == np.ones((3, 2)).tolist()


def test_numpy_reads_a_tensor() -> None:
    x = leaf(1.0, 2.0).detach()
    assert np.asarray(x).tolist() == [1.0, 2.0]
    assert np.mean(x) == 1.5
    assert np.concatenate([x, x]).tolist() == [1, 2, 1, 2]
    assert np.asarray(x, "float32").dtype == "float32"
    assert np.asarray(x) is not np.array(x)


def test_backward_from_a_number(device: str) -> None:
    x = to_tensor([2.0], device)
    (x * x).sum().backward(0.5)
    assert to_numpy(x.grad).tolist() == [2.0]


def test_layers_take_keywords() -> None:
    outputs, _ = nn.LSTM(3, 4)(Tensor(np.ones((2, 5, 3), "float32")), lengths=np.array([5, 2]))
    assert (outputs.numpy()[1, 2:] == 0).all()


def test_an_element_taken_twice_receives_two_gradients(device: str) -> None:
    for index in ([0, 0, 1], (0, 0, 1)):
        x = to_tensor(np.ones((3, 2)), device)
        x[index, :].sum().backward()
        assert to_numpy(x.grad).tolist() == [[2, 2], [1, 1], [0, 0]]


def test_a_net_and_its_copy_in_one_graph() -> None:
    net = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 1))
    target = copy.deepcopy(net)
    ((net(Tensor(X)) - target(Tensor(X)) * 2.0) ** 2).mean().backward()
    for p, q in zip(net.parameters(), target.parameters(), strict=True):
        np.testing.assert_allclose(q.grad.numpy(), -2 * p.grad.numpy(), rtol=1e-6)


def test_a_leaf_from_elsewhere_is_no_newer_than_what_is_computed_from_it() -> None:
    saved = pickle.dumps(Parameter(np.array([3.0])))
    before = Parameter(np.array([3.0]))
    p = pickle.loads(saved)
    assert p._order > before._order
    (slope,) = minigen.grad(p * p * p, p)
    assert slope.numpy().tolist() == [27.0]


def test_a_computed_tensor_is_not_copied_with_its_graph() -> None:
    with pytest.raises(TypeError, match="detach"):
        copy.deepcopy(leaf(1.0) * 2.0)


@pytest.mark.parametrize("size", [1e20, 1e-20])
def test_a_quotient_of_large_or_small_numbers_has_a_gradient(size: float) -> None:
    a, b = (Tensor(np.array([size], "float32"), requires_grad=True) for _ in range(2))
    (a / b).sum().backward()
    np.testing.assert_allclose(b.grad.numpy(), [-1 / size], rtol=1e-6)


def test_where_keeps_an_infinite_gradient_out(device: str) -> None:
    x = to_tensor([-1.0, 4.0], device)
    with np.errstate(divide="ignore"):
        ops.sqrt(ops.where(x.data > 0, x, 0.0)).sum().backward()
    assert to_numpy(x.grad).tolist() == [0.0, 0.25]


def test_grad_keeps_no_more_than_it_returns() -> None:
    x = Tensor(np.ones(100_000), requires_grad=True)
    y = x * 1.0
    for _ in range(30):
        y = y * 1.0
    with modest(5 * x.data.nbytes):
        minigen.grad(y.sum(), x)


@pytest.mark.parametrize(
    ("function", "instead"),
    [
        (np.linalg.norm, r"\(x \* x\)\.sum\(\)\.sqrt"),
        (np.mean, r"x\.mean"),
        (lambda x: np.concatenate([x, x]), r"ops\.concat"),
        (np.cumsum, "minigen's operations"),
        (np.asarray, r"x\.sum"),
        (np.array, r"x\.sum"),
    ],
)
def test_numpy_does_not_lose_a_gradient(function: Callable[[Tensor], object], instead: str) -> None:
    for x in (leaf(3.0, 4.0), leaf(3.0, 4.0) * 2.0):
        with pytest.raises(TypeError, match=f"{instead}.*detach"):
            function(x)
        function(x.detach())
        with minigen.no_grad():
            function(x)


@pytest.mark.parametrize("function", [sum, list, all, any, len, iter, max, tuple])
def test_a_0d_tensor_has_no_elements_to_go_through(function: Callable[[Tensor], object]) -> None:
    with pytest.raises(TypeError, match="0-d"):
        function(leaf(1.0).sum())


def test_a_history_of_losses() -> None:
    history, loss = np.zeros(2), (leaf(1.5) * 2).sum()
    history[0] = loss.detach()
    history[1] = loss
    assert history.tolist() == [3, 3]


M = [[3.0, -1.0, 2.0], [0.5, 4.0, -2.0]]
SAME_AS_TORCH = """
float(x.detach().sum()) | int(x.detach().sum()) | f"{x.detach().sum():.2f}" | len(x) | abs(x) | -x | 2 ** x
x ** 2 | (x * x) ** (x * x) | x.pow(2) | x.exp() | x.abs().log() | x.abs().sqrt() | x.relu() | x.sigmoid()
x.tanh() | x.abs() | x.clip(-1, 1) | x.clamp(-1, 1) | x.softmax(1) | x.log_softmax(-1) | x.view(3, 2)
x.view(-1) | x.reshape(6) | x.clone() | x.unsqueeze(0) | x.std() | x.std(1) | x.var() | x.var(0)
x.argmax() | x.argmax(1) | x.argmin(0) | x.t() | x.T | x.mm(x.T) | x.matmul(x.T) | x.numel() | x.dim()
x.cpu() | x.detach() | x.expand(2, 3) | x > 0 | x >= 0.5 | x < 0 | x <= x * 2 | x.mean(1, keepdim=True)
x.sum(0) | x.transpose(0, 1) | x.permute(1, 0) | x.squeeze() | x.flatten() | x[0] | x[:, 1:]
x[:, :1].expand(-1, 4) | x.expand(4, -1, 3)
[row.sum() for row in x] | x.requires_grad_() | x.sum().item() | x.shape | x.ndim
"""


@pytest.mark.parametrize("expression", SAME_AS_TORCH.strip().replace("\n", " | ").split(" | "))
def test_what_a_torch_user_types_works_as_there(expression: str) -> None:
    torch = pytest.importorskip("torch")
    ours = eval(expression, {"x": minigen.tensor(M, requires_grad=True)})
    theirs = eval(expression, {"x": torch.tensor(M, requires_grad=True)})
    for a, b in zip(*([each] if not isinstance(each, list) else each for each in (ours, theirs)), strict=True):
        if isinstance(b, (int, float, str, tuple)):
            assert a == (pytest.approx(b, rel=1e-6) if isinstance(b, float) else b)
        else:
            np.testing.assert_allclose(to_numpy(a), b.numpy(force=True), rtol=1e-6)


NOT_THERE = {
    "ops.cat([x, x])": r"ops\.concat",
    "ops.mean(x)": r"x\.mean",
    "x.add_(1)": r"x \+ y for a new tensor, x\.data",
    "x.relu_()": r"x\.relu\(…\) for a new tensor",
    "x.zero_()": r"w\.grad = None, or optimizer\.zero_grad\(\)",
    "x.fill_(0)": r"x\.data",
    "x.is_leaf": r"not x\._edges",
    "x.sort()": r"x\[x\.data\.argsort\(\)\]",
    "x.double()": "dtype='float64'",
    "x.half()": "no float16",
    "x.long()": "plain arrays",
    "x.cuda()": r"x\.to\('gpu'\)",
    "x.tolist()": r"x\.numpy\(\)",
    "x.zero_grad()": "x.grad = None",
    "x.masked_fill(x > 0, 0)": r"ops\.where",
    "x.anything()": "no attribute 'anything'$",
    "minigen.zeros(2, 3)": r"minigen\.tensor\(np\.zeros",
    "minigen.ones(2, 3)": r"minigen\.tensor\(np\.ones",
    "minigen.randn(2, 3)": r"standard_normal",
    "minigen.arange(3)": r"np\.arange",
    "minigen.stack([x, x])": r"ops\.stack",
    "minigen.cat([x, x])": r"ops\.concat",
    "minigen.relu(x)": r"ops\.relu",
    "minigen.float32": "'float32'",
    "minigen.from_numpy(M)": r"minigen\.tensor",
    "minigen.save({}, 'file')": "state_dict",
    "minigen.anything": "no attribute 'anything'$",
    "nn.MSELoss()": r"ops\.mse_loss",
    "nn.CrossEntropyLoss()": r"ops\.cross_entropy",
    "nn.functional": r"minigen\.ops",
    "nn.Softmax()": r"ops\.softmax",
    "nn.anything": "no attribute 'anything'$",
}


@pytest.mark.parametrize("expression", NOT_THERE)
def test_what_is_not_there_says_what_to_write(expression: str) -> None:
    with pytest.raises(AttributeError, match=NOT_THERE[expression]) as refusal:
        eval(expression, {"x": leaf(1.0), "minigen": minigen, "nn": nn, "ops": ops, "M": M})
    assert "\n" not in str(refusal.value)
    with pytest.raises(AttributeError):
        copy.deepcopy(leaf(1.0)).__deepcopy__  # noqa: B018  # a name of Python's, not of a user's


@pytest.mark.parametrize("decorator", [minigen.no_grad, minigen.no_grad()], ids=["no brackets", "brackets"])
def test_no_grad_decorates_any_function_and_may_be_used_twice(decorator: Callable[..., Callable[..., Tensor]]) -> None:
    x = leaf(2.0)
    double = decorator(lambda x: x * 2)
    square = decorator(lambda x: double(x) * double(x))
    assert not square(x).requires_grad
    assert not double(x).requires_grad
    assert (x * 2).requires_grad


def test_std_of_equal_numbers_has_gradient_zero() -> None:
    x = leaf(2.0, 2.0)
    x.std().backward()
    assert x.grad.numpy().tolist() == [0, 0]


def test_powers_at_their_edges_are_torchs() -> None:
    torch = pytest.importorskip("torch")
    pairs = np.array([[0.0, 0.0], [0.0, 2.0], [2.0, 0.0], [0.0, 1.0], [-2.0, 2.0], [3.0, -1.0]]).T
    ours, theirs = [leaf(*row) for row in pairs], [torch.tensor(row, requires_grad=True) for row in pairs]
    for a, b in (ours, theirs):
        with np.errstate(invalid="ignore"):
            (a**b).sum().backward()
    for x, t in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(x.grad.numpy(), t.grad.numpy())

"""Arithmetic, reductions, shapes and indexing of tensors, against PyTorch."""

from __future__ import annotations

import operator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from support import Draw, axes_of, draws, shapes, to_device, to_tensor

import minigen
from minigen import Tensor

torch = pytest.importorskip("torch")
from twin import assert_same_as_torch  # noqa: E402

OPERATORS = {"add": operator.add, "sub": operator.sub, "mul": operator.mul, "div": operator.truediv}


@pytest.mark.parametrize("name", OPERATORS)
@given(draw=draws(), pair=hnp.mutually_broadcastable_shapes(num_shapes=2, min_side=0, max_side=3, max_dims=4))
def test_operator_broadcasts(name: str, draw: Draw, pair: hnp.BroadcastableShapes, device: str) -> None:
    op = OPERATORS[name]
    assert_same_as_torch(draw, device, draw.positive(*pair.input_shapes), op, op)


@pytest.mark.parametrize("name", OPERATORS)
@given(draw=draws(), shape=shapes(), number=st.sampled_from((2, -0.7, True, np.float64(1.3), np.int64(3))))
def test_operator_with_a_number_on_either_side(name: str, draw: Draw, shape, number, device: str) -> None:
    op = OPERATORS[name]
    plain = float(number)
    x = draw.positive(shape)
    assert_same_as_torch(draw, device, x, lambda x: op(x, number), lambda x: op(x, plain))
    assert_same_as_torch(draw, device, x, lambda x: op(number, x), lambda x: op(plain, x))


@pytest.mark.parametrize("name", OPERATORS)
@given(draw=draws(), pair=hnp.mutually_broadcastable_shapes(num_shapes=2, min_side=1, max_side=3, max_dims=3))
def test_operator_with_a_plain_array_on_either_side(name: str, draw: Draw, pair, device: str) -> None:
    op = OPERATORS[name]
    x, array = draw.positive(*pair.input_shapes)
    for other in (array, array.astype("float64"), np.ceil(array).astype("int32")):
        ours, theirs = to_device(other, device), torch.tensor(other.astype(draw.dtype))
        assert_same_as_torch(draw, device, [x], lambda x, o=ours: op(x, o), lambda x, o=theirs: op(x, o))
        assert_same_as_torch(draw, device, [x], lambda x, o=ours: op(o, x), lambda x, o=theirs: op(o, x))


@given(draw=draws(), shape=shapes())
def test_neg(draw: Draw, shape, device: str) -> None:
    assert_same_as_torch(draw, device, draw.normal(shape), operator.neg, operator.neg)


@pytest.mark.parametrize("exponent", [0, 1, 2, 3, -1, -2, 0.5, 2.5, 1.0])
@given(draw=draws(), shape=shapes())
def test_power(exponent: float, draw: Draw, shape, device: str) -> None:
    assert_same_as_torch(draw, device, draw.positive(shape), lambda x: x**exponent, lambda x: x**exponent)


@pytest.mark.parametrize("exponent", [0, 1, 2, 3])
@given(draw=draws(), shape=shapes())
def test_power_of_zero_and_negative_numbers(exponent: int, draw: Draw, shape, device: str) -> None:
    assert_same_as_torch(draw, device, draw.integral(shape), lambda x: x**exponent, lambda x: x**exponent)


@pytest.mark.parametrize(
    "signature", ["(k),(k)", "(m,k),(k)", "(k),(k,n)", "(m,k),(k,n)", "(b,m,k),(k)", "(k),(b,k,n)"]
)
@given(draw=draws(), sides=st.fixed_dictionaries({side: st.integers(0, 4) for side in "bmkn"}))
def test_matmul(signature: str, draw: Draw, sides: dict[str, int], device: str) -> None:
    pair = [tuple(sides[side] for side in part.strip("()").split(",")) for part in signature.split("),")]
    assert_same_as_torch(draw, device, draw.normal(*pair), operator.matmul, operator.matmul)


@given(
    draw=draws(),
    batches=hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=2, min_side=1, max_side=3),
    sides=st.tuples(*[st.integers(1, 4)] * 3),
)
def test_matmul_broadcasts_over_batches(draw: Draw, batches, sides, device: str) -> None:
    m, k, n = sides
    left, right = batches.input_shapes
    arrays = draw.normal((*left, m, k), (*right, k, n))
    assert_same_as_torch(draw, device, arrays, operator.matmul, operator.matmul)


def summed(x, method: str, dim, keepdim: bool):
    """torch.sum and torch.mean over `dim`; PyTorch wants a dim where keepdim is given."""
    dims = tuple(range(x.ndim)) if dim is None else dim
    return getattr(torch, method)(x, dim=dims, keepdim=keepdim) if x.ndim else x


@pytest.mark.parametrize(("method", "min_side"), [("sum", 0), ("mean", 1)])
@given(draw=draws(), data=st.data(), keepdim=st.booleans())
def test_sum_and_mean(method: str, min_side: int, draw: Draw, data, keepdim: bool, device: str) -> None:
    shape = data.draw(shapes(min_side=min_side))
    dim = data.draw(axes_of(shape))
    assert_same_as_torch(
        draw,
        device,
        draw.normal(shape),
        lambda x: getattr(x, method)(dim, keepdim),
        lambda x: summed(x, method, dim, keepdim),
    )


@pytest.mark.parametrize(("shape", "dim"), [((0,), None), ((0, 3), 0), ((0, 3), 1), ((3, 0), (0, 1))])
def test_mean_of_nothing_is_nan(shape, dim, device: str) -> None:
    x, theirs = to_tensor(np.zeros(shape), device), torch.zeros(shape, dtype=torch.float64, requires_grad=True)
    ours, expected = x.mean(dim), summed(theirs, "mean", dim, False)
    np.testing.assert_array_equal(ours.numpy(), expected.detach().numpy())
    ours.sum().backward()
    assert x.grad.shape == shape


@pytest.mark.parametrize("method", ["max", "min"])
@given(draw=draws(), data=st.data(), shape=shapes(max_dims=3, min_side=1), keepdim=st.booleans())
def test_max_and_min_share_the_gradient_of_ties(
    method: str, draw: Draw, data, shape, keepdim: bool, device: str
) -> None:
    dim = data.draw(axes_of(shape))
    assert_same_as_torch(
        draw,
        device,
        draw.integral(shape),
        lambda x: getattr(x, method)(dim, keepdim),
        lambda x: getattr(torch, "a" + method)(x, dim=() if dim is None else dim, keepdim=keepdim),
    )


@pytest.mark.parametrize("method", ["sum", "mean", "max", "min"])
@pytest.mark.parametrize("dim", [None, 0, -1])
def test_reduction_of_a_0d_tensor(method: str, dim: int | None, device: str) -> None:
    theirs = getattr(torch, {"max": "amax", "min": "amin"}.get(method, method))
    draw = Draw("float64", "C", 0)
    assert_same_as_torch(
        draw,
        device,
        draw.normal(()),
        lambda x: getattr(x, method)(dim),
        lambda x: theirs(x, dim=0 if dim is None else dim),
    )


@given(draw=draws(), data=st.data(), shape=shapes(max_dims=4))
def test_permute_and_transpose(draw: Draw, data, shape, device: str) -> None:
    order = tuple(d - len(shape) if d % 2 else d for d in data.draw(st.permutations(range(len(shape)))))
    assert_same_as_torch(draw, device, draw.normal(shape), lambda x: x.permute(*order), lambda x: x.permute(order))
    if shape:
        a, b = order[0], order[-1]
        assert_same_as_torch(draw, device, draw.normal(shape), lambda x: x.transpose(a, b), lambda x: x.transpose(a, b))


@given(draw=draws(), shape=shapes(min_dims=2, max_dims=2))
def test_transpose_of_a_matrix(draw: Draw, shape, device: str) -> None:
    assert_same_as_torch(draw, device, draw.normal(shape), lambda x: x.T, lambda x: x.T)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ((2, 3, 4), (4, 6)),
        ((2, 3, 4), (-1, 2)),
        ((2, 3, 4), (24,)),
        ((6,), (1, 2, 3)),
        ((1,), ()),
        ((), (1, 1)),
        ((0, 3), (3, 0)),
        ((0, 3), (0, 3)),
    ],
)
@given(draw=draws())
def test_reshape(draw: Draw, before, after, device: str) -> None:
    assert_same_as_torch(draw, device, draw.normal(before), lambda x: x.reshape(*after), lambda x: x.reshape(after))
    assert_same_as_torch(draw, device, draw.normal(before), lambda x: x.reshape(after), lambda x: x.reshape(after))


@given(draw=draws(), shape=shapes(), data=st.data())
def test_expand_dims_squeeze_and_flatten(draw: Draw, shape, data, device: str) -> None:
    x = draw.normal(shape)
    new = data.draw(st.integers(-len(shape) - 1, len(shape)))
    assert_same_as_torch(draw, device, x, lambda x: x.expand_dims(new), lambda x: x.unsqueeze(new))
    assert_same_as_torch(draw, device, x, lambda x: x.squeeze(), lambda x: x.squeeze())
    at = data.draw(st.integers(-max(1, len(shape)), max(0, len(shape) - 1)))
    assert_same_as_torch(draw, device, x, lambda x: x.squeeze(at), lambda x: x.squeeze(at))
    assert_same_as_torch(draw, device, x, lambda x: x.flatten(at), lambda x: x.flatten(at))


@given(draw=draws(), pair=hnp.mutually_broadcastable_shapes(num_shapes=1, min_side=0, max_side=3, max_dims=4))
def test_broadcast_to(draw: Draw, pair, device: str) -> None:
    (shape,) = pair.input_shapes
    wide = np.broadcast_shapes(shape, (2, *[1] * len(shape)))
    for target in (wide, tuple(3 if n == 1 else n for n in wide)):
        assert_same_as_torch(
            draw, device, draw.normal(shape), lambda x, t=target: x.broadcast_to(t), lambda x, t=target: x.expand(t)
        )


INDICES = {
    "int": 1,
    "negative int": -1,
    "ints": (1, -2),
    "all ints": (1, 2, 0),
    "slice": slice(1, 3),
    "slices and a step": (slice(None, None, 2), slice(-2, None)),
    "empty slice": slice(2, 2),
    "None": None,
    "None between": (0, None, slice(None), None),
    "Ellipsis": ...,
    "Ellipsis between": (1, ..., slice(None, None, 2)),
    "empty tuple": (),
    "array with duplicates": np.array([0, 2, 2, -1, 0]),
    "matrix of integers": np.array([[0, 1], [1, 1]]),
    "no rows": np.array([], dtype="int64"),
    "arrays side by side": (np.array([0, 1, 1]), np.array([2, 0, 0])),
    "arrays that broadcast": (np.array([[0], [1]]), np.array([2, 0, 0])),
    "arrays apart": (np.array([0, 1]), slice(None), np.array([1, 1])),
    "array and slice": (slice(1, None), np.array([1, 1, 0])),
    "array and int": (1, np.array([1, 0, 1])),
    "array, None and Ellipsis": (None, ..., np.array([0, 0])),
    "mask of rows": np.array([True, False, True, True]),
    "mask of nothing": np.zeros(4, dtype=bool),
    "mask of elements": np.arange(24).reshape(4, 3, 2) % 5 < 2,
    "mask of two dimensions": np.arange(12).reshape(4, 3) % 5 < 2,
    "mask and slice": (slice(None), np.array([True, False, True]), slice(1, None)),
    "mask and array": (np.array([True, False, True, False]), np.array([2, 2])),
    "list": [0, 2, 2],
}


def on(device: str, index):
    """The index with its arrays on the device."""
    if isinstance(index, tuple):
        return tuple(on(device, part) for part in index)
    return to_device(index, device) if isinstance(index, np.ndarray) else index


@pytest.mark.parametrize("pattern", INDICES)
@given(draw=draws())
def test_getitem(pattern: str, draw: Draw, device: str) -> None:
    index = INDICES[pattern]
    ours = on(device, index)
    assert_same_as_torch(draw, device, draw.normal((4, 3, 2)), lambda x: x[ours], lambda x: x[index])


@given(draw=draws(), shape=shapes(max_dims=3))
def test_a_tensor_used_more_than_once(draw: Draw, shape, device: str) -> None:
    def diamond(x):
        left, right = x * x, x + 2.0
        return left * right - left / (right * right + 1.0) + x

    assert_same_as_torch(draw, device, draw.normal(shape), diamond, diamond)


def test_third_derivative(device: str) -> None:
    def third(x, grad):
        y = (x**4 * x + x * x.mean() * x).sum()
        for _ in range(3):
            (g,) = grad(y, x, create_graph=True)
            y = (g * g).sum()
        return g

    array = np.random.default_rng(0).standard_normal(5)
    ours = third(to_tensor(array, device), minigen.grad)
    theirs = third(torch.tensor(array, requires_grad=True), torch.autograd.grad)
    np.testing.assert_allclose(ours.numpy(), theirs.detach().numpy(), rtol=1e-11)


def test_grad_of_tensors_in_the_middle(device: str) -> None:
    def middle(x, grad):
        hidden = x * x
        out = (hidden * 3.0 + x) * hidden
        return grad(out.sum(), (hidden, x))

    array = np.random.default_rng(0).standard_normal(5)
    ours = middle(to_tensor(array, device), minigen.grad)
    theirs = middle(torch.tensor(array, requires_grad=True), torch.autograd.grad)
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-12)


def test_float32_beside_numpy_scalars_stays_float32_as_in_torch(device: str) -> None:
    x = to_tensor(np.ones(3, "float32"), device)
    results: list[Tensor] = [x + 1, 1.5 * x, x - np.float64(2), np.float64(2) / x, x ** np.float64(2), x.mean(), x / 3]
    assert {str(y.dtype) for y in results} == {"float32"}

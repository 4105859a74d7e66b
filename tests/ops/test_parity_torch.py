"""Every operation but convolution, pooling and LSTM against PyTorch: values, gradients and second derivatives."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from support import Draw, assert_close, draws, shapes, to_device, to_tensor

from minigen import ops

torch = pytest.importorskip("torch")
from torch.nn import functional as F  # noqa: E402, N812
from twin import assert_same_as_torch  # noqa: E402

Pick = Callable[[st.SearchStrategy[Any]], Any]
Twins = tuple[Sequence[np.ndarray], Callable[..., Any], Callable[..., Any]]  # inputs, ours, theirs
TABLE: dict[str, Callable[[Draw, Pick, str], Twins]] = {}


def row(function: Callable[[Draw, Pick, str], Twins]) -> None:
    TABLE[function.__name__] = function


def both(ours: Callable[..., Any], theirs: Callable[..., Any], **options: Any) -> tuple[Callable[..., Any], ...]:
    return lambda *x: ours(*x, **options), lambda *x: theirs(*x, **options)


# --- functions of single elements ---------------------------------------------------------------------------

UNARY = {
    "exp": (Draw.normal, ops.exp, torch.exp),
    "log": (Draw.positive, ops.log, torch.log),
    "sqrt": (Draw.positive, ops.sqrt, torch.sqrt),
    "abs": (Draw.integral, ops.abs, torch.abs),
    "relu": (Draw.integral, ops.relu, torch.relu),
    "leaky_relu": (Draw.integral, ops.leaky_relu, F.leaky_relu),
    **{
        f"leaky_relu of slope {slope}": (Draw.integral, *both(ops.leaky_relu, F.leaky_relu, negative_slope=slope))
        for slope in (0.0, 0.2, 1.0, 1.5, -0.3)
    },
    "sigmoid": (Draw.normal, ops.sigmoid, torch.sigmoid),
    "tanh": (Draw.normal, ops.tanh, torch.tanh),
    "softplus": (Draw.normal, ops.softplus, F.softplus),
    "maximum with a number": (
        Draw.integral,
        lambda x: ops.maximum(x, 1),
        lambda x: torch.maximum(x, torch.tensor(1, dtype=x.dtype)),
    ),
}
for name, (values, *functions) in UNARY.items():
    TABLE[name] = lambda draw, pick, device, values=values, f=functions: (values(draw, pick(shapes())), *f)


@row
def clip(draw: Draw, pick: Pick, device: str) -> Twins:
    low, high = pick(st.sampled_from([(-1, 1), (-0.5, 0.7), (0, 0), (-9, 9), (None, 1), (0, None)]))
    return draw.integral(pick(shapes())), *both(ops.clip, torch.clamp, min=low, max=high)


@row
def maximum(draw: Draw, pick: Pick, device: str) -> Twins:
    pair = pick(hnp.mutually_broadcastable_shapes(num_shapes=2, min_side=0, max_side=3, max_dims=4))
    return draw.integral(*pair.input_shapes), ops.maximum, torch.maximum


@row
def where(draw: Draw, pick: Pick, device: str) -> Twins:
    three = pick(hnp.mutually_broadcastable_shapes(num_shapes=3, min_side=0, max_side=3, max_dims=3))
    first, *others = three.input_shapes
    condition = np.asarray(draw.generator().random(first) < 0.5)
    ours, theirs = to_device(condition, device), torch.tensor(condition)
    if pick(st.booleans()):
        return draw.normal(*others), lambda a, b: ops.where(ours, a, b), lambda a, b: torch.where(theirs, a, b)
    return draw.normal(others[0]), lambda a: ops.where(ours, a, 0.25), lambda a: torch.where(theirs, a, 0.25)


# --- softmax, joining, linear -------------------------------------------------------------------------------


def over_a_dimension(draw: Draw, pick: Pick, op: str) -> Twins:
    shape = pick(shapes(min_side=1) | st.just((0, 3)))
    dims = st.just(1) if 0 in shape else st.integers(-max(1, len(shape)), max(0, len(shape) - 1))
    return draw.normal(shape), *both(getattr(ops, op), getattr(torch, op), dim=pick(dims))


TABLE["softmax"] = lambda draw, pick, device: over_a_dimension(draw, pick, "softmax")
TABLE["log_softmax"] = lambda draw, pick, device: over_a_dimension(draw, pick, "log_softmax")


@row
def concat(draw: Draw, pick: Pick, device: str) -> Twins:
    shape = pick(shapes(min_dims=1))
    dim = pick(st.integers(-len(shape), len(shape) - 1))
    before, after = shape[: dim % len(shape)], shape[dim % len(shape) + 1 :]
    lengths = pick(st.lists(st.integers(0, 3), min_size=1, max_size=4))
    parts = draw.normal(*[(*before, n, *after) for n in lengths])
    return parts, lambda x, *p: ops.concat([x, *p, x * x], dim), lambda x, *p: torch.cat([x, *p, x * x], dim)


@row
def stack(draw: Draw, pick: Pick, device: str) -> Twins:
    shape, count = pick(shapes(max_dims=3)), pick(st.integers(1, 3))
    dim = pick(st.integers(-len(shape) - 1, len(shape)))
    return draw.normal(*[shape] * count), lambda *p: ops.stack(p, dim), lambda *p: torch.stack(p, dim)


@row
def pad(draw: Draw, pick: Pick, device: str) -> Twins:
    shape, value = pick(shapes(min_dims=1, max_dims=3)), pick(st.sampled_from([0.0, -1.5]))
    widths = [pick(st.tuples(st.integers(0, 2), st.integers(0, 2))) for _ in shape]
    theirs = [n for pair in reversed(widths) for n in pair]  # torch lists the last dimension first
    return draw.normal(shape), lambda x: ops.pad(x, widths, value), lambda x: F.pad(x, theirs, value=value)


@row
def linear(draw: Draw, pick: Pick, device: str) -> Twins:
    batch, inner, outer = pick(shapes(max_dims=3)), pick(st.integers(0, 4)), pick(st.integers(1, 4))
    arrays = draw.normal((*batch, inner), (outer, inner), (outer,))
    return arrays[: pick(st.sampled_from([2, 3]))], ops.linear, F.linear


# --- losses -------------------------------------------------------------------------------------------------


def to_a_target(draw: Draw, pick: Pick, loss: str, reduction: str) -> Twins:
    x, target = draw.normal(*[pick(shapes(min_side=1))] * 2)
    target = np.asarray(1 / (1 + np.exp(-target)))  # a probability, as the cross-entropy wants
    return [x, target], *both(getattr(ops, loss), getattr(F, loss), reduction=reduction)


def to_labels(draw: Draw, pick: Pick, device: str, reduction: str) -> Twins:
    batch, classes = pick(st.integers(0, 5)), pick(st.integers(1, 5))
    labels = draw.generator().integers(0, classes, batch)
    if batch > 1 and pick(st.booleans()):
        labels[0] = -100  # which both ignore
    ours, theirs = to_device(labels.astype(pick(st.sampled_from(["int64", "int16"]))), device), torch.tensor(labels)
    return (
        draw.normal((batch, classes)),
        lambda x: ops.cross_entropy(x, ours, reduction),
        lambda x: F.cross_entropy(x, theirs, reduction=reduction),
    )


def from_the_log_variance(draw: Draw, pick: Pick, reduction: str) -> Twins:
    def theirs(mean: Any, target: Any, log_var: Any) -> Any:
        return F.gaussian_nll_loss(mean, target, torch.exp(log_var), full=True, eps=0, reduction=reduction)

    arrays = draw.normal(*[pick(shapes(min_side=1))] * 3)
    return arrays, lambda mean, target, v: ops.gaussian_nll_loss(mean, target, v, reduction), theirs


for r in ("mean", "sum", "none"):
    for loss in ("mse_loss", "l1_loss", "binary_cross_entropy_with_logits"):
        TABLE[f"{loss}, {r}"] = lambda draw, pick, device, loss=loss, r=r: to_a_target(draw, pick, loss, r)
    TABLE[f"cross_entropy, {r}"] = lambda draw, pick, device, r=r: to_labels(draw, pick, device, r)
    TABLE[f"gaussian_nll_loss, {r}"] = lambda draw, pick, device, r=r: from_the_log_variance(draw, pick, r)


@row
def l1_loss_to_a_plain_array(draw: Draw, pick: Pick, device: str) -> Twins:
    x, target = draw.integral(*[pick(shapes(min_side=1))] * 2)
    ours, theirs = to_device(target.astype("float64"), device), torch.tensor(target)
    return [x], lambda x: ops.l1_loss(x, ours), lambda x: F.l1_loss(x, theirs)


# --- sampling, with the noise given -------------------------------------------------------------------------


@row
def reparameterize(draw: Draw, pick: Pick, device: str) -> Twins:
    mean, log_var, noise = draw.normal(*[pick(shapes())] * 3)
    ours, theirs = to_device(noise, device), torch.tensor(noise)
    return [mean, log_var], lambda m, v: ops.reparameterize(m, v, ours), lambda m, v: m + torch.exp(v / 2) * theirs


@row
def kl_standard_normal(draw: Draw, pick: Pick, device: str) -> Twins:
    def theirs(mean: Any, log_var: Any) -> Any:
        normal = torch.distributions.Normal(mean, torch.exp(log_var / 2))
        return torch.distributions.kl_divergence(normal, torch.distributions.Normal(0.0, 1.0)).sum(-1)

    return draw.normal(*[pick(shapes(min_dims=1, max_dims=3))] * 2), ops.kl_standard_normal, theirs


@row
def dropout(draw: Draw, pick: Pick, device: str) -> Twins:
    shape, p = pick(shapes()), pick(st.sampled_from([0.1, 0.5, 0.9]))
    mask = np.asarray(draw.generator().random(shape) >= p)
    ours, theirs = to_device(mask, device), torch.tensor(mask)
    return draw.normal(shape), lambda x: ops.dropout(x, p, mask=ours), lambda x: x * theirs / (1 - p)


# --- batch normalization ------------------------------------------------------------------------------------

batches = st.sampled_from([(4, 3), (5, 1), (3, 3, 2), (3, 2, 2, 4), (4, 1, 3, 1)])


def batch_norm(draw: Draw, pick: Pick, device: str, training: bool) -> Twins:
    shape, affine = pick(batches), pick(st.booleans())
    options: dict[str, Any] = {"training": training, "eps": pick(st.sampled_from([1e-5, 0.1]))}
    statistics = [None, None] if training else [draw.positive(shape[1:2])[0] for _ in range(2)]
    ours, theirs = (
        [None if s is None else convert(s) for s in statistics]
        for convert in (lambda s: to_device(s, device), torch.tensor)
    )
    return (
        draw.normal(shape, shape[1:2], shape[1:2])[: 3 if affine else 1],
        lambda x, *wb: ops.batch_norm(x, *ours, *wb, **options),
        lambda x, *wb: F.batch_norm(x, *theirs, *wb, **options),
    )


TABLE["batch_norm in training"] = lambda *a: batch_norm(*a, training=True)
TABLE["batch_norm in evaluation"] = lambda *a: batch_norm(*a, training=False)


@pytest.mark.parametrize("name", TABLE)
@given(draw=draws(), data=st.data())
def test_agrees_with_torch(name: str, draw: Draw, data: st.DataObject, device: str) -> None:
    assert_same_as_torch(draw, device, *TABLE[name](draw, data.draw, device))


@given(draw=draws(), shape=batches, momentum=st.sampled_from([0.1, 0.5, 1.0]), steps=st.integers(1, 3))
def test_running_statistics(draw: Draw, shape, momentum: float, steps: int, device: str) -> None:
    zeros, ones = np.zeros(shape[1], draw.dtype), np.ones(shape[1], draw.dtype)
    ours = [to_device(s.copy(), device) for s in (zeros, ones)]
    theirs = [torch.tensor(s) for s in (zeros, ones)]
    for x in draw.normal(*[shape] * steps):
        ops.batch_norm(to_tensor(x, device, draw.layout), *ours, training=True, momentum=momentum)
        F.batch_norm(torch.tensor(x), *theirs, training=True, momentum=momentum)
    for a, b in zip(ours, theirs, strict=True):
        assert_close(a, b.numpy(), draw.tolerance)

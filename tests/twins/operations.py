"""The cases of minigen.gradcheck in PyTorch: twin(case)(torch, *inputs) gives the same values."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from minigen.gradcheck.case import Case
from minigen.gradcheck.cases.elementwise import CHOICE
from minigen.gradcheck.cases.losses import LABELS
from minigen.gradcheck.cases.normalization import MEAN, VAR
from minigen.gradcheck.cases.sampling import MASK, NOISE

Twin = Callable[..., Any]

WRITTEN_ALIKE = {
    *("add", "sub", "mul", "div", "neg", "power", "matmul", "sum", "mean", "var", "std", "clone", "getitem"),
    *("reshape", "flatten", "permute", "transpose", "T", "squeeze", "broadcast_to"),
}
"""Operators and methods that PyTorch writes as minigen does: the case itself is called with PyTorch's tensors."""


def twin(case: Case) -> Twin | None:
    """The case's function in PyTorch; None if there is none."""
    if case.op in WRITTEN_ALIKE:
        return lambda _, *inputs: case.call(*inputs)
    found = TWINS.get(case.name, TWINS.get(case.op))
    return found and partial(found, **case.options)


def conv2d(t: Any, x: Any, w: Any, b: Any = None, **options: Any) -> Any:
    """For padding="same" padded by hand, as Keras pads."""
    if options.get("padding") == "same":
        stride, dilation = options.get("stride", 1), options.get("dilation", 1)
        (top, bottom), (left, right) = (keras_padding(x.shape[d], w.shape[d], stride, dilation) for d in (2, 3))
        x, options = t.nn.functional.pad(x, (left, right, top, bottom)), options | {"padding": 0}
    return t.nn.functional.conv2d(x, w, b, **options)


def keras_padding(size: int, kernel: int, stride: int, dilation: int) -> tuple[int, int]:
    """Zeros before and after, as TensorFlow's documentation of padding="SAME" computes them."""
    reach = dilation * (kernel - 1) + 1
    total = max(reach - stride, 0) if size % stride == 0 else max(reach - size % stride, 0)
    return total // 2, total - total // 2


def conv_transpose2d(t: Any, x: Any, w: Any, b: Any, **options: Any) -> Any:
    """For padding="same" the whole image, cut by hand."""
    if options.get("padding") != "same":
        return t.nn.functional.conv_transpose2d(x, w, b, **options)
    stride, groups = options.get("stride", 1), options.get("groups", 1)
    whole = t.nn.functional.conv_transpose2d(x, w, None, stride, groups=groups, output_padding=stride - 1)
    height, width = x.shape[2] * stride, x.shape[3] * stride
    top, left = (keras_padding(n, k, stride, 1)[0] for n, k in zip((height, width), w.shape[2:], strict=True))
    return whole[:, :, top : top + height, left : left + width] + b[:, None, None]


def max_unpool2d(t: Any, x: Any, indices: Any, **options: Any) -> Any:
    """With indices that NumPy made."""
    return t.nn.functional.max_unpool2d(x, t.tensor(indices.copy()), **options)


def lstm(t: Any, x: Any, h: Any, c: Any, weight_ih: Any, weight_hh: Any, bias: Any = None) -> Any:
    """With our one bias as the first of PyTorch's two."""
    biases = [] if bias is None else [bias, t.zeros_like(bias)]
    weights = [weight_ih, weight_hh, *biases]
    outputs, h, c = t.lstm(x, (h[None], c[None]), weights, bias is not None, 1, 0.0, False, False, True)
    return outputs, h[0], c[0]


def lstm_cell(t: Any, x: Any, h: Any, c: Any, weight_ih: Any, weight_hh: Any, bias: Any) -> Any:
    """With our one bias as the first of PyTorch's two."""
    return t.lstm_cell(x, (h, c), weight_ih, weight_hh, bias, t.zeros_like(bias))


def standardized(t: Any, x: Any) -> Any:
    """From elementary operations: PyTorch's own batch_norm (2.13) is wrong from the third derivative on."""
    return (x - x.mean(0)) / t.sqrt(x.var(0, correction=0) + 1e-5)


def kl_standard_normal(t: Any, m: Any, v: Any) -> Any:
    """Both distributions as PyTorch's objects."""
    code, prior = t.distributions.Normal(m, t.exp(v / 2)), t.distributions.Normal(0.0, 1.0)
    return t.distributions.kl_divergence(code, prior).sum(-1)


def functional(name: str) -> Twin:
    """torch.nn.functional's function of the name."""
    return lambda t, *inputs, **options: getattr(t.nn.functional, name)(*inputs, **options)


def torchs(name: str) -> Twin:
    """torch's own function of the name."""
    return lambda t, *inputs, **options: getattr(t, name)(*inputs, **options)


TWINS: dict[str, Twin | None] = {
    **{op: torchs(op) for op in ("exp", "log", "sqrt", "abs", "clip", "maximum", "relu", "sigmoid", "tanh")},
    **{op: functional(op) for op in ("leaky_relu", "softplus", "mse_loss", "binary_cross_entropy_with_logits")},
    **{op: functional(op) for op in ("linear", "max_pool2d", "avg_pool2d")},
    "max": lambda _, x: x.amax(),
    "max: one dim": lambda _, x: x.amax(1),
    "min: keepdim": lambda _, x: x.amin(0, True),
    "expand_dims": lambda _, x: x.unsqueeze(-1),
    "where: broadcast": lambda t, a, b: t.where(t.tensor(CHOICE), a, b),
    "concat": lambda t, a, b: t.cat([a, b, a], -1),
    "stack": lambda t, a, b: t.stack([a, b], 1),
    "pad": lambda t, x: t.nn.functional.pad(x, (2, 3, 1, 0), value=0.5),
    "softmax": lambda t, x, dim=-1: t.softmax(x, dim),
    "log_softmax": lambda t, x, dim=-1: t.log_softmax(x, dim),
    "linear_input_grad": lambda _, g, w: g @ w,
    "linear_weight_grad": lambda _, g, x: g.T @ x,
    "lstm": lstm,
    **{f"lstm: {note}": None for note in ("relu", "lengths", "outputs alone", "h alone", "c alone")},
    "lstm_cell": lstm_cell,
    "lstm_cell: relu": None,
    "conv2d": conv2d,
    "conv_transpose2d": conv_transpose2d,
    "max_unpool2d": max_unpool2d,
    "upsample_nearest2d": lambda t, x, **options: t.nn.functional.interpolate(x, mode="nearest", **options),
    "batch_norm": lambda t, x, w, b: t.nn.functional.batch_norm(x, None, None, w, b, training=True),
    "batch_norm: rows, a large eps": lambda t, x: t.nn.functional.batch_norm(x, None, None, training=True, eps=0.1),
    "batch_norm: running statistics": lambda t, x, w, b: t.nn.functional.batch_norm(
        x, *(t.tensor(v, dtype=x.dtype) for v in (MEAN, VAR)), w, b
    ),
    "batch_norm: its gradient, for the third derivative": lambda t, x, g: t.autograd.grad(
        standardized(t, x), x, g, create_graph=True
    )[0],
    "reparameterize": lambda t, m, v: m + t.exp(v / 2) * t.tensor(NOISE, dtype=m.dtype),
    "kl_standard_normal": kl_standard_normal,
    "dropout": lambda t, x: x * t.tensor(MASK) / 0.7,
    "l1_loss: sum": lambda t, x, y: t.nn.functional.l1_loss(x, 0.01 * y, reduction="sum"),
    "cross_entropy": lambda t, x: t.nn.functional.cross_entropy(x, t.tensor(LABELS)),
    "gaussian_nll_loss": lambda t, m, y, v, **options: t.nn.functional.gaussian_nll_loss(
        m, y, t.exp(v), full=True, **options
    ),
}
"""By the case's name, else by its operation; None where PyTorch has nothing to compare with."""

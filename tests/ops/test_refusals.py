"""What each operation refuses, in one line that begins with its name: the argument, what it was, what it must be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from support import to_device, to_tensor

from minigen import Tensor, ops

X = (2, 4, 5, 6)
K = (8, 4, 3, 3)
LSTM = {"x": (3, 4, 2), "h0": (3, 5), "c0": (3, 5), "weight_ih": (20, 2), "weight_hh": (20, 5), "bias": (20,)}
CELL = {"x": (3, 2), "h": (3, 5), "c": (3, 5), "weight_ih": (20, 2), "weight_hh": (20, 5), "bias": (20,)}


class Make:
    """t(2, 3) is a tensor of zeros, t.array(…) a plain array on the device, t.lstm(bias=…) a call of `lstm`."""

    def __init__(self, device: str) -> None:
        self.device = device

    def __call__(self, *shape: int, dtype: str = "float64") -> Tensor:
        return to_tensor(np.zeros(shape, dtype), self.device)

    def array(self, values: Any, dtype: str | None = None) -> Any:
        return to_device(np.array(values, dtype), self.device)

    def zeros(self, *shape: int, dtype: str = "float64") -> Any:
        return to_device(np.zeros(shape, dtype), self.device)

    def lstm(self, options: dict[str, Any] | None = None, **shapes: tuple[int, ...]) -> Any:
        return ops.lstm(**{name: self(*shape) for name, shape in (LSTM | shapes).items()}, **(options or {}))

    def cell(self, options: dict[str, Any] | None = None, **shapes: tuple[int, ...]) -> Any:
        return ops.lstm_cell(**{name: self(*shape) for name, shape in (CELL | shapes).items()}, **(options or {}))


Row = tuple[Callable[[Make], Any], str]

VALUES: list[Row] = [
    (lambda t: ops.clip(t(1), 2, 1), "clip: min is 2, must not exceed max|1"),
    # joining
    (lambda t: ops.concat([t(2, 3), t(3, 3)], 1), "concat: shapes (2, 3) and (3, 3) must agree except in dimension 1"),
    (lambda t: ops.concat([t(2, 3), t(2)], 1), "concat: shapes (2, 3) and (2,) must agree"),
    (lambda t: ops.concat([t(2), t(2, 3)], 0), "concat: shapes (2,) and (2, 3) must agree"),
    (lambda t: ops.concat([t(2, 3), t(2, 3, 4)], -1), "concat: shapes (2, 3) and (2, 3, 4) must agree|-1"),
    (lambda t: ops.concat([t()]), "concat: a tensor of shape ()|stack"),
    (lambda t: ops.concat([]), "concat: tensors is empty, must"),
    (lambda t: ops.stack([]), "stack: tensors is empty, must"),
    (lambda t: ops.stack([t(2), t(3)]), "stack: shapes (2,) and (3,) must be equal"),
    (lambda t: ops.concat([t(2, 3), t.zeros(3, 4)]), "concat: shapes (2, 3) and (3, 4) must agree"),
    *(
        (lambda t, widths=widths: ops.pad(t(2, 3), widths), f"pad: widths is {widths}, must be 2 pairs|x (2, 3)")
        for widths in ([(1, 1)], (1, 1), (1, 1, 1, 1), 1)
    ),
    (lambda t: ops.mse_loss(target=t(2, 4), x=t(2, 3)), "mse_loss: target is of shape (2, 4), must"),
    (lambda t: ops.mse_loss(target=t.zeros(2, 4), x=t(2, 3)), "mse_loss: target is of shape (2, 4), must"),
    # linear
    (lambda t: ops.linear(t(2, 3), t(4, 5)), "linear: x has shape (2, 3), weight (4, 5) expects (…, 5)"),
    (lambda t: ops.linear(t(), t(4, 5)), "linear: x has shape (), weight (4, 5) expects (…, 5)"),
    (lambda t: ops.linear(t(2, 5), t(4, 5, 1)), "linear: x has shape (2, 5), weight (4, 5, 1) expects"),
    (lambda t: ops.linear(t(2, 5), t(4, 5), t(5)), "linear: bias has shape (5,), weight (4, 5) expects (4,)"),
    (lambda t: ops.linear(t(2, 5), t(4, 5), t(1, 4)), "linear: bias has shape (1, 4)|(4,)"),
    (lambda t: ops.matmul(t(), t(4, 5)), "matmul: shapes () and (4, 5)|(…, M, K) @ (…, K, N)"),
    (lambda t: ops.matmul(t(2, 3), t(2, 3)), "matmul: shapes (2, 3) and (2, 3)|(…, M, K) @ (…, K, N)"),
    # convolution
    (lambda t: ops.conv2d(t(2, 3, 5, 5), t(8, 1, 3, 3)), "conv2d: x has 3 channels, weight expects 1|(8, 1, 3, 3)"),
    (lambda t: ops.conv2d(t(*X), t(8, 3, 3, 3), groups=2), "conv2d: x has 4 channels, weight expects 6|groups=2"),
    (lambda t: ops.conv2d(t(*X), t(3, 2, 3, 3), groups=2), "conv2d: groups is 2, must divide|(3, 2, 3, 3)"),
    (lambda t: ops.conv2d(t(*X), t(*K), groups=0), "conv2d: groups is 0, must divide"),
    (lambda t: ops.conv2d(t(*X), t(8, 4, 3, 7)), "conv2d: kernel (3, 7)|size (5, 6)|is (3, 0), must be at least 1"),
    (lambda t: ops.conv2d(t(*X), t(*K), dilation=4, padding=1), "conv2d: kernel (3, 3) with dilation (4, 4)|(7, 8)"),
    (lambda t: ops.conv2d(t(4, 5, 6), t(*K)), "conv2d: x has 3 dimensions (shape (4, 5, 6)), must have 4"),
    (lambda t: ops.conv2d(t(*X), t(8, 4, 3)), "conv2d: weight has shape (8, 4, 3), must have 4 dimensions"),
    (lambda t: ops.conv2d(t(*X), t(*K), t(4)), "conv2d: bias has shape (4,), must be (8,)"),
    (lambda t: ops.conv2d(t(*X), t(*K), stride=0), "conv2d: stride is 0, must be an integer of at least 1 or a pair"),
    (lambda t: ops.conv2d(t(*X), t(*K), stride=1.5), "conv2d: stride is 1.5, must be an integer"),
    (lambda t: ops.conv2d(t(*X), t(*K), padding=(1, -1)), "conv2d: padding is (1, -1), must be|at least 0"),
    (lambda t: ops.conv2d(t(*X), t(*K), padding=(1, 1, 1)), "conv2d: padding is (1, 1, 1), must be an integer"),
    (lambda t: ops.conv2d(t(*X), t(*K), padding="full"), "conv2d: padding is 'full', must be 'valid', 'same', an int"),
    (lambda t: ops.conv2d(t(*X), t(*K), dilation=0), "conv2d: dilation is 0, must be"),
    (lambda t: ops.conv_transpose2d(t(*X), t(3, 2, 3, 3)), "conv_transpose2d: x has 4 channels|(3, 2, 3, 3) expects 3"),
    (lambda t: ops.conv_transpose2d(t(*X), t(4, 2, 3, 3), groups=3), "conv_transpose2d: groups is 3, must divide"),
    (lambda t: ops.conv_transpose2d(t(*X), t(4, 8, 3, 3), t(4)), "conv_transpose2d: bias has shape (4,), must be (8,)"),
    (
        lambda t: ops.conv_transpose2d(t(*X), t(4, 2, 3, 3), stride=2, output_padding=2),
        "conv_transpose2d: output_padding is (2, 2), must be smaller than stride (2, 2) or dilation (1, 1)",
    ),
    (
        lambda t: ops.conv_transpose2d(t(*X), t(4, 2, 3, 3), output_padding=(0, 1)),
        "conv_transpose2d: output_padding is (0, 1), must be smaller",
    ),
    (
        lambda t: ops.conv_transpose2d(t(*X), t(4, 2, 3, 3), stride=2, output_padding=1, padding="same"),
        "conv_transpose2d: output_padding is (1, 1), must be 0 with padding='same'",
    ),
    (
        lambda t: ops.conv_transpose2d(t(2, 4, 1, 1), t(4, 2, 3, 3), padding=2),
        "conv_transpose2d: x of size (1, 1) gives|= (-1, -1), must be at least 1|kernel (3, 3)",
    ),
    (lambda t: ops.conv_transpose2d(t(4, 5, 6), t(4, 2, 3, 3)), "conv_transpose2d: x has 3 dimensions"),
    (lambda t: ops.col2im(t.zeros(4, 5), (1, 1, 3, 4), 2), "col2im: columns has shape (4, 5)|(1, 1, 3, 4)|(4, 6)"),
    # pooling
    *(
        (lambda t, op=op, shape=shape, arguments=arguments: op(t(*shape), *arguments), f"{op.__name__}: {says}")
        for op in (ops.max_pool2d, ops.avg_pool2d)
        for shape, arguments, says in [
            ((1, 1, 2, 5), (3,), "kernel (3, 3)|larger than the input of size (2, 5)"),
            ((1, 1, 5, 5), (3, 2, 2), "padding is 2, must be at most half of kernel_size 3"),
            ((1, 1, 5, 5), ((2, 3), 2, (1, 2)), "padding is (1, 2), must be at most half of kernel_size (2, 3)"),
            ((1, 1, 5, 5), (0,), "kernel_size is 0, must be an integer of at least 1 or a pair"),
            ((1, 1, 5, 5), (2, 0), "stride is 0, must be"),
            ((1, 5, 5), (2,), "x has 3 dimensions (shape (1, 5, 5)), must have 4: (N, C, H, W)"),
        ]
    ),
    (lambda t: ops.max_pool2d(t(1, 1, 5, 5), 2, ceil_mode=True), "max_pool2d: ceil_mode is True, must be|ops.pad"),
    (lambda t: ops.avg_pool2d(t(1, 1, 5, 5), 2, ceil_mode=True), "avg_pool2d: ceil_mode is True, must be|ops.pad"),
    (
        lambda t: ops.max_unpool2d(t(1, 1, 2, 2), t.zeros(1, 1, 2, 3, dtype="int64"), 2),
        "max_unpool2d: indices has shape (1, 1, 2, 3), must have the shape of x (1, 1, 2, 2)",
    ),
    (
        lambda t: ops.max_unpool2d(t(1, 1, 2, 2), t.zeros(1, 1, 2, 2, dtype="int64"), 2, output_size=(4, 6)),
        "max_unpool2d: |output_size (4, 6) gives (2, 3), x has (2, 2)",
    ),
    (
        lambda t: ops.max_unpool2d(t(1, 1, 2, 2), t.zeros(1, 1, 2, 2, dtype="int64"), 2, padding=2),
        "max_unpool2d: padding is 2, must be at most half",
    ),
    (lambda t: ops.upsample_nearest2d(t(1, 1, 2, 2), 0), "upsample_nearest2d: scale_factor is 0, must be"),
    # batch normalization
    (lambda t: ops.batch_norm(t(4), None, None), "batch_norm: x has shape (4,), must|at least 2 dimensions: (N, C, …)"),
    (lambda t: ops.batch_norm(t(4, 3), None, None, t(2)), "batch_norm: weight has shape (2,), x (4, 3) expects (3,)"),
    (lambda t: ops.batch_norm(t(4, 3), None, None, None, t(4)), "batch_norm: bias has shape (4,)|expects (3,)"),
    (lambda t: ops.batch_norm(t(4, 3), t.zeros(3), t.zeros(2)), "batch_norm: running_var has shape (2,)|expects (3,)"),
    (lambda t: ops.batch_norm(t(4, 3), t.zeros(3), None), "batch_norm: evaluation (training=False) needs|running_var"),
    (lambda t: ops.batch_norm(t(1, 3), None, None, training=True), "batch_norm: x has shape (1, 3), must|two elements"),
    # losses
    *(
        (lambda t, op=op, target=target: op(t(2, 3), target(t)), f"{op.__name__}: target is {found}, must|(2, 3)")
        for op in (ops.mse_loss, ops.l1_loss, ops.binary_cross_entropy_with_logits)
        for target, found in [(lambda t: t.zeros(2, 1), "of shape (2, 1)"), (lambda t: 0.0, "a number")]
    ),
    *(
        (
            lambda t, op=op, targets=targets: op(t(2, 3), *targets(t), reduction="avg"),
            f"{op.__name__}: reduction is 'avg', must be 'mean', 'sum' or 'none'",
        )
        for op, targets in [
            *((op, lambda t: [t(2, 3)]) for op in (ops.mse_loss, ops.l1_loss, ops.binary_cross_entropy_with_logits)),
            (ops.gaussian_nll_loss, lambda t: [t(2, 3), t(2, 3)]),
            (ops.cross_entropy, lambda t: [t.array([0, 1])]),
        ]
    ),
    (
        lambda t: ops.gaussian_nll_loss(t(2, 3), t.zeros(2, 3), t(2, 1)),
        "gaussian_nll_loss: log_var is of shape (2, 1), must be of mean's (2, 3)",
    ),
    (lambda t: ops.cross_entropy(t(2, 3), t.array([0, 1, 2])), "cross_entropy: logits (2, 3)|(3,) of int64 must"),
    (lambda t: ops.cross_entropy(t(2, 3), t.array([0.0, 1.0])), "cross_entropy: logits|float64 must be|of integers"),
    (lambda t: ops.cross_entropy(t(3), t.array([0, 1, 2])), "cross_entropy: logits (3,)|must be (N, K)"),
    (lambda t: ops.cross_entropy(t(), t.array(0)), "cross_entropy: logits ()|must be (N, K)"),
    # sampling
    (lambda t: ops.reparameterize(t(2, 3), t(2, 1)), "reparameterize: mean (2, 3), log_var (2, 1)|noise (2, 3)"),
    *(
        (lambda t, p=p: ops.dropout(t(3), p), f"dropout: p is {p}, must be at least 0 and below 1")
        for p in (-0.1, 1.0, 2.0)
    ),
    (lambda t: ops.dropout(t(3), mask=t.array([True, False])), "dropout: mask has shape (2,), must|(3,)"),
    # lstm
    (lambda t: t.lstm(x=(3, 4)), "lstm: x has shape (3, 4), must be (N, T, I) with T at least 1"),
    (lambda t: t.lstm(x=(3, 0, 2)), "lstm: x has shape (3, 0, 2), must be (N, T, I) with T at least 1"),
    (lambda t: t.lstm(h0=(1, 5)), "lstm: h0 has shape (1, 5), must be (N, H) = (3, 5)"),
    (lambda t: t.lstm(h0=(5,)), "lstm: h0 has shape (5,), must be (N, H) = (3, 5)"),
    (lambda t: t.lstm(c0=(3, 4)), "lstm: c0 has shape (3, 4), must be (N, H) = (3, 5)"),
    (lambda t: t.lstm(weight_ih=(20, 3)), "lstm: weight_ih has shape (20, 3), must be (4H, I) = (20, 2)"),
    (lambda t: t.lstm(weight_hh=(20,)), "lstm: weight_hh has shape (20,), must be (4H, H)"),
    (lambda t: t.lstm(weight_hh=(15, 5)), "lstm: weight_hh has shape (15, 5), must be (4H, H) = (20, 5)"),
    (lambda t: t.lstm(bias=(5,)), "lstm: bias has shape (5,), must be (4H,) = (20,)"),
    (lambda t: t.lstm({"activation": "elu"}), "lstm: activation is 'elu', must be 'tanh' or 'relu'"),
    (lambda t: t.lstm({"lengths": t.array([1, 2])}), "lstm: lengths is int64 of shape (2,), must be (3,) of integers"),
    (lambda t: t.lstm({"lengths": t.array([1.0, 2, 3])}), "lstm: lengths is float64 of shape (3,), must be|integers"),
    (lambda t: t.cell(x=(3, 4, 2)), "lstm_cell: x has shape (3, 4, 2), must be (N, I)"),
    (lambda t: t.cell(h=(1, 5)), "lstm_cell: h has shape (1, 5), must be (N, H) = (3, 5)"),
    (lambda t: t.cell(c=(5,)), "lstm_cell: c has shape (5,), must be (N, H) = (3, 5)"),
    (lambda t: t.cell(bias=(1,)), "lstm_cell: bias has shape (1,), must be (4H,) = (20,)"),
    (lambda t: t.cell({"activation": "elu"}), "lstm_cell: activation is 'elu', must be 'tanh' or 'relu'"),
]

ON_THE_CPU: list[Row] = [
    (lambda t: ops.cross_entropy(t(2, 3), t.array([0, 3])), "cross_entropy: labels run from 0 to 3, must lie in 0…2"),
    (lambda t: ops.cross_entropy(t(2, 3), t.array([-1, 2])), "cross_entropy: labels run from -1 to 2, must lie in 0…2"),
    (lambda t: t.lstm({"lengths": t.array([1, 0, 4])}), "lstm: lengths run from 0 to 4, must lie in 1…4"),
    (lambda t: t.lstm({"lengths": t.array([1, 5, 4])}), "lstm: lengths run from 1 to 5, must lie in 1…4"),
    *(
        (
            lambda t, i=i: ops.max_unpool2d(t(1, 1, 1, 2), t.array([[[[i, 2]]]]), 2),
            "max_unpool2d: an index lies outside its window (kernel (2, 2), image (2, 4)",
        )
        for i in (-1, 2, 8, 4 * 10**9)
    ),
    (
        lambda t: ops.max_unpool2d(t(1, 1, 1, 1), t.array([[[[-4]]]]), 2, padding=1, output_size=(1, 1)),
        "max_unpool2d: an index lies outside",
    ),
]
"""On a GPU these checks would make the program wait."""

TYPES: list[Row] = [
    (lambda t: ops.clip(t(1)), "clip: min and max are None"),
    (lambda t: ops.mse_loss(target=t.zeros(2), x=t.zeros(2)), "mse_loss: x is an array of float64, must be a tensor"),
    (lambda t: ops.mse_loss(target=t.zeros(2)), "mse_loss: |missing 1 required positional argument: 'x'"),
    *(
        row
        for op in (ops.concat, ops.stack)
        for row in [
            (lambda t, op=op: op(t(2), t(2)), f"{op.__name__}: tensors is a Tensor, must be a list of tensors"),
            (lambda t, op=op: op(t(2)), f"{op.__name__}: tensors is a Tensor, must be a list of tensors"),
            (
                lambda t, op=op: op([t.zeros(2), t(2)]),
                f"{op.__name__}: tensors[0] is an array of float64, must be a te",
            ),
        ]
    ),
    *(
        (lambda t, m=m: ops.dropout(t(3), mask=t.array(m)), f"dropout: mask is an array of {found}, must be of bool")
        for m, found in [([1.0, 0.0, 1.0], "float64"), ([1, 0, 1], "int64")]
    ),
    *(
        (lambda t, statistics=statistics: ops.batch_norm(t(4, 3), *statistics(t)), f"batch_norm: {says}, must be an ar")
        for statistics, says in [
            (lambda t: (t(3), t.zeros(3)), "running_mean is a Tensor"),
            (lambda t: (None, [0.0, 0.0, 0.0]), "running_var is a list"),
        ]
    ),
    (
        lambda t: ops.max_unpool2d(t(1, 1, 2, 2), t.zeros(1, 1, 2, 2), 2),
        "max_unpool2d: indices is an array of float64, must be of integers",
    ),
    (lambda t: ops.clip(t(1), t()), "clip: min is a Tensor, must be a number|ops.maximum"),
    (lambda t: ops.clip(t(1), max=t()), "clip: max is a Tensor, must be a number|ops.maximum"),
    (lambda t: ops.where(t.array([0, 1]), t(2), t(2)), "where: condition is an array of int64, must be of bool"),
    (lambda t: ops.cross_entropy(t(2, 3), [0, 1]), "cross_entropy: labels is a list, must be an array"),
    (lambda t: ops.matmul(t(2, 3), 2.0), "|number 2, must be a tensor or an array"),
    (lambda t: ops.max_pool2d(t(1, 1, 5, 5), 2, 2, 0, 1), "max_pool2d: return_indices is 1, must be True or False"),
    *(
        (lambda t, call=call: call(t(4, 3)), "|dim is True, must be an integer")
        for call in (lambda x: x.sum(True), lambda x: x.std(True), lambda x: ops.softmax(x, True))
    ),
    *(
        (lambda t, name=name: getattr(t(4, 3, 5), name)(1, 2), "keepdim is 2, must be|dim=(1, 2)")
        for name in ("sum", "mean", "max", "min")
    ),
    *(
        (lambda t, op=op: op(t.zeros(*X, dtype="uint8"), 2), f"{op.__name__}: x is an array of uint8, must be a tensor")
        for op in (ops.max_pool2d, ops.avg_pool2d, ops.upsample_nearest2d)
    ),
    *(
        row
        for op in (ops.conv2d, ops.conv_transpose2d)
        for row in [
            (lambda t, op=op: op(t.array([1, 2]), t(4, 4, 3, 3)), f"{op.__name__}: x is an array of int64, must be"),
            (lambda t, op=op: op([1, 2], t(4, 4, 3, 3)), f"{op.__name__}: x is a list, must be a tensor"),
            (lambda t, op=op: op(t(*X, dtype="float32"), t(4, 4, 3, 3)), "|float32 and float64 do not mix"),
            (lambda t, op=op: op(t(*X), t(4, 4, 3, 3), t(4, dtype="float32")), "|float64 and float32 do not mix"),
        ]
    ),
    (
        lambda t: ops.lstm_cell(t(3, 2), [[0.0] * 5] * 3, t(3, 5), t(20, 2), t(20, 5)),
        "lstm_cell: an operand is a list, must be a tensor",
    ),
    (lambda t: ops.concat([t(2, dtype="float32"), t(2)]), "|float32 and float64 do not mix"),
    (lambda t: ops.linear(t(2, 3, dtype="float32"), t(4, 3)), "|float32 and float64 do not mix"),
    (
        lambda t: ops.lstm(*(t(*LSTM[n], dtype="float32" if n == "bias" else "float64") for n in LSTM)),
        "lstm: tensors of float64 and float32 do not mix",
    ),
]


def by_message(rows: list[Row]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(("call", "says"), rows, ids=[says for _, says in rows])


def assert_refuses(error: type[Exception], call: Callable[[Make], Any], says: str, device: str) -> None:
    """The message begins with the first part of `says`, and has all parts, in one line."""
    with pytest.raises(error) as caught:
        call(Make(device))
    message = str(caught.value)
    assert message.startswith(says.split("|")[0])
    assert all(part in message for part in says.split("|"))
    assert "\n" not in message


@by_message(VALUES)
def test_values_and_shapes(call: Callable[[Make], Any], says: str, device: str) -> None:
    assert_refuses(ValueError, call, says, device)


@by_message(ON_THE_CPU)
def test_values_in_arrays(call: Callable[[Make], Any], says: str) -> None:
    assert_refuses(ValueError, call, says, "cpu")


@by_message(TYPES)
def test_types(call: Callable[[Make], Any], says: str, device: str) -> None:
    assert_refuses(TypeError, call, says, device)


def test_a_dimension_that_there_is_not(device: str) -> None:
    for call in (lambda t: ops.concat([t(2, 3)], 2), lambda t: ops.softmax(t(2, 3), 2)):
        assert_refuses(IndexError, call, "dim is 2, must lie in -2…1", device)

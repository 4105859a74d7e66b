"""Matrix products: `matmul`, and the dense layer's product y = x·Wᵀ + b with its two adjoints.

The three products of a dense layer are each other's derivatives, so that any order of derivative
comes from the same three lines:

    linear              y  = x·Wᵀ        (…, I), (O, I) -> (…, O)
    linear_input_grad   dx = g·W         (…, O), (O, I) -> (…, I)
    linear_weight_grad  dW = gᵀ·x        (…, O), (…, I) -> (O, I)
"""

from __future__ import annotations

import math

from minigen.autograd import Tensor, record
from minigen.backend import Array
from minigen.ops.layout import batch_to_first, batch_to_last, laid_like, lies_batch_last
from minigen.ops.operands import Operand, as_tensor
from minigen.ops.reductions import total
from minigen.ops.shapes import unbroadcast


def matmul(a: Tensor, b: Operand) -> Tensor:
    """The matrix product (…, M, K) @ (…, K, N) -> (…, M, N); vectors as in NumPy and PyTorch.

    d/da = g·bᵀ and d/db = aᵀ·g.

    Raises:
        TypeError: an operand is a number.
        ValueError: an operand is 0-dimensional, or the inner sizes differ.
    """
    b = as_tensor(b, a)
    if a.ndim == 0 or b.ndim == 0 or a.shape[-1] != b.shape[-2 if b.ndim > 1 else 0]:
        raise ValueError(f"matmul: shapes {a.shape} and {b.shape} do not fit: (…, M, K) @ (…, K, N) is needed")
    if a.ndim == 1:
        return matmul(a.unsqueeze(0), b)[..., 0, :] if b.ndim > 1 else (a * b).sum()
    if b.ndim == 1:
        return matmul(a, b.unsqueeze(1))[..., 0]
    return record(
        a.data @ b.data,
        (a, lambda g: unbroadcast(matmul(g, b.transpose(-1, -2)), a.shape)),
        (b, lambda g: unbroadcast(matmul(a.transpose(-1, -2), g), b.shape)),
    )


def rmatmul(b: Tensor, a: Operand) -> Tensor:
    """a @ b, where Python calls the right operand's method"""
    return matmul(as_tensor(a, b), b)


def linear(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """y = x·Wᵀ + b

    Args:
        x: (…, I), usually (N, I)
        weight: (O, I), as torch.nn.Linear keeps it
        bias: (O,)

    Returns:
        (…, O)

    Raises:
        ValueError: the sizes do not fit; the message says which.
    """
    weight = as_tensor(weight, x)
    if weight.ndim != 2 or x.ndim == 0 or x.shape[-1] != weight.shape[1]:
        raise ValueError(f"x has shape {x.shape}, weight {weight.shape} expects (…, {weight.shape[-1]})")
    y = _product(x.data, weight.data)
    edges = [
        (x, lambda g: linear_input_grad(g, weight, x.data)),
        (weight, lambda g: linear_weight_grad(g, x)),
    ]
    if bias is not None:
        bias = as_tensor(bias, x)
        if bias.shape != weight.shape[:1]:
            raise ValueError(f"bias has shape {bias.shape}, weight {weight.shape} expects {weight.shape[:1]}")
        y += bias.data
        edges.append((bias, lambda g: g.sum(tuple(range(g.ndim - 1)))))
    return record(y, *edges)


def linear_input_grad(g: Tensor, weight: Tensor, x: Array) -> Tensor:
    """dx = g·W: the gradient of `linear` to x, lying in memory as x lies."""
    return record(
        _product(laid_like(g.data, x), weight.data.T),
        (g, lambda gg: linear(gg, weight)),
        (weight, lambda gg: linear_weight_grad(g, gg)),
    )


def linear_weight_grad(g: Tensor, x: Tensor) -> Tensor:
    """dW = gᵀ·x, summed over all leading dimensions: the gradient of `linear` to the weight."""
    return record(
        _summed_product(g.data, x.data),
        (g, lambda gg: linear(x, gg)),
        (x, lambda gg: linear_input_grad(g, gg, x.data)),
    )


def _product(x: Array, weight: Array) -> Array:
    """x·Wᵀ, lying in memory as x lies."""
    if lies_batch_last(x):
        return batch_to_first(weight @ batch_to_last(x))
    if x.ndim <= 2:
        return x @ weight.T
    rows = x.reshape(math.prod(x.shape[:-1]), x.shape[-1])
    return (rows @ weight.T).reshape((*x.shape[:-1], weight.shape[0]))


def _summed_product(g: Array, x: Array) -> Array:
    """Σ gᵀ·x over all leading dimensions: (…, O), (…, I) -> (O, I)."""
    if g.ndim > 2 and lies_batch_last(g):
        slices = batch_to_last(g) @ batch_to_last(x).swapaxes(-1, -2)
        return total(slices, tuple(range(slices.ndim - 2)))
    rows = math.prod(g.shape[:-1])
    return g.reshape(rows, g.shape[-1]).T @ x.reshape(rows, x.shape[-1])

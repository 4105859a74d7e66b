"""batch_norm, on images and on rows, in training and in evaluation."""

from typing import Any

import numpy as np

from minigen import ops
from minigen.autograd import Tensor, grad
from minigen.gradcheck.case import beside, case, normal

MEAN, VAR = np.array([0.3, -0.2]), np.array([0.5, 2.0])


def evaluated(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """batch_norm with running statistics."""
    mean, var = (beside(x, statistic.astype(x.dtype)) for statistic in (MEAN, VAR))
    return ops.batch_norm(x, mean, var, weight, bias)


def standardized_in_torch(t: Any, x: Any) -> Any:
    """From elementary operations: PyTorch's own batch_norm (2.13) is wrong from the third derivative on."""
    return (x - x.mean(0)) / t.sqrt(x.var(0, correction=0) + 1e-5)


CASES = [
    case(
        "batch_norm",
        lambda x, w, b: ops.batch_norm(x, None, None, w, b, training=True),
        normal(2, 2, 2, 3),
        normal(2),
        normal(2),
        torch=lambda t, x, w, b: t.nn.functional.batch_norm(x, None, None, w, b, training=True),
    ),
    case(
        "batch_norm",
        lambda x: ops.batch_norm(x, None, None, training=True, eps=0.1),
        normal(4, 2),
        torch=lambda t, x: t.nn.functional.batch_norm(x, None, None, training=True, eps=0.1),
        note="rows, a large eps",
    ),
    case(
        "batch_norm",
        evaluated,
        normal(2, 2, 2, 3),
        normal(2),
        normal(2),
        torch=lambda t, x, w, b: t.nn.functional.batch_norm(
            x, *(t.tensor(v, dtype=x.dtype) for v in (MEAN, VAR)), w, b
        ),
        note="running statistics",
    ),
    case(
        "batch_norm",
        lambda x, g: grad(ops.batch_norm(x, None, None, training=True), x, g, create_graph=True)[0],
        normal(4, 2),
        normal(4, 2),
        torch=lambda t, x, g: t.autograd.grad(standardized_in_torch(t, x), x, g, create_graph=True)[0],
        note="its gradient, for the third derivative",
    ),
]

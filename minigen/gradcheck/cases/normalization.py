"""batch_norm, on images and on rows, in training and in evaluation."""

import numpy as np

from minigen import ops
from minigen.autograd import Tensor, grad
from minigen.gradcheck.case import beside, case, normal

MEAN, VAR = np.array([0.3, -0.2]), np.array([0.5, 2.0])


def evaluated(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """batch_norm with running statistics."""
    mean, var = (beside(x, statistic.astype(x.dtype)) for statistic in (MEAN, VAR))
    return ops.batch_norm(x, mean, var, weight, bias)


CASES = [
    case(
        "batch_norm",
        lambda x, w, b: ops.batch_norm(x, None, None, w, b, training=True),
        normal(2, 2, 2, 3),
        normal(2),
        normal(2),
    ),
    case(
        "batch_norm",
        lambda x: ops.batch_norm(x, None, None, training=True, eps=0.1),
        normal(4, 2),
        note="rows, a large eps",
    ),
    case("batch_norm", evaluated, normal(2, 2, 2, 3), normal(2), normal(2), note="running statistics"),
    case(
        "batch_norm",
        lambda x, g: grad(ops.batch_norm(x, None, None, training=True), x, g, create_graph=True)[0],
        normal(4, 2),
        normal(4, 2),
        note="its gradient, for the third derivative",
        above=1,
    ),
]

"""Losses."""

import numpy as np

from minigen import ops
from minigen.gradcheck.case import apart, beside, case, normal, unit

_LABELS = np.array([0, 3, 3])

CASES = [
    case("mse_loss", ops.mse_loss, normal(3, 4), normal(3, 4), torch=lambda t, x, y: t.nn.functional.mse_loss(x, y)),
    case(
        "mse_loss",
        lambda x, y: ops.mse_loss(x, y, "none"),
        normal(3, 4),
        normal(3, 4),
        torch=lambda t, x, y: t.nn.functional.mse_loss(x, y, reduction="none"),
        note="none",
    ),
    case(
        "l1_loss",
        lambda x, y: ops.l1_loss(x, 0.01 * y, "sum"),
        apart(3, 4),
        unit(3, 4),
        torch=lambda t, x, y: t.nn.functional.l1_loss(x, 0.01 * y, reduction="sum"),
        note="sum",
    ),
    case(
        "binary_cross_entropy_with_logits",
        ops.binary_cross_entropy_with_logits,
        apart(3, 4),
        unit(3, 4),
        torch=lambda t, x, y: t.nn.functional.binary_cross_entropy_with_logits(x, y),
    ),
    case(
        "cross_entropy",
        lambda x: ops.cross_entropy(x, beside(x, _LABELS)),
        normal(3, 4),
        torch=lambda t, x: t.nn.functional.cross_entropy(x, t.tensor(_LABELS)),
    ),
    case(
        "gaussian_nll_loss",
        lambda m, y, v: ops.gaussian_nll_loss(m, y, v, "sum"),
        normal(3, 4),
        normal(3, 4),
        normal(3, 4),
        torch=lambda t, m, y, v: t.nn.functional.gaussian_nll_loss(m, y, t.exp(v), full=True, reduction="sum"),
        note="sum",
    ),
]

"""Losses."""

import numpy as np

from minigen import ops
from minigen.gradcheck.case import apart, beside, case, normal, unit

LABELS = np.array([0, 3, 3])

CASES = [
    case("mse_loss", ops.mse_loss, normal(3, 4), normal(3, 4)),
    case("mse_loss", ops.mse_loss, normal(3, 4), normal(3, 4), note="none", reduction="none"),
    case("l1_loss", lambda x, y: ops.l1_loss(x, 0.01 * y, "sum"), apart(3, 4), unit(3, 4), note="sum"),
    case("binary_cross_entropy_with_logits", ops.binary_cross_entropy_with_logits, apart(3, 4), unit(3, 4)),
    case("cross_entropy", lambda x: ops.cross_entropy(x, beside(x, LABELS)), normal(3, 4)),
    case("gaussian_nll_loss", ops.gaussian_nll_loss, *3 * [normal(3, 4)], note="sum", reduction="sum"),
]

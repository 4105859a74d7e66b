"""reparameterize, its divergence, dropout; noise and masks are fixed."""

import numpy as np

from minigen import ops
from minigen.gradcheck.case import beside, case, normal

NOISE = np.random.default_rng(0).standard_normal((3, 4))
MASK = np.random.default_rng(0).random((3, 4)) > 0.3

CASES = [
    case("reparameterize", lambda m, v: ops.reparameterize(m, v, beside(m, NOISE)), normal(3, 4), normal(3, 4)),
    case("kl_standard_normal", ops.kl_standard_normal, normal(3, 4), normal(3, 4)),
    case("dropout", lambda x: ops.dropout(x, 0.3, mask=beside(x, MASK)), normal(3, 4)),
]

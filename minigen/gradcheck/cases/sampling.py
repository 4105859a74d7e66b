"""reparameterize, its divergence, dropout; noise and masks are fixed."""

import numpy as np

from minigen import ops
from minigen.gradcheck.case import beside, case, normal

_NOISE = np.random.default_rng(0).standard_normal((3, 4))
_MASK = np.random.default_rng(0).random((3, 4)) > 0.3

CASES = [
    case(
        "reparameterize",
        lambda m, v: ops.reparameterize(m, v, beside(m, _NOISE)),
        normal(3, 4),
        normal(3, 4),
        torch=lambda t, m, v: m + t.exp(v / 2) * t.tensor(_NOISE, dtype=m.dtype),
    ),
    case(
        "kl_standard_normal",
        ops.kl_standard_normal,
        normal(3, 4),
        normal(3, 4),
        torch=lambda t, m, v: t.distributions.kl_divergence(
            t.distributions.Normal(m, t.exp(v / 2)), t.distributions.Normal(0.0, 1.0)
        ).sum(-1),
    ),
    case(
        "dropout",
        lambda x: ops.dropout(x, 0.3, mask=beside(x, _MASK)),
        normal(3, 4),
        torch=lambda t, x: x * t.tensor(_MASK) / 0.7,
    ),
]

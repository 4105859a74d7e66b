"""Functions of single elements."""

import numpy as np

from minigen import ops
from minigen.gradcheck.case import apart, beside, case, normal, positive

_CHOICE = np.array([[True, False, True, False]] * 3)

CASES = [
    case("exp", ops.exp, normal(3, 4), torch=lambda t, x: t.exp(x)),
    case("log", ops.log, positive(3, 4), torch=lambda t, x: t.log(x)),
    case("sqrt", ops.sqrt, positive(3, 4), torch=lambda t, x: t.sqrt(x)),
    case("abs", ops.abs, apart(3, 4), torch=lambda t, x: t.abs(x)),
    case("clip", lambda x: ops.clip(x, -0.6, 0.6), apart(3, 4), torch=lambda t, x: t.clip(x, -0.6, 0.6)),
    case("maximum", ops.maximum, apart(3, 4), normal(4), torch=lambda t, a, b: t.maximum(a, b), note="broadcast"),
    case(
        "where",
        lambda a, b: ops.where(beside(a, _CHOICE), a, b),
        normal(3, 4),
        normal(3, 1),
        torch=lambda t, a, b: t.where(t.tensor(_CHOICE), a, b),
        note="broadcast",
    ),
]

"""Functions of single elements."""

import numpy as np

from minigen import ops
from minigen.gradcheck.case import apart, beside, case, normal, positive

CHOICE = np.array([[True, False, True, False]] * 3)

CASES = [
    case("exp", ops.exp, normal(3, 4)),
    case("log", ops.log, positive(3, 4)),
    case("sqrt", ops.sqrt, positive(3, 4)),
    case("abs", ops.abs, apart(3, 4)),
    case("clip", ops.clip, apart(3, 4), min=-0.6, max=0.6),
    case("maximum", ops.maximum, apart(3, 4), normal(4), note="broadcast"),
    case("where", lambda a, b: ops.where(beside(a, CHOICE), a, b), normal(3, 4), normal(3, 1), note="broadcast"),
]

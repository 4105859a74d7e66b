"""concat, stack, pad."""

from minigen import ops
from minigen.gradcheck.case import case, normal

CASES = [
    case("concat", lambda a, b: ops.concat([a, b, a], -1), normal(3, 2), normal(3, 4)),
    case("stack", lambda a, b: ops.stack([a, b], 1), normal(3, 2), normal(3, 2)),
    case("pad", lambda x: ops.pad(x, [(1, 0), (2, 3)], 0.5), normal(2, 3)),
]

"""The dense layer's three products, on rows and on batch-last arrays."""

from minigen import ops
from minigen.gradcheck.case import Draw, case, normal
from minigen.ops.dense import linear_input_grad, linear_weight_grad


def batch_last(*shape: int) -> Draw:
    """From N(0, 1), lying batch-last in memory."""
    draw = normal(*shape[1:], shape[0])
    return lambda generator: draw(generator).transpose((len(shape) - 1, *range(len(shape) - 1)))


CASES = [
    case("linear", ops.linear, normal(3, 4), normal(5, 4), normal(5)),
    case("linear", ops.linear, normal(4), normal(5, 4), note="vector"),
    case("linear", ops.linear, normal(2, 3, 4), normal(5, 4), normal(5), note="sequences"),
    case("linear", ops.linear, batch_last(3, 4), normal(5, 4), normal(5), note="batch-last"),
    case("linear", ops.linear, batch_last(2, 3, 4), normal(5, 4), normal(5), note="batch-last sequences"),
    case("linear_input_grad", lambda g, w: linear_input_grad(g, w, g.data), normal(3, 5), normal(5, 4)),
    case("linear_weight_grad", linear_weight_grad, normal(3, 5), normal(3, 4)),
]

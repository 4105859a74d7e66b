"""Activations."""

from minigen import ops
from minigen.gradcheck.case import apart, case, normal

CASES = [
    case("relu", ops.relu, apart(3, 4)),
    case("leaky_relu", ops.leaky_relu, apart(3, 4), negative_slope=0.2),
    case("leaky_relu", ops.leaky_relu, apart(3, 4), note="slope above 1", negative_slope=1.5),
    case("sigmoid", ops.sigmoid, normal(3, 4)),
    case("tanh", ops.tanh, normal(3, 4)),
    case("softplus", ops.softplus, apart(3, 4)),
    case("softmax", ops.softmax, normal(3, 4)),
    case("softmax", ops.softmax, normal(3, 4), note="dim 0", dim=0),
    case("log_softmax", ops.log_softmax, normal(3, 4)),
    case("log_softmax", ops.log_softmax, normal(3, 4), note="dim 0", dim=0),
]

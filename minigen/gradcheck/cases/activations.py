"""Activations."""

from minigen import ops
from minigen.gradcheck.case import apart, case, normal

CASES = [
    case("relu", ops.relu, apart(3, 4), torch=lambda t, x: t.relu(x)),
    case(
        "leaky_relu",
        lambda x: ops.leaky_relu(x, 0.2),
        apart(3, 4),
        torch=lambda t, x: t.nn.functional.leaky_relu(x, 0.2),
    ),
    case(
        "leaky_relu",
        lambda x: ops.leaky_relu(x, 1.5),
        apart(3, 4),
        torch=lambda t, x: t.nn.functional.leaky_relu(x, 1.5),
        note="slope above 1",
    ),
    case("sigmoid", ops.sigmoid, normal(3, 4), torch=lambda t, x: t.sigmoid(x)),
    case("tanh", ops.tanh, normal(3, 4), torch=lambda t, x: t.tanh(x)),
    case("softplus", ops.softplus, apart(3, 4), torch=lambda t, x: t.nn.functional.softplus(x)),
    case("softmax", ops.softmax, normal(3, 4), torch=lambda t, x: t.softmax(x, -1)),
    case("softmax", lambda x: ops.softmax(x, 0), normal(3, 4), torch=lambda t, x: t.softmax(x, 0), note="dim 0"),
    case("log_softmax", ops.log_softmax, normal(3, 4), torch=lambda t, x: t.log_softmax(x, -1)),
    case(
        "log_softmax",
        lambda x: ops.log_softmax(x, 0),
        normal(3, 4),
        torch=lambda t, x: t.log_softmax(x, 0),
        note="dim 0",
    ),
]

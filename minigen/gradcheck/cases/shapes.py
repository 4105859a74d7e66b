"""Shapes and indexing."""

import numpy as np

from minigen.gradcheck.case import case, normal

_ROWS = np.array([0, 2, 2, 1])
_MASK = np.array([True, False, True])

CASES = [
    case("reshape", lambda x: x.reshape(4, -1), normal(2, 3, 4)),
    case("flatten", lambda x: x.flatten(1), normal(2, 3, 4)),
    case("permute", lambda x: x.permute(2, 0, -2), normal(2, 3, 4)),
    case("transpose", lambda x: x.transpose(0, -1), normal(2, 3, 4)),
    case("T", lambda x: x.T, normal(3, 4)),
    case("expand_dims", lambda x: x.expand_dims(-1), normal(3, 4)),
    case("squeeze", lambda x: x.squeeze(1), normal(3, 1, 4)),
    case("clone", lambda x: x.clone(), normal(3, 4)),
    case("broadcast_to", lambda x: x.broadcast_to(2, 3, 4), normal(3, 1)),
    case("getitem", lambda x: x[1:, ::2], normal(3, 4), note="slices"),
    case("getitem", lambda x: x[..., None, 1], normal(3, 4), note="None and …"),
    case("getitem", lambda x: x[_ROWS], normal(3, 4), note="repeated rows"),
    case("getitem", lambda x: x[_MASK], normal(3, 4), note="mask"),
]

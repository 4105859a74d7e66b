"""Shapes and indexing."""

import numpy as np

from minigen.gradcheck.case import case, normal

_ROWS = np.array([0, 2, 2, 1])
_MASK = np.array([True, False, True])

CASES = [
    case("reshape", lambda x: x.reshape(4, -1), normal(2, 3, 4), torch=lambda _, x: x.reshape(4, -1)),
    case("flatten", lambda x: x.flatten(1), normal(2, 3, 4), torch=lambda _, x: x.flatten(1)),
    case("permute", lambda x: x.permute(2, 0, -2), normal(2, 3, 4), torch=lambda _, x: x.permute(2, 0, -2)),
    case("transpose", lambda x: x.transpose(0, -1), normal(2, 3, 4), torch=lambda _, x: x.transpose(0, -1)),
    case("T", lambda x: x.T, normal(3, 4), torch=lambda _, x: x.T),
    case("expand_dims", lambda x: x.expand_dims(-1), normal(3, 4), torch=lambda _, x: x.unsqueeze(-1)),
    case("squeeze", lambda x: x.squeeze(1), normal(3, 1, 4), torch=lambda _, x: x.squeeze(1)),
    case("broadcast_to", lambda x: x.broadcast_to(2, 3, 4), normal(3, 1), torch=lambda _, x: x.expand(2, 3, 4)),
    case("getitem", lambda x: x[1:, ::2], normal(3, 4), torch=lambda _, x: x[1:, ::2], note="slices"),
    case("getitem", lambda x: x[..., None, 1], normal(3, 4), torch=lambda _, x: x[..., None, 1], note="None and …"),
    case("getitem", lambda x: x[_ROWS], normal(3, 4), torch=lambda _, x: x[_ROWS], note="repeated rows"),
    case("getitem", lambda x: x[_MASK], normal(3, 4), torch=lambda _, x: x[_MASK], note="mask"),
]

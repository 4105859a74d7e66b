"""Every case that PyTorch can compute too: values, gradients and second derivatives must agree."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from support import LAYOUTS, Draw

from minigen import Tensor, ops
from minigen.gradcheck.cases import CASES

torch = pytest.importorskip("torch")
from twin import assert_same_as_torch  # noqa: E402
from twins.operations import twin  # noqa: E402

WRONG_IN_TORCH = {"power: tensor of zeros": "d²aᵇ/(da db) at b = 0 is 1/a, in torch 0"}
"""Cases that are not compared, each with the reason."""

WITH_TWIN = [case for case in CASES if twin(case) and case.name not in WRONG_IN_TORCH]


def joined(call: Callable[..., Any]) -> Callable[..., Tensor]:
    """All outputs as one vector, where there are several."""

    def joined_call(*inputs: Tensor) -> Tensor:
        result = call(*inputs)
        return result if isinstance(result, Tensor) else ops.concat([y.reshape(-1) for y in result])

    return joined_call


def joined_torch(call: Callable[..., Any]) -> Callable[..., Any]:
    def joined_call(*inputs: Any) -> Any:
        result = call(torch, *inputs)
        return result if isinstance(result, torch.Tensor) else torch.cat([y.reshape(-1) for y in result])

    return joined_call


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("case", WITH_TWIN, ids=lambda case: case.name)
def test_case_agrees_with_torch(case, dtype, device):
    arrays = [array.astype(dtype) for array in case.arrays()]
    ours, theirs = joined(case.call), joined_torch(twin(case))
    for layout in LAYOUTS:
        assert_same_as_torch(Draw(dtype, layout, seed=0), device, arrays, ours, theirs, min(case.order, 2))


NOT_IN_TORCH: dict[str, str] = {}
"""Operations without a twin in PyTorch, each with the reason."""


def test_every_operation_that_torch_has_is_compared():
    compared = {case.op for case in WITH_TWIN}
    missing = {case.op for case in CASES} - compared - set(NOT_IN_TORCH)
    assert not missing, "give these a twin in tests/twins/operations.py, or name them in NOT_IN_TORCH with the reason"
    assert not compared & set(NOT_IN_TORCH)

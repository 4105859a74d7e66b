"""Each model beside its PyTorch twin: 50 training steps from the same weights, on the same batches and noise."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")

from twins import all_cases
from twins.side_by_side import Case, train_both


@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-9), ("float32", 1e-4)])
@pytest.mark.parametrize("case", all_cases(), ids=lambda case: case.id)
def test_trains_as_its_twin(case: Case, dtype: str, tolerance: float) -> None:
    ours, theirs = train_both(case, dtype)
    assert len(ours) == len(theirs) >= case.steps
    for update, (own, other) in enumerate(zip(ours, theirs, strict=True)):
        assert own.keys() == other.keys()
        loss = abs(next(iter(other.values())))
        for position, (name, value) in enumerate(other.items()):
            scale = loss if position == 0 else max(loss, abs(value))
            assert abs(own[name] - value) <= tolerance * scale, f"{name} of update {update}"
    first, last = next(iter(ours[0].values())), next(iter(ours[-1].values()))
    assert last != first, "nothing was learned"

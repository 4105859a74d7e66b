from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from small_runs import small_run  # noqa: E402

from minigen.data import load  # noqa: E402
from minigen.inference.loading import load as load_run  # noqa: E402


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_takes_tensors_of_torch(tmp_path: Path, dtype: torch.dtype) -> None:
    ae, digits = load_run(small_run(tmp_path / "run", "ae")), load("mnist5k").test.inputs[:4] // 128 * 128
    x = torch.tensor(digits / 255, dtype=dtype, requires_grad=True)
    for given in (x, list(x), x[:, 0]):
        np.testing.assert_allclose(ae.encode(given), ae.encode(digits), atol=0.02)

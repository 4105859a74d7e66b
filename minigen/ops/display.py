"""How a tensor looks in a notebook: its shape, its range, and a table of its numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minigen import backend
from minigen.backend import Array

if TYPE_CHECKING:
    from minigen.autograd import Tensor

MOST = 8  # rows and columns of the table


def as_html(x: Tensor) -> str:
    """Shape and range, and a table of the first rows and columns of x, of x[0, …] where it has more dimensions."""
    data: Array = backend.to_device(x.data, "cpu")
    about = ["×".join(map(str, data.shape)) or "number", str(x.dtype), x.device]
    about += ["requires a gradient"] * x.requires_grad
    if data.size > 1:
        about.append(f"from {data.min():.4g} to {data.max():.4g}, mean {data.mean():.4g}")
    first = data[(0,) * (data.ndim - 2)] if data.size else data.reshape(0, 0)
    rows = first.reshape((1,) * (2 - first.ndim) + first.shape)
    note = f"<br>[{'0, ' * (data.ndim - 2)}:, :]" if data.ndim > 2 else ""
    more = "<td>…</td>" * (rows.shape[1] > MOST)
    lines = ["".join(f"<td>{number:.4g}</td>" for number in row[:MOST].tolist()) + more for row in rows[:MOST]]
    lines += ["<td>…</td>"] * (len(rows) > MOST)
    table = "".join(f"<tr>{line}</tr>" for line in lines)
    return f"<div>tensor {', '.join(about)}{note}<table>{table}</table></div>"

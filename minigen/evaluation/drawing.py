"""How figures are drawn: in minigen's own style, whatever matplotlibrc, MPLBACKEND or the program around it say.

Other files take `Figure` from here and mark each function that draws or saves as `styled`. In this style `$` begins no
formula, and a letter that no font has is a box.
"""

# ruff: noqa: E402
from __future__ import annotations

import functools
import os
import sys
import warnings
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any, ParamSpec, TypeVar

_unread = None if "matplotlib" in sys.modules else os.environ.pop("MPLBACKEND", None)
import matplotlib as mpl

if _unread:  # importing Matplotlib fails where it does not know the backend, which only windows need
    os.environ["MPLBACKEND"] = _unread
    with suppress(ValueError):
        mpl.rcParams["backend"] = _unread

from matplotlib import font_manager, style
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure as Figure
from matplotlib.ticker import LogFormatter, MaxNLocator

from minigen.evaluation.text import shown

P = ParamSpec("P")
R = TypeVar("R")

_STYLE = {
    "text.parse_math": False,
    "axes.titlesize": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.fontsize": 8,
    "legend.frameon": False,
    "legend.markerscale": 1.5,
}
MOST_IN_LEGEND = 40
_PER_COLUMN = 20
_WIDER_FONTS = ("Noto Sans CJK SC", "Noto Sans CJK JP", "Microsoft YaHei", "PingFang SC", "Hiragino Sans", "Noto Sans")


@functools.cache
def _fonts() -> list[str]:
    """Matplotlib's own font, then those of the machine that have letters which it lacks."""
    installed = set(font_manager.get_font_names())
    return ["DejaVu Sans", *(name for name in _WIDER_FONTS if name in installed)]


def styled(draw: Callable[P, R]) -> Callable[P, R]:
    """The function in minigen's style: Matplotlib reads it while drawing, and again while saving."""

    @functools.wraps(draw)
    def in_style(*args: P.args, **kwargs: P.kwargs) -> R:
        with warnings.catch_warnings(), style.context(["default", {**_STYLE, "font.family": _fonts()}]):
            warnings.filterwarnings("ignore", "Glyph .* missing from")
            return draw(*args, **kwargs)

    return in_style


def legend(axes: Axes, handles: Sequence[Any], names: Iterable[str], outside: bool = False) -> None:
    """Name the handles, at most 40 of them; `outside` the axes, on the right."""
    names = [shown(name) for name in names]
    if len(names) > MOST_IN_LEGEND:
        handles, names = handles[:MOST_IN_LEGEND], [*names[: MOST_IN_LEGEND - 1], f"… {len(names):,} in all"]
    place = {"loc": "center left", "bbox_to_anchor": (1, 0.5)} if outside else {"loc": "best"}
    columns = -(-len(names) // _PER_COLUMN)
    box = axes.legend(handles, ["-"] * len(names), ncols=columns, **place)
    for text, name in zip(box.get_texts(), names, strict=True):
        text.set_text(name)  # as a label, a name that begins with "_" would be left out


def whole_ticks(axis: Axis) -> None:
    """Ticks at whole numbers only, on an axis that counts epochs, steps or examples."""
    axis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))


def class_colors(count: int) -> Any:
    """A colour (4,) for each of `count` classes: up to 20 that the eye tells apart, more from a rainbow."""
    name = "tab10" if count <= 10 else "tab20" if count <= 20 else "turbo"
    return mpl.colormaps[name].resampled(count)(range(count)) if count > 20 else mpl.colormaps[name](range(count))


def logarithmic(axes: Axes, which: str) -> None:
    """Make the "x" or "y" axis logarithmic, its ticks plain numbers: Matplotlib's are formulas."""
    axes.set(**{f"{which}scale": "log"})
    axis = getattr(axes, f"{which}axis")
    axis.set_major_formatter(LogFormatter())
    axis.set_minor_formatter(LogFormatter(labelOnlyBase=False))

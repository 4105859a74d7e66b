"""A small pen for the course's diagrams: boxes, arrows, cells and curves as SVG, in one visual language.

Data is blue, a parameter orange, a gradient green; what is left over is grey. Every diagram carries its own paper, so
that it is legible on a white page and on a dark one.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Sequence
from html import escape
from pathlib import Path

from minigen.colors import HUES, variables
from minigen.graph import Graph


def style() -> str:
    """CSS: three variables for each hue, once for white paper and once for dark, and the classes that use them."""
    hues = "\n".join(
        f".{hue} {{ fill: var(--{hue}-fill); stroke: var(--{hue}-stroke); }} "
        f".head.{hue} {{ fill: var(--{hue}-stroke); }} "
        f"text.{hue} {{ fill: var(--{hue}-text); stroke: none; }}"
        for hue in HUES
    )
    return f"""
{variables("svg")}
text {{ font: 15px system-ui, "Segoe UI", "DejaVu Sans", sans-serif; fill: var(--page-text); }}
{hues}
text.small {{ font-size: 12.5px; }} text.mono {{ font-family: ui-monospace, "DejaVu Sans Mono", monospace; }}
text.strong {{ font-weight: 600; }} text.faint {{ fill: var(--page-stroke); }} .paper {{ fill: var(--page-fill); }}
.line {{ fill: none; stroke-width: 1.8; }} .line.thin {{ stroke-width: 0.7; }} .line.thick {{ stroke-width: 2.8; }}
.dashed {{ stroke-dasharray: 6 4; }} .head {{ stroke: none; }} .veil {{ fill-opacity: 0.5; }}
"""


Point = tuple[float, float]
Draw = Callable[[], "Drawing | Graph"]
diagrams: dict[str, tuple[str, Draw]] = {}


def diagram(name: str) -> Callable[[Draw], Draw]:
    """Enter a function under its file's name; its docstring tells those who cannot see the picture what it shows."""

    def enter(draw: Draw) -> Draw:
        diagrams[name] = (" ".join((draw.__doc__ or "").split()), draw)
        return draw

    return enter


class Drawing:
    """A sheet of `width` × `height` pixels; (0, 0) is its upper left corner."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height, self.parts = width, height, list[str]()

    def text(self, x: float, y: float, words: str, color: str = "", anchor: str = "middle", style: str = "") -> None:
        """Words whose middle (or start, or end) is at x, on one line or several, centred on the height y."""
        lines = words.split("\n")
        for i, line in enumerate(lines):
            at = y + 5 + (i - (len(lines) - 1) / 2) * 18
            name = f"{color} {style}".strip()
            self.parts.append(
                f'<text class="{name}" x="{x:g}" y="{at:g}" text-anchor="{anchor}">{escape(line, quote=False)}</text>'
            )

    def box(
        self,
        x: float,
        y: float,
        w: float,
        h: float,
        words: str = "",
        color: str = "plain",
        round: float = 7,
        style: str = "",
    ) -> None:
        """A rectangle with words in its middle."""
        self.parts.append(
            f'<rect class="{color} {style}" x="{x:g}" y="{y:g}" width="{w:g}" height="{h:g}" rx="{round:g}" '
            'stroke-width="1.5"/>'
        )
        if words:
            self.text(x + w / 2, y + h / 2, words)

    def circle(self, x: float, y: float, r: float, words: str = "", color: str = "plain") -> None:
        """A circle around (x, y) with words in its middle."""
        self.parts.append(f'<circle class="{color}" cx="{x:g}" cy="{y:g}" r="{r:g}" stroke-width="1.5"/>')
        if words:
            self.text(x, y, words)

    def line(self, points: Sequence[Point], color: str = "plain", dashed: bool = False, thin: bool = False) -> None:
        """Straight from point to point; many near points make a curve."""
        path = " ".join(f"{x:.4g},{y:.4g}" for x, y in points)
        how = " dashed" * dashed + " thin" * thin
        self.parts.append(f'<polyline class="line {color}{how}" points="{path}"/>')

    def arrow(
        self, *points: Point, color: str = "plain", words: str = "", at: Point = (0, -12), dashed: bool = False
    ) -> None:
        """A line that ends in a head; words beside the middle of its longest piece, moved by `at`."""
        (x0, y0), (x1, y1) = points[-2:]
        length = ((x1 - x0) ** 2 + (y1 - y0) ** 2) ** 0.5
        ux, uy = (x1 - x0) / length, (y1 - y0) / length
        bx, by = x1 - 9 * ux, y1 - 9 * uy
        self.line([*points[:-1], (bx, by)], color, dashed)
        corners = [(x1, y1), (bx - 4.5 * uy, by + 4.5 * ux), (bx + 4.5 * uy, by - 4.5 * ux)]
        self.parts.append(
            f'<polygon class="head {color}" points="{" ".join(f"{x:.4g},{y:.4g}" for x, y in corners)}"/>'
        )
        if words:
            (ax, ay), (cx, cy) = max(
                itertools.pairwise(points), key=lambda p: abs(p[0][0] - p[1][0]) + abs(p[0][1] - p[1][1])
            )
            self.text(
                (ax + cx) / 2 + at[0], (ay + cy) / 2 + at[1], words, color if color != "plain" else "", style="small"
            )

    def cells(
        self,
        x: float,
        y: float,
        rows: Sequence[Sequence[object]],
        size: float = 30,
        color: str | Callable[[int, int], str] = "data",
    ) -> None:
        """A matrix of square cells with an entry in each; the color may depend on (row, column)."""
        for i, row in enumerate(rows):
            for j, entry in enumerate(row):
                shade = color if isinstance(color, str) else color(i, j)
                self.box(x + j * size, y + i * size, size, size, color=shade, round=0)
                if entry != "":
                    self.text(x + (j + 0.5) * size, y + (i + 0.5) * size, str(entry), style="small")

    def frame(
        self, x: float, y: float, w: float, h: float, color: str = "mark", dashed: bool = False, thin: bool = False
    ) -> None:
        """The outline of a rectangle, to point at what lies under it."""
        how = " dashed" * dashed + (" thin" if thin else " thick")
        self.parts.append(f'<rect class="line {color}{how}" x="{x:g}" y="{y:g}" width="{w:g}" height="{h:g}" rx="2"/>')

    def svg(self, describes: str) -> str:
        """The whole file."""
        return "\n".join([
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{self.width}" height="{self.height}" '
            f'viewBox="0 0 {self.width} {self.height}" role="img">',
            f"<title>{escape(describes)}</title>",
            f"<style>{style()}</style>",
            f'<rect class="paper" width="{self.width}" height="{self.height}" rx="10"/>',
            *self.parts,
            "</svg>",
            "",
        ])  # fmt: skip


def save(folder: Path) -> list[Path]:
    """Draw every diagram that was entered into a folder."""
    paths = []
    for name, (describes, draw) in diagrams.items():
        paths.append(folder / f"{name}.svg")
        picture = draw()
        if isinstance(picture, Drawing):
            svg = picture.svg(describes)
        else:  # minigen.draw_graph's, under the words of the lesson
            svg = re.sub("<title>.*?</title>", f"<title>{escape(describes)}</title>", picture.svg(), count=1)
        paths[-1].write_text(svg, encoding="utf-8")
    return paths

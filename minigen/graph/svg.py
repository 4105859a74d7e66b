"""A graph as an SVG: inputs at the top, the output at the bottom, in the colours of `minigen.colors`."""

from __future__ import annotations

import itertools
import textwrap
from collections.abc import Sequence
from html import escape

from minigen.colors import variables
from minigen.graph.layout import arrange
from minigen.graph.reading import Link, Node

LABELLED = 12  # nodes: in a graph as small as this one each line says what it carries
_SPACE = 44.0  # pixels between two layers
_LINE = 17.0  # height of a line of text
_MARGIN = 22.0
_LONGEST = 34  # letters of a name
_HUES = {"operation": "plain", "parameter": "parameter", "input": "data", "constant": "data", "folded": "plain"}

_STYLE = """
.minigen-graph text { font: 13px system-ui, "Segoe UI", "DejaVu Sans", sans-serif; fill: var(--page-text); }
.minigen-graph .title { font-weight: 600; font-size: 14px; }
.minigen-graph .faint { fill: var(--page-stroke); font-size: 12px; }
.minigen-graph .value { fill: var(--data-text); }
.minigen-graph .gradient { fill: var(--gradient-text); }
.minigen-graph .paper { fill: var(--page-fill); }
.minigen-graph .line { fill: none; stroke: var(--plain-stroke); stroke-width: 1.5; }
.minigen-graph .head { fill: var(--plain-stroke); }
.minigen-graph .sent { fill: var(--gradient-text); font-size: 12px; stroke: var(--page-fill); stroke-width: 7px;
  paint-order: stroke; }
.minigen-graph .node rect { stroke-width: 1.5; }
.minigen-graph .constant rect, .minigen-graph .folded rect, .minigen-graph .line.constant { stroke-dasharray: 5 4; }
"""


def style() -> str:
    """The CSS of the drawing, which touches nothing outside of it."""
    hues = "\n".join(
        f".minigen-graph .node.{kind} rect {{ fill: var(--{hue}-fill); stroke: var(--{hue}-stroke); }}"
        for kind, hue in _HUES.items()
    )
    return variables(".minigen-graph") + _STYLE + hues


def draw(nodes: Sequence[Node], notes: Sequence[str], labels: bool | None = None) -> str:
    """The SVG; `nodes` newest first. `labels`: whether lines say what they carry, by default in small graphs."""
    labels = len(nodes) <= LABELLED if labels is None else labels
    number, links = numbered(nodes)
    boxes = list(reversed(nodes))
    texts = [_lines(box, 100 if labels else _LONGEST) for box in boxes]
    widths = [max(_width(words, kind) for words, kind in lines) + 24 for lines in texts]
    wide = [width + 36 * labels for width in widths]  # space for what the lines carry
    lines = [(number[id(link.to)], number[id(box)]) for box, link in links]
    x, layer, routes = arrange(wide, lines, [box.kind not in ("operation", "folded") for box in boxes])
    heights = [0.0] * (max(layer) + 1)
    for n, text in enumerate(texts):
        heights[layer[n]] = max(heights[layer[n]], _height(text))
    tops = list(itertools.accumulate((h + _SPACE for h in heights[:-1]), initial=_MARGIN))
    sides = [x[n] + side * widths[n] for n in range(len(boxes)) for side in (-0.5, 0.5)]
    sides += [at for route in routes for at, _ in route]
    left, right = min(sides) - _MARGIN, max(sides) + _MARGIN
    width = max(right - left, 480.0)
    most = int((width - 2 * _MARGIN) / 6.6)  # letters on a line below the graph
    words = [line for note in (_legend(boxes), *notes) for line in textwrap.wrap(note, most)]
    shift = (width - (right - left)) / 2 - left
    x, routes = [at + shift for at in x], [[(at + shift, row) for at, row in route] for route in routes]
    bottom = tops[-1] + heights[-1]
    height = bottom + _MARGIN + 18 * len(words) + 8

    parts, sent = [], []
    ports = _ports([(number[id(box)], route[-2][0]) for (box, _), route in zip(links, routes, strict=True)])
    for n, ((box, link), route, port) in enumerate(zip(links, routes, ports, strict=True)):
        start, end = number[id(link.to)], number[id(box)]
        points = [(x[start], tops[layer[start]] + edge) for edge in (_height(texts[start]), heights[layer[start]])]
        for at, row in route[1:-1]:
            points += [(at, tops[row]), (at, tops[row] + heights[row])]
        points.append((x[end] + port * (widths[end] - 20), tops[layer[end]] - 7))
        parts.append(_line(n, link, points))
        if labels and link.sent:
            (x0, y0), (x1, y1) = points[-2:]
            middle = ((x0 + x1) / 2, (y0 + y1) / 2 + 4)
            sent.append(_text(*middle, f"+{link.sent}", "sent", f' data-link="{n}"'))
    parts += sent
    for n, box in enumerate(boxes):
        parts.append(_box(n, box, texts[n], x[n], tops[layer[n]], widths[n]))
    parts += [
        _text(_MARGIN, bottom + _MARGIN + 18 * (n + 1) - 6, line, "faint", anchor="start")
        for n, line in enumerate(words)
    ]
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" class="minigen-graph" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="0 0 {width:.0f} {height:.0f}" role="img">',
        f"<title>A computational graph of {len(boxes)} nodes: inputs above, the result below</title>",
        f"<style>{style()}</style>",
        f'<rect class="paper" width="{width:.0f}" height="{height:.0f}" rx="10"/>',
        *parts,
        "</svg>",
    ])  # fmt: skip


def numbered(nodes: Sequence[Node]) -> tuple[dict[int, int], list[tuple[Node, Link]]]:
    """The number of each box by its id, and the links in their order: `data-node` and `data-link` of the SVG."""
    boxes = list(reversed(nodes))
    return {id(box): n for n, box in enumerate(boxes)}, [(box, link) for box in boxes for link in box.links]


def _clipped(name: str) -> str:
    """A name that fits into a box: a long one loses its middle."""
    return name if len(name) <= _LONGEST else f"{name[: _LONGEST // 2]}…{name[-(_LONGEST // 2 - 1) :]}"


def _lines(box: Node, most: int) -> list[tuple[str, str]]:
    """The lines of text in a box, each with its class; numbers that need more than `most` letters are left out."""
    shape = "" if box.value and box.shape == "number" else box.shape
    lines = [
        (_clipped(box.title), "title"),
        (_clipped(box.about if box.kind == "folded" else ", ".join(filter(None, [shape, box.settings]))), "faint"),
        (box.value, "value"),
        (box.gradient and f"g = {box.gradient}", "gradient"),
    ]
    return [(words, kind) for words, kind in lines if words and len(words) <= most]


def _width(words: str, kind: str) -> float:
    return len(words) * {"title": 8.2, "faint": 7}.get(kind, 7.4)


def _height(text: Sequence[object]) -> float:
    return len(text) * _LINE + 13


def _legend(boxes: Sequence[Node]) -> str:
    kinds = {box.kind for box in boxes}
    words = ["blue: data"] + ["orange: parameters"] * ("parameter" in kinds) + ["grey: operations"]
    words += ["green, g: the gradient of the result"] * any(box.gradient for box in boxes)
    words += ["dashed blue: takes no gradient"] * ("constant" in kinds)
    return " · ".join(words)


def _ports(ends: Sequence[tuple[int, float]]) -> list[float]:
    """Where on the upper side of its box each line ends, from -½ to ½, in the order of the x it comes from.

    ends: (the box, that x) of each line.
    """
    places = [0.0] * len(ends)
    for _, group in itertools.groupby(sorted(range(len(ends)), key=lambda n: ends[n]), key=lambda n: ends[n][0]):
        own = list(group)
        for position, n in enumerate(own):
            places[n] = (position + 1) / (len(own) + 1) - 0.5
    return places


def _line(n: int, link: Link, points: Sequence[tuple[float, float]]) -> str:
    x0, y0 = points[0]
    path = [f"M{x0:.1f} {y0:.1f}"]
    for (ax, ay), (bx, by) in itertools.pairwise(points):
        bend = (by - ay) / 2
        path.append(f"C{ax:.1f} {ay + bend:.1f} {bx:.1f} {by - bend:.1f} {bx:.1f} {by:.1f}")
    x, y = points[-1]
    kind = " constant" * (link.to.kind == "constant")
    return (
        f'<g class="link" data-link="{n}"><path class="line{kind}" d="{"".join(path)}"/>'
        f'<path class="head" d="M{x - 4:.1f} {y - 1:.1f}h8l-4 8z"/></g>'
    )


def _box(n: int, box: Node, lines: Sequence[tuple[str, str]], x: float, top: float, width: float) -> str:
    height, round = _height(lines), 14 if box.kind in ("operation", "folded") else 4
    tip = f"<title>{escape(f'{box.title}: {box.about}')}</title>" if box.about else ""
    rows = "".join(_text(x, top + 20 + row * _LINE, words, kind) for row, (words, kind) in enumerate(lines))
    rect = f'<rect x="{x - width / 2:.1f}" y="{top:.1f}" width="{width:.1f}" height="{height:.1f}" rx="{round}"/>'
    return f'<g class="node {box.kind}" data-node="{n}">{tip}{rect}{rows}</g>'


def _text(x: float, y: float, words: str, kind: str, data: str = "", anchor: str = "middle") -> str:
    return f'<text class="{kind}"{data} x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'

"""Large graphs made small: repeated layers become one box, and so do the oldest of too many operations."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from minigen.graph.reading import Link, Node

SMALL = 30  # nodes: up to so many are all shown
MOST = 100  # operations that are shown
LONGEST = 64  # operations of a layer, for its repetitions to be found
FEWEST = 8  # operations that are worth a box


def fold(nodes: Sequence[Node]) -> list[Node]:
    """The nodes to draw, newest first as `nodes` are; folded boxes stand for the others and take over their links."""
    if len(nodes) <= SMALL:
        return list(nodes)
    operations = [node for node in nodes if node.kind == "operation"]
    groups = []
    for start, stop, period in _repetitions([_signature(node) for node in operations], 0, len(operations)):
        inside = operations[start + period : stop - period]
        names = ", ".join(dict.fromkeys(node.title for node in reversed(inside[:period])))
        groups.append((inside, f"{len(inside) // period} more times", names))
    hidden = {id(node) for inside, *_ in groups for node in inside}
    shown = [node for node in operations if id(node) not in hidden]
    if len(shown) > MOST:
        oldest = shown[MOST].order
        groups = [group for group in groups if group[0][-1].order > oldest]
        inside = [node for node in operations if node.order <= oldest]
        groups.append((inside, f"{len(inside):,} older operations", "not drawn"))
    return _with_boxes(nodes, groups)


def _signature(node: Node) -> Hashable:
    """Equal for two operations that do the same to the same kinds of inputs."""
    inputs = [(link.to.kind, link.to.shape, link.to.title * (link.to.kind == "operation")) for link in node.links]
    return node.title, node.shape, tuple(inputs)


def _repetitions(signs: Sequence[Hashable], first: int, last: int) -> list[tuple[int, int, int]]:
    """(start, stop, period) of each run of four or more equal layers: of the run that hides most, and on both sides."""
    best, hidden = (first, first, 1), FEWEST - 1
    for period in range(1, min(LONGEST, (last - first) // 4) + 1):
        start = first
        for at in range(first, last - period + 1):
            if at < last - period and signs[at] == signs[at + period]:
                continue
            layers = (at + period - start) // period
            if layers >= 4 and (layers - 2) * period > hidden:
                best, hidden = (start, start + layers * period, period), (layers - 2) * period
            start = at + 1
    start, stop, _ = best
    if start == stop:
        return []
    return [*_repetitions(signs, first, start), best, *_repetitions(signs, stop, last)]


def _with_boxes(nodes: Sequence[Node], groups: Sequence[tuple[list[Node], str, str]]) -> list[Node]:
    box_of: dict[int, Node] = {}
    for inside, title, about in groups:
        box = Node("folded", title, about=about, order=inside[0].order)
        box_of |= {id(node): box for node in inside}
    outside = [node for node in nodes if id(node) not in box_of]
    used = {id(link.to) for node in outside for link in node.links}
    boxes = {id(box): box for box in box_of.values()}
    for node in nodes:
        own = box_of.get(id(node))
        for link in node.links:
            to = box_of.get(id(link.to), link.to)
            if own is None:
                link.to = to
                continue
            shown = to.kind in ("operation", "folded") or id(to) in used
            if shown and to is not own and all(to is not known.to for known in own.links):
                own.links.append(Link(to, link.formula._replace(input="", sent="", local="")))
    kept = [n for n in outside if n.kind in ("operation", "folded") or id(n) in used]
    return sorted([*kept, *boxes.values()], key=lambda node: -node.order)

"""Where the boxes of a graph lie: in layers by depth, with few crossings, the lines as straight as they can be.

This is Sugiyama's method in its plainest form (Sugiyama and others, 1981). The longest path from the inputs gives the
layer; a line that passes a layer gets a point in it; each layer is sorted by the mean position of its neighbours, to
and fro; then each box moves as near to that mean as the boxes beside it allow.
"""

from __future__ import annotations

import bisect
import itertools
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import TypeAlias

Line: TypeAlias = tuple[int, int]  # (from, to): `to` is a box with a higher number

GAP = 20.0  # pixels between two boxes
POINT = 1.0  # the width that a passing line takes
SWEEPS = 8
LEAF = 0.1  # how much a leaf pulls at its operation: less than other operations, which shall lie in a straight line


def arrange(
    widths: Sequence[float], lines: Sequence[Line], leaves: Sequence[bool]
) -> tuple[list[float], list[int], list[list[tuple[float, int]]]]:
    """The middle x and the layer of each box, and the points (x, layer) that each line passes, ends included.

    Boxes are numbered so that each line leads to a higher number, except from leaves, which lie right above the first
    box that uses them.
    """
    layer = _layers(len(widths), lines, leaves)
    widths, pieces, routes = list(widths), list[Line](), []
    for start, end in lines:
        route = [start]
        for between in range(layer[start] + 1, layer[end]):
            route.append(len(widths))
            widths.append(POINT)
            layer.append(between)
        route.append(end)
        routes.append(route)
        pieces += itertools.pairwise(route)
    above, below = defaultdict[int, list[int]](list), defaultdict[int, list[int]](list)
    for start, end in pieces:
        above[end].append(start)
        below[start].append(end)
    rows: list[list[int]] = [[] for _ in range(max(layer, default=0) + 1)]
    for box in sorted(range(len(widths)), key=lambda box: layer[box]):
        rows[layer[box]].append(box)
    rows = _sorted(rows, above, below)
    x = _placed(rows, widths, [LEAF if leaf else 1.0 for leaf in leaves], above, below)
    return x, layer, [[(x[box], layer[box]) for box in route] for route in routes]


def _layers(count: int, lines: Sequence[Line], leaves: Sequence[bool]) -> list[int]:
    layer = [0] * count
    fed = {end for start, end in lines if leaves[start]}
    for start, end in sorted(lines, key=lambda line: line[1]):
        if not leaves[start]:
            layer[end] = max(layer[end], layer[start] + 1)
        layer[end] = max(layer[end], int(end in fed))
    for box in range(count):
        if leaves[box]:
            layer[box] = min((layer[end] for start, end in lines if start == box), default=1) - 1
    return layer


def _sorted(rows: list[list[int]], above: dict[int, list[int]], below: dict[int, list[int]]) -> list[list[int]]:
    """The rows in the order with the fewest crossings that the sweeps come upon."""
    best, fewest = rows, _crossings(rows, below)
    for sweep in range(SWEEPS):
        down = sweep % 2 == 0
        neighbours = above if down else below
        place: dict[int, float] = {}
        new = list(rows)
        for number in range(len(rows)) if down else reversed(range(len(rows))):
            mean = _mean(neighbours, place, {})
            old = {box: n for n, box in enumerate(rows[number])}
            new[number] = sorted(rows[number], key=lambda box: mean(box, old[box]))
            place |= {box: n for n, box in enumerate(new[number])}
        rows = new
        if (crossings := _crossings(rows, below)) < fewest:
            best, fewest = rows, crossings
    return best


def _mean(
    neighbours: dict[int, list[int]], place: dict[int, float], pull: dict[int, float]
) -> Callable[[int, float], float]:
    def mean(box: int, otherwise: float) -> float:
        found = [(place[other], pull.get(other, 1.0)) for other in neighbours[box] if other in place]
        return sum(at * weight for at, weight in found) / sum(weight for _, weight in found) if found else otherwise

    return mean


def _crossings(rows: Sequence[Sequence[int]], below: dict[int, list[int]]) -> int:
    """How many pairs of lines between neighbouring rows cross: the inversions of their lower ends."""
    total = 0
    for row, next_row in itertools.pairwise(rows):
        place = {box: n for n, box in enumerate(next_row)}
        seen: list[int] = []
        for box in row:
            ends = sorted(place[end] for end in below[box])
            total += sum(len(seen) - bisect.bisect_right(seen, end) for end in ends)
            for end in ends:
                bisect.insort(seen, end)
    return total


def _placed(
    rows: Sequence[Sequence[int]],
    widths: Sequence[float],
    pull: Sequence[float],
    above: dict[int, list[int]],
    below: dict[int, list[int]],
) -> list[float]:
    x = {box: 0.0 for row in rows for box in row}
    for row in rows:
        x |= _spread(row, widths, dict.fromkeys(row, 0.0))
    for sweep in range(2 * SWEEPS):
        neighbours = above if sweep % 2 == 0 else below
        for row in rows if sweep % 2 == 0 else reversed(rows):
            mean = _mean(neighbours, x, dict(enumerate(pull)))
            x |= _spread(row, widths, {box: mean(box, x[box]) for box in row})
    return [x[box] for box in range(len(widths))]


def _spread(row: Sequence[int], widths: Sequence[float], wish: dict[int, float]) -> dict[int, float]:
    """The places nearest to the wished ones (least squares) at which a row keeps its order and its gaps.

    Less the widths to their left, the places must not decrease: neighbours that would are pooled at their mean.
    """
    offsets = list(itertools.accumulate(
        ((widths[a] + widths[b]) / 2 + GAP for a, b in itertools.pairwise(row)), initial=0.0
    ))  # fmt: skip
    pools: list[tuple[float, int]] = []  # (mean, how many)
    for box, offset in zip(row, offsets, strict=False):
        mean, count = wish[box] - offset, 1
        while pools and pools[-1][0] > mean:
            other, others = pools.pop()
            mean, count = (mean * count + other * others) / (count + others), count + others
        pools.append((mean, count))
    means = itertools.chain.from_iterable([mean] * count for mean, count in pools)
    return {box: mean + offset for box, mean, offset in zip(row, means, offsets, strict=False)}

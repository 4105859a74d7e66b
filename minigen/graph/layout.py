"""Lay out a graph in layers, each box below those that it was computed from, with straight lines and few crossings.

This is the simplest form of the method of Sugiyama, Tagawa and Toda (1981):

1. A box's layer is the length of the longest path to it. A line gets a point in each layer that it passes.
2. The boxes and points of a layer are sorted by the mean position of their neighbours, in the layer above and in the
   layer below by turns; the order with the fewest crossings is kept.
3. Each moves as near to the mean x of its neighbours as those beside it allow.
"""

from __future__ import annotations

import bisect
import itertools
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TypeAlias

Line: TypeAlias = tuple[int, int]  # (from, to): `to` is a box with a higher number

GAP = 20.0  # pixels between two boxes
POINT = 1.0  # the width that a passing line takes
SWEEPS = 8
LEAF = 0.1  # the weight of a leaf (a tensor that nothing computed) in the mean x of its neighbours; of others: 1


def arrange(
    widths: Sequence[float], lines: Sequence[Line], leaves: Sequence[bool]
) -> tuple[list[float], list[int], list[list[tuple[float, int]]]]:
    """The x of each box's middle, its layer, and the points (x, layer) of each line from end to end.

    A leaf lies in the layer above the first box that uses it.
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
    for box, row in enumerate(layer):
        rows[row].append(box)
    rows = _sorted(rows, above, below)
    x = _placed(rows, widths, {box: LEAF for box, leaf in enumerate(leaves) if leaf}, above, below)
    return x, layer, [[(x[box], layer[box]) for box in route] for route in routes]


def _layers(count: int, lines: Sequence[Line], leaves: Sequence[bool]) -> list[int]:
    """The layer of each box: below those of its inputs, and of a leaf as low as its users allow."""
    layer = [0] * count
    for start, end in sorted(lines, key=lambda line: line[1]):
        layer[end] = max(layer[end], layer[start] + 1)
    for box in range(count):
        if leaves[box]:
            layer[box] = min((layer[end] for start, end in lines if start == box), default=1) - 1
    return layer


def _sorted(rows: list[list[int]], above: dict[int, list[int]], below: dict[int, list[int]]) -> list[list[int]]:
    """The rows in the order in which the sweeps found the fewest crossings."""
    best, fewest = rows, _crossings(rows, below)
    for sweep in range(SWEEPS):
        down = sweep % 2 == 0
        neighbours = above if down else below
        place: dict[int, float] = {}
        new = list(rows)
        for number in range(len(rows)) if down else reversed(range(len(rows))):
            mean = {box: _mean(neighbours[box], place, {}, n) for n, box in enumerate(rows[number])}
            new[number] = sorted(rows[number], key=lambda box: mean[box])
            place |= {box: n for n, box in enumerate(new[number])}
        rows = new
        if (crossings := _crossings(rows, below)) < fewest:
            best, fewest = rows, crossings
    return best


def _mean(boxes: Sequence[int], place: Mapping[int, float], weights: Mapping[int, float], otherwise: float) -> float:
    """The mean place of those boxes that have one."""
    found = [(place[box], weights.get(box, 1.0)) for box in boxes if box in place]
    return sum(at * weight for at, weight in found) / sum(weight for _, weight in found) if found else otherwise


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
    weights: Mapping[int, float],
    above: dict[int, list[int]],
    below: dict[int, list[int]],
) -> list[float]:
    """The x of each box: near the mean of its neighbours above, then below, by turns."""
    x = {box: 0.0 for row in rows for box in row}
    for row in rows:
        x |= _spread(row, widths, dict.fromkeys(row, 0.0))
    for sweep in range(2 * SWEEPS):
        neighbours = above if sweep % 2 == 0 else below
        for row in rows if sweep % 2 == 0 else reversed(rows):
            x |= _spread(row, widths, {box: _mean(neighbours[box], x, weights, x[box]) for box in row})
    return [x[box] for box in range(len(widths))]


def _spread(row: Sequence[int], widths: Sequence[float], wish: dict[int, float]) -> dict[int, float]:
    """The x nearest to the wished ones, by least squares, with which a row keeps its order and its gaps.

    Less the width of all that lies to the left, x must not decrease from box to box. Where the wishes do, neighbours
    are pooled at the mean of theirs (isotonic regression by pooling adjacent violators).
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

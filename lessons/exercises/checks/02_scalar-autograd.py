"""Checks of lesson 2."""

import math
import random

from minigen.learning import WrongError, close, exercise, number, same


@exercise(
    "pencil", "x is used three times: the ways from y back to x add up.", "x·x sends x back twice, the last x sends 1."
)
def answer_shared(your):
    mistakes = {4: "x·x uses x twice, and each use sends a gradient back", 12: "that is y", 6: "the last x counts too"}
    number(your.answer_shared, 7, mistakes | {5: "d(x·x)/dx is 2x", 1: "x·x counts too"})


@exercise("gap", "The slope to a is 1/b.", "The slope to b is -a/b²; slopes are numbers, so use .value.")
def divide(your):
    for a, b in ((3.0, 2.0), (-1.5, 4.0), (2.0, -0.5)):
        first, second = your.Node(a), your.Node(b)
        y = your.divide(first, second)
        if not isinstance(y, your.Node):
            raise WrongError(f"divide returns {type(y).__name__}, must return a Node")
        same(y.value, a / b, f"the value of {a} / {b}", {"b / a is not a / b": b / a})
        slopes = {}
        for parent, slope in y.edges:
            slopes[parent] = slopes.get(parent, 0.0) + slope
        for node, name, right, mistakes in (
            (first, "a", 1 / b, {"d(a/b)/da does not hold a": a / b}),
            (
                second,
                "b",
                -a / b**2,
                {"d(1/b)/db is -1/b²": 1 / b, "divide by b²": -a / b, "the a is missing": -(1 / b**2)},
            ),
        ):
            if node not in slopes:
                raise WrongError(f"there is no edge to {name}: Node(value, (a, slope), (b, slope))")
            same(slopes[node], right, f"the slope to {name} of {a} / {b}", mistakes)


def graphs(your):
    """Title, output and the gradients of some nodes."""
    x, w = your.Node(3.0), your.Node(2.0)
    yield "y = x·w", your.multiply(x, w), {x: 2.0, w: 3.0}
    x = your.Node(3.0)
    yield "y = x·x, a node used twice", your.multiply(x, x), {x: 6.0}
    x = your.Node(2.0)
    p = your.multiply(x, x)
    yield "y = x²·(x² + x), where x² is used twice", your.multiply(p, your.add(p, x)), {x: 44.0, p: 10.0}
    x = your.Node(2.0)
    p = your.multiply(x, x)
    q = your.add(p, x)
    yield "y = x² + (x² + x)·x, where x² is used twice", your.add(p, your.multiply(q, x)), {x: 20.0, p: 3.0}
    x = y = your.Node(1.0)
    for _ in range(60):
        y = your.add(y, y)
    yield "y doubled 60 times", y, {x: 2.0**60}
    x = y = your.Node(1.0)
    for _ in range(5000):
        y = your.add(y, x)
    yield "a chain of 5,000 additions", y, {x: 5001.0}


@exercise(
    "gap",
    "gradients[output] is 1. What a node has gathered, times the slope of an edge, is added to the edge's parent.",
    "A node may send on only when all that is made from it has sent: take the newest first, by node.order.",
    "heapq.heappush(queue, (-node.order, node)) keeps the newest in front.",
)
def backward(your):
    for title, output, right in graphs(your):
        found = your.backward(output)
        if not isinstance(found, dict):
            raise WrongError(f"backward returns {type(found).__name__}, must return a dict from Node to float")
        if output not in found or not close(found[output], 1.0):
            raise WrongError(f"{title}: d(output)/d(output) must be 1, yours is {found.get(output)}")
        for node, value in right.items():
            if node not in found:
                raise WrongError(f"{title}: a node that y was made from is missing in the dict")
            if not close(found[node], value):
                hint = ""
                if "used" in title:
                    hint = (
                        ": at a node that is used twice gradients add up, and only when all have arrived they travel on"
                    )
                raise WrongError(f"{title}: yours is {found[node]:g}, must be {value:g}{hint}")


@exercise(
    "bug",
    "Draw p = x·x, y = p·x, and write down the list by hand.",
    "A node must not enter the list before its parents have.",
    line=4,
)
def topological(your):
    generator = random.Random(1)
    for size in (3, 4, 8, 30):
        nodes = [your.Node(1.0)]
        while len(nodes) < size:
            nodes.append(your.multiply(generator.choice(nodes), nodes[-1]))
        found = your.topological(nodes[-1])
        places = {node: place for place, node in enumerate(found)}
        if len(places) != len(found) or set(places) != set(nodes):
            raise WrongError(f"{len(found)} nodes are listed of a graph of {size}, each must be listed once")
        late = [node for node in found for parent, _ in node.edges if places[parent] > places[node]]
        if late:
            raise WrongError(
                f"of {size} nodes, {len(set(late))} stand before a parent: a gradient would leave too soon"
            )
    assert math.isclose(nodes[-1].value, 1.0)

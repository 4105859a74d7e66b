"""What a drawn graph shows is what the engine has: nodes, edges, the order of the visits, gradients."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigen
from minigen import Tensor, draw_graph, nn, ops
from minigen.autograd import record
from minigen.graph import Graph
from minigen.graph.formulas import formula
from minigen.graph.layout import GAP, arrange


def leaf(values: object = 3.0) -> Tensor:
    return minigen.tensor(np.asarray(values, "float64"), requires_grad=True)


def texts(svg: str) -> list[str]:
    """What is written in the boxes and on the lines; the SVG is well-formed XML."""
    return [text.text or "" for text in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]


def titles(graph: Graph, kind: str) -> list[str]:
    return [node.title for node in graph.nodes if node.kind == kind]


def test_a_graph_of_scalars():
    x = leaf()
    u, v = x**2, 2 * x
    graph = draw_graph(u * v, x=x, u=u, v=v)
    assert (graph.size, graph.links, str(graph)) == (4, 4, "Graph(4 nodes, 4 edges)")
    shown = texts(graph.svg())
    assert {"x", "u = power", "v = mul", "mul", "g = 54", "g = 6", "g = 9", "+36", "+18", "n = 2", "b = 2"} <= set(
        shown
    )


def test_a_network_names_its_parameters_and_its_data():
    net = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))
    x = minigen.tensor(np.ones((5, 4)), dtype="float32")
    graph = draw_graph(net(x), net, x=x)
    assert sorted(titles(graph, "parameter")) == ["0.bias", "0.weight", "2.bias", "2.weight"]
    assert titles(graph, "constant") == ["x"]
    assert (graph.size, graph.links) == (3 + 4 + 1, 3 + 1 + 3)
    assert "8×4" in texts(graph.svg())


def test_two_modules_of_the_same_names():
    first, second = nn.Linear(2, 2), nn.Conv2d(1, 1, 1)
    both = first(minigen.tensor(np.ones((1, 2)), dtype="float32")).sum() + sum(p.sum() for p in second.parameters())
    assert sorted(titles(draw_graph(both, first, second), "parameter")) == [
        "Conv2d.bias", "Conv2d.weight", "Linear.bias", "Linear.weight",
    ]  # fmt: skip


def test_a_gradient_has_a_graph_of_its_own():
    a = leaf([1.0, 2.0])
    (g,) = minigen.grad((a**3).sum(), a, create_graph=True)
    graph = draw_graph(g, a=a)
    assert titles(graph, "input") == ["a"]
    assert next(node.gradient for node in graph.nodes if node.title == "a") == "[6, 12]"  # Σ 3a² -> 6a


def test_the_nodes_come_in_the_order_of_the_backward_pass():
    visits = []

    def operation(name: str, *inputs: Tensor) -> Tensor:
        def derivative(g: Tensor) -> Tensor:
            visits.append(name)
            return g

        return record(sum(x.data for x in inputs), *((x, derivative) for x in inputs))

    generator, made = np.random.default_rng(0), [leaf()]
    for number in range(12):
        chosen = {0, *generator.integers(0, len(made), 2).tolist()}
        made.append(operation(f"n{number}", *(made[n] for n in sorted(chosen))))
    last = operation("last", *made[1:])
    last.backward()
    names = {f"n{number}": tensor for number, tensor in enumerate(made[1:])}
    expected = list(dict.fromkeys(visits))
    visits.clear()
    shown = [title.split(" = ")[0] for title in titles(draw_graph(last, last=last, **names), "operation")]
    assert shown == expected


def test_gradients_and_what_is_sent_are_those_of_grad():
    x, w = leaf([[0.3, -1.2]]), leaf([[0.7], [1.1]])
    hidden = ops.tanh(x @ w)
    y = (hidden * hidden + x.sum()).sum()
    graph = draw_graph(y, x=x, w=w, hidden=hidden)
    for name, tensor in {"x": x, "w": w, "hidden = tanh": hidden}.items():
        (g,) = minigen.grad(y, tensor)
        (node,) = (node for node in graph.nodes if node.title == name)
        arrived = [link.sent for box in graph.nodes for link in box.links if link.to is node]
        assert np.allclose(numbers(node.gradient), g.numpy().ravel(), rtol=5e-3)
        assert np.allclose(sum(np.array(numbers(sent)) for sent in arrived), g.numpy().ravel(), rtol=1e-2)


def numbers(text: str) -> list[float]:
    return [float(number) for number in re.findall(r"-?[\d.]+(?:e-?\d+)?", text)]


def test_drawing_changes_no_gradient_and_keeps_no_graph():
    x = leaf()
    graph = draw_graph(x * x)
    assert x.grad is None
    assert all(node.tensor is node.arrived is None for node in graph.nodes)


# --- large graphs -------------------------------------------------------------------------------------------


def deep(layers: int) -> tuple[nn.Sequential, Tensor]:
    net = nn.Sequential(*(layer for _ in range(layers) for layer in (nn.Linear(8, 8), nn.Tanh())), nn.Linear(8, 2))
    return net, net(minigen.tensor(np.ones((5, 8)), dtype="float32"))


def test_repeated_layers_are_one_box():
    net, y = deep(20)
    graph = draw_graph(y, net)
    (box,) = (node for node in graph.nodes if node.kind == "folded")
    assert (box.title, box.about) == ("17 more times", "linear, tanh")
    assert graph.size == 41 + 42 + 1
    assert len(graph.nodes) == 7 + 1 + 8 + 1, "operations, the box, parameters of four layers, the data"
    assert all(link.to in graph.nodes for node in graph.nodes for link in node.links)
    assert any("68 of the graph's 84 nodes are folded" in text for text in texts(graph.svg())), "17 layers of 4 nodes"
    order = [node.order for node in graph.nodes]
    assert order == sorted(order, reverse=True)


def test_a_small_graph_and_layers_that_differ_are_drawn_whole():
    net, y = deep(4)
    assert len(draw_graph(y, net).nodes) == draw_graph(y).size == 9 + 10 + 1
    x = leaf(np.ones(40))
    for size in range(39, 1, -1):
        x = x[:size]
    assert not titles(draw_graph(x), "folded")


@pytest.mark.parametrize("repeated", [True, False])
def test_5000_nodes_are_drawn_within_two_seconds(repeated):
    x, generator = leaf(), np.random.default_rng(0)
    choices: list[Callable[[Tensor], Tensor]] = [ops.tanh, lambda z: z * 1.01, lambda z: z + x, lambda z: -z]
    y = x
    for number in range(5000):
        y = choices[number % 4 if repeated else generator.integers(4)](y)
    start = time.process_time()
    graph = draw_graph(y, x=x)
    svg = graph.svg()
    assert time.process_time() - start < 2
    assert graph.size == 5001
    assert len(graph.nodes) < 110
    boxes = [node.title for node in graph.nodes if node.kind == "folded"]
    assert any(("1247 more times" if repeated else "older operations") in title for title in boxes)
    assert any("5,001 nodes" in text for text in texts(svg))


# --- faults -------------------------------------------------------------------------------------------------

HOSTILE = "</text><script>alert(1)</script>&\"'\n"


def test_hostile_names_are_only_shown():
    x = leaf()

    def operation(z: Tensor) -> Tensor:
        derivative = lambda g: g
        derivative.__qualname__ = f"{HOSTILE}.<locals>.<lambda>"
        return record(z.data + 0, (z, derivative))

    graph = draw_graph(operation(x), **{HOSTILE: x})
    assert "<script>" not in graph.svg()
    assert texts(graph.svg()).count("</text><script>al…(1)</script>&\"'\n") == 2
    assert graph.page().count("<script") == 2


def test_a_backward_pass_that_fails_leaves_the_graph_and_the_reason():
    layer = nn.Linear(2, 2)
    y = ops.relu(layer(minigen.tensor(np.ones((1, 2)), dtype="float32")))
    layer.weight.data = layer.weight.data * 2
    graph = draw_graph(y, layer)
    assert titles(graph, "operation") == ["relu", "linear"]
    shown = " ".join(texts(graph.svg()))
    assert "no gradients: backward: a parameter of shape (2, 2) has changed" in shown
    assert "g =" not in shown


@pytest.mark.parametrize(
    ("call", "error", "said"),
    [
        (lambda x: draw_graph(x.numpy()), TypeError, "output is an array"),
        (lambda x: draw_graph(x * x, x), TypeError, "argument 1 is a .*Tensor, must be a Module"),
        (lambda x: draw_graph(x * x, x=3), TypeError, "x is an int, must be a tensor"),
        (lambda x: draw_graph(x.detach()), ValueError, "output requires no gradient"),
        (lambda x: draw_graph(x * x).save("graph.png"), ValueError, r"'graph.png', must end with .svg or .html"),
    ],
)
def test_what_cannot_be_drawn_is_said(call, error, said):
    with pytest.raises(error, match=said):
        call(leaf())


def test_a_graph_is_saved(tmp_path):
    graph = draw_graph(leaf() * 2.0)
    assert graph.save(tmp_path / "g.svg").read_text(encoding="utf-8") == graph._repr_svg_()
    assert graph.save(str(tmp_path / "g.html")).read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


# --- formulas and layout ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        (lambda x: x * 2.0, ("a", "g", "g · b", "b")),
        (lambda x: x / x, ("b", "g", "-g · (a / b / b)", "-(a / b / b)")),
        (lambda x: 1.0 - x, ("b", "g", "-g", "-1")),
        (lambda x: x + 1.0, ("a", "g", "g", "1")),
        (ops.tanh, ("x", "g", "g · (1.0 - y · y)", "1.0 - y · y")),
        (ops.log, ("x", "g", "g / x", "1 / x")),
        (ops.softmax, ("x", "g", "y · (g - (g · y).sum(dim, keepdim=True))", "")),
    ],
)
def test_the_formula_is_the_line_that_computes_it(operation, expected):
    assert formula(operation(leaf([1.0, 2.0]))._edges[-1][1]) == expected


def test_of_a_function_the_formula_is_what_it_returns():
    def cube(x: Tensor) -> Tensor:
        def derivative(g: Tensor) -> Tensor:
            square = x * x
            return 3 * square * g

        return record(x.data**3, (x, derivative))

    assert formula(cube(leaf())._edges[0][1]) == ("x", "g", "3 · square · g", "3 · square")
    y = record(np.ones(2), (leaf(), lambda g: g * 3.0**2 * 2.0**20 * 3.0**2.5))
    assert formula(y._edges[0][1]).local == "3.0² · 2.0 ** 20 · 3.0 ** 2.5"
    exec("made = lambda g: g", space := {})  # a function without a source
    assert formula(space["made"]) == ("", "g", "", "")


@given(st.data())
def test_boxes_do_not_overlap_and_lines_lead_down(data):
    count = data.draw(st.integers(1, 25))
    leaves = [data.draw(st.booleans()) for _ in range(count)]
    lines = [
        (start, end)
        for end in range(count)
        for start in range(end)
        if not leaves[end] and data.draw(st.integers(0, 3)) == 0
    ]
    widths = [data.draw(st.floats(10, 300)) for _ in range(count)]
    x, layer, routes = arrange(widths, lines, leaves)
    for a in range(count):
        for b in range(a):
            assert layer[a] != layer[b] or abs(x[a] - x[b]) >= (widths[a] + widths[b]) / 2 + 0.99 * GAP
    for (start, end), route in zip(lines, routes, strict=True):
        assert [row for _, row in route] == list(range(layer[start], layer[end] + 1))
        assert (route[0][0], route[-1][0]) == (x[start], x[end])
        assert layer[start] < layer[end]


def test_two_crossed_pairs_are_uncrossed():
    x, *_ = arrange([50] * 4, [(0, 3), (1, 2)], [False] * 4)
    assert (x[0] < x[1]) == (x[3] < x[2])

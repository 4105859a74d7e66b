"""Diagrams of parts I and II: derivatives, graphs, tensors, networks, learning."""

from __future__ import annotations

import itertools
import math

import numpy as np
from drawing import Drawing, diagram

import minigen
from minigen.graph import Graph


@diagram("01-secant")
def secant() -> Drawing:
    """A curve, its tangent at x, and secants through x and x + h that turn into the tangent as h shrinks."""
    d = Drawing(620, 330)

    def f(x: float) -> float:
        return 262 - 0.00128 * (x - 40) ** 2

    a, slope = 200.0, f(200.5) - f(199.5)
    d.line([(x, f(x)) for x in range(40, 461, 6)], "data")
    d.line([(x, f(a) + slope * (x - a)) for x in (100, 520)], "gradient")
    for h in (220, 110):
        rise = (f(a + h) - f(a)) / h
        d.line([(a - 70, f(a) - 70 * rise), (a + h + 30, f(a) + (h + 30) * rise)], "mark", dashed=True)
        d.line([(a + h, f(a + h)), (a + h, 282)], "plain", dashed=True)
        d.circle(a + h, f(a + h), 5, color="mark")
    d.circle(a, f(a), 6, color="gradient")
    d.line([(60, 282), (560, 282)], "plain")
    for x, name in ((a, "x"), (a + 110, "x + h/2"), (a + 220, "x + h")):
        d.line([(x, 277), (x, 287)], "plain")
        d.text(x, 302, name, style="small")
    d.text(478, 44, "f", "data")
    d.text(526, 124, "tangent,\nslope f ′(x)", "gradient", anchor="start", style="small")
    d.text(190, 70, "secant, slope\n( f(x + h) − f(x) ) / h", "mark", style="small")
    return d


@diagram("02-shared-node")
def shared_node() -> Drawing:
    """x is used twice; two gradients arrive at it over two edges and are added."""
    d = Drawing(620, 300)
    d.circle(80, 150, 34, "x = 3", "parameter")
    d.circle(270, 75, 34, "u = x²", "data")
    d.circle(270, 225, 34, "v = 2x", "data")
    d.circle(450, 150, 38, "L = u·v", "data")
    for start, end in (
        ((112, 137), (236, 83)),
        ((112, 163), (236, 217)),
        ((304, 82), (414, 136)),
        ((304, 218), (414, 164)),
    ):
        d.arrow(start, end, color="data")
    d.arrow((590, 150), (492, 150), color="gradient", words="∂L/∂L = 1")
    d.arrow((424, 118), (310, 62), color="gradient", words="v · 1 = 6", at=(22, -14))
    d.arrow((424, 182), (310, 238), color="gradient", words="u · 1 = 9", at=(22, 14))
    d.arrow((240, 57), (100, 114), color="gradient", words="2x · 6 = 36", at=(-22, -14))
    d.arrow((240, 243), (100, 186), color="gradient", words="2 · 9 = 18", at=(-22, 14))
    d.text(80, 270, "∂L/∂x = 36 + 18 = 54", "gradient", anchor="start", style="strong")
    d.text(590, 18, "blue: values, forward · green: gradients, backward", anchor="end", style="small faint")
    return d


@diagram("02-graph")
def graph() -> Graph:
    """The graph of L = p q with p = x y and q = p + x: two arrows leave x and two leave p, and their gradients are sums
    of two parts.
    """
    x, y = (minigen.tensor(value, requires_grad=True) for value in (2.0, 3.0))
    p = x * y
    q = p + x
    loss = p * q
    return minigen.draw_graph(loss, x=x, y=y, p=p, q=q, L=loss)


@diagram("03-graph")
def flat_line() -> Graph:
    """The graph of the flat line's loss: the subtraction of a target of shape (100,) from 100×1 predictions gives
    100×100 numbers.
    """
    generator = np.random.default_rng(0)
    inputs = generator.uniform(-1, 1, (100, 1))
    target = 0.5 + 1.5 * inputs[:, 0] + 0.1 * generator.standard_normal(100)
    x, t = minigen.tensor(inputs), minigen.tensor(target)
    slope, offset = (minigen.tensor(np.zeros(shape), requires_grad=True) for shape in ((1, 1), (1,)))
    loss = ((x @ slope + offset - t) ** 2).mean()
    return minigen.draw_graph(loss, x=x, slope=slope, offset=offset)


@diagram("03-broadcasting")
def broadcasting() -> Drawing:
    """Shapes (4, 3) and (3,) aligned at the right; the row is repeated four times forward, and its gradient is the sum
    of four rows.
    """
    d = Drawing(720, 300)
    d.text(30, 36, "x      (4, 3)\nb         (3)", anchor="start", style="mono")
    d.text(150, 36, "aligned at the right; b counts as (1, 3)", anchor="start", style="small faint")
    d.cells(40, 90, [[f"x{i}{j}" for j in range(3)] for i in range(4)], 38, "data")
    d.text(176, 166, "+", style="strong")
    d.cells(200, 90, [["b0", "b1", "b2"]], 38, "parameter")
    d.cells(200, 128, [["b0", "b1", "b2"]] * 3, 38, "plain")
    d.text(336, 166, "=")
    d.cells(358, 90, [["", "", ""]] * 4, 38, "data")
    d.text(415, 260, "y = x + b", "data")
    d.text(257, 260, "repeated", style="small faint")
    d.cells(540, 90, [[f"g{i}{j}" for j in range(3)] for i in range(4)], 38, "gradient")
    d.text(597, 68, "∂L/∂y", "gradient")
    d.arrow((597, 244), (597, 262), color="gradient")
    d.text(597, 278, "add the rows: ∂L/∂b, shape (3)", "gradient", style="small")
    return d


@diagram("04-network")
def network() -> Drawing:
    """A dense network: 784 pixels, 128 hidden units with relu, 10 logits; every unit is joined to all of the layer
    before.
    """
    d = Drawing(680, 330)
    layers = ((90, 7, "data"), (320, 5, "data"), (540, 4, "data"))
    units = [[(x, 155 + (i - (n - 1) / 2) * 38) for i in range(n)] for x, n, _ in layers]
    for left, right in itertools.pairwise(units):
        for x0, y0 in left:
            for x1, y1 in right:
                d.line([(x0 + 13, y0), (x1 - 13, y1)], "parameter", thin=True)
    for column in units:
        for i, (x, y) in enumerate(column):
            d.circle(x, y, 13, "⋮" if i == len(column) // 2 else "", "data")
    d.text(90, 310, "x: 784 pixels")
    d.text(320, 310, "h = relu(x W₁ᵀ + b₁): 128")
    d.text(560, 310, "s = h W₂ᵀ + b₂: 10 logits")
    d.text(205, 22, "W₁ (128, 784)", "parameter")
    d.text(430, 22, "W₂ (10, 128)", "parameter")
    return d


@diagram("04-loop")
def loop() -> Drawing:
    """The training loop as a circle: batch, forward, loss, backward, step, and again."""
    d = Drawing(700, 300)
    d.box(30, 100, 110, 56, "batch\nx, target", "data")
    d.box(200, 100, 120, 56, "model(x)", "data")
    d.box(380, 100, 110, 56, "loss", "data")
    d.box(550, 100, 125, 56, "loss.backward()", "gradient")
    d.box(290, 215, 160, 52, "step: θ ← θ − η g", "parameter")
    d.arrow((140, 128), (197, 128), color="data")
    d.arrow((320, 128), (377, 128), color="data", words="output")
    d.arrow((490, 128), (547, 128), color="data")
    d.arrow((612, 156), (612, 241), (453, 241), color="gradient", words="g: .grad of each parameter", at=(10, 28))
    d.arrow((290, 241), (260, 241), (260, 159), color="parameter", words="new weights", at=(-52, 0))
    d.arrow((85, 60), (85, 97), color="data")
    d.text(85, 46, "the next batch", style="small faint")
    d.text(440, 46, "before backward: forget the last step's .grad, as gradients add up", style="small faint")

    return d


@diagram("05-activations")
def activations() -> Drawing:
    """Left: relu, sigmoid and tanh. Right: their slopes; the slope of the sigmoid is at most one quarter."""
    d = Drawing(700, 290)
    curves = (
        ("relu", "data", lambda x: max(x, 0.0), lambda x: float(x > 0)),
        ("sigmoid", "parameter", lambda x: 1 / (1 + math.exp(-x)), lambda x: math.exp(-x) / (1 + math.exp(-x)) ** 2),
        ("tanh", "gradient", math.tanh, lambda x: 1 - math.tanh(x) ** 2),
    )
    for left, title, which in ((40, "value", 2), (380, "slope", 3)):
        scale, zero = 70.0, 170.0
        d.line([(left, zero), (left + 280, zero)], "plain")
        d.line([(left + 140, 40), (left + 140, 260)], "plain")
        d.text(left + 140, 24, title, style="strong")
        for name, color, *functions in curves:
            f = functions[which - 2]
            for side in (range(-400, 1), range(1, 401)) if name == "relu" else (range(-400, 401),):
                points = [(left + 140 + x * 0.35, zero - scale * f(x / 100)) for x in side]
                d.line([p for p in points[::10] if p[1] > 40], color)
        d.text(left + 132, zero - scale, "1", anchor="end", style="small")
    d.line([(520, 152.5), (660, 152.5)], "plain", dashed=True)
    d.text(664, 152, "¼", anchor="start", style="small")
    for i, (name, color, *_) in enumerate(curves):
        d.text(64, 62 + 20 * i, name, color, anchor="start", style="small")
    return d


@diagram("06-momentum")
def momentum() -> Drawing:
    """A valley seen from above: plain gradient steps zigzag across it, momentum goes along it."""
    d = Drawing(740, 290)
    for scale in (1.0, 0.72, 0.46, 0.22):
        turns = [t / 30 * math.pi for t in range(61)]
        d.line([(370 + 350 * scale * math.cos(t), 160 + 110 * scale * math.sin(t)) for t in turns], "plain")
    for color, beta, rate in (("mark", 0.0, 1.75), ("gradient", 0.55, 0.8)):
        x, y, vx, vy, points = -330.0, 62.0, 0.0, 0.0, []
        for _ in range(16):
            points.append((370 + x, 160 + y))
            vx, vy = beta * vx - rate * 0.1 * x, beta * vy - rate * y
            x, y = x + vx, y + vy
        d.line(points, color)
        for point in points:
            d.circle(*point, 3.4, color=color)
    d.circle(370, 160, 5, color="data")
    d.text(388, 142, "minimum", "data", anchor="start", style="small")
    d.text(40, 28, "SGD: across the valley", "mark", anchor="start", style="small")
    d.text(230, 28, "with momentum: along it", "gradient", anchor="start", style="small")
    return d


@diagram("07-early-stopping")
def early_stopping() -> Drawing:
    """Training loss falls for ever; validation loss falls, then rises: the best weights are those of its minimum."""
    d = Drawing(640, 300)
    d.line([(60, 30), (60, 250), (600, 250)], "plain")
    train = [(60 + x, 60 + 165 * (1 - math.exp(-x / 120))) for x in range(0, 530, 6)]
    held = [(60 + x, 62 + 130 * (1 - math.exp(-x / 90)) - 0.00030 * max(x - 160, 0) ** 2) for x in range(0, 530, 6)]
    d.line(train, "data")
    d.line(held, "parameter")
    best = max(held, key=lambda p: p[1])
    d.line([(best[0], 40), (best[0], 250)], "gradient", dashed=True)
    d.circle(*best, 6, color="gradient")
    d.text(best[0], 268, "best epoch: keep these weights", "gradient", style="small")
    d.text(596, 232, "training", "data", anchor="end")
    d.text(596, 112, "validation", "parameter", anchor="end")
    d.text(600, 268, "epochs", anchor="end", style="small")
    d.text(70, 24, "loss", anchor="start", style="small")
    d.text(150, 110, "still learning", style="small faint")
    d.text(500, 60, "over-fitting", style="small faint")
    return d

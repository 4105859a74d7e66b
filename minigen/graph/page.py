"""A graph as one page of HTML that steps through the backward pass, without a network or a library."""

from __future__ import annotations

import base64
import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from minigen.colors import variables
from minigen.files import read
from minigen.graph.reading import Node
from minigen.graph.svg import draw, numbered, style

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<title>The backward pass</title>
<style>{css}</style>
</head>
<body>
<header>
<h1>The backward pass</h1>
<button id="back" aria-label="one step back">←</button>
<input id="step" type="range" min="0" value="0" aria-label="step of the backward pass">
<button id="next" aria-label="one step on">→</button>
<button id="play">play</button>
<span id="count"></span>
</header>
<main id="picture">{svg}</main>
<aside id="told" aria-live="polite"></aside>
<script id="steps" type="application/json">{steps}</script>
<script>{script}</script>
</body>
</html>
"""


def page(nodes: Sequence[Node], notes: Sequence[str]) -> str:
    """The page; `nodes` in the order in which `backward` visits them."""
    css = variables(":root") + "\n" + _file("page.css")
    script = _file("page.js")
    policy = f"default-src 'none'; base-uri 'none'; form-action 'none'; script-src {allowed(script)}"
    policy += f"; style-src {allowed(css)} {allowed(style())}"
    steps = json.dumps(_steps(nodes), ensure_ascii=False).replace("<", "\\u003c")  # no </script> within
    svg = draw(nodes, notes, labels=True)
    return _PAGE.format(policy=policy, css=css, svg=svg, steps=steps, script=script)


def _file(name: str) -> str:
    return read(Path(__file__).with_name(name), 100_000).decode()


def allowed(text: str) -> str:
    """The name by which a content security policy allows this very text."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _steps(nodes: Sequence[Node]) -> dict[str, Any]:
    """What each step shows, and how many gradients each node waits for."""
    number, links = numbered(nodes)
    needed = Counter(number[id(link.to)] for _, link in links if link.to.kind != "constant")
    sends: dict[int, list[dict[str, Any]]] = {number[id(node)]: [] for node in nodes}
    for n, (box, link) in enumerate(links):
        if link.to.kind != "constant":
            operation, formula = box.title.split(" = ")[-1], link.formula
            sends[number[id(box)]].append({
                "link": n,
                "to": number[id(link.to)],
                "title": link.to.title,
                "input": formula.input,
                "local": f"∂{operation}/∂{formula.input} = {formula.local}" if formula.local else "",
                "sent": formula.sent,
                "value": _numbers("=", link.sent, link.norm, link.to.shape),
            })  # fmt: skip
    steps = [
        {
            "node": number[id(node)],
            "kind": node.kind,
            "title": node.title,
            "about": node.about,
            "shape": "" if node.kind == "folded" else node.shape,
            "settings": node.settings,
            "value": node.value,
            "arrived": _numbers(f"{_name_of_g(node)} =", node.gradient, node.norm, node.shape),
            "sends": sends[number[id(node)]],
        }
        for node in nodes
        if node.kind != "constant"
    ]
    return {"steps": steps, "needed": needed}


def _numbers(before: str, few: str, norm: str, shape: str) -> str:
    """The numbers, or the norm of those that are too many."""
    return f"{before} {few}" if few else f"{before} {shape} numbers, norm {norm}" if norm else ""


def _name_of_g(node: Node) -> str:
    """What the operation's derivatives call the gradient that arrives: g, or gg where g is an input already."""
    return next((link.formula.gradient for link in node.links if link.formula.gradient), "g")

"""The computational graph as a picture, and as a page that steps through the backward pass: `minigen.draw_graph`."""

from __future__ import annotations

from pathlib import Path

from minigen import backend
from minigen.autograd import Tensor
from minigen.files import replace_file
from minigen.graph.folding import fold
from minigen.graph.page import page
from minigen.graph.reading import Node, fill_in, read
from minigen.graph.svg import draw
from minigen.nn import Module

__all__ = ["Graph", "draw_graph"]


def draw_graph(output: Tensor, *modules: Module, **tensors: Tensor) -> Graph:
    """The graph that computed `output`, as an SVG in a notebook; `.save("graph.html")` steps through the backward pass.

    A box shows the shape of its tensor, and its value and gradient if they are at most six numbers. The gradients are
    those of the output, or of the sum of its elements. A gradient computed with `create_graph=True` has a graph, too.
    In a graph of more than 30 nodes repeated layers become one box, and at most 100 operations are drawn.

    Args:
        modules: their parameters get their names, `draw_graph(loss, net)`.
        tensors: names for further tensors, `draw_graph(loss, x=x, target=t)`.

    Raises:
        TypeError: an argument is of another type.
        ValueError: the output was not computed from a tensor that requires a gradient.
    """
    names: dict[int, str] = {}
    for position, module in enumerate(modules, 1):
        if not isinstance(module, Module):
            raise TypeError(f"draw_graph: argument {position} is {backend.described(module)}, must be a Module")
        prefix = f"{type(module).__name__}." if len(modules) > 1 else ""
        names |= {id(parameter): prefix + name for name, parameter in module.named_parameters()}
    for name, tensor in {"output": output, **tensors}.items():
        if not isinstance(tensor, Tensor):
            raise TypeError(f"draw_graph: {name} is {backend.described(tensor)}, must be a tensor")
    names |= {id(tensor): name for name, tensor in tensors.items()}
    if not output.requires_grad:
        raise ValueError("draw_graph: output requires no gradient, must be computed from a tensor that does")
    nodes, why = read(output, names)
    total, links = len(nodes), sum(len(node.links) for node in nodes)
    shown = fold(nodes)
    fill_in(shown)
    folded = total - sum(node.kind != "folded" for node in shown)
    notes = [f"{folded:,} of the graph's {total:,} nodes are folded into dashed grey boxes"] * bool(folded)
    notes += [f"no gradients: {why}"] * bool(why)
    return Graph(shown, total, links, notes)


class Graph:
    """A drawn graph: a notebook shows it.

    Attributes:
        nodes: the boxes, in the order in which `backward` visits them.
        size, links: the number of nodes and edges of the whole graph.
        notes: lines below the picture.
    """

    def __init__(self, nodes: list[Node], size: int, links: int, notes: list[str]) -> None:
        self.nodes, self.size, self.links, self.notes = nodes, size, links, notes

    def svg(self) -> str:
        """The picture."""
        return draw(self.nodes, self.notes)

    _repr_svg_ = svg

    def page(self) -> str:
        """A page of HTML that steps through the backward pass; it needs no network."""
        return page(self.nodes, self.notes)

    def save(self, path: str | Path) -> Path:
        """Write the picture as an .svg file, or the page as an .html file.

        Raises:
            ValueError: the name ends otherwise.
            OSError: the file cannot be written.
        """
        path = Path(path)
        if path.suffix not in (".svg", ".html"):
            raise ValueError(f"save: path is {str(path)!r}, must end with .svg or .html")
        replace_file(path, (self.svg() if path.suffix == ".svg" else self.page()).encode())
        return path

    def __repr__(self) -> str:
        return f"Graph({self.size:,} nodes, {self.links:,} edges)"

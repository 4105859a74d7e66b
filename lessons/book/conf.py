"""How Sphinx lays out the book that build.py writes: theme, mathematics, and docstrings of plain text."""

from __future__ import annotations

import re
from typing import Any

from sphinx.application import Sphinx

project, author, html_title, language = "minigen", "the authors of minigen", "minigen: the course", "en"
extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.mathjax",
    "sphinx-mathjax-offline",  # the book is read without a network
]
root_doc = "README"
myst_enable_extensions = ["dollarmath", "amsmath"]
myst_heading_anchors = 3
autodoc_member_order, autodoc_typehints_format = "bysource", "short"
napoleon_use_ivar, napoleon_use_rtype = True, False
html_theme = "furo"
html_extra_path = ["notebooks"]
html_static_path, html_css_files = ["book.css"], ["book.css"]
pygments_dark_style = "monokai"  # the theme's own underlines names as if they were links
html_copy_source = html_show_sphinx = html_show_copyright = False

SECTION = re.compile(r"^(Args|Attributes|Raises|Returns|Yields):$")


def plain_to_rst(app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Our docstrings are plain text: formulas keep their stars, `code` stands in backticks, examples are indented."""
    out: list[str] = []
    section = literal = False
    for line in lines:
        indented = line.startswith("    ") and not section
        if line and not indented:
            section = bool(SECTION.match(line)) or (section and line.startswith(" "))
        if indented and not literal and (not out or not out[-1]):
            out += [".. code-block:: text", ""]
            literal = True
        elif line and not indented:
            literal = False
        out.append(line if literal or SECTION.match(line) else escaped(line))
    lines[:] = out


def escaped(line: str) -> str:
    """The line with reST's special characters escaped, and `code` as ``code``."""
    parts = re.split(r"`([^`]+)`", line)
    return "".join(
        f"``{part}``" if i % 2 else re.sub(r"([*|\\]|_(?!\w)|`)", r"\\\1", part) for i, part in enumerate(parts)
    )


def setup(app: Sphinx) -> None:
    """Read docstrings before napoleon does."""
    app.connect("autodoc-process-docstring", plain_to_rst, priority=400)

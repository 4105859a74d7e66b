"""The page: a template, the program's files and the content, put together into one file that needs nothing else."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from minigen.exploring.content import content
from minigen.exploring.programs import FORWARD
from minigen.files import read
from minigen.graph.page import allowed
from minigen.inference.arrays import UseError
from minigen.inference.inputs import Examples
from minigen.inference.trained import Trained

SCRIPTS = ("content.js", "drawing.js", "map.js", "sliders.js", "pad.js", "series.js", "path.js", "page.js")
POLICY = (
    "default-src 'none'; script-src {script}; style-src {style}; img-src data: blob:; worker-src blob:; "
    "base-uri 'none'; form-action 'none'"
)
MOST_BYTES = 2**26  # of arrays; a browser still opens so many


def page(trained: Trained, examples: Examples) -> bytes:
    """An HTML file in which the reader plays with a trained model; examples: of its test set.

    Nothing of the run can become code: its names are JSON in which no tag can stand, and the page shows them as text.
    The policy in the page's head lets only its own script and style work, and nothing be fetched.

    Raises:
        UseError: the model cannot be shown, or is too large.
    """
    found = content(trained, examples)
    places, arrays = _packed(found.arrays)
    if len(arrays) > MOST_BYTES:
        raise UseError(f"{trained.model.name} has {len(arrays):,} bytes of weights, a page holds {MOST_BYTES:,}")
    found.arrays = places
    script, style = "".join(map(_file, SCRIPTS)), _file("page.css")
    parts = {
        "policy": POLICY.format(script=allowed(script), style=allowed(style)),
        "style": style,
        "content": _harmless(msgspec.json.encode(found).decode()),
        "arrays": base64.b64encode(arrays).decode(),
        "worker": _file(FORWARD.name) + _file("worker.js"),
        "script": script,
    }
    return re.sub(r"{{(\w+)}}", lambda match: parts[match[1]], _file("page.html")).encode()


def _packed(arrays: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    """(where each array lies, the bytes of all); each begins at a multiple of 4."""
    places, packed = {}, bytearray()
    for name, array in arrays.items():
        places[name] = {"type": str(array.dtype), "shape": array.shape, "offset": len(packed)}
        packed += np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<")).tobytes()
        packed += bytes(-len(packed) % 4)
    return places, bytes(packed)


def _harmless(json: str) -> str:
    """The same JSON without the letters that could end the element it stands in."""
    return json.replace("<", r"\u003c").replace(">", r"\u003e").replace("&", r"\u0026")


def _file(name: str) -> str:
    return read(Path(__file__).with_name(name), 2**20).decode()

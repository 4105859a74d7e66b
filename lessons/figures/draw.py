"""Draw the course's diagrams: `python lessons/figures/draw.py [FOLDER]` writes each as an SVG file, here by default."""

from __future__ import annotations

import sys
from pathlib import Path

import convolution  # noqa: F401  (each file enters its diagrams)
import drawing
import engine  # noqa: F401
import generation  # noqa: F401

if __name__ == "__main__":
    print(*drawing.save(Path(sys.argv[1]) if sys.argv[1:] else Path(__file__).parent), sep="\n")

"""python -m minigen.compare RUN RUN …: measures, parameters and times side by side, and all curves on one figure."""

from __future__ import annotations

import sys
from pathlib import Path

from minigen import files
from minigen.command_line import Parser, UsageError, run_command, show_lines_at_once

MOST_BYTES = 2**28  # of a picture that may be replaced
_PNG = b"\x89PNG"  # how such a file begins


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit code: 0 compared, 2 could not."""
    return run_command("minigen.compare", _main, arguments)


def _main(words: list[str]) -> int:
    parser = Parser("python -m minigen.compare", "%(prog)s RUN RUN … [--out FILE]", "Compare runs side by side.")
    parser.add_argument("runs", metavar="RUN", nargs="*", type=Path, default=[], help="the folder of a run")
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="the figure, a .png (default: comparison.png beside the runs)"
    )
    options = parser.parse(words)
    folders = [path for path in options.runs if not (path.is_file() and path.suffix.lower() == ".png")]  # of RUNS/*
    if len(folders) < 2:
        raise UsageError(f"{len(folders)} runs, at least 2 are compared: python -m minigen.compare RUN RUN …")
    out = getattr(options, "out", folders[0].parent / "comparison.png")
    _require_picture(out)
    from minigen.evaluation import figures
    from minigen.inference import comparing
    from minigen.inference.outputs import save  # Matplotlib takes a second, for which --help need not wait

    runs = [comparing.Run.read(path, lambda line: print(line, file=sys.stderr)) for path in folders]
    for line in comparing.table(runs):
        print(line)
    print(f"wrote   {save(out, figures.png(comparing.draw(runs)))}")
    return 0


def _require_picture(path: Path) -> None:
    """UsageError if `path` cannot become a PNG file, or is another file of the user's."""
    if path.suffix.lower() != ".png":
        raise UsageError(f"--out is {str(path)!r}, must end in .png")
    if path.is_file() and path.stat().st_size and not files.read(path, MOST_BYTES).startswith(_PNG):
        raise UsageError(f"--out is {str(path)!r}, a file that is no PNG picture: it is not replaced")


if __name__ == "__main__":
    show_lines_at_once()
    sys.exit(main())

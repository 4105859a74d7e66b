"""python -m minigen.compare RUN RUN …: measures, parameters and times side by side, and all curves on one figure."""

from __future__ import annotations

import sys
from pathlib import Path

from minigen.command_line import Parser, UsageError, run_command, show_lines_at_once


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit code: 0 compared, 2 could not."""
    return run_command("minigen.compare", _main, arguments)


def _main(words: list[str]) -> int:
    parser = Parser("python -m minigen.compare", "%(prog)s RUN RUN … [--out FILE]", "Compare runs side by side.")
    parser.add_argument("runs", metavar="RUN", nargs="*", type=Path, default=[], help="the folder of a run")
    parser.add_argument("--out", type=Path, metavar="FILE", help="the figure (default: comparison.png beside the runs)")
    options = parser.parse(words)
    if len(options.runs) < 2:
        raise UsageError(f"{len(options.runs)} runs, at least 2 are compared: python -m minigen.compare RUN RUN …")
    from minigen.training import comparing, figures  # Matplotlib takes a second, for which --help need not wait

    runs = [comparing.Run.read(path) for path in options.runs]
    for line in comparing.table(runs):
        print(line)
    out = getattr(options, "out", options.runs[0].parent / "comparison.png")
    print(f"wrote   {figures.save(comparing.draw(runs), out)}")
    return 0


if __name__ == "__main__":
    show_lines_at_once()
    sys.exit(main())

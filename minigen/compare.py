"""python -m minigen.compare RUN RUN …: measures, parameters and times side by side, and all curves on one figure."""

from __future__ import annotations

import sys
from pathlib import Path

from minigen.command_line import Parser, UsageError, expanded, prepare_process, run_command
from minigen.evaluation.text import counted


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit code: 0 compared, 2 could not."""
    return run_command("minigen.compare", _main, arguments)


def _main(words: list[str]) -> int:
    parser = Parser("python -m minigen.compare", "%(prog)s RUN RUN … [--out FILE]", "Compare runs side by side.")
    parser.add_argument("runs", metavar="RUN", nargs="*", type=Path, default=[], help="the folder of a run")
    parser.add_argument(
        "--out", type=expanded, metavar="FILE", help="the figure, a .png (default: comparison.png beside the runs)"
    )
    parser.add_switch("--overwrite", "also replace a figure that minigen did not write")
    options = parser.parse(words)
    # RUNS/* also names the figure of an earlier comparison
    folders = [run for run in options.runs if run.suffix.lower() != ".png" and not run.name.startswith(".")]
    if len(folders) < 2:
        raise UsageError(f"{counted(len(folders), 'run')}, must be two or more: python -m minigen.compare RUN RUN …")
    out = getattr(options, "out", folders[0].parent / "comparison.png")
    if out.suffix.lower() != ".png":
        raise UsageError(f"--out is {str(out)!r}, must end in .png")
    from minigen.evaluation import figures  # Matplotlib takes a second, for which --help need not wait
    from minigen.inference import comparing
    from minigen.inference.outputs import write_file

    runs = [comparing.Run.read(run, lambda line: print(line, file=sys.stderr)) for run in folders]
    for line in comparing.table(runs):
        print(line)
    write_file(out, figures.png(comparing.draw(runs)), "compare", options.overwrite)
    print(f"wrote   {out}")
    return 0


if __name__ == "__main__":
    prepare_process()
    sys.exit(main())

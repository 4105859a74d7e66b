"""python -m minigen.explore RUN [options]: write one HTML page to play with a trained model, and open it."""

from __future__ import annotations

import sys
import webbrowser
from pathlib import Path

from minigen.apply import add_data_options, with_moved_data
from minigen.command_line import Parser, UsageError, expanded, prepare_process, run_command
from minigen.evaluation.text import counted
from minigen.exploring.page import page
from minigen.inference.inputs import from_test_set
from minigen.inference.loading import load
from minigen.inference.outputs import warn, write_file

CODES = 1000  # test examples on the map of codes


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit code: 0 done, 2 could not."""
    return run_command("minigen.explore", _main, arguments)


def _main(words: list[str]) -> int:
    parser = Parser(
        "python -m minigen.explore", "%(prog)s RUN [options]", "Write one HTML page to play with a trained model."
    )
    parser.add_argument("run", metavar="RUN", help="the folder of a run")
    parser.add_argument("--out", type=expanded, metavar="FILE", help="the page, a .html (default: explore.html in RUN)")
    parser.add_switch("--no-open", "do not open the page in a browser")
    parser.add_switch("--overwrite", "also replace a page that minigen did not write")
    add_data_options(parser)
    options = parser.parse(words)
    out = getattr(options, "out", Path(options.run) / "explore.html")
    if out.suffix != ".html":
        raise UsageError(f"--out is {str(out)!r}, must end in .html")
    trained = with_moved_data(load(options.run, say=warn), options)
    content = page(trained, from_test_set(trained, CODES, warn))
    write_file(out, content, "explore", options.overwrite)
    print(f"wrote   {out}: {len(content) / 1e6:.1f} MB, {trained.model.name} after {counted(trained.epoch, 'epoch')}")
    if not options.no_open and not _opened(out):
        print(f"        no browser was found: open {out.absolute().as_uri()}")
    return 0


def _opened(path: Path) -> bool:
    """Whether a browser with windows shows the file; a text browser would take over this terminal."""
    try:
        browser = webbrowser.get()
        return type(browser) is not webbrowser.GenericBrowser and browser.open(path.absolute().as_uri())
    except (webbrowser.Error, OSError):
        return False


if __name__ == "__main__":
    prepare_process()
    sys.exit(main())

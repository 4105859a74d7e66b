"""The pages of runs in a headless Chromium: python -m tests.benchmarks.pages RUN RUN …

For each run: the size of the page, the type of its weights, the largest difference between what it shows and what the
trained model gives, in levels of 1/255, and for each program the median time from a question until its picture is
drawn.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # browser and pages

from browser import start
from pages import Page

import minigen
from minigen import explore

QUESTIONS = 30


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.pages", description=__doc__.split(":")[0])
    parser.add_argument("runs", metavar="RUN", nargs="+", type=Path)
    runs = parser.parse_args().runs
    if missing := [str(run) for run in runs if not run.is_dir()]:
        parser.error(f"not the folder of a run: {', '.join(missing)}")
    chromium, chromedriver = shutil.which("chromium"), shutil.which("chromedriver")
    if not chromium or not chromedriver:
        parser.error("chromium or chromedriver is missing: apt-get install chromium chromium-driver")
    with tempfile.TemporaryDirectory() as folder:
        driver = start(chromium, chromedriver, Path(folder) / "profile")
        print("| run | page | weights | largest difference | milliseconds |\n| --- | --- | --- | --- | --- |")
        for run in runs:
            path = Path(folder) / f"{run.name}.html"
            if explore.main([str(run), "--no-open", "--out", str(path)]):
                continue
            page = Page(driver, path, minigen.load(run))
            able, differences = page("content.abilities"), list[float]()
            for move in [page.slide] * ("decode" in able) + [page.draw] * ("input" in able):
                move()
                differences += page.differences().values()
            times = {
                program: statistics.median(_times(page, program)) for program in page("Object.keys(content.programs)")
            }
            kinds = page("[...new Set(weights.map((name) => content.arrays[name].type))].join()")
            shown = ", ".join(f"{program} {time:.1f}" for program, time in times.items())
            size = path.stat().st_size / 1e6
            print(f"| `{run.name}` | {size:.1f} MB | {kinds} | {max(differences):.2f} | {shown} |", flush=True)
        driver.quit()


def _times(page: Page, program: str) -> list[float]:
    """Milliseconds of single questions, which are shown as the page would."""
    shape = page(f"content.programs['{program}'].input.slice(1)")
    canvas = "show(element('decoded'), y)" if program in ("decode", "reconstruct") else "0"
    question = (
        (
            "const end = arguments[0], x = new Float32Array(arguments[1]).map(Math.random);"
            f"ask('time', '{program}', x, (y) => {{ {canvas}; setTimeout(() => end(milliseconds['{program}']), 5); }})"
        )
        .replace("arguments[0]", "arguments[arguments.length - 1]")
        .replace("arguments[1]", "arguments[0]")
    )
    size = 1
    for length in shape:
        size *= length
    return [page.browser.execute_async_script(question, size) for _ in range(QUESTIONS)]


if __name__ == "__main__":
    main()

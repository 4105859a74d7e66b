"""A moving picture of a VAE's page, as README shows it: python -m tests.benchmarks.moving_page RUN FILE.gif

The cursor goes from one test example's code to another's, and the page decodes every code on the way.
"""

from __future__ import annotations

import io
import itertools
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1]))  # browser and pages

from browser import start
from pages import Page

import minigen
from minigen import explore

STOPS, FRAMES, MILLISECONDS = "1749602351", 7, 110  # classes to go through, frames from one to the next
WIDTH, HEIGHT, COLOURS = 960, 440, 96


def typical(codes: Any) -> Any:
    """The code that is nearest to their mean."""
    return codes[np.argmin(((codes - codes.mean(axis=0)) ** 2).sum(axis=1))]


def main(run: str, out: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "page.html"
        explore.main([run, "--no-open", "--out", str(path)])
        driver = start(str(shutil.which("chromium")), str(shutil.which("chromedriver")), Path(folder) / "profile")
        size = {"width": WIDTH, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        page = Page(driver, path, minigen.load(run))
        page("(state.gaussian = null, document.querySelector('.all-sliders .hint').hidden = true)")
        box = page("(({x, y, width, height}) => [x, y, x + width, y + height])(element('map').getBoundingClientRect())")
        codes = "plane.dots.filter((dot) => content.classes[dot.label] === arguments[0]).map((dot) => [...dot.code])"
        stops = [typical(np.array(page(codes, stop))) for stop in STOPS]
        frames = []
        for here, there in itertools.pairwise(stops):
            for share in np.linspace(0, 1, FRAMES, endpoint=False):
                page("setCode(arguments[0])", ((1 - share) * here + share * there).tolist())
                page.settle()
                picture = Image.open(io.BytesIO(driver.get_screenshot_as_png())).convert("RGB")
                frames.append(picture.crop((int(box[0]) - 8, int(box[1]) - 8, WIDTH - 34, int(box[1]) + HEIGHT)))
        driver.quit()
    palette = Image.fromarray(np.concatenate([np.asarray(frame) for frame in frames[::5]])).quantize(COLOURS)
    first, *others = (frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames)
    first.save(out, save_all=True, append_images=others, duration=MILLISECONDS, loop=0, optimize=True)
    print(f"wrote   {out}: {Path(out).stat().st_size / 1e6:.2f} MB, {len(frames)} frames of {first.size}")


if __name__ == "__main__":
    main(*sys.argv[1:])

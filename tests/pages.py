"""A page of `minigen.explore` in a browser, and what its trained model says to the same questions."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from minigen import Tensor, no_grad
from minigen.inference.trained import Trained

PATIENCE = 60  # seconds


class Page:
    """An open page; `trained` is the model that it shows."""

    def __init__(self, browser: Any, path: Path, trained: Trained) -> None:
        self.browser, self.trained = browser, trained
        browser.get_log("browser")
        browser.get(path.absolute().as_uri())
        self.settle()

    def __call__(self, script: str, *arguments: Any) -> Any:
        """The value of a JavaScript expression."""
        return self.browser.execute_script(f"return {script}", *arguments)

    def settle(self) -> None:
        """Wait until the worker has answered everything."""
        self.until("!document.documentElement.hasAttribute('data-busy')")

    def until(self, condition: str) -> None:
        """Wait until a JavaScript expression is true."""
        end = time.monotonic() + PATIENCE
        while not self(condition):
            assert time.monotonic() < end, f"after {PATIENCE} s not {condition}: {self.complaints()}"
            time.sleep(0.02)

    def complaints(self) -> list[str]:
        """What stands in the browser's console, but for its advice on reading pixels, which only the tests do."""
        return [entry["message"] for entry in self.browser.get_log("browser") if entry["source"] != "rendering"]

    def find(self, selector: str) -> Any:
        return self.browser.find_element("css selector", selector)

    def numbers(self, expression: str) -> Any:
        """A typed array of the page."""
        return np.array(self(f"Array.from({expression})"), np.float32)

    def picture(self, id: str) -> Any:
        """The pixels of a canvas from 0 to 255, (C, H, W)."""
        height, width, rgba = self(
            "((c) => [c.height, c.width, Array.from(c.getContext('2d').getImageData(0, 0, c.width, c.height).data)])"
            f"(document.getElementById('{id}'))"
        )
        channels = self.trained.data.input_shape[0] if self.trained.data.holds_images else 1
        return np.array(rgba).reshape(height, width, 4)[..., :channels].transpose(2, 0, 1)

    def slide(self) -> None:
        """Move the first three sliders by the keyboard."""
        for slider in self.browser.find_elements("css selector", "#sliders input")[:3]:
            slider.send_keys("\ue014" * 4)  # the right arrow
            self.settle()

    def draw(self) -> None:
        """Draw a stroke with the mouse."""
        from selenium.webdriver.common.action_chains import ActionChains

        pad = self.find("#series" if self("lines") else "#pad")
        self("arguments[0].scrollIntoView({block: 'center'})", pad)
        hand = ActionChains(self.browser, duration=30).move_to_element_with_offset(pad, -40, -60)
        hand.click_and_hold().move_by_offset(60, 30).move_by_offset(20, 70).release().perform()
        self.settle()

    def differences(self) -> dict[str, float]:
        """How far each picture and probability on the page is from the trained model's own, in levels of 1/255."""
        model: Any = self.trained.model
        x = self.numbers("pad.values").reshape(1, *self.trained.data.input_shape)
        found = {}
        for task in self("content.abilities"):
            if task == "decode":
                decode = model.decode if hasattr(model, "decode") else model.sample
                found["decode"] = self._difference("decoded", decode, self.numbers("state.code"))
                way = self.numbers("between(ends.a, ends.b, Number(element('way').value))")
                found["between"] = self._difference("between", decode, way)
            elif task == "reconstruct":
                found[task] = self._difference("reconstructed", model.reconstruct, x[0])
            elif task == "damage":
                damaged = self.trained.damage(x)
                found[task] = float(np.abs(self.picture("damaged") - 255 * damaged[0].clip(0, 1)).max())
                found["restore"] = self._difference("restored", model.restore, damaged[0])
                found["baseline"] = self._difference("baseline", lambda d: model.without_net(d)[1], damaged[0])
            elif task == "classify":
                widths = self("[...document.querySelectorAll('.bar span')].map((bar) => parseFloat(bar.style.width))")
                found[task] = float(255 * np.abs(np.array(widths) / 100 - self.trained.classify(x)[0]).max())
        return found

    def _made(self, function: Callable[[Tensor], Tensor], x: Any) -> Any:
        with no_grad():
            return function(Tensor(x[None])).numpy()[0]

    def _difference(self, canvas: str, function: Callable[[Tensor], Tensor], x: Any) -> float:
        truth = 255 * self._made(function, x)
        if self("lines"):
            canvas = "series" if canvas == "reconstructed" else canvas
            shown = 255 * self.numbers(f"drawn.get(element('{canvas}'))[2].at(-1)[0]")
        else:
            shown = self.picture(canvas)
        return float(np.abs(shown.reshape(truth.shape) - truth).max())

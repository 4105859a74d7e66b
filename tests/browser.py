"""A headless Chromium for tests of the pages that minigen writes (`@pytest.mark.browser`).

Debian's packages chromium and chromium-driver have what it needs. Without them the tests are skipped, unless
MINIGEN_REQUIRE_BROWSER is set, as in CI: then they fail.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

OPTIONS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run")


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Selenium's driver of a fresh Chromium."""
    chromium, chromedriver = shutil.which("chromium"), shutil.which("chromedriver")
    if not chromium or not chromedriver:
        missing = "chromium or chromedriver is missing: apt-get install chromium chromium-driver"
        (pytest.fail if os.environ.get("MINIGEN_REQUIRE_BROWSER") else pytest.skip)(missing)
    driver = start(chromium, chromedriver, tmp_path_factory.mktemp("chromium"))
    yield driver
    driver.quit()


def start(chromium: str, chromedriver: str, profile: Path) -> Any:
    """A Chromium with a profile of its own, whose console can be read: driver.get_log("browser")."""
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for option in (*OPTIONS, f"--user-data-dir={profile}"):
        options.add_argument(option)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return webdriver.Chrome(options, webdriver.ChromeService(chromedriver))

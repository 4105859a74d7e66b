"""`minigen.explore`: the page answers as the trained model does, whatever a run folder holds, in a real browser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pages import Page
from small_runs import small_run

import minigen
from minigen import explore
from minigen.models import MODELS

KINDS: list[tuple[str, dict[str, Any]]] = [
    *((name, {}) for name in MODELS),
    ("vae", {"data": "shapes"}),
    ("conv-ae", {"pooling": "max"}),
    ("recurrent-ae", {"data": "waves", "reversed_target": True}),
    ("deconv", {"task": "denoise"}),
    ("gan", {"output": "sigmoid"}),
]


def written(run: Path, *words: str) -> Path:
    assert explore.main([str(run), "--no-open", *words]) == 0
    return run / "explore.html"


@pytest.mark.browser
@pytest.mark.parametrize(("name", "options"), KINDS, ids=str)
def test_the_page_answers_as_the_trained_model_does(
    browser: Any, tmp_path: Path, name: str, options: dict[str, Any]
) -> None:
    run = small_run(tmp_path / "run", name, **options)
    page = Page(browser, written(run), minigen.load(run))
    able = page("content.abilities")
    for move in [page.slide] * ("decode" in able) + [page.draw] * ("input" in able):
        before = page("[...pad.values, ...state.code]")
        move()
        assert page("[...pad.values, ...state.code]") != before
        differences = page.differences()
        assert max(differences.values()) <= 1, differences
    assert page.complaints() == []

"""README is true: its program runs as printed, its links lead somewhere, its tables list what there is."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np
from PIL import Image

from minigen.models import MODELS
from tests.lessons.lesson import FOLDER, ROOT, read
from tests.lessons.references import check_code_span, check_link, code_spans, links
from tests.test_house import FLOORS

README = read(ROOT / "README.md")


def rows(title: str) -> list[list[str]]:
    """The cells of the table under a heading, without its header."""
    section = README.text.split(f"\n## {title}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def test_the_program_trains_and_draws_digits(tmp_path: Path) -> None:
    (program,) = (block.code for block in README.blocks if "class VAE" in block.code)
    (tmp_path / "vae.py").write_text(program, encoding="utf-8")
    environment = os.environ | {"MPLBACKEND": "agg"}
    command = [sys.executable, "vae.py"]
    result = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stderr
    losses = [float(value) for value in re.findall(r"epoch \d+: ([\d.]+) nats", result.stdout)]
    assert len(losses) == 30
    assert losses[-1] < 125 < losses[0]
    with Image.open(tmp_path / "samples.png") as picture:
        ink = 1 - np.asarray(picture.convert("L")).reshape(2, 28, 16, 28) / 255
    assert (ink.max((1, 3)) > 0.3).mean() > 0.9, "samples without ink"
    assert 0.05 < ink.mean() < 0.3, "digits cover an eighth of their squares"


def test_links_and_code_lead_somewhere() -> None:
    for text, target in links(README):
        check_link(text, target, ROOT)
    for code in code_spans(README):
        check_code_span(code)


def test_all_models_are_listed() -> None:
    assert [name.strip("`") for name, _ in rows("Models")] == list(MODELS)
    documents = re.findall(r"^\| \d{3} \|.*$", (FOLDER / "documents.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert set(re.findall(r"`([\w-]+)`", "".join(documents))) == set(MODELS)


def test_the_floors_are_those_that_the_imports_keep() -> None:
    drawn = {int(floor): set(re.findall(r"`(\w+)(?:/|\.py)`", where)) for floor, where, _ in rows("Layout")}
    kept = defaultdict(set)
    for module, floor in FLOORS.items():
        if module.count(".") == 1:
            kept[floor].add(module.removeprefix("minigen."))
    assert drawn == kept

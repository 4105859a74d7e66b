"""`python -m minigen.compare`: what it reads, and what it leaves alone."""

from __future__ import annotations

import shutil
import warnings
from pathlib import Path

import pytest
from small_runs import small_run

from minigen import compare


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("runs")
    return [str(small_run(folder / name)) for name in ("a", "b")]


def test_a_second_comparison_of_all_that_lies_there_is_the_same(two: list[str]) -> None:
    folder = Path(two[0]).parent
    assert compare.main(two) == 0
    assert (folder / "comparison.png").exists()
    assert compare.main([str(path) for path in sorted(folder.iterdir())]) == 0


@pytest.mark.parametrize("name", ["c.pdf", "c.txt", "c"])
def test_a_picture_is_a_png(two: list[str], tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert compare.main([*two, "--out", str(tmp_path / name)]) == 2
    assert capsys.readouterr().err.endswith(f"{name}', must end in .png\n")
    assert not (tmp_path / name).exists()


def test_only_a_figure_of_its_own_is_replaced(
    two: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "c.png"
    path.write_text("thesis")
    assert compare.main([*two, "--out", str(path)]) == 2
    assert "c.png: not written by minigen" in capsys.readouterr().err
    assert path.read_text() == "thesis"
    assert compare.main([*two, "--out", str(path), "--overwrite"]) == 0
    assert path.stat().st_size > 1000


def test_a_run_without_its_best_weights_is_a_plain_line(
    two: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = Path(shutil.copytree(two[0], tmp_path / "run"))
    (run / "best.safetensors").unlink()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert compare.main([str(run), two[1]]) == 0
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith("last.safetensors is used instead")

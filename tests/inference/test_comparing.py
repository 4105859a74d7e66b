"""`python -m minigen.compare`: what it reads and prints, and what it leaves alone."""

from __future__ import annotations

import json
import re
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


def test_a_column_for_each_run(two: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    waves, figure = small_run(tmp_path / "waves", "recurrent-ae", data="waves"), tmp_path / "both.png"
    assert compare.main([two[0], str(waves), "--out", str(figure)]) == 0
    lines = capsys.readouterr().out.splitlines()
    rows = {" ".join(words[:-2]): words[-2:] for words in (line.split() for line in lines)}
    assert rows["model"] == ["vae", "recurrent-ae"]
    assert rows["epochs"] == ["2", "2"]
    assert rows["test mse"][0] == "-"
    assert rows["parameters"][0] == f"{784 * 12 + 12 + 2 * (12 * 3 + 3) + 3 * 12 + 12 + 12 * 784 + 784:,}", "as torch"
    assert len({len(line) for line in lines[:-1]}) == 1, "columns are aligned"
    assert figure.read_bytes().startswith(b"\x89PNG")


def test_runs_on_other_data_of_one_name_are_told_apart(
    two: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    waves = [str(small_run(tmp_path / f"{seed}", "recurrent-ae", data="waves", seed=seed)) for seed in (0, 1)]
    note = "note    not all runs on waves have the same data: their test sets may differ"
    for runs, noted in (([*two, *waves], True), ([*two, waves[0]], False)):
        assert compare.main([*runs, "--out", str(tmp_path / "c.png")]) == 0
        assert (note in capsys.readouterr().out) is noted


def test_a_run_of_few_examples_is_told_apart(
    two: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = small_run(tmp_path / "smoke") / "config.json"
    content = json.loads(config.read_text())
    content["data"]["used"] = [256, 256]
    config.write_text(json.dumps(content))
    for other, told in ((two[1], False), (str(config.parent), True)):
        assert compare.main([two[0], other, "--out", str(tmp_path / "c.png")]) == 0
        out = capsys.readouterr().out
        assert bool(re.search(r"^examples +5,000, test 1,000 +256, test 256$", out, re.MULTILINE)) is told
        assert ("\nexamples " in out) is told


def test_a_comparison_that_cannot_be_is_one_line(
    two: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    damaged = small_run(tmp_path / "damaged")
    (damaged / "metrics.jsonl").write_text('{"epoch": 1, "train": 3}\n')
    for words, message in [
        (two[:1], "1 run, must be two or more"),
        ([two[0], str(tmp_path)], "holds no run"),
        ([two[0], str(damaged)], "metrics.jsonl: not what minigen wrote"),
        (["--oot", "x"], "unknown option '--oot': did you mean '--out'?"),
        *(([*two, "--out", str(tmp_path / name)], f"{name}', must end in .png") for name in ("c.pdf", "c.txt", "c")),
    ]:
        assert compare.main(words) == 2
        error = capsys.readouterr().err
        assert message in error
        assert error.count("\n") == 1
    assert list(tmp_path.iterdir()) == [damaged]


def test_a_second_comparison_of_all_that_lies_there_is_the_same(two: list[str]) -> None:
    folder = Path(two[0]).parent
    assert compare.main(two) == 0
    assert (folder / "comparison.png").exists()
    assert compare.main([str(path) for path in sorted(folder.iterdir())]) == 0


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

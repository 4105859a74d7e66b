"""python -m minigen.gradcheck"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from minigen import backend, ops
from minigen.autograd import record
from minigen.gradcheck import __main__ as command
from minigen.gradcheck.case import case, normal
from minigen.gradcheck.cases import CASES
from minigen.gradcheck.pattern import pattern

NEGATED = case("negated", lambda x: record(ops.exp(x).data, (x, lambda g: -g * ops.exp(x))), normal(2), note="wrong")


def rows_of(table: str) -> list[list[str]]:
    """The words of each row, between the header and the empty line after it."""
    body = table.split("verdict\n", 1)[1].split("\n\n", 1)[0]
    return [line.split() for line in body.splitlines()]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "minigen.gradcheck", *arguments], capture_output=True, text=True, check=False
    )


def test_a_negative_seed_is_refused(capsys):
    assert command.main(["--seed", "-1"]) == 2
    assert capsys.readouterr().err == "minigen.gradcheck: --seed is -1, must not be negative\n"


def test_the_table_has_every_operation_and_all_are_right(capsys):
    assert command.main([]) == 0
    printed = capsys.readouterr().out
    rows = rows_of(printed)
    assert {row[-1] for row in rows} == {"right"}
    assert [row[0] for row in rows] == list(dict.fromkeys(case.op for case in CASES)), (
        "cases of one operation must stand together in the list"
    )
    assert printed.splitlines()[0].startswith("seed 0, float64, cpu")
    assert printed.endswith("\nevery derivative is right\n")


def test_errors_lie_far_below_the_tolerances(capsys):
    command.main(["softmax", "linear"])
    rows = rows_of(capsys.readouterr().out)
    assert [row[0] for row in rows] == ["softmax", "linear"]
    assert all(float(error) < 1e-8 for row in rows for error in row[3:5])


def test_one_operation_with_another_seed_as_a_process():
    done = run("relu", "--seed", "3")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("seed 3, float64, cpu")
    assert "every derivative is right" in done.stdout


def test_an_unknown_operation_is_exit_code_2_and_one_line():
    done = run("relu", "rellu")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert done.stderr.startswith("minigen.gradcheck: unknown operation rellu; known: add, sub, ")


def test_a_reader_that_has_seen_enough_is_no_wrong_derivative():
    read, write = os.pipe()
    os.close(read)
    command_line = [sys.executable, "-m", "minigen.gradcheck", "relu"]
    try:
        done = subprocess.run(command_line, stdout=write, stderr=subprocess.PIPE, text=True, check=False)
    finally:
        os.close(write)
    assert (done.returncode, done.stderr) == (141, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
def test_a_full_disk_is_exit_code_2_and_one_line():
    command_line = [sys.executable, "-m", "minigen.gradcheck", "relu"]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command_line, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == "minigen.gradcheck: the output: No space left on device\n"


def test_a_wrong_derivative_is_exit_code_1_and_said_once(monkeypatch, capsys):
    larger = case("negated", NEGATED.call, normal(5), note="larger")
    monkeypatch.setattr(command, "CASES", [*CASES[:1], larger, NEGATED])
    assert command.main([]) == 1
    printed = capsys.readouterr().out
    *_, order1, order2, verdict = rows_of(printed)[1]
    assert (float(order1), order2, verdict) == (2.0, "-", "WRONG")
    report = printed.split("\n\n", 2)[2]
    assert report.startswith("gradcheck of negated: wrong, seed 0, order 1: the derivative to x is wrong\n")
    assert report.count("gradcheck of") == 1, "the simplest case alone"
    assert "test_command.py, line" in report
    assert report.endswith("also wrong: negated: larger\nwrong in every case\n")


def test_what_is_refused_is_explained(capsys):
    assert command.main(["lstm"]) == 0
    printed = capsys.readouterr().out
    assert rows_of(printed)[0][-2:] == ["refused", "right"]
    assert printed.count("refused: ") == printed.count("nn.LSTMCell") == 1


def test_a_gradient_checked_as_a_function_counts_as_the_second_derivative(monkeypatch, capsys):
    monkeypatch.setattr(command, "CASES", [case("negated", NEGATED.call, normal(2), above=1)])
    assert command.main([]) == 1
    assert rows_of(capsys.readouterr().out)[0][3:5] == ["-", "2.0e+00"]


# --- a reader's own file ------------------------------------------------------------------------------------

OWN = """
from minigen.autograd import record

def scaled(x, weight, times=1):
    return record(times * x.data * weight.data, (x, lambda g: g * weight * times), (weight, lambda g: (g * x).sum(0)))

def broken(x):
    return x + missing

def square(x):
    return record(x.data**2, (x, lambda g: 2 * g * x))

CHECKS = [
    (scaled, (4, 3), [0.5, 1.0, 2.0], {"times": 2}), (square, (4, 5)), (square, [0.5, 3.0]), (broken, (2,)),
    (scaled, (2, 3), (3,)), (scaled, (2, 3), [0.5, 1.0, 2.0], {"times": 2}),
]
"""


def test_the_operations_of_a_file(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("mine.py").write_text(OWN, encoding="utf-8")
    assert command.main(["mine.py"]) == 1
    printed = capsys.readouterr().out
    rows = {row[0]: (row[1], row[-1]) for row in rows_of(printed)}
    assert rows == {"scaled": ("3", "WRONG"), "square": ("2", "right"), "broken": ("1", "WRONG")}
    assert "gradcheck of scaled: (2, 3), given numbers, times=2, seed 0, order 1: the derivative to weight" in printed
    assert "written in mine.py, line 5, in scaled: return record(" in printed
    assert "right where times = default, wrong where times = 2" in printed
    assert "mine.py, line 8: NameError: name 'missing' is not defined" in printed
    assert command.main(["mine.py", "square"]) == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = 1", "no list CHECKS"),
        ("1 / 0", "mine.py, line 1: ZeroDivisionError"),
        ("CHECKS = [\n(1,", "mine.py, line 2: SyntaxError"),
        ("CHECKS = [(1, (2, 3))]", "CHECKS[0] is (1, (2, 3)), must be a function"),
        ("CHECKS = [(abs, 'x')]", "CHECKS[0]: 'x' must be a shape"),
        (None, "mine.py: No such file"),
    ],
)
def test_a_file_that_cannot_be_checked_is_exit_code_2_and_one_line(tmp_path, monkeypatch, capsys, text, said):
    monkeypatch.chdir(tmp_path)
    if text is not None:
        Path("mine.py").write_text(text, encoding="utf-8")
    assert command.main(["mine.py"]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1


# --- what wrong cases have in common ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("right", "said"),
    [
        (lambda c: c["stride"] == 1, "right where stride = 1, wrong where stride = 2 or 3"),
        (lambda c: c["stride"] == 1 or not c["bias"], "wrong where stride > 1 and bias = yes, right elsewhere"),
        (lambda c: c["stride"] < 3 and c["bias"], "wrong where stride = 3 or bias = no, right elsewhere"),
        (lambda c: (c["stride"] + c["bias"] + c["padding"]) % 2, "wrong in 6 of 12 cases"),
        (lambda c: False, "wrong in every case"),
        (lambda c: True, ""),
    ],
)
def test_the_simplest_condition_is_found(right, said):
    grid = [{"padding": p, "stride": s, "bias": b} for p in (0, 1) for s in (1, 2, 3) for b in (False, True)]
    assert pattern([(labels, bool(right(labels))) for labels in grid]) == said


def test_a_device_that_is_not_there_is_exit_code_2_and_one_line(monkeypatch, capsys):
    def missing() -> None:
        raise backend.DeviceError("device 'gpu': CuPy is installed but finds no GPU")

    monkeypatch.setattr(backend, "gpu_module", missing)
    assert command.main(["--device", "gpu"]) == 2
    assert capsys.readouterr().err == "minigen.gradcheck: device 'gpu': CuPy is installed but finds no GPU\n"

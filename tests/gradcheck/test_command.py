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


def test_a_wrong_derivative_is_exit_code_1_and_named(monkeypatch, capsys):
    monkeypatch.setattr(command, "CASES", [*CASES[:1], NEGATED])
    assert command.main([]) == 1
    printed = capsys.readouterr().out
    assert "WRONG" in printed
    assert "negated: wrong\ngradcheck of <lambda>, seed 0, order 1: relative error" in printed
    assert "every derivative is right" not in printed


def test_a_device_that_is_not_there_is_exit_code_2_and_one_line(monkeypatch, capsys):
    def missing() -> None:
        raise backend.DeviceError("device 'gpu': CuPy is installed but finds no GPU")

    monkeypatch.setattr(backend, "gpu_module", missing)
    assert command.main(["--device", "gpu"]) == 2
    assert capsys.readouterr().err == "minigen.gradcheck: device 'gpu': CuPy is installed but finds no GPU\n"

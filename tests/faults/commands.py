"""Odd command lines, environments and standard streams: one line and an exit code, never a traceback."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.faults import child
from tests.faults.fault import Effort, Fault
from tests.faults.run_folders import trained

CODES = (0, 2, 128 + 13)  # done, refused, nobody reads on
COMMANDS = {
    "train": ("minigen.train", "ae", "--smoke", "--epochs", "1", "--hidden", "4", "--out", "new"),
    "list": ("minigen.train", "--list"),
    "resume": ("minigen.train", "vae", "--smoke", "--resume", "--out", "run"),
    "sample": ("minigen.apply", "run", "sample", "--count", "3"),
    "compare": ("minigen.compare", "run", "run"),
    "explore": ("minigen.explore", "run", "--no-open"),
    "gradcheck": ("minigen.gradcheck", "relu"),
}
STREAMS = {
    "stdout closed": ">&-",
    "stderr closed": "2>&-",
    "all streams closed": "<&- >&- 2>&-",
    "stdout full": ">/dev/full",
    "both full": ">/dev/full 2>/dev/full",
    "nobody reads": "| true",
}
ENVIRONMENTS: dict[str, dict[str, str | None]] = {
    "MPLBACKEND=nonsense": {"MPLBACKEND": "nonsense"},
    "MPLBACKEND=TkAgg": {"MPLBACKEND": "TkAgg"},
    "no HOME": {"HOME": None},
    "HOME is a file": {"HOME": "/dev/null", "MPLCONFIGDIR": None, "XDG_CACHE_HOME": None},
    "LANG=C": {"LANG": "C", "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
    "ASCII streams": {"PYTHONIOENCODING": "ascii"},
    "a user's matplotlibrc": {"MATPLOTLIBRC": "rc"},
    "a matplotlibrc of bytes": {"MATPLOTLIBRC": "run/best.safetensors"},
    "an endless matplotlibrc": {"MATPLOTLIBRC": "/dev/zero"},
    "no PATH": {"PATH": None},
    "narrow": {"COLUMNS": "1"},
}
WORDS: tuple[str, ...] = (
    *("9" * 5000, "-" + "9" * 5000, "1e999", "nan", "inf", "-inf", "0", "-1", "1.5", "", " ", "\n", "$x$", "%s"),
    *("--", "-", "---", "-1e", "--out", "--count", "--seed=", "--no-such", "--help=1", "@/etc/passwd", "\udcff\udcfe"),
    *("数字", "🙂", "a" * 100_000, "../..", "/", "/dev/zero", "/dev/null", "/proc/self/mem", "~", "~nobody/x", "*"),
)
FLAGS = {
    "train": "--hidden --lr --epochs --seed --data --data-dir --device --schedule --validation",
    "sample": "--count --seed --temperature --out --device",
    "resume": "--epochs --seed --device --overwrite",
    "compare": "--out",
    "gradcheck": "--seed --only --order",
}


def _said(place: Path, line: list[str], streams: str, environment: dict[str, str | None], code: tuple[int, ...]) -> str:
    """What is lost where a shell runs this, with everything that is said in a file."""
    log = place / "said"
    with log.open("wb") as said:
        changed = os.environ | {"OPENBLAS_NUM_THREADS": "1"} | environment
        ended = subprocess.run(
            ["bash", "-o", "pipefail", "-c", f'"$@" {streams}', "-", sys.executable, "-m", *line],
            cwd=place,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=said,
            timeout=60,
            env={name: value for name, value in changed.items() if value is not None},
        )
    err = log.read_text(errors="backslashreplace")
    quiet = "2>" in streams
    if ended.returncode not in code or (ended.returncode == 2 and err.count("\n") != 1 and not quiet):
        return f"exit code {ended.returncode}, said {err[-300:]!r}"
    return f"said {err[-300:]!r}" if "Traceback" in err or "Warning" in err else ""


def _place(folder: Path) -> Path:
    """A folder with a run, remade for each try."""
    place = folder / "place"
    if place.exists():
        shutil.rmtree(place)
    shutil.copytree(trained("vae"), place / "run")
    (place / "rc").write_text("image.origin: lower\ntext.usetex: True\nbackend: nonsense\nno.such: 1\n")
    return place


def streams(folder: Path, effort: Effort) -> Iterator[str]:
    """Each command with closed, full and unread standard streams."""
    cases = [(command, stream) for command in COMMANDS for stream in STREAMS]
    yield from _try(folder, effort, [(command, stream, STREAMS[stream], {}) for command, stream in cases])


def environments(folder: Path, effort: Effort) -> Iterator[str]:
    """Each command in each odd environment."""
    cases = [(command, name, "", ENVIRONMENTS[name]) for command in COMMANDS for name in ENVIRONMENTS]
    yield from _try(folder, effort, cases)


def _try(folder: Path, effort: Effort, cases: list[tuple[str, str, str, dict[str, str | None]]]) -> Iterator[str]:
    for command, name, redirected, environment in random.Random(effort.seed).sample(
        cases, min(len(cases), effort.tries)
    ):
        lost = _said(_place(folder), list(COMMANDS[command]), redirected, environment, CODES)
        yield f"{command}, {name}: {lost}" if lost else ""


def words(folder: Path, effort: Effort) -> Iterator[str]:
    """A hostile word in place of each word of a command, as the value of each flag, and added."""
    from minigen import apply, compare, train
    from minigen.gradcheck import __main__ as gradcheck

    mains = {"minigen.train": train.main, "minigen.apply": apply.main, "minigen.compare": compare.main}
    numbers = random.Random(effort.seed)
    for _ in range(effort.tries):
        place, name, word = _place(folder), numbers.choice(sorted(FLAGS)), numbers.choice(WORDS)
        module, *line = COMMANDS[name]
        kind = numbers.choice(("replaced", "added", "flag"))
        if kind == "replaced":
            line[numbers.randrange(len(line))] = word
        elif kind == "added":
            line.insert(numbers.randrange(len(line) + 1), word)
        else:
            line += [numbers.choice(FLAGS[name].split()), word]

        def command(line: list[str], place: Path = place, module: str = module) -> int:
            os.chdir(place)
            return mains.get(module, gradcheck.main)(line)

        lost = child.loss(child.run(command, line))
        yield f"{module} {' '.join(line)[:150]!r}: {lost}" if lost else ""


FAULTS = (
    Fault("standard streams × every command", streams),
    Fault("environments × every command", environments),
    Fault("words of a command line", words),
)

"""Kill trainings with SIGKILL at random moments, resume them, and compare them with one never stopped.

A try kills one training, and every other time its resumption too: every other kill at any moment of the
training, the others at the moment when a checkpoint is being written. All that is left in the end must
be the same to the bit: weights, optimizer state, random streams, and the measures of each epoch.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from minigen.training import checkpoint
from minigen.training.run_folder import RunFolder

FEW_EXAMPLES = ["--smoke", "--batch-size", "16"]  # two epochs of 15 steps


def require_ended(pid: int) -> None:
    """A worker must end within ten seconds after worker 0."""
    end = time.monotonic() + 10
    while time.monotonic() < end and Path(f"/proc/{pid}").exists():
        time.sleep(0.05)
    assert not Path(f"/proc/{pid}").exists(), "an orphan"


class Training:
    """A process that trains; begun once the program says so, and killed if it still runs at the end."""

    def __init__(self, model: str, folder: Path, flags: list[str], resume: bool) -> None:
        words = [sys.executable, "-m", "minigen.train", model, "--out", str(folder)]
        self.folder = folder
        self.process = subprocess.Popen(
            [*words, *(word for word in flags if word == "--smoke"), "--resume"] if resume else [*words, *flags],
            env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert self.process.stdout is not None
        self.output = self.process.stdout
        self.wait_for("resumed after" if resume else "seed")

    def __enter__(self) -> Training:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        self.output.close()

    def wait_for(self, *beginnings: str) -> None:
        said = []
        for line in self.output:
            said.append(line)
            if line.startswith(beginnings):
                return
        self.output.close()
        code = self.process.wait()
        raise RuntimeError(f"the training ended with code {code} before it said {beginnings}:\n{''.join(said)}")

    def finish(self, epochs: int) -> None:
        """Wait for the last epoch's row, or the test where that epoch was over; what follows adds nothing here."""
        self.wait_for(f"{epochs:>5} ", "test")

    def kill(self, moment: float, patience: float) -> bool:
        """SIGKILL `moment` seconds from now, or up to `patience` later when a checkpoint is begun.

        False if the training was over by then.
        """
        time.sleep(moment)
        end = time.perf_counter() + patience
        while time.perf_counter() < end and self.process.poll() is None and not self.half_written():
            time.sleep(1e-4)
        self.process.kill()
        return not any(line.startswith("test") for line in self.output)

    def half_written(self) -> bool:
        return any(self.folder.glob(".minigen-*"))


def survive(model: str, tries: int, epochs: int, flags: list[str], folder: Path, seed: int) -> Iterator[str]:
    """Kill and resume `tries` trainings in `folder`, at moments that `seed` decides: what each ends with otherwise."""
    flags = ["--epochs", str(epochs), *flags]
    moments = random.Random(seed)
    expected, duration = never_stopped(model, folder / "never-stopped", flags, epochs)
    for number in range(tries):
        kills = 0
        while not kills:  # again, where the training was faster than the clock
            run = folder / f"try-{number}-{time.time_ns()}"
            for wanted in range(1 + number % 2):
                with Training(model, run, flags, resume=bool(kills)) as training:
                    patience = duration * ((number + wanted) % 2)
                    if not training.kill(moments.uniform(0, duration), patience):
                        break
                kills += 1
        yield ", ".join(resumed(model, run, flags, epochs, expected))


def never_stopped(model: str, run: Path, flags: list[str], epochs: int) -> tuple[dict[str, object], float]:
    """What a training ends with that nothing disturbs, and the seconds that it takes."""
    with Training(model, run, flags, resume=False) as training:
        begun = time.perf_counter()
        training.finish(epochs)
        duration = time.perf_counter() - begun
    return outcome(run), duration


def resumed(model: str, run: Path, flags: list[str], epochs: int, expected: dict[str, object]) -> list[str]:
    """The names under which the run, resumed, ends otherwise than expected."""
    with Training(model, run, flags, resume=True) as training:
        training.finish(epochs)
    return different(expected, outcome(run))


def outcome(folder: Path) -> dict[str, object]:
    """All that a finished training leaves, by name."""
    run = RunFolder(folder)
    found: dict[str, object] = {}
    for path in (run.last, run.best):
        arrays, state = checkpoint.read(path)
        found |= {f"{path.stem} {name}": array for name, array in {**arrays, **state}.items()}
    for row in run.rows():
        if "epoch" in row:
            found[f"row {row['epoch']}"] = row["train"], row.get("validation"), row["lr"]
    return found


def different(expected: dict[str, object], found: dict[str, object]) -> list[str]:
    """The names under which something is missing, added, or not the same to the bit."""
    return [
        name
        for name in sorted(expected.keys() | found.keys())
        if name not in expected or name not in found or not _same(expected[name], found[name])
    ]


def _same(a: object, b: object) -> bool:
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    return repr(a) == repr(b)

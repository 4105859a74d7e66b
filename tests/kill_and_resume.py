"""Kill training with SIGKILL at random moments, resume it, and compare it with a training never stopped.

    python tests/kill_and_resume.py vae gan --kills 20

A try kills one training, and every other time its resumption too: every other kill at any moment of the
training, the others at the moment when a checkpoint is being written. All that is left in the end must
be the same to the bit: weights, optimizer state, random streams, and the measures of each epoch.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from minigen.training import checkpoint
from minigen.training.run_folder import RunFolder

EPOCHS = 6
SMALL = {"vae": ["--hidden", "50", "--latent", "8"], "ae": ["--hidden", "50", "--latent", "8"]}
FEW_EXAMPLES = ["--smoke", "--batch-size", "16"]  # for all other models: two epochs of 15 steps


@dataclass
class Tally:
    """What became of a number of tries."""

    tries: int = 0
    equal: int = 0
    kills: int = 0
    half_written: int = 0


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
        raise RuntimeError(f"the training ended before it said {beginnings}:\n{''.join(said)}")

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


def survive(model: str, tries: int, epochs: int, flags: list[str], folder: Path, seed: int) -> Tally:
    """Kill and resume `tries` trainings in `folder`, at moments that `seed` decides."""
    flags = ["--epochs", str(epochs), *flags]
    print(f"{model}: {' '.join(flags)} (moments from seed {seed})")
    moments = random.Random(seed)
    expected, duration = never_stopped(model, folder / "never-stopped", flags, epochs)
    print(f"  never stopped: {duration:.1f} s of training")
    tally = Tally()
    while tally.tries < tries:
        run, resume, wanted, kills = folder / f"try-{tally.tries}", False, 1 + tally.tries % 2, 0
        half_written = 0
        while kills < wanted:
            with Training(model, run, flags, resume) as training:
                patience = duration * ((tally.tries + kills) % 2)
                killed = training.kill(moments.uniform(0, duration), patience)
                kills, half_written = kills + killed, half_written + training.half_written()
            resume = True
            if not killed:
                break
        if not kills:  # it was faster than the clock: another try
            run.rename(folder / f"too-fast-{time.time_ns()}")
            continue
        differences = resumed(model, run, flags, epochs, expected)
        tally.tries, tally.equal = tally.tries + 1, tally.equal + (not differences)
        tally.kills, tally.half_written = tally.kills + kills, tally.half_written + half_written
        verdict = (
            f"{len(differences)} of {len(expected)} differ, {', '.join(differences[-3:])}" if differences else "equal"
        )
        print(f"  try {tally.tries}: killed {kills} x, {half_written} x while a checkpoint was written: {verdict}")
    print(
        f"{model}: {tally.equal} of {tally.tries} ended bit for bit as if never stopped "
        f"({tally.kills} kills, {tally.half_written} of them while a checkpoint was written)"
    )
    return tally


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


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="*", default=["vae"], help="names of `minigen.train` (default vae)")
    parser.add_argument("--kills", type=int, default=20, help="tries a model (default 20)")
    parser.add_argument("--epochs", type=int, default=EPOCHS, help=f"of each training (default {EPOCHS})")
    parser.add_argument("--seed", type=int, default=time.time_ns() % 2**32, help="of the moments (default: the clock)")
    options = parser.parse_args()
    lost = 0
    for model in options.models:
        with tempfile.TemporaryDirectory() as folder:
            flags = SMALL.get(model, FEW_EXAMPLES)
            tally = survive(model, options.kills, options.epochs, flags, Path(folder), options.seed)
        lost += tally.tries - tally.equal
    return min(lost, 1)


if __name__ == "__main__":
    sys.exit(main())

"""Moments: a folder that is taken from a training, signals before it has begun, and uses at once in one folder."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from tests.faults import child
from tests.faults.fault import Effort, Fault
from tests.faults.run_folders import trained
from tests.kill_and_resume import Training

TINY = ["--hidden", "24", "--latent", "4", "--validation", "0.9", "--batch-size", "64"]


def taken_folder(folder: Path, _: Effort) -> Iterator[str]:
    """The folder, or its lock file, is removed and another training begins there: the first one writes no more."""
    for what in ("folder", "lock file"):
        run = folder / what
        with Training("vae", run, ["--epochs", "1000", *TINY], resume=False) as first:
            first.wait_for("    1 ")
            shutil.rmtree(run, ignore_errors=True) if what == "folder" else (run / ".lock").unlink()
            flags = ["--epochs", "1", "--seed", "7", *TINY, *(["--overwrite"] if what == "lock file" else [])]
            with Training("vae", run, flags, resume=False) as second:
                second.output.read()
                ended, whole = second.process.wait(), child.print_of(run)
            said = first.output.read()
            code = first.process.wait()
        unchanged = child.print_of(run) == whole
        lost = "" if ended == 0 and unchanged else f"second ended with {ended}, changed: {not unchanged}; "
        if code != 2 or "was removed or replaced" not in said.splitlines()[-1] or "Traceback" in said:
            lost += f"first ended with {code}: {said[-200:]}"
        yield lost and f"{what}: {lost}"


def early_signal(folder: Path, effort: Effort) -> Iterator[str]:
    """SIGINT and SIGTERM in the first second, during the imports: the end, without a traceback."""
    moments = random.Random(effort.seed)
    for number in effort.tries * (signal.SIGINT, signal.SIGTERM):
        words = [sys.executable, "-m", "minigen.train", "vae", "--smoke", "--out", str(folder / "run"), "--overwrite"]
        with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
            moment = 0.05 + moments.random()  # before, Python itself starts
            time.sleep(moment)
            process.send_signal(number)
            said, _ = process.communicate()
        fine = process.returncode in (0, -number, 128 + number) and "Traceback" not in said
        yield "" if fine else f"{number.name} after {moment:.2f} s: exit code {process.returncode}, {said[-300:]}"


def uses_at_once(folder: Path, effort: Effort) -> Iterator[str]:
    """Three uses of one run at once, into one folder: each ends, and what lies there is whole."""
    run = folder / "run"
    shutil.copytree(trained("vae"), run)
    words = [sys.executable, "-m", "minigen.apply", str(run), "sample", "--seed", "1", "--count"]
    for _ in range(effort.tries):
        started = [
            subprocess.Popen(
                [*words, count], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=os.environ
            )
            for count in ("20", "20", "20")
        ]
        said = [process.communicate()[0] for process in started]
        pictures = len(list((run / "sample" / "pictures").glob("*.png")))
        fine = pictures == 20 and not any(process.returncode for process in started)
        yield "" if fine else f"{pictures} of 20 pictures, {[text[-200:] for text in said]}"


FAULTS = (
    Fault("folder taken from a training", taken_folder),
    Fault("signal before the training", early_signal),
    Fault("three uses at once", uses_at_once),
)

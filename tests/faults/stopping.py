"""A training that is killed, stopped, or out of disk: resumed, it ends with the bits of one never stopped."""

from __future__ import annotations

import random
import resource
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path

from minigen import train
from tests.faults import child
from tests.faults.fault import Effort, Fault
from tests.kill_and_resume import FEW_EXAMPLES, Training, never_stopped, resumed, survive

EPOCHS = 5
TINY = ["--hidden", "24", "--latent", "4", "--validation", "0.9", "--batch-size", "64"]
BEGIN = ["--epochs", str(EPOCHS), *TINY]
FLAGS = {"vae": TINY, "ae": TINY, "conv-vae": TINY, "recurrent-ae": TINY, "sae": ["--validation", "0.9"]}


def killed(folder: Path, effort: Effort) -> Iterator[str]:
    """SIGKILL at a random moment, and again in every other resumption; half of them while a checkpoint is written."""
    for number, model in enumerate(effort.models):
        kills = effort.kills // len(effort.models) + (number < effort.kills % len(effort.models))
        if not kills:
            continue
        flags = FLAGS.get(model, FEW_EXAMPLES)
        for differing in survive(model, kills, EPOCHS, flags, folder / model, effort.seed):
            yield f"{model}: {differing}" if differing else ""


def stopped(folder: Path, effort: Effort) -> Iterator[str]:
    """SIGTERM and SIGINT (Ctrl-C) at a random moment: saved at the end of the step, and said how to go on."""
    moments = random.Random(effort.seed)
    expected, duration = never_stopped("vae", folder / "never-stopped", BEGIN, EPOCHS)
    for number in (signal.SIGTERM, signal.SIGINT):
        run = folder / number.name
        with Training("vae", run, BEGIN, resume=False) as training:
            time.sleep(moments.uniform(0, duration))
            training.process.send_signal(number)
            said = training.output.read()
            code = training.process.wait()
        if code not in (0, 128 + number, -number):
            yield f"{number.name}: exit code {code}, {said}"
            continue
        yield ", ".join(resumed("vae", run, [], EPOCHS, expected))


def full_disk(folder: Path, _: Effort) -> Iterator[str]:
    """No file may grow beyond a limit: a run that was begun keeps its checkpoint, and goes on when there is room."""
    whole = folder / "never-stopped"
    expected, _ = never_stopped("vae", whole, BEGIN, EPOCHS)
    size = (whole / "last.safetensors").stat().st_size
    with Training("vae", folder / "begun", BEGIN, resume=False) as training:
        training.wait_for("    2 ")
    for limit in (0, size // 2, size - 1):
        run = Path(shutil.copytree(folder / "begun", folder / f"limit-{limit}"))

        def limited(words: list[str], limit: int = limit) -> int:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
            return train.main(words)

        full = child.run(limited, ["vae", "--out", run, "--resume"])
        if full.code != 2 or (limit and (full.err.count("\n") != 1 or "File too large" not in full.err)):
            yield f"exit code {full.code}, said {full.err!r}"
            continue
        yield ", ".join(resumed("vae", run, [], EPOCHS, expected))


FAULTS = (
    Fault("SIGKILL at random moments", killed),
    Fault("SIGTERM, Ctrl-C", stopped),
    Fault("disk full", full_disk),
)

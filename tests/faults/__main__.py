"""python -m tests.faults: try every fault for real, and print what was survived and what was lost."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # as pytest does: import small_runs, import support

from minigen.models import MODELS
from tests.faults import commands, moments, run_folders, stopping
from tests.faults.fault import Effort

FAULTS = (*run_folders.FAULTS, *commands.FAULTS, *moments.FAULTS, *stopping.FAULTS)


def main(arguments: list[str] | None = None) -> int:
    """Returns 1 where anything was lost."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__.split(": ")[1])
    parser.add_argument("--kills", type=int, default=Effort.kills, help="trainings killed by SIGKILL, in all")
    tries_help = (
        "tries of each generated fault (default 100; --only 'every file' --tries 7600 makes all, in 45 minutes)"
    )
    parser.add_argument("--tries", type=int, default=100, help=tries_help)
    parser.add_argument("--models", nargs="+", default=list(Effort.models), help="killed in turn, or: all")
    parser.add_argument(
        "--seed", type=int, default=time.time_ns() % 2**32, help="of what is random (default: the clock)"
    )
    parser.add_argument("--only", default="", help="faults whose name has this text")
    options = parser.parse_args(arguments)
    models = tuple(MODELS) if options.models == ["all"] else tuple(options.models)
    faults = [fault for fault in FAULTS if options.only in fault.name]
    if unknown := [model for model in models if model not in MODELS]:
        parser.error(f"argument --models: unknown {', '.join(unknown)}; known: all, {', '.join(MODELS)}")
    if options.kills < 1:
        parser.error(f"argument --kills: is {options.kills}, must be at least 1")
    if not faults:
        names = "\n  ".join(fault.name for fault in FAULTS)
        parser.error(f"argument --only: no fault has {options.only!r} in its name; there are\n  {names}")
    effort = Effort(options.kills, models, options.seed, options.tries)
    print(f"seed {effort.seed}\n\n{'fault':<46}{'tries':>7}{'survived':>10}{'lost':>6}{'seconds':>9}")
    lost_in_all: list[str] = []
    for fault in faults:
        begun = time.perf_counter()
        with tempfile.TemporaryDirectory() as folder:
            tries = list(fault.tries(Path(folder), effort))
        lost = [what for what in tries if what]
        seconds = time.perf_counter() - begun
        print(f"{fault.name:<46}{len(tries):>7}{len(tries) - len(lost):>10}{len(lost):>6}{seconds:>9.1f}", flush=True)
        lost_in_all += [f"{fault.name}: {what}" for what in lost]
    print("\n" + ("\n".join(lost_in_all) if lost_in_all else "nothing was lost"))
    return 1 if lost_in_all else 0


if __name__ == "__main__":
    sys.exit(main())

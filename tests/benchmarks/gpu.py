"""Everything that waits for a GPU, in one command of under nine minutes: python -m tests.benchmarks.gpu

Its parts, each with a share of the time; what one leaves over goes to the next, and --only runs some alone:
- tests: the test suite with --device gpu (derivatives of order 1 and 2, twins, training, resuming CPU ↔ GPU);
- steps: whole training steps of every model beside PyTorch eager on the same GPU, as in `steps`, at the model's own
  batch and at 1,024, on images of 28 and 64 pixels;
- profile: of each such step what runs on the GPU (kernels, copies and fills), for how long, how often the host
  waits for the GPU, and the most memory that the allocator held;
- cpu: the same steps on two threads of the CPU.

Results are written as they come: OUT/results.jsonl, OUT/results.md and OUT/tests.log. Failures are listed at the end.
Both libraries compute in float32, PyTorch without TF32. With --device fake every part runs on the stand-in
for CuPy and on PyTorch's CPU, and only the waits mean anything.

On a machine without a network: `--wheels FOLDER` downloads there what `--install FOLDER` installs here.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import json
import multiprocessing
import os
import platform
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from importlib.metadata import version
from multiprocessing.pool import Pool
from pathlib import Path
from typing import Any, NamedTuple

from tests.benchmarks import steps, wheels
from tests.benchmarks.side_by_side import Setup, answer, ask, build, open_side, run_and_wait, time_in_turn, with_latest

PARTS = {"tests": 210, "steps": 170, "profile": 90, "cpu": 50}  # seconds
SIZES: list[dict[str, Any]] = [{}, {"batch_size": 1024}, {"data": "shapes64"}, {"batch_size": 1024, "data": "shapes64"}]
TESTED = ("gradcheck", "training", "models", "ops", "nn", "")  # in this order; "" is the rest
NOT_TESTED = ("lessons", "faults", "benchmarks", "evaluation", "data", "test_house.py", "test_fake_cupy.py")
ROUNDS = 9
CASE_SECONDS = 60  # at most, the compilation of CuPy's kernels included
PROFILED_CALLS = 4


class Case(NamedTuple):
    """A model at one size."""

    model: str
    options: dict[str, Any]

    @property
    def size(self) -> dict[str, Any]:
        from minigen.models import MODELS

        config = MODELS[self.model].config_type(**self.options)
        return {"model": self.model, "batch": config.batch_size, "pixels": 64 if config.data == "shapes64" else 28}

    def __str__(self) -> str:
        return "{model}, batch {batch:,}, {pixels} pixels".format(**self.size)


def cases(models: Sequence[str]) -> Iterator[Case]:
    """Size by size, so that every model has something where the time runs out."""
    for size in SIZES:
        for model in models:
            if (model, size.get("data")) != ("recurrent-ae", "shapes64"):  # it takes sequences
                yield Case(model, steps.OPTIONS.get(model, {}) | size)


class Report:
    """The results, written as they come; what failed and what the time did not suffice for."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.rows = folder, dict[str, dict[str, Any]]()
        self.machine: dict[str, Any] = {}
        self.failed: list[str] = []
        self.unfinished: list[str] = []
        (folder / "results.jsonl").write_text("")

    def add(self, part: str, result: dict[str, Any], case: Case | None = None) -> None:
        """Write one result."""
        size = case.size if case else {}
        with (self.folder / "results.jsonl").open("a") as file:
            print(json.dumps({"part": part, **size, **result}), file=file)
        if case:
            self.rows.setdefault(str(case), size).update(result)
        else:
            self.machine |= result
            print(*(f"{name}: {value}" for name, value in result.items()), sep="\n", flush=True)
        (self.folder / "results.md").write_text(self.markdown())

    def markdown(self) -> str:
        """The table of all cases, after what is known of the machine and the tests."""
        pairs = [("ms", "ms", ".2f"), ("launches", "launches", ".0f"), ("busy", "GPU ms", ".2f")]
        pairs += [("waits", "waits", ".0f"), ("memory", "MB", ",.0f"), ("cpu_ms", "CPU ms", ".1f")]
        heading = ["model", "batch", "pixels", "ratio", *(f"{title}, minigen / PyTorch" for _, title, _ in pairs)]
        lines = [*(f"- {name}: {value}" for name, value in self.machine.items()), ""]
        lines += [" | ".join(["", *cells, ""]).strip() for cells in (heading, ["---"] * len(heading))]
        for row in self.rows.values():
            cells = [row["model"], f"{row['batch']:,}", str(row["pixels"]), _number(row.get("ratio"), ".2f")]
            for key, _, form in pairs:
                cells.append(" / ".join(_number(row.get(f"{side}_{key}"), form) for side in ("minigen", "torch")))
            lines.append(f"| {' | '.join(cells)} |")
        return "\n".join(lines) + "\n"


def _number(value: float | None, form: str) -> str:
    return "–" if value is None else format(value, form)


# The parts


def run_tests(report: Report, device: str, until: float) -> None:
    """The test suite in processes of its own; interrupted when its time is over."""
    tests = steps.TESTS
    command = [sys.executable, "-m", "pytest", f"--device={device}", "-vv", "-rfE", "--tb=short", "-W", "default"]
    command += ["-n", str(max(1, (os.cpu_count() or 1) - 4)), "--dist", "load", "-p", "no:cacheprovider"]
    command += [str(tests / name) for name in TESTED] + [f"--ignore={tests / name}" for name in NOT_TESTED]
    log = report.folder / "tests.log"
    with log.open("w") as file:
        process = subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT, start_new_session=True)
        try:
            process.wait(max(1.0, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGINT)  # it still prints what has failed
            report.unfinished.append("tests: those that tests.log does not name")
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(20)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    lines = log.read_text().splitlines()
    outcomes = Counter(re.findall(r"^\[gw.+ (PASSED|FAILED|ERROR|SKIPPED) tests", "\n".join(lines), re.MULTILINE))
    report.failed += [f"tests: {line}" for line in lines if line.startswith(("FAILED ", "ERROR "))]
    if not outcomes:
        report.failed.append(f"tests: none ran; {lines[-1] if lines else 'pytest printed nothing'}")
    report.add("tests", {"tests": ", ".join(f"{count} {word.lower()}" for word, count in outcomes.items())})


def run_cases(
    report: Report, part: str, models: Sequence[str], until: float, run: Callable[[Case, list[Pool], float], Any]
) -> None:
    """Each case in the same processes; in new ones after a failure."""
    sides: list[Pool] = []
    try:
        for case in cases(models):
            left = until - time.monotonic()
            if left <= 0:
                report.unfinished.append(f"{part}: {case}")
                continue
            sides = sides or [open_side() for _ in range(3)]
            try:
                report.add(part, run(case, sides, min(left, CASE_SECONDS)), case)
                continue
            except multiprocessing.TimeoutError:
                if left < CASE_SECONDS:
                    report.unfinished.append(f"{part}: {case}")
                else:
                    report.failed.append(f"{part}: {case}: no answer within {CASE_SECONDS} s, or its process died")
            except RuntimeError as error:
                report.failed.append(f"{part}: {case}: {error}")
            _close(sides)
    finally:
        _close(sides)


def _close(sides: list[Pool]) -> None:
    while sides:
        sides.pop().terminate()


def time_case(device: str, prefix: str, case: Case, sides: list[Pool], seconds: float) -> dict[str, float]:
    """Milliseconds of a step, minigen's and the faster of PyTorch's."""
    work = [partial(afresh, setup, device) for setup in steps.setups(*case, device)]
    result = time_in_turn(f"{case} ({device})", sides[: len(work)], *work, rounds=ROUNDS, seconds=seconds)
    times = {f"minigen_{prefix}ms": 1e3 * result.minigen, f"torch_{prefix}ms": 1e3 * result.torch}
    return times | {f"{prefix}ratio": result.ratio}


def profile_case(report: Report, device: str, case: Case, sides: list[Pool], seconds: float) -> dict[str, float]:
    """What a step does on the GPU, minigen's and that of PyTorch's first memory format."""
    until, found = time.monotonic() + seconds, {}
    for library, side, setup in zip(("minigen", "torch"), sides, steps.setups(*case, device), strict=False):
        answer(ask(side, build, partial(afresh, setup, device)), until)
        for name, value in answer(ask(side, with_latest, profile, library, device), until).items():
            found[f"{library}_{name}"] = value
    print(f"{case}: {json.dumps(found)}", flush=True)
    if found["minigen_waits"] > 0:
        report.failed.append(f"profile: {case}: the host waits {found['minigen_waits']:g} times per step, must not")
    if device == "gpu" and not found["minigen_launches"]:
        report.failed.append(f"profile: {case}: PyTorch's profiler saw nothing of CuPy")
    return found


# In a side's process


def afresh(setup: Setup, device: str) -> Any:
    """The side's step, after the allocators gave back what the former step held."""
    if device == "gpu" and "cupy" in sys.modules:
        importlib.import_module("cupy").get_default_memory_pool().free_all_blocks()
    if device == "gpu" and "torch" in sys.modules:
        torch = importlib.import_module("torch")
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
    return setup()


def profile(step: Any, library: str, device: str) -> dict[str, float]:
    """What one call of the step adds to a trace, and the most megabytes that the allocator has held."""
    for _ in range(2):
        step()
    count = _on_stand_in if (library, device) == ("minigen", "fake") else _traced
    fewer, more = count(step, PROFILED_CALLS), count(step, 2 * PROFILED_CALLS)
    found = {name: (more[name] - fewer[name]) / PROFILED_CALLS for name in ("launches", "busy", "waits")}
    return found | {"memory": _bytes_held(library, device) / 1e6}


def _on_stand_in(step: Any, calls: int) -> Counter[str]:
    fake_cupy = importlib.import_module("fake_cupy")
    with fake_cupy.counting() as sites:
        for _ in range(calls):
            step()
    return Counter(waits=len(sites))


def _traced(step: Any, calls: int) -> Counter[str]:
    """By PyTorch's profiler, which sees every kernel of the process, CuPy's too, and every wait of the CUDA runtime."""
    from torch.profiler import ProfilerActivity, profile, supported_activities

    on_gpu = supported_activities() - {ProfilerActivity.CPU}
    with profile(activities=on_gpu or {ProfilerActivity.CPU}) as trace:
        run_and_wait(step, calls)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "trace.json")
        trace.export_chrome_trace(str(file))
        return counted(json.loads(file.read_text())["traceEvents"])


def counted(events: list[dict[str, Any]]) -> Counter[str]:
    """What a trace holds: launches, the milliseconds that they ran, and what made the host wait."""
    found: Counter[str] = Counter()
    for event in events:
        kind, name = event.get("cat"), event.get("name", "")
        if kind in ("kernel", "gpu_memcpy", "gpu_memset"):
            found["launches"] += 1
            found["busy"] += event["dur"] / 1e3
        crosses = kind == "gpu_memcpy" and ("HtoD" in name or "DtoH" in name)
        found["waits"] += crosses or (kind == "cuda_runtime" and "Synchronize" in name)
    return found


def _bytes_held(library: str, device: str) -> int:
    if device == "fake":
        resource = importlib.import_module("resource")
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    if library == "minigen":
        return importlib.import_module("cupy").get_default_memory_pool().total_bytes()
    return importlib.import_module("torch").cuda.max_memory_reserved()


# The command


def machine(device: str) -> dict[str, Any]:
    """The card and the versions."""
    from minigen import backend

    cupy = None if device == "fake" else backend.gpu_module()
    facts = {"CPU": f"{os.cpu_count()} cores", "Python": platform.python_version()}
    facts |= {"NumPy": version("numpy"), "PyTorch": version("torch")}
    if cupy is None:
        return {"GPU": "none: a stand-in, whose times mean nothing", **facts}
    card = cupy.cuda.runtime.getDeviceProperties(0)
    facts["CuPy"] = f"{cupy.__version__}, CUDA driver {cupy.cuda.runtime.driverGetVersion()}"
    return {"GPU": f"{card['name'].decode()}, {card['totalGlobalMem'] / 2**30:.0f} GiB", **facts}


def main(arguments: list[str] | None = None) -> int:
    """0 where everything that ran was right."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.gpu", description=__doc__.split(":")[0])
    parser.add_argument("--device", choices=("gpu", "fake"), default="gpu", help="a GPU, or the tests' stand-in")
    parser.add_argument("--only", nargs="+", choices=PARTS, metavar="PART", help=f"of {', '.join(PARTS)}")
    parser.add_argument("--models", nargs="+", metavar="MODEL", help="models to time (all)")
    parser.add_argument("--seconds", type=float, help=f"time for the parts that run ({sum(PARTS.values())} for all)")
    parser.add_argument("--out", type=Path, default=Path(os.environ.get("OUT", "runs/gpu")), help="results' folder")
    parser.add_argument("--wheels", type=Path, metavar="FOLDER", help="download the packages' wheels, and do no more")
    parser.add_argument("--install", type=Path, metavar="FOLDER", help="first install from there what is missing")
    options = parser.parse_args(arguments)
    if options.wheels:
        return wheels.download(options.wheels)
    if options.install:
        wheels.install(options.install)
    from minigen import backend
    from minigen.models import MODELS

    parts, models = options.only or list(PARTS), options.models or list(MODELS)
    if unknown := [name for name in models if name not in MODELS]:
        parser.error(f"unknown model {', '.join(unknown)}; known: {', '.join(MODELS)}")
    scale = (options.seconds or sum(PARTS.values())) / sum(PARTS[part] for part in parts)
    try:
        facts = machine(options.device)
    except backend.DeviceError as error:
        parser.error(str(error))
    report, until = Report(options.out), time.monotonic()
    report.add("machine", facts)
    for part in parts:
        print(f"\n{part}", flush=True)
        until += scale * PARTS[part]
        if part == "tests":
            run_tests(report, options.device, until)
        elif part == "cpu":
            os.environ |= {"OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2"}
            run_cases(report, part, models, until, partial(time_case, "cpu", "cpu_"))
        elif part == "steps":
            run_cases(report, part, models, until, partial(time_case, options.device, ""))
        else:
            run_cases(report, part, models, until, partial(profile_case, report, options.device))
    print(f"\n{report.markdown()}")
    for title, lines in (("no time was left for", report.unfinished), ("failed", report.failed)):
        print(f"{title}: {len(lines) or 'nothing'}", *lines, sep="\n  ")
    return 1 if report.failed else 0


if __name__ == "__main__":
    sys.exit(main())

"""Run folders that were damaged, or that come from elsewhere, through every verb.

Each verb must do its work or say in one line why not, within its time and memory, and nothing outside may change.
"""

from __future__ import annotations

import atexit
import contextlib
import copy
import json
import math
import os
import random
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from minigen import apply, compare, explore, train
from minigen.command_line import run_command
from minigen.inference.loading import load
from minigen.training import checkpoint
from tests.faults import child
from tests.faults.fault import Effort, Fault
from tests.small_runs import small_run

TINY = {"hidden": 4, "latent": 2}


def _load(words: list[str]) -> int:
    def act(words: list[str]) -> int:
        print(load(words[0], say=lambda line: print(line, file=sys.stderr)))
        return 0

    return run_command("minigen.load", act, words)


def _apply(*words: str) -> tuple[child.Command, tuple[str, ...]]:
    return apply.main, ("RUN", *words)


RESUME = (train.main, ("MODEL", "--resume", "--smoke", "--out", "RUN"))
EACH = {
    "load": (_load, ("RUN",)),
    "resume": RESUME,
    "more": (RESUME[0], (*RESUME[1], "--epochs", "3")),
    "overwrite": (train.main, ("MODEL", "--overwrite", "--smoke", "--epochs", "1", "--out", "RUN")),
    "export": _apply("export"),
    "explore": (explore.main, ("RUN", "--no-open")),
    "compare": (compare.main, ("RUN", "RUN")),
}
VAE = {
    "sample": _apply("sample", "--count", "3"),
    "reconstruct": _apply("reconstruct", "--count", "3"),
    "interpolate": _apply("interpolate", "0", "1"),
    "encode": _apply("encode", "--count", "20"),
    "score": _apply("score", "--count", "20"),
}
GAN = {"sample": VAE["sample"], "interpolate": _apply("interpolate", "0", "1", "--steps", "3")}
SEQUENCES = {name: VAE[name] for name in ("reconstruct", "encode", "score")}
VERBS = {
    "vae": EACH | VAE,
    "gan": {name: EACH[name] for name in EACH if name not in ("more", "overwrite")} | GAN,  # it draws for seconds
    "recurrent-ae": EACH | SEQUENCES,
    "ddnet": {"load": EACH["load"], "classify": _apply("classify", "--count", "2"), "export": EACH["export"]},
    "deconv": {"load": EACH["load"], "restore": _apply("restore", "--count", "2"), "explore": EACH["explore"]},
}

SAMPLED = st.sampled_from([(model, verb) for model, verbs in VERBS.items() for verb in verbs])


@cache
def trained(model: str) -> Path:
    """A run of the model, trained once."""
    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder)
    if model in ("ddnet", "deconv"):  # they train long
        return small_run(folder / model, model, epochs=1)
    sizes = [] if model == "gan" else [f"--{name}={value}" for name, value in TINY.items()]
    ended = child.run(train.main, [model, "--smoke", *sizes, "--out", folder / model])
    assert ended.code == 0, ended
    return folder / model


class Runs:
    """Each try damages a copy of a run, beside the user's other files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def survive(self, model: str, verb: str, damage: Callable[[Path, Path], object], name: str = "run") -> str:
        """What is lost where this verb meets this damage, which is told the run and a folder of other files."""
        place = self.folder / "try"
        run, outside = place / name, place / "outside"
        shutil.copytree(trained(model), run)
        shutil.copytree(trained(model), outside)
        try:
            damage(run, outside)
            before = child.print_of(outside)
            command, words = VERBS[model][verb]
            ended = child.run(command, [{"RUN": run, "MODEL": model}.get(word, word) for word in words])
            changed = "" if child.print_of(outside) == before else "changed a file outside the run; "
            return changed + child.loss(ended)
        finally:
            shutil.rmtree(place)


def tries(cases: Sequence[tuple[str, str, str, Callable[[Path, Path], object]]], folder: Path, effort: Effort) -> Any:
    """As many of the cases (model, verb, what, damage) as the effort allows, chosen by its seed.

    At least one of each kind, which `what` begins with, up to a colon.
    """
    runs = Runs(folder)
    shuffled = random.Random(effort.seed).sample(cases, len(cases))
    first = {case[2].partition(":")[0]: case for case in reversed(shuffled)}
    rest = [case for case in shuffled if first[case[2].partition(":")[0]] is not case]
    for model, verb, what, damage in [*first.values(), *rest[: max(0, effort.tries - len(first))]]:
        lost = runs.survive(model, verb, damage)
        yield f"{model} {verb}, {what}: {lost}" if lost else ""


# What a file may be


def _flip(file: Path, _: Path) -> None:
    content = file.read_bytes()
    middle = len(content) // 2
    file.write_bytes(content[:middle] + bytes([content[middle] ^ 0x10]) + content[middle + 1 :] if content else b"\x10")


def _instead(make: Callable[[Path, Path], object]) -> Callable[[Path, Path], None]:
    def damage(file: Path, outside: Path) -> None:
        shutil.rmtree(file) if file.is_dir() else file.unlink()
        make(file, outside)

    return damage


def _sparse(file: Path, _: Path) -> None:
    with file.open("wb") as stream:
        stream.truncate(30 * 2**30)


DAMAGES: dict[str, Callable[[Path, Path], object]] = {
    "missing": _instead(lambda file, outside: None),
    "cut": lambda file, outside: os.truncate(file, file.stat().st_size // 2),
    "flipped byte": _flip,
    "empty": lambda file, outside: os.truncate(file, 0),
    "link": _instead(lambda file, outside: file.symlink_to(outside)),
    "link to nothing": _instead(lambda file, outside: file.symlink_to(outside.parent / "new")),
    "hard link": _instead(lambda file, outside: os.link(outside, file)),
    "FIFO": _instead(lambda file, outside: os.mkfifo(file)),
    "link to /dev/zero": _instead(lambda file, outside: file.symlink_to("/dev/zero")),
    "sparse, 30 GB": _instead(_sparse),
    "folder": _instead(lambda file, outside: file.mkdir()),
    "another file": _instead(lambda file, outside: file.write_bytes(b"the user's")),
}
WHOLE_FILES = [name for name in DAMAGES if name not in ("cut", "flipped byte", "empty", "hard link")]
FILES = ("config.json", "metrics.jsonl", ".written.json", ".written.lock", ".lock")
FILES += ("best.safetensors", "last.safetensors", "curves.png")
FOLDERS = ("frames", "sample", "encode", "reconstruct", "interpolate", "score", "export", "restore", "sample/pictures")
RESULTS = ("sample/sheet.png", "encode/codes.csv", "encode/codes.npy", "frames/0001.npy", "learning.gif")


def _damaged(name: str, kind: str) -> Callable[[Path, Path], None]:
    def damage(run: Path, outside: Path) -> None:
        for place in (run, outside):
            file = place / name
            if name in FOLDERS:
                file.mkdir(parents=True, exist_ok=True)
                (file / "0001.npy").write_bytes(b"the user's")
            elif not file.exists():
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(b"the user's")
        DAMAGES[kind](run / name, outside / name)

    return damage


def files(folder: Path, effort: Effort) -> Iterator[str]:
    """Every file and sub-folder of a run in every state that a file can be in."""
    cases = [
        (model, verb, f"{kind}: {name}", _damaged(name, kind))
        for model, verbs in VERBS.items()
        for verb in verbs
        for name in (*FILES, *FOLDERS, *RESULTS)
        for kind in (WHOLE_FILES if name in FOLDERS else DAMAGES)
    ]
    yield from tries(cases, folder, effort)


# What a number or a text in a file may be

NUMBERS = st.sampled_from([-1, 0, 1, 2**31, 2**63, 10**12, 10**400, 1e38, 1e300, -1e300, math.nan, math.inf, 0.5])
TEXTS = st.sampled_from(
    ["", "x", "$x$", r"$\frac", "\x00", "a\nb", "\ud800", "数字", "🙂", "../../x", "/etc", "a" * 10**6]
)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5) | TEXTS, inner, max_size=3),
    max_leaves=4,
)


GONE = "removed"


def drawn(strategy: st.SearchStrategy[Any], count: int, number: int) -> list[Any]:
    """Values of a strategy, always the same for a number."""
    found: list[Any] = []
    quiet = settings(max_examples=count, database=None, phases=[Phase.generate], suppress_health_check=HealthCheck)
    seed(number)(quiet(given(strategy)(lambda value: found.append(value))))()
    return found


def places(content: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path to each part of a JSON value, the whole of it too."""
    inner: Any = (
        content.items() if isinstance(content, dict) else enumerate(content) if isinstance(content, list) else ()
    )
    return [at, *(place for key, value in inner for place in places(value, (*at, key)))]


def replaced(content: Any, place: tuple[Any, ...], value: Any) -> Any:
    """The JSON value with another part at that place."""
    if not place:
        return value
    changed = copy.copy(content)
    changed[place[0]] = replaced(content[place[0]], place[1:], value)
    return changed


def without(content: Any, place: tuple[Any, ...]) -> Any:
    """The JSON value without the part at that place."""
    changed = copy.copy(content)
    if len(place) == 1:
        del changed[place[0]]
    else:
        changed[place[0]] = without(content[place[0]], place[1:])
    return changed


def _edit(file: str, place: float, value: Any) -> Callable[[Path, Path], None]:
    """Another value in config.json, in a line of metrics.jsonl, or in a state of valid checksum."""

    def other(content: Any) -> Any:
        found = places(content)
        at = found[int(place * len(found))]
        return without(content, at) if value == GONE and at else replaced(content, at, value)

    def damage(run: Path, _: Path) -> None:
        path = run / file
        if file == "config.json":
            path.write_text(json.dumps(other(json.loads(path.read_text()))))
        elif file == "metrics.jsonl":
            rows = other([json.loads(line) for line in path.read_text().splitlines()])
            path.write_text("\n".join(map(json.dumps, rows if isinstance(rows, list) else [rows])) + "\n")
        else:
            arrays, state = checkpoint.read(path)
            state.pop("schema")
            changed = other(state)
            with contextlib.suppress(UnicodeEncodeError):  # what no writer could write
                for name in ("best", "last"):
                    checkpoint.write(run / f"{name}.safetensors", arrays, changed if isinstance(changed, dict) else {})

    return damage


def values(file: str) -> Callable[[Path, Effort], Iterator[str]]:
    """Each part of the file in turn another value, in a file that is otherwise whole."""

    def fault(folder: Path, effort: Effort) -> Iterator[str]:
        values = st.just(GONE) | JSON
        found = drawn(st.tuples(SAMPLED, st.floats(0, 1, exclude_max=True), values), 20 * effort.tries, effort.seed)
        cases = [
            (*verb, f"{type(value) if value != GONE else value}: {place:.4f} {value!r:.60}", _edit(file, place, value))
            for verb, place, value in found
        ]
        yield from tries(cases, folder, effort)

    return fault


def _bytes(file: str, edits: list[tuple[float, bytes]]) -> Callable[[Path, Path], None]:
    def damage(run: Path, _: Path) -> None:
        content = bytearray((run / file).read_bytes())
        for place, new in edits:
            at = int(place * min(len(content), 4000))  # of a checkpoint its header
            content[at : at + len(new)] = new
        (run / file).write_bytes(content)

    return damage


def damaged_bytes(folder: Path, effort: Effort) -> Iterator[str]:
    """Other bytes at a few places of config.json, metrics.jsonl or a checkpoint's header."""
    edits = st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.binary(min_size=1, max_size=4)), min_size=1)
    names = st.sampled_from(("config.json", "metrics.jsonl", "best.safetensors"))
    found = drawn(st.tuples(SAMPLED, names, edits), effort.tries, effort.seed)
    cases = [(*verb, f"{name} {list_!r:.60}", _bytes(name, list_)) for verb, name, list_ in found]
    yield from tries(cases, folder, effort)


def _arrays(change: Callable[[dict[str, Any], str], object], wanted: float) -> Callable[[Path, Path], None]:
    def damage(run: Path, _: Path) -> None:
        arrays, state = checkpoint.read(run / "best.safetensors")
        state.pop("schema")
        name = sorted(arrays)[int(wanted * len(arrays))]
        arrays[name] = arrays[name].copy()
        with np.errstate(all="ignore"):
            change(arrays, name)
        for file in ("best", "last"):
            checkpoint.write(run / f"{file}.safetensors", arrays, state)

    return damage


def _fill(value: float, arrays: dict[str, Any], name: str) -> None:
    arrays[name] = np.full(arrays[name].shape, value).astype(arrays[name].dtype)


CHANGES: dict[str, Callable[[dict[str, Any], str], object]] = {
    **{f"all {value}": partial(_fill, value) for value in (0.0, 1.0, 3e38, -3e38, math.nan, math.inf)},
    "missing": lambda arrays, name: arrays.pop(name),
    "added": lambda arrays, name: arrays.update({name + "x": arrays[name]}),
    "float64": lambda arrays, name: arrays.update({name: arrays[name].astype(np.float64)}),
    "int8": lambda arrays, name: arrays.update({name: arrays[name].astype(np.int8)}),
    "uint64": lambda arrays, name: arrays.update({name: np.full(6, 2**64 - 1, np.uint64)}),
    "bool": lambda arrays, name: arrays.update({name: arrays[name].astype(bool)}),
    "empty": lambda arrays, name: arrays.update({name: arrays[name][:0] if arrays[name].ndim else arrays[name]}),
    "scalar": lambda arrays, name: arrays.update({name: np.float32(1)}),
    "transposed": lambda arrays, name: arrays.update({name: arrays[name].T}),
    "longer": lambda arrays, name: arrays.update({name: np.concatenate([arrays[name].ravel()] * 2)}),
}


def weights(folder: Path, effort: Effort) -> Iterator[str]:
    """Each array of a checkpoint of valid checksum with other values, of another type or shape, or not there."""
    found = drawn(st.tuples(SAMPLED, st.floats(0, 1, exclude_max=True)), effort.tries, effort.seed)
    cases = [(*verb, f"{kind}: array {at:.3f}", _arrays(CHANGES[kind], at)) for verb, at in found for kind in CHANGES]
    yield from tries(cases, folder, effort)


def names(folder: Path, effort: Effort) -> Iterator[str]:
    """A run in a folder of any name, and with classes of any names."""
    runs, numbers = Runs(folder), random.Random(effort.seed)
    odd = st.text(st.characters(exclude_characters="/\x00", exclude_categories=["Cs"]), min_size=1, max_size=20)
    known = st.sampled_from(
        ["$x$", r"$\frac", "_x", "%s", "a\nb", "\x1b[31m", "数字", "🙂", " ", "-x", "\udcff", "a" * 250]
    )
    for name in drawn(odd | known, effort.tries, effort.seed):
        if name in (".", "..", "outside") or len(os.fsencode(name)) > 255:
            continue
        verb = numbers.choice(sorted(VERBS["vae"]))
        lost = runs.survive("vae", verb, lambda run, outside: None, name)
        yield f"vae {verb} {name!r}: {lost}" if lost else ""


FAULTS = (
    Fault("every file of a run × every state × every verb", files),
    Fault("values in config.json × every verb", values("config.json")),
    Fault("values in metrics.jsonl × every verb", values("metrics.jsonl")),
    Fault("values in a checkpoint's state × every verb", values("best.safetensors")),
    Fault("arrays of a checkpoint × every verb", weights),
    Fault("other bytes × every verb", damaged_bytes),
    Fault("names of a run × every verb", names),
)

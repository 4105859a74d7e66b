"""Run folders with damaged, foreign or hostile files: named in one line, and what is whole is used."""

from __future__ import annotations

import io
import os
import pickle
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save

from minigen import apply, train
from minigen.inference.loading import load
from minigen.training import checkpoint
from minigen.training.run_folder import RunFolder
from tests.faults.fault import Effort, Fault, refused
from tests.small_runs import small_run

KILOBYTE = 1024


def damaged(damage: Callable[[bytes, int], bytes]) -> Callable[[Path, Effort], Iterator[str]]:
    """At every 1 KB of the best checkpoint: the last one is used, with a word; without it, one line."""

    def tries(folder: Path, _: Effort) -> Iterator[str]:
        run = RunFolder(small_run(folder / "run"))
        whole = run.best.read_bytes()
        expected = checkpoint.read(run.last)[0]
        for place in range(0, len(whole), KILOBYTE):
            run.best.write_bytes(damage(whole, place))
            yield _falls_back(run, expected)
        last = run.last.read_bytes()
        run.last.write_bytes(damage(last, len(last) // 2))
        yield refused(apply.main, [run.path, "sample"], "best.safetensors: damaged")
        yield refused(train.main, ["vae", "--out", run.path, "--resume"], "trained on", "damaged")

    return tries


def _falls_back(run: RunFolder, expected: dict[str, Any]) -> str:
    said: list[str] = []
    weights = load(run.path, say=said.append).model.state_dict()
    if len(said) != 1 or "is used instead" not in said[0]:
        return f"said {said}"
    same = all(array.tobytes() == expected[f"model.{name}"].tobytes() for name, array in weights.items())
    return "" if same else "other weights"


def _cut(content: bytes, place: int) -> bytes:
    return content[:place]


def _flip(content: bytes, place: int) -> bytes:
    return content[:place] + bytes([content[place] ^ 0x10]) + content[place + 1 :]


def newer(folder: Path, _: Effort) -> Iterator[str]:
    """A checkpoint of a newer schema is no damage: nothing else is used in its place, and nothing is overwritten."""
    run = RunFolder(small_run(folder / "run"))
    arrays, state = checkpoint.read(run.best)
    for path in (run.best, run.last):
        checkpoint.write(path, arrays, {**state, "schema": checkpoint.SCHEMA + 1})
    before = run.best.read_bytes(), run.last.read_bytes()
    yield refused(apply.main, [run.path, "sample"], "written by a newer minigen")
    yield "" if (run.best.read_bytes(), run.last.read_bytes()) == before else "overwritten"


class _Payload:
    """Unpickled, it would make a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.path),)


def hostile_checkpoints(folder: Path, _: Effort) -> Iterator[str]:
    """Files that would run code if they were unpickled or evaluated, and headers that lie about their size."""
    run, trap = RunFolder(small_run(folder / "run")), folder / "trap"
    arrays, state = checkpoint.read(run.best)
    payload, archive = pickle.dumps(_Payload(trap)), io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("archive/data.pkl", payload)  # as torch.save writes
        file.writestr("../../trap", "")
    array = io.BytesIO()
    np.save(array, np.array([_Payload(trap)], dtype=object), allow_pickle=True)
    code = f"__import__('os').mkdir({str(trap)!r})"
    contents = [
        *(payload, archive.getvalue(), array.getvalue(), code.encode()),
        *(size.to_bytes(8, "little") + b"{}" for size in (2, 2**20, 2**62, 2**64 - 1)),
        *(_with_header(text) for text in ('{"__metadata__":' * 5000, "[" * 90_000, '{"a":{"dtype":"F32"}}', code)),
        _with_header('{"a":{"dtype":"F32","shape":[1099511627776],"data_offsets":[0,4398046511104]}}'),
        save({"model.x": np.zeros(2, np.float32)}, {"minigen": code}),
        save({"model.x": np.zeros(2, np.float32)}, {"minigen": "0" * 64 + " " + code}),
    ]
    for content in contents:
        run.best.write_bytes(content)
        run.last.write_bytes(content)
        lost = refused(apply.main, [run.path, "sample"], "damaged, or not a checkpoint of minigen", "checksum")
        yield lost or ("code was run" if trap.exists() else "")
    for change in ({"config": None}, {"config": []}, {"epoch": "x"}, {"epoch": 1e999}, {"config": {"hidden": 10**12}}):
        checkpoint.write(run.best, arrays, state | change)
        yield refused(apply.main, [run.path, "sample"], "config is", "epoch is", "trained with")


def _with_header(text: str) -> bytes:
    return len(text).to_bytes(8, "little") + text.encode()


FAULTS = (
    Fault("checkpoint cut, at every 1 KB", damaged(_cut)),
    Fault("checkpoint with a flipped byte in every 1 KB", damaged(_flip)),
    Fault("checkpoint of a newer schema", newer),
    Fault("hostile checkpoint", hostile_checkpoints),
)

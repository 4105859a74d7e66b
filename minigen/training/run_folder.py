"""A run folder: config.json, metrics.jsonl, last.safetensors, best.safetensors and the figures."""

from __future__ import annotations

import json
import platform
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import metadata
from pathlib import Path
from typing import Any

import msgspec

from minigen import schema
from minigen.data import Description
from minigen.evaluation.rows import Row
from minigen.evaluation.studies.detection import FALSE_ALARMS
from minigen.files import append, exists, make_folder, read, replace_file
from minigen.models import Config
from minigen.own_files import LIST, OwnFiles
from minigen.training.lock import Lock, changing_list, locked

MOST_CONFIG, MOST_METRICS = 2**20, 2**28  # bytes that are read of config.json and metrics.jsonl
_NAME = re.compile(r"[\w -]+\.(png|gif)")
_FRAME = re.compile(r"[0-9]{4,}\.npy")
_PACKAGES = ("minigen", "numpy", "matplotlib", "safetensors")


class RunError(ValueError):
    """The run folder cannot be used as asked; the message is one line that says why, and what to do."""


class Described(msgspec.Struct):
    """What config.json says of a run: enough to build its model without its data, and what it ran on.

    threshold: the score above which an input is anomalous; null before the training has ended, and for generators.
    false_alarms: the rate for which it was chosen; older runs do not say so.
    """

    model: str
    config: dict[str, Any]
    data: Description
    threshold: float | None = None
    false_alarms: float = 0.01
    versions: dict[str, str] = {}
    machine: str = ""


class RunFolder:
    """The folder of one training run; `create` begins it, `open` finds it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.last = path / "last.safetensors"
        self.best = path / "best.safetensors"
        self.frames = path / "frames"  # of the animation
        self._config = path / "config.json"
        self._metrics = path / "metrics.jsonl"
        self.own, self._own_frames = OwnFiles(path, "train"), OwnFiles(self.frames, "train")
        self.lock: Lock | None = None

    def create(self, model: str, config: Config, data: Description, overwrite: bool) -> RunFolder:
        """This folder with its config.json; with `overwrite`, the files of an earlier run are removed first.

        Raises:
            RunError: the folder holds a run and `overwrite` is not set.
            OSError: it cannot be written, or its .written.json is not minigen's.
        """
        self.require_free(overwrite)
        self.path.mkdir(parents=True, exist_ok=True)
        if overwrite:
            with changing_list(self.path):
                self._forget()
        else:
            for own in (self.own, self._own_frames):
                own.written()  # a list that is not minigen's is noticed before the training
        self.describe(model, config, data)
        return self

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder's lock in a `with` block, and look before each write whether it is still held."""
        with locked(self.path) as self.lock:
            try:
                yield
            finally:
                self.lock = None

    def require_own(self) -> None:
        """Raise where another training has taken the locked folder. Called before each write."""
        if self.lock is not None:
            self.lock.require_held()

    @property
    def has_checkpoint(self) -> bool:
        """Whether a checkpoint exists, that of the last or of the best epoch."""
        return self.last.exists() or self.best.exists()

    def _forget(self) -> None:
        for own in (self.own, *([] if self.frames.is_symlink() else [self._own_frames])):
            try:
                own.remove()
            except FileExistsError:
                (own.folder / LIST).unlink()
        for file in (self.last, self.best, self._metrics):
            file.unlink(missing_ok=True)
        with suppress(OSError):  # it was never made, or holds something else
            self.frames.rmdir()

    def require_free(self, overwrite: bool) -> None:
        """Raise if a new run may not begin here.

        Raises:
            RunError: the folder holds a run and `overwrite` is not set.
        """
        if not overwrite and (self.has_checkpoint or self._config.exists() or self._metrics.exists()):
            run = "a run: --resume continues it," if self._config.exists() else "a run without its config.json:"
            raise RunError(f"{self.path} already holds {run} --overwrite replaces it, --out names another")

    @classmethod
    def open(cls, path: Path) -> RunFolder:
        """The folder of an existing run.

        Raises:
            RunError: there is none.
        """
        run = cls(path)
        if not exists(run._config):
            holds = "no run (it has no config.json)" if exists(path) else "no run (there is no such folder)"
            if exists(run.last) or exists(run.best):
                holds = "a run without its config.json: a training with --overwrite replaces it"
            raise RunError(f"{path} holds {holds}")
        return run

    def describe(
        self,
        model: str,
        config: Config,
        data: Description,
        threshold: float | None = None,
        false_alarms: float = FALSE_ALARMS,
    ) -> None:
        """Write config.json: the model's name, its hyper-parameters, a description of its data, and its device."""
        self.require_own()
        versions = {"python": platform.python_version(), **{name: _version(name) for name in _PACKAGES}}
        content = Described(
            model, msgspec.structs.asdict(config), data, threshold, false_alarms, versions, platform.platform()
        )
        replace_file(self._config, msgspec.json.format(schema.encode(content)))

    def described(self) -> Described:
        """The content of config.json; the model's Config checks the hyper-parameters.

        Raises:
            RunError: config.json is not what minigen wrote.
        """
        try:
            return schema.decode(read(self._config, MOST_CONFIG), Described, "it")
        except (OSError, ValueError) as error:
            raise RunError(f"{self._config}: not a run's description ({error})") from error

    def add_row(self, row: dict[str, Any]) -> None:
        """Append a line to metrics.jsonl; it is on the disk before the checkpoint that counts it."""
        self.require_own()
        append(self._metrics, (json.dumps(row) + "\n").encode())

    def rows(self) -> list[Row]:
        """The rows of metrics.jsonl, without a last line that a crash cut short.

        Raises:
            RunError: another line is not what minigen wrote.
        """
        rows: list[Row] = []
        lines = read(self._metrics, MOST_METRICS).splitlines() if self._metrics.exists() else []
        for number, line in enumerate(lines, start=1):
            try:
                rows.append(schema.decode(line, Row, "it"))
            except schema.NotJSONError as error:
                if number < len(lines):
                    raise self._foreign(number, error) from error
            except ValueError as error:
                raise self._foreign(number, error) from error
        return rows

    def _foreign(self, line: int, error: ValueError) -> RunError:
        what = f"{self._metrics}: not what minigen wrote (line {line}: {error})"
        return RunError(f"{what}; move the file away to go on without its rows")

    def keep_rows(self, epochs: int) -> None:
        """Remove the rows after epoch `epochs`, which a resumed run will write again."""
        self.require_own()
        kept = [row for row in self.rows() if "epoch" in row and row["epoch"] <= epochs]
        replace_file(self._metrics, "".join(json.dumps(row) + "\n" for row in kept).encode())

    def save_frame(self, epoch: int, content: bytes) -> list[str]:
        """Write an epoch's frame; a file of that name that minigen did not write stays, and a line says so."""
        self.require_own()
        make_folder(self.frames)
        name = f"{epoch:04d}.npy"
        if self._own_frames.foreign([name]):
            return [f"      {self.frames / name}: not written by minigen: it stays, and learning.gif lacks the epoch"]
        self._own_frames.save({name: content})
        return []

    def frame_files(self) -> dict[int, Path]:
        """The frames that minigen wrote, by epoch."""
        if self.frames.is_symlink():
            return {}
        own = [name for name in self._own_frames.written() if _FRAME.fullmatch(name)]
        foreign = self._own_frames.foreign(own)
        files = {int(name[:-4]): self.frames / name for name in own if name not in foreign}
        return {epoch: file for epoch, file in sorted(files.items()) if file.exists()}

    def save(self, name: str, content: bytes) -> Path:
        """Write a picture of that name, or of a free one like it where the folder has a file that is not minigen's.

        Raises:
            ValueError: the name is no plain one that ends in .png or .gif.
        """
        self.require_own()
        if not _NAME.fullmatch(name):
            raise ValueError(
                f"a figure's name is {name!r}, must be letters, digits, spaces, - and _ before .png or .gif"
            )
        stem, ending = name.split(".")
        number = 1
        with changing_list(self.path):
            while self.own.foreign([name]):
                number += 1
                name = f"{stem}-{number}.{ending}"
            self.own.save({name: content})
        return self.path / name


class Unwritten(RunFolder):
    """The run folder for workers other than 0, who write nothing and need not even have it."""

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Nothing is locked."""
        yield

    def _nothing(self, *_: Any, **__: Any) -> Any:
        return []

    create = describe = add_row = keep_rows = save_frame = _nothing


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed as a package"

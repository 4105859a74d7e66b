"""What the reader has solved, tried and been shown: a small file in the user's folder."""

from __future__ import annotations

import os

import msgspec

from minigen import files, schema


class Record(msgspec.Struct):
    """One exercise: whether it was solved, how often it was wrong, and how many hints were shown."""

    solved: bool = False
    tries: int = 0
    hints: int = 0


class Progress:
    """Records by "topic/exercise", kept in exercises.json below $XDG_DATA_HOME/minigen (~/.local/share/minigen).

    Attributes:
        trouble: what is wrong with the file, to tell the reader; empty if nothing. A damaged one is kept as *.damaged.
    """

    def __init__(self) -> None:
        folder = files.absolute(os.environ.get("XDG_DATA_HOME") or "~/.local/share") / "minigen"
        self._path, self.trouble = folder / "exercises.json", ""
        self._records: dict[str, Record] = {}
        if not self._path.exists():
            return
        try:
            self._records = schema.decode(files.read(self._path, 10**6), dict[str, Record], "it")
        except ValueError as error:
            aside = self._path.with_suffix(".damaged")
            self._path.replace(aside)
            self.trouble = f"{self._path} could not be read ({error}): kept as {aside.name}, progress begins anew"

    def of(self, topic: str, name: str) -> Record:
        """The record of an exercise."""
        return self._records.setdefault(f"{topic}/{name}", Record())

    def save(self) -> None:
        """Write the file; where that cannot be done, `trouble` says so and the reader goes on."""
        try:
            files.make_folder(self._path.parent)
            files.replace_file(self._path, msgspec.json.format(msgspec.json.encode(self._records)))
        except OSError as error:
            self.trouble = f"{error.filename or self._path}: {error.strerror}: progress is not kept"

"""The files that minigen wrote into a folder, listed there in .written.json: no other file is replaced or removed.

The list holds each file's checksum, so a file that somebody changed, or put in its place, is not minigen's any more.
"""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

import msgspec

from minigen import files, schema

PICTURES = "pictures"
LIST = ".written.json"
_ENDINGS = (".png", ".gif", ".csv", ".npy", ".safetensors", ".html")
_MOST_LIST, _MOST_FILE = 2**28, 2**32  # bytes


class Written(msgspec.Struct):
    """A file of the list: which command made it, and the SHA-256 of its content, also of the one before.

    A process that is killed has listed a file that it did not replace any more.
    """

    maker: str
    sha256: list[str] = []


class OwnFiles:
    """The files that one command, the `maker`, wrote into a folder and the folder `pictures` within it."""

    def __init__(self, folder: Path, maker: str) -> None:
        self.folder, self.maker = folder, maker
        self._list = folder / LIST

    def save(self, contents: Mapping[str, bytes], overwrite: bool = False) -> None:
        """Write each content to the file of its name.

        Raises:
            FileExistsError: a file of such a name is not minigen's, and `overwrite` is not set; nothing is written.
            ValueError: a name leads out of the folder, or has none of the endings that minigen writes.
        """
        for name in contents:
            if not _is_plain(name):
                raise ValueError(f"a file's name is {name!r}, must be a plain one that ends in {', '.join(_ENDINGS)}")
        try:
            written = self.written()
        except FileExistsError:
            if not overwrite:
                raise
            written = {}
        foreign = [] if overwrite else self.foreign(contents)
        if foreign:
            raise _not_own(self.folder / foreign[0], f" (and {len(foreign) - 1} more)" if len(foreign) > 1 else "")
        for name, content in contents.items():
            before = written.get(name, Written(self.maker)).sha256[-1:]
            written[name] = Written(self.maker, [*before, hashlib.sha256(content).hexdigest()])
        self._note(written)
        if any(name.startswith(f"{PICTURES}/") for name in contents):
            files.make_folder(self.folder / PICTURES)
        for name, content in contents.items():
            files.replace_file(self.folder / name, content)

    def remove(self, keep: Collection[str] = ()) -> None:
        """Remove what the maker wrote, but not the files to `keep`, nor any that was changed since."""
        written = self.written()
        own = [name for name, file in written.items() if file.maker == self.maker and name not in keep]
        changed = self.foreign(own)
        for name in own:
            if name not in changed:
                (self.folder / name).unlink(missing_ok=True)
            del written[name]
        self._note(written)

    def foreign(self, names: Iterable[str]) -> list[str]:
        """Those of the names under which there is something other than what minigen wrote."""
        written = self.written()
        return [name for name in names if self._is_foreign(name, written.get(name, Written("")).sha256)]

    def _is_foreign(self, name: str, known: Collection[str]) -> bool:
        path = self.folder / name
        if not os.path.lexists(path):
            return False
        if path.is_symlink() or (path.parent != self.folder and path.parent.is_symlink()) or not path.is_file():
            return True
        return hashlib.sha256(files.read(path, _MOST_FILE)).hexdigest() not in known

    def written(self) -> dict[str, Written]:
        """The list, by name; empty where there is none.

        Raises:
            FileExistsError: a file of the list's name is no such list.
        """
        if not os.path.lexists(self._list):
            return {}
        try:
            found: dict[str, Written] = schema.decode(files.read(self._list, _MOST_LIST), dict[str, Written], "it")
        except (OSError, ValueError) as error:
            raise _not_own(self._list) from error
        return {name: file for name, file in found.items() if _is_plain(name)}

    def _note(self, written: Mapping[str, Written]) -> None:
        if written:
            files.replace_file(self._list, schema.encode(written))
        else:
            self._list.unlink(missing_ok=True)


def _is_plain(name: str) -> bool:
    """Whether the name is that of a file in the folder or in its `pictures`, and not of a hidden one."""
    *folders, last = Path(name).parts or ("",)
    return folders in ([], [PICTURES]) and Path(name).suffix in _ENDINGS and "\0" not in last


def _not_own(path: Path, more: str = "") -> OSError:
    why = f"not written by minigen, or changed since{more}: --overwrite replaces it, --out names another folder"
    return FileExistsError(errno.EEXIST, why, str(path))

"""Files from the network: mirrors tried in turn, SHA-256, the user's cache folder, a progress bar (pooch)."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from minigen.data.dataset import DataError

TIMEOUT = 20.0  # seconds without an answer, or without the next bytes, after which the next mirror is tried
CHUNK = 1 << 16  # bytes
WORDS = {
    "ConnectTimeout": "no answer",
    "ReadTimeout": "no answer",
    "ConnectionError": "no connection",
    "ChunkedEncodingError": "the connection was cut",
}


@dataclass(frozen=True)
class Source:
    """Where to download a data set: base addresses, and the SHA-256 of each file."""

    mirrors: tuple[str, ...]
    hashes: Mapping[str, str]


def fetch(name: str, source: Source) -> Path:
    """The folder of the user's cache that holds all files of the source, each with the right SHA-256.

    A file that is already there is only checked. Raises DataError, one line with each mirror's
    answer and what to do without a network, when no mirror gives a file.
    """
    import pooch  # here, since only a download needs it and its progress bar warns in a notebook without widgets

    folder = Path(pooch.os_cache("minigen")) / name
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"{name}: the cache {folder} cannot be made ({error.strerror})") from error
    pooch.get_logger().setLevel("WARNING")
    for file, sha256 in source.hashes.items():
        _fetch_file(name, source.mirrors, file, sha256, folder)
    return folder


def _fetch_file(name: str, mirrors: tuple[str, ...], file: str, sha256: str, folder: Path) -> None:
    import pooch

    answers = []
    for mirror in mirrors:
        downloader = pooch.HTTPDownloader(sys.stderr.isatty(), chunk_size=CHUNK, timeout=TIMEOUT)
        try:
            pooch.retrieve(mirror + file, f"sha256:{sha256}", file, folder, downloader=downloader)
            return
        except (OSError, ValueError) as error:
            answers.append(f"{urlsplit(mirror).netloc}: {_reason(error)}")
    raise DataError(
        f"{name}: {file} could not be downloaded to {folder} ({'; '.join(answers)}). Without a network: "
        f"--data-dir FOLDER that holds the files, or --data mnist5k, which comes with minigen"
    )


def _reason(error: Exception) -> str:
    """A few words for what pooch and requests raise."""
    response = getattr(error, "response", None)
    if response is not None:
        return f"{response.status_code} {response.reason}"
    if isinstance(error, ValueError):
        return "wrong checksum"
    kind = type(error).__name__
    return getattr(error, "strerror", None) or WORDS.get(kind, kind)

"""What comes from elsewhere: downloads, archives, sequences and pictures, broken or hostile."""

from __future__ import annotations

import hashlib
import io
import math
import random
import tarfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from unittest import mock

import numpy as np
import pooch
from PIL import Image

from minigen import apply, train
from minigen.data import DataError, cifar, download
from minigen.data.pictures import read_picture
from minigen.training.run_folder import RunFolder
from tests.data.conftest import Mirror
from tests.data.test_damage import png as bomb
from tests.faults.fault import Effort, Fault, one_line, refused
from tests.small_runs import small_run

CONTENT = bytes(range(256)) * 400
NAME = "digits.gz"


def downloads(*kinds: str) -> Callable[[Path, Effort], Iterator[str]]:
    """The first server fails in this way: the next one helps; where all fail, one line, and no half a file."""

    def tries(folder: Path, _: Effort) -> Iterator[str]:
        with ExitStack() as stack:
            mirror = Mirror()
            stack.callback(mirror.close)
            stack.enter_context(mock.patch.object(download, "TIMEOUT", 0.3))
            stack.enter_context(mock.patch.dict("os.environ", {"NO_PROXY": "127.0.0.1"}))
            stack.enter_context(mock.patch.object(pooch, "os_cache", lambda name: folder / name))
            mirror.files[NAME] = CONTENT
            hashes = {NAME: hashlib.sha256(CONTENT).hexdigest()}
            for kind in kinds:
                yield _unhelped(kind, download.Source((mirror.address(kind), mirror.address(kind)), hashes))
                both = download.Source((mirror.address(kind), mirror.address("good")), hashes)
                content = (download.fetch(kind, both) / NAME).read_bytes()
                yield "" if content == CONTENT else "other content"

    return tries


def _unhelped(kind: str, source: download.Source) -> str:
    try:
        download.fetch(kind, source)
    except DataError as error:
        half = list((Path(pooch.os_cache("minigen")) / kind).iterdir())
        return one_line(error) or (f"left {half}" if half else "" if "--data-dir" in str(error) else "no advice")
    return "took it"


def hostile_archives(folder: Path, _: Effort) -> Iterator[str]:
    """Members that would be unpacked elsewhere, links, devices, sizes that lie, cut archives: nothing is unpacked."""
    inside = folder / "a" / "b"
    inside.mkdir(parents=True)
    archive = inside / cifar.ARCHIVE
    evil = [("../evil", tarfile.REGTYPE), (f"{folder}/evil", tarfile.REGTYPE), ("../../../evil", tarfile.REGTYPE)]
    evil += [(f"{cifar.FOLDER}/data_batch_1.bin", kind) for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE)]
    evil += [(f"{cifar.FOLDER}/data_batch_1.bin", kind) for kind in (tarfile.CHRTYPE, tarfile.FIFOTYPE)]
    for name, kind in evil:
        member = tarfile.TarInfo(name)
        member.type, member.linkname, member.size = kind, "/etc/passwd", 4 if kind == tarfile.REGTYPE else 0
        stream = io.BytesIO()
        with tarfile.open(fileobj=stream, mode="w:gz") as file:
            file.addfile(member, io.BytesIO(b"evil"))
        for content in (stream.getvalue(), stream.getvalue()[:-12]):
            archive.write_bytes(content)
            words = ["conv-ae", "--data", "cifar10", "--data-dir", inside, "--out", folder / "run"]
            lost = refused(train.main, words, "holds no regular file", "damaged archive")
            found = [path for path in folder.rglob("*") if path.is_file() and path != archive]
            yield lost or (f"made {found}" if found else "")


def not_a_number(folder: Path, effort: Effort) -> Iterator[str]:
    """NaN or infinity somewhere in the user's sequences: named by its place, before a folder is made."""
    places = random.Random(effort.seed)
    for bad in (math.nan, math.inf, -math.inf):
        for ending in ("npy", "csv"):
            values = np.zeros((20, 8))
            sequence, step = places.randrange(20), places.randrange(8)
            values[sequence, step] = bad
            file = folder / f"own.{ending}"
            if ending == "npy":
                np.save(file, values)
            else:
                np.savetxt(file, values, delimiter=",")
            words = ["recurrent-ae", "--data-file", file, "--out", folder / "run"]
            where = f"sequence {sequence + 1}, step" if ending == "npy" else f"line {sequence + 1}, column"
            lost = refused(train.main, words, f"{where} {step + 1}")
            yield lost or ("made a folder" if (folder / "run").exists() else "")


def no_pictures(folder: Path, effort: Effort) -> Iterator[str]:
    """Files that are no pictures, and pictures that were cut or changed: one line, or a picture."""
    run, numbers, stream = RunFolder(small_run(folder / "run")), random.Random(effort.seed), io.BytesIO()
    Image.fromarray(np.arange(784, dtype=np.uint16).astype(np.uint8).reshape(28, 28)).save(stream, "PNG")
    whole, file = stream.getvalue(), folder / "picture.png"
    for content in (
        b"",
        b"GIF89a",
        b"%PDF-1.4",
        b"%!PS-Adobe",
        bytes(1000),
        whole[:8],
        whole[:50],
        b"\xff\xd8\xff\xe0",
    ):
        file.write_bytes(content)
        yield refused(apply.main, [run.path, "encode", file], "not a picture", "cannot be read")
    for _ in range(30):
        place = numbers.randrange(len(whole))
        file.write_bytes(whole[:place] + bytes([numbers.randrange(256)]) + whole[place + 1 :])
        yield _one_line_or_done(run, file)


def _one_line_or_done(run: RunFolder, file: Path) -> str:
    try:
        picture = read_picture(file, 1, (28, 28))
    except DataError as error:
        return one_line(error)
    return "" if np.isfinite(picture).all() else "not finite"


def bombs(folder: Path, _: Effort) -> Iterator[str]:
    """A small file that says it is a huge picture is refused before it is unpacked."""
    run, file = small_run(folder / "run"), folder / "bomb.png"
    for width, height in ((8193, 8193), (100_000, 100_000), (2**31 - 1, 2**31 - 1), (2**30, 1), (1, 2**30)):
        file.write_bytes(bomb(width, height))
        yield refused(apply.main, [run, "encode", file], "pixels", "not a picture", "cannot be read")


FAULTS = (
    Fault("download cut half-way", downloads("cut")),
    Fault("download with a wrong checksum", downloads("wrong")),
    Fault("server that answers 403, 404 or 500", downloads("forbidden", "missing", "broken")),
    Fault("server that does not answer", downloads("slow")),
    Fault("hostile archive", hostile_archives),
    Fault("NaN or infinity in the data", not_a_number),
    Fault("picture that is none", no_pictures),
    Fault("decompression bomb", bombs),
)

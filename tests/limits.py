"""Limits that a test sets: memory, time, and the size of a file."""

from __future__ import annotations

import faulthandler
import resource
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def modest(most: int = 2**24) -> Iterator[None]:
    """What takes more than `most` bytes of memory fails; after a minute all ends with a traceback."""
    faulthandler.dump_traceback_later(60, exit=True)
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < most
    finally:
        tracemalloc.stop()
        faulthandler.cancel_dump_traceback_later()


@contextmanager
def no_file_above(size: int) -> Iterator[None]:
    """As on a full disk, writing fails half-way: with EFBIG instead of ENOSPC."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

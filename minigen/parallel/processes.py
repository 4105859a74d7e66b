"""Workers that are processes of one machine: they meet at a barrier and add up through memory that they share.

Each worker has a slot in the shared memory. To add up an array, all write theirs into their slots and meet. Each then
adds up what lies there, always in the same order, so that every run rounds alike. Where a worker needs only its part of
the sum, the others write only that.

Processes and not threads, because threads take turns at Python's interpreter lock: between two of them even an
addition of small arrays takes 25 times as long. A process has one thread for matrix products: N workers use N cores.

Nothing here can hang. A worker that waits looks after the others. Worker 0 has a pipe to each of them, through which an
error comes, or the end of a process that was killed; the others end as soon as their pipe from worker 0 is closed. The
memory has no name, so it goes with the last process, however that ends.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import queue
import signal
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from multiprocessing.sharedctypes import RawArray
from typing import Any, TypeVar

from threadpoolctl import threadpool_limits

from minigen import backend
from minigen.backend import Array
from minigen.parallel import WorkerError, Workers, end_to_end, require_rows, within, working_with

T = TypeVar("T")

MEMORY = 2**25  # bytes of all slots together; arrays longer than a slot are exchanged piece by piece
LINE = 64  # bytes, so that no two workers' counters lie in one line of the processor's cache
LOOKS = 2000  # at another worker's counter, before the first nap
NAP = 1 / 8  # of the time waited so far
LONGEST_NAP = 2e-3  # seconds, long enough for the system to use the core
PATIENCE = 5.0  # seconds that the others have to end at the end


class Processes(Workers):
    """Worker `rank` of `size`; `run` makes them.

    memory: a counter of each worker; two sets of slots, which calls use in turn, so that a fast worker never writes
        what a slow one still reads.
    """

    def __init__(self, rank: int, size: int, memory: Any, pipes: list[Connection]) -> None:
        self.rank, self.size, self._pipes = rank, size, pipes
        xp = backend.module("cpu")
        cells = xp.frombuffer(memory, "uint8")
        self._arrived = memoryview(cells[: size * LINE]).cast("q")[:: LINE // 8]
        self._slot = MEMORY // (2 * size) // LINE * LINE  # bytes
        self._slots = cells[size * LINE :][: 2 * size * self._slot].reshape(2, size, self._slot)
        self._calls, self._meetings = 0, 0
        self._others = [other for other in range(size) if other != rank]
        self.divide(evenly=True)
        self._fence = threading.Lock()
        self._messages: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def divide(self, evenly: bool) -> None:
        """Equal parts, or parts of 3, …, 3, 1.

        With unequal parts the last worker naps as soon as it waits, so that other programs use its core. The others
        never nap: their cores look busy all the time.
        """
        self.weights = () if evenly else (3,) * (self.size - 1) + (1,)
        has_small_part = not evenly and self.rank == self.size - 1
        self._looks, self._naps = 0 if has_small_part else LOOKS, evenly or has_small_part

    def all_reduce(self, array: Array) -> Array:
        """The sum of all workers' arrays."""
        whole = array.flatten()
        most = self._slot // array.itemsize
        for start in range(0, array.size, most):
            piece = whole[start : start + most]
            slots = self._next_slots(array)[:, : piece.size]
            slots[self.rank] = piece
            self._meet()
            piece[:] = slots[0]
            for slot in slots[1:]:
                piece += slot
        return whole.reshape(array.shape)

    def reduce_scatter(self, arrays: list[Array]) -> list[Array]:
        """This worker's part of the sum of all workers' arrays: of each array the numbers that lie in it, flat."""
        flat, rank = [array.reshape(-1) for array in arrays], self.rank
        total = sum(array.size for array in flat)
        own = self.own(total)
        whole, sums = end_to_end(within(own, flat))
        most = self._slot // whole.itemsize // self.size
        for parts in _pieces(self.parts(total), most):
            slots = self._next_slots(whole)[:, : self.size * most].reshape(self.size, self.size, most)  # from, to
            for to in self._others:
                numbers = within(parts[to], flat)
                backend.of(whole).concatenate(numbers, out=slots[rank, to, : _size(parts[to])])
            self._meet()
            piece = whole[parts[rank].start - own.start : parts[rank].stop - own.start]
            for other in self._others:
                piece += slots[other, rank, : piece.size]
        return sums

    def gather(self, array: Array) -> None:
        """Complete an array: each worker has computed its own rows."""
        require_rows(array)
        flat, width = array.reshape(-1), array.size // max(1, len(array))
        for parts in _pieces(self.parts(len(array), width), self._slot // array.itemsize):
            slots, own = self._next_slots(array), flat[parts[self.rank]]
            slots[self.rank, : own.size] = own
            self._meet()
            for other in self._others:
                flat[parts[other]] = slots[other, : _size(parts[other])]

    def share(self, value: T) -> T:
        """Worker 0's value, for all."""
        if self.rank:
            return self._messages.get()
        for pipe in self._pipes:
            with suppress(OSError):  # it has ended: the next meeting says why
                pipe.send(value)
        return value

    def decide(self, number: int) -> int:
        """The largest of all workers' numbers, for all."""
        told = backend.module("cpu").zeros(self.size, int)
        told[self.rank] = number
        return int(self.all_reduce(told).max())

    def _next_slots(self, array: Array) -> Array:
        """A slot of each worker, for numbers as those of the array."""
        self._calls += 1
        return self._slots[self._calls % 2].view(array.dtype)

    def _meet(self) -> None:
        """Return when all workers have come here."""
        self._meetings += 1
        for _ in range(2):
            with self._fence:  # what was written before is seen by other cores before the counter is
                pass
        self._arrived[self.rank] = self._meetings
        for rank in range(self.size):
            looks, begun = 0, time.perf_counter()
            while self._arrived[rank] < self._meetings:
                looks += 1
                if looks > self._looks:
                    if self._naps:
                        time.sleep(min(NAP * (time.perf_counter() - begun), LONGEST_NAP))
                    self.require_alive()

    def require_alive(self) -> None:
        """Raise what another worker raised, or a WorkerError where one has ended; only worker 0 looks.

        A worker may end as soon as it has come to the last meeting: so its counter is read after its pipe.
        """
        for rank, pipe in enumerate(self._pipes, start=1):
            if self.rank == 0 and pipe.poll() and self._arrived[rank] < self._meetings:
                try:
                    error = pipe.recv()
                except (EOFError, OSError):
                    error = WorkerError(f"worker {rank} of {self.size} has ended: it was killed, or out of memory")
                raise error

    def watch(self) -> None:
        """Keep what worker 0 shares; end this process when worker 0 has ended."""
        try:
            while True:
                self._messages.put(self._pipes[0].recv())
        finally:  # it has ended, or sent what this process cannot take
            os._exit(1)


def _pieces(parts: list[slice], most: int) -> Iterator[list[slice]]:
    """The workers' parts, piece by piece of at most so many numbers each."""
    for done in range(0, max(_size(part) for part in parts), most):
        yield [slice(min(p.start + done, p.stop), min(p.start + done + most, p.stop)) for p in parts]


def _size(part: slice) -> int:
    return part.stop - part.start


def run(size: int, function: Callable[..., T], *args: Any) -> T:
    """Call function(*args) in `size` processes at once, this one among them as worker 0; returns what it returned here.

    Both must be importable or picklable.

    Raises:
        WorkerError: a process ended before its work; and whatever the function raised in any of them.
    """
    if size == 1:
        return function(*args)
    with others(size, function, *args):
        return function(*args)


@contextmanager
def others(size: int, function: Callable[..., object], *args: Any) -> Iterator[None]:
    """function(*args) runs in size - 1 other processes; in the `with` block this one is their worker 0."""
    context = multiprocessing.get_context("spawn")
    try:
        memory = RawArray("b", size * LINE + MEMORY)
    except OSError as error:
        raise WorkerError(f"there is no memory that {size} workers could share: {error.strerror}") from error
    started, pipes = [], []
    try:
        for rank in range(1, size):
            try:
                here, there = context.Pipe()
                process = context.Process(target=_serve, args=(rank, size, memory, there, function, args), daemon=True)
                process.start()
            except OSError as error:
                raise WorkerError(f"of {size} workers the system starts {rank} only: {error.strerror}") from error
            there.close()
            started.append(process)
            pipes.append(here)
        workers = Processes(0, size, memory, pipes)
        workers.pids = tuple(process.pid for process in started if process.pid)
        with working_with(workers), threadpool_limits(1):
            yield
            workers.decide(0)
    except BaseException:
        for process in started:
            process.kill()
        raise
    finally:
        for pipe in pipes:
            pipe.close()
        end = time.monotonic() + PATIENCE
        for process in started:
            process.join(max(0.0, end - time.monotonic()))
            process.kill()
            process.join()


def _serve(
    rank: int, size: int, memory: Any, pipe: Connection, function: Callable[..., Any], args: tuple[Any, ...]
) -> None:
    """What a process other than this one does. It ignores Ctrl-C and SIGTERM, unless the function handles them."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    workers = Processes(rank, size, memory, [pipe])
    threading.Thread(target=workers.watch, daemon=True).start()
    try:
        with working_with(workers), threadpool_limits(1):
            function(*args)
            workers.decide(0)
    except BaseException as error:
        error.add_note(f"in worker {rank} of {size}:\n{traceback.format_exc()}")
        try:
            pickle.loads(pickle.dumps(error))  # noqa: S301, it is our own
            pipe.send(error)
        except Exception:  # it cannot be pickled, or not made again from that, or worker 0 has ended
            with suppress(OSError):
                pipe.send(WorkerError(f"worker {rank} of {size}: {type(error).__name__}: {error}"))
    os._exit(0)

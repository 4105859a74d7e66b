"""Workers that are ranks of `mpiexec`, on one machine or on many: they add up through MPI, and through NCCL on GPUs.

    mpiexec -n 4 python -m minigen.train conv-vae --distributed

Each rank runs this command. mpi4py hands arrays to MPI as they lie in memory. With --device gpu each rank has a GPU of
its machine, and NCCL adds up what lies on the GPUs.

mpiexec ends all ranks when one is killed. A rank with an error says so and ends all; ranks that meet the same error
leave the saying to rank 0.
"""

from __future__ import annotations

import atexit
import contextlib
import importlib
import importlib.util
import os
import sys
import time
from collections.abc import Iterator
from typing import Any, TypeVar

from threadpoolctl import threadpool_limits

from minigen import backend
from minigen.backend import Array
from minigen.parallel import WorkerError, Workers, end_to_end, require_rows, within, working_with

T = TypeVar("T")

INSTALL = "pip install 'minigen[distributed]' (mpi4py, and mpich for mpiexec)"
AFTER_RANK_0 = 2.0  # seconds that the other ranks leave it to say what is wrong
DELIVERY = 0.5  # seconds that mpiexec has to pass on the last words, which an abort would overtake


class MPI(Workers):
    """A rank of MPI's world."""

    def __init__(self, mpi: Any) -> None:
        self._mpi, self._world = mpi, mpi.COMM_WORLD
        self.rank, self.size = self._world.Get_rank(), self._world.Get_size()

    def all_reduce(self, array: Array) -> Array:
        """The sum of all ranks' arrays."""
        whole = backend.of(array).array(array, order="C")
        self._world.Allreduce(self._mpi.IN_PLACE, whole)
        return whole

    def reduce_scatter(self, arrays: list[Array]) -> list[Array]:
        """This rank's part of the sum of all ranks' arrays: of each array the numbers that lie in it, flat."""
        flat, places = end_to_end(arrays)
        own = self.own(flat.size)
        whole = flat[own]
        received = backend.of(flat).empty((self.size, whole.size), flat.dtype)
        self._swap(flat, self.parts(flat.size), received, self.parts(self.size, whole.size))
        for rank in range(self.size):
            if rank != self.rank:
                whole += received[rank]
        return within(own, places)

    def gather(self, array: Array) -> None:
        """Complete an array: each rank has computed its own rows."""
        require_rows(array)
        parts = self.parts(len(array), array.size // max(1, len(array)))
        self._swap(array, [parts[self.rank]] * self.size, array, parts)

    def _swap(self, sent: Array, sent_parts: list[slice], received: Array, received_parts: list[slice]) -> None:
        """Send each other rank a part of one array, and put what comes from it into a part of the other array.

        MPI has a Reduce_scatter and an Allgatherv; mpich's take up to ten times as long on one machine, where this
        reads the numbers from the other process's memory (RESULTS.md of tests/benchmarks).
        """
        self._world.Alltoallv([sent, self._places(sent_parts)], [received, self._places(received_parts)])

    def _places(self, parts: list[slice]) -> tuple[list[int], list[int]]:
        """How many numbers the other ranks' parts have, and where they begin; of its own part a rank sends nothing."""
        sizes = [0 if rank == self.rank else part.stop - part.start for rank, part in enumerate(parts)]
        return sizes, [part.start for part in parts]

    def share(self, value: T) -> T:
        """Rank 0's value, for all."""
        return self._world.bcast(value)

    def decide(self, number: int) -> int:
        """The largest of all ranks' numbers, for all."""
        told = backend.module("cpu").array([number], int)
        self._world.Allreduce(self._mpi.IN_PLACE, told, self._mpi.MAX)
        return int(told[0])

    def on(self, device: str) -> MPI:
        """The same ranks for arrays on this device."""
        self._there = NCCL(self._mpi) if device == "gpu" else self  # kept: deleting it waits for the other GPUs
        return self._there


class NCCL(MPI):
    """A rank with a GPU. The ranks agree on an id through MPI, and NCCL connects their GPUs.

    Raises:
        WorkerError: NCCL is not installed, two ranks would share a GPU, or it cannot connect the GPUs.
    """

    def __init__(self, mpi: Any) -> None:
        super().__init__(mpi)
        cupy = backend.module("gpu")
        self._nccl = importlib.import_module("cupy.cuda.nccl")
        if not self._nccl.available:
            raise WorkerError("ranks with --device gpu need NCCL: pip install nvidia-nccl-cu12 (-cu13 for CUDA 13)")
        machine = self._world.Split_type(mpi.COMM_TYPE_SHARED)
        gpu = cupy.cuda.Device(machine.Get_rank() % cupy.cuda.runtime.getDeviceCount())
        gpu.use()
        gpus, here = len(set(machine.allgather(gpu.pci_bus_id))), machine.Get_size()
        if gpus < here:
            raise WorkerError(f"{here} ranks of one machine have {gpus} GPUs, must have one each: mpiexec -ppn {gpus}")
        key = self.share(None if self.rank else self._nccl.get_unique_id())
        try:
            self._gpus = self._nccl.NcclCommunicator(self.size, key, self.rank)
        except self._nccl.NcclError as error:
            raise WorkerError(f"NCCL cannot connect the GPUs ({error}); NCCL_DEBUG=WARN says more") from error

    def all_reduce(self, array: Array) -> Array:
        """The sum of all ranks' arrays."""
        if backend.device_of(array) == "cpu":
            return super().all_reduce(array)
        whole = backend.of(array).array(array, order="C")
        self._add_up(whole)
        return whole

    def reduce_scatter(self, arrays: list[Array]) -> list[Array]:
        """This rank's part of the sum of all ranks' arrays: of each array the numbers that lie in it, flat."""
        if backend.device_of(arrays[0]) == "cpu":
            return super().reduce_scatter(arrays)
        flat, places = end_to_end(arrays)
        self._add_up(flat)
        return within(self.own(flat.size), places)

    def gather(self, array: Array) -> None:
        """Complete an array: each rank has computed its own rows, sets the others to zero, and adds up."""
        if backend.device_of(array) == "cpu":
            super().gather(array)
        else:
            require_rows(array)
            own = self.own(len(array))
            array[: own.start], array[own.stop :] = 0, 0
            self._add_up(array)

    def _add_up(self, array: Array) -> None:
        """Replace the array by the sum of all ranks' arrays, on the GPUs' own stream: nothing waits."""
        kind = {"float32": self._nccl.NCCL_FLOAT32, "float64": self._nccl.NCCL_FLOAT64}[array.dtype.name]
        at, stream = array.data.ptr, backend.module("gpu").cuda.get_current_stream().ptr
        self._gpus.allReduce(at, at, array.size, kind, self._nccl.NCCL_SUM, stream)


_exit_code = 1


def end_with(code: int) -> int:
    """The code that this program exits with; where a rank failed, mpiexec exits with it too."""
    global _exit_code
    _exit_code = code
    return code


@contextlib.contextmanager
def ranks() -> Iterator[MPI]:
    """`workers()` are the ranks of mpiexec in a `with` block, with one BLAS thread each.

    Raises:
        WorkerError: mpi4py is not installed, or this process was not started by mpiexec.
    """
    if importlib.util.find_spec("mpi4py") is None:
        raise WorkerError(f"--distributed needs mpi4py, which is not installed: {INSTALL}")
    if not any(name in os.environ for name in ("PMI_RANK", "PMIX_RANK", "OMPI_COMM_WORLD_RANK")):
        command = "mpiexec -n 4 python -m minigen.train MODEL --distributed"
        raise WorkerError(f"--distributed needs mpiexec, which starts one process per rank: {command}")
    try:
        mpi = importlib.import_module("mpi4py.MPI")
    except (ImportError, RuntimeError) as error:
        raise WorkerError(f"mpi4py finds no MPI library ({error}): {INSTALL}") from error
    workers = MPI(mpi)
    try:
        with working_with(workers), threadpool_limits(1):
            yield workers
    except (Exception, KeyboardInterrupt):
        if workers.rank:
            time.sleep(AFTER_RANK_0)
        atexit.register(_end_all, mpi, workers)
        raise


def _end_all(mpi: Any, _: MPI) -> None:
    """Abort all ranks; `_` keeps the connections until then, since deleting one would wait for the other ranks."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            stream.flush()
    time.sleep(DELIVERY)
    mpi.COMM_WORLD.Abort(_exit_code)

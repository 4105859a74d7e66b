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
import itertools
import os
import sys
import time
from collections.abc import Iterator
from typing import Any, TypeVar

from threadpoolctl import threadpool_limits

from minigen import backend
from minigen.backend import Array
from minigen.parallel import WorkerError, Workers, working_with

T = TypeVar("T")

INSTALL = "pip install 'minigen[distributed]' (mpi4py, and mpich for mpiexec)"
AFTER_RANK_0 = 2.0  # seconds that the other ranks leave it to say what is wrong


class MPI(Workers):
    """A rank of MPI's world."""

    def __init__(self, mpi: Any) -> None:
        self._mpi, self._world = mpi, mpi.COMM_WORLD
        self.rank, self.size = self._world.Get_rank(), self._world.Get_size()

    def all_reduce(self, array: Array) -> None:
        """Replace the array by the sum of all ranks' arrays."""
        self._world.Allreduce(self._mpi.IN_PLACE, array)

    def gather(self, array: Array) -> None:
        """Complete an array: each rank has computed its own rows."""
        row = array.size // len(array) if len(array) else 0
        begins = [row * (rank * len(array) // self.size) for rank in range(self.size + 1)]
        counts = [end - begin for begin, end in itertools.pairwise(begins)]
        self._world.Allgatherv(self._mpi.IN_PLACE, [array, (counts, begins[:-1])])

    def share(self, value: T) -> T:
        """Rank 0's value, for all."""
        return self._world.bcast(value)

    def decide(self, number: int) -> int:
        """Rank 0's number, for all."""
        return self._world.bcast(number)


class NCCL(MPI):
    """A rank with a GPU. The ranks agree on an id through MPI, and NCCL connects their GPUs."""

    def __init__(self, mpi: Any) -> None:
        super().__init__(mpi)
        cupy = backend.module("gpu")
        on_this_machine = self._world.Split_type(mpi.COMM_TYPE_SHARED)
        cupy.cuda.Device(on_this_machine.Get_rank() % cupy.cuda.runtime.getDeviceCount()).use()
        self._nccl = cupy.cuda.nccl
        self._gpus = self._nccl.NcclCommunicator(
            self.size, self.share(None if self.rank else self._nccl.get_unique_id()), self.rank
        )

    def all_reduce(self, array: Array) -> None:
        """Replace the array by the sum of all ranks' arrays, on the GPUs' own stream: nothing waits."""
        if backend.device_of(array) == "cpu":
            super().all_reduce(array)
        else:
            self._gpus.allReduce(*self._call(array), self._nccl.NCCL_SUM, _stream())

    def gather(self, array: Array) -> None:
        """Complete an array: each rank has computed its own rows, sets the others to zero, and adds up."""
        if backend.device_of(array) == "cpu":
            super().gather(array)
        else:
            own = self.own(len(array))
            array[: own.start], array[own.stop :] = 0, 0
            self.all_reduce(array)

    def _call(self, array: Array) -> tuple[int, int, int, int]:
        """Where to read, where to write, how many numbers, of which type."""
        kind = self._nccl.NCCL_FLOAT32 if array.dtype == "float32" else self._nccl.NCCL_FLOAT64
        return array.data.ptr, array.data.ptr, array.size, kind


def _stream() -> int:
    return backend.module("gpu").cuda.get_current_stream().ptr


@contextlib.contextmanager
def ranks(device: str) -> Iterator[Workers]:
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
        workers = NCCL(mpi) if device == "gpu" else workers
        with working_with(workers), threadpool_limits(1):
            yield workers
    except BaseException:
        if workers.rank:
            time.sleep(AFTER_RANK_0)
        atexit.register(_end_all, mpi)
        raise


def _end_all(mpi: Any) -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            stream.flush()
    mpi.COMM_WORLD.Abort(2)

"""A stand-in for the module `cupy.cuda.nccl`: the GPUs of fake_cupy.py lie in the host's memory, and MPI adds up.

test_cupy_api.py compares the signatures with those of the installed CuPy.
"""

from __future__ import annotations

import ctypes

import fake_cupy
import numpy as np

available = True
NCCL_SUM, NCCL_FLOAT32, NCCL_FLOAT64 = 0, 7, 8


class NcclError(RuntimeError): ...


def get_unique_id() -> bytes:
    return bytes(range(128))


class NcclCommunicator:
    def __init__(self, ndev: int, commId: bytes, rank: int) -> None:  # noqa: N803 (CuPy's names)
        if commId != get_unique_id() or rank not in range(ndev) or fake_cupy.gpu_in_use is None:
            raise NcclError("NCCL_ERROR_INVALID_USAGE")

    def allReduce(  # noqa: N802
        self, sendbuf: int, recvbuf: int, count: int, datatype: int, op: int, stream: int
    ) -> None:
        from mpi4py import MPI

        dtype = {NCCL_FLOAT32: np.dtype("float32"), NCCL_FLOAT64: np.dtype("float64")}[datatype]
        memory = (ctypes.c_char * (count * dtype.itemsize)).from_address(recvbuf)
        assert (sendbuf, op, stream) == (recvbuf, NCCL_SUM, fake_cupy.STREAM)
        MPI.COMM_WORLD.Allreduce(MPI.IN_PLACE, np.frombuffer(memory, dtype))

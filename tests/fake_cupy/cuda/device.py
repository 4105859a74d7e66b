"""`cupy.cuda.Device`; there is only device 0."""

from __future__ import annotations

from types import TracebackType

from .. import _card, _counts


class Device:
    """Equal by number, as CuPy's; to use one that is not there is an error."""

    def __init__(self, device: int | Device = 0):
        self.id = int(device)

    def use(self) -> Device:
        _card.require()
        if self.id != 0:
            raise _card.CUDARuntimeError("cudaErrorInvalidDevice: invalid device ordinal")
        return self

    def synchronize(self) -> None:
        _card.require()
        _counts.synchronisation("Device.synchronize")

    @property
    def compute_capability(self) -> str:
        _card.require()
        return "90"

    @property
    def mem_info(self) -> tuple[int, int]:
        _card.require()
        return 2**29, 2**30

    def __int__(self) -> int:
        return self.id

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Device) and self.id == other.id

    def __hash__(self) -> int:
        return hash(self.id)

    def __repr__(self) -> str:
        return f"<CUDA Device {self.id}>"

    def __enter__(self) -> Device:
        return self.use()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def get_device_id() -> int:
    _card.require()
    return 0

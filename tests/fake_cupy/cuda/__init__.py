"""`cupy.cuda`: one pretended device, no streams worth the name."""

from .._card import plugged_in as is_available
from . import runtime
from .device import Device, get_device_id
from .stream import Stream, get_current_stream

__all__ = ["Device", "Stream", "get_current_stream", "get_device_id", "is_available", "runtime"]

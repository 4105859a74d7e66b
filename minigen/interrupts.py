"""Ctrl-C while `python -m minigen.…` still imports ends the process quietly, without a traceback.

The package imports this file first. `run_command` turns Ctrl-C into KeyboardInterrupt again once a command runs.
"""

from __future__ import annotations

import signal
import sys
import threading

_PROGRAM = sys.argv[:1] == ["-m"] and any(word.startswith("minigen") for word in sys.orig_argv[1:])

if _PROGRAM and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def raise_again() -> None:
    """Let Ctrl-C raise KeyboardInterrupt."""
    in_main_thread = threading.current_thread() is threading.main_thread()
    if _PROGRAM and in_main_thread and signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)

"""Lets a thread have the disk and the processor only while nobody else wants them, where the machine allows it.

Leaves out: making that sure. On a box the unit of `jobs` asks the same of
systemd, whose filter of system calls may refuse it here.
"""

import ctypes
import os
import platform
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_CALLS = {"x86_64": (251, 252), "aarch64": (30, 31)}  # ioprio_set, ioprio_get: asm/unistd.h
_PROCESS = 1  # IOPRIO_WHO_PROCESS: a thread, here the calling one
_IDLE = 3 << 13  # IOPRIO_CLASS_IDLE
_NICEST = 19


@contextmanager
def idle_priority() -> Iterator[None]:
    """Put this thread last at the disk and the processor for a block; what the machine refuses is left as it is.

    The processor's part stays with the thread: only a privileged process may take it back.

    Source: ioprio_set(2), setpriority(2).
    """
    before = _give_io(None)
    _give_io(_IDLE)
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICEST)
    try:
        yield
    finally:
        if before is not None:
            _give_io(before)


def io_priority() -> int | None:
    """Give this thread's priority at the disk as the kernel writes it, or None where it does not say."""
    return _give_io(None)


def _give_io(priority: int | None) -> int | None:
    """Set this thread's priority at the disk, or ask for it."""
    calls = _CALLS.get(platform.machine())
    if calls is None:
        return None
    libc = ctypes.CDLL(None)
    if priority is None:
        found = libc.syscall(calls[1], _PROCESS, 0)
        return found if found >= 0 else None
    libc.syscall(calls[0], _PROCESS, 0, priority)
    return priority

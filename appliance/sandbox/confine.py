"""Takes every right from the running process but to compute and to use its open pipes.

Guards: after `confine()` the process cannot open a file or socket, make or run
a process, be traced or dumped, or outgrow its memory. It fails closed: a
kernel that cannot confine raises, and the child does not serve.
"""

import ctypes
import os
import platform
import resource
import signal

from appliance.errors import Unavailable
from appliance.sandbox import syscalls

MEMORY_BYTES = 768 * 1024 * 1024
CPU_SECONDS = 120  # of a child's whole life; its parent replaces it long before
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS = 1, 4, 22, 38  # linux/prctl.h
_SECCOMP_MODE_FILTER = 2  # linux/seccomp.h
_FILTER_STEP_BYTES = 8


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("steps", ctypes.c_void_p)]


def end_with_parent() -> None:
    """Have the kernel kill this process when its parent ends.

    Raises:
        Unavailable: The kernel refused.
    """
    _control(ctypes.CDLL(None, use_errno=True), _PR_SET_PDEATHSIG, signal.SIGKILL)


def confine() -> None:
    """Give up every right; there is no way back.

    Raises:
        Unavailable: The kernel refused, or the machine is not one we know.
    """
    if not syscalls.knows(platform.machine()):
        raise Unavailable("no confinement for this kind of machine")
    if len(os.listdir("/proc/self/task")) != 1:  # noqa: PTH208  what counts is their number
        raise Unavailable("a process with threads is not confined as a whole")
    libc = ctypes.CDLL(None, use_errno=True)
    _control(libc, _PR_SET_PDEATHSIG, signal.SIGKILL)
    _control(libc, _PR_SET_DUMPABLE, 0)
    _control(libc, _PR_SET_NO_NEW_PRIVS, 1)
    _limit()
    steps = syscalls.program(platform.machine())
    buffer = ctypes.create_string_buffer(steps, len(steps))
    filter_ = _Program(len(steps) // _FILTER_STEP_BYTES, ctypes.cast(buffer, ctypes.c_void_p))
    _control(libc, _PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(filter_))


def _limit() -> None:
    limits = {
        resource.RLIMIT_AS: MEMORY_BYTES,
        resource.RLIMIT_CPU: CPU_SECONDS,
        resource.RLIMIT_NOFILE: 0,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NPROC: 0,
    }
    for which, most in limits.items():
        resource.setrlimit(which, (most, most))


def _control(libc: ctypes.CDLL, option: int, *arguments: object) -> None:
    padded = [*arguments, 0, 0, 0, 0][:4]
    widened = [ctypes.c_ulong(value) if isinstance(value, int) else value for value in padded]
    if libc.prctl(option, *widened) != 0:
        raise Unavailable(f"the kernel refused to confine a parser: {os.strerror(ctypes.get_errno())}")

"""Run as a child: gives up its rights, then tries what it may no longer do and says what happened."""

import ctypes
import os
import resource
import socket
import sys
from collections.abc import Callable
from pathlib import Path

from appliance.sandbox.confine import confine

LIBC = ctypes.CDLL(None, use_errno=True)


def refused(attempt: Callable[[], object]) -> bool:
    try:
        attempt()
    except (OSError, MemoryError, ValueError):  # setrlimit says ValueError for EPERM
        return True
    return False


def call(name: str, *arguments: int) -> None:
    """Make a call of the C library that Python has no word for."""
    if LIBC[name](*arguments) == -1:
        raise OSError(ctypes.get_errno(), "refused")


ATTEMPTS: dict[str, Callable[[], object]] = {
    "open": lambda: Path("/etc/hostname").open(),  # noqa: SIM115  it must not open at all
    "create": lambda: os.open("/tmp/never", os.O_CREAT | os.O_WRONLY),  # noqa: S108  it must not be made
    "list": lambda: os.listdir("/"),  # noqa: PTH208  the call itself is what is tried
    "stat": lambda: os.stat("/"),  # noqa: PTH116  the call itself is what is tried
    "socket": socket.socket,
    "unix socket": lambda: socket.socket(socket.AF_UNIX),
    "fork": os.fork,
    "run": lambda: os.execv("/bin/true", ["true"]),  # noqa: S606  it must not run
    "kill": lambda: os.kill(os.getppid() or 1, 0),
    "duplicate": lambda: os.dup(1),
    "pipe": os.pipe,
    "executable memory": lambda: call("mmap", 0, 4096, 7, 0x22, -1, 0),
    "ptrace": lambda: call("ptrace", 0, 0, 0, 0),
    "io_uring": lambda: call("syscall", 425, 8, 0),
    "memory file": lambda: os.memfd_create("x"),
    "raise limits": lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64)),
    "two gigabytes": lambda: bytearray(2 << 30),
}


def main() -> None:
    confine()
    found = {name: refused(attempt) for name, attempt in ATTEMPTS.items()}
    os.write(1, " ".join(name.replace(" ", "-") for name, was in found.items() if not was).encode())
    bytearray(64 << 20)
    sys.exit(0)


if __name__ == "__main__":
    main()

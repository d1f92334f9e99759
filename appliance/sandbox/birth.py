"""Ways to bring a confined child into the world: executed fresh, or forked by a nursery.

Guards: neither way lets a key, an environment or a descriptor of this process
into a child: what it is executed with is the same for all (`ENVIRONMENT`). A nursery is a process that
has imported what children need and never reads untrusted bytes itself; it
forks a child in milliseconds where an interpreter needs a tenth of a second.

Source: unix(7), SCM_RIGHTS; pidfd_open(2).
"""

import os
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

import appliance
from appliance.errors import Unavailable

PROCESS_ID = struct.Struct("<i")
ASK = b"\x01"
CHILD_COMMAND = (sys.executable, "-E", "-s", "-B", "-m", "appliance.sandbox.child")
_NURSERY_COMMAND = (sys.executable, "-E", "-s", "-B", "-m", "appliance.sandbox.nursery")
_PACKAGE_ROOT = Path(appliance.__file__).parents[1]
_PATIENCE_SECONDS = 20.0
ENVIRONMENT = {"OPENBLAS_NUM_THREADS": "1"}  # numpy begins threads else, and a thread that is there is not confined


@dataclass(frozen=True)
class Confined:
    """A child that serves requests.

    Attributes:
        process_id: For those who watch it.
        reading: Descriptor of what it says; ours to close by `end`.
        writing: Descriptor of what it hears.
        end: Kills it and closes everything.
    """

    process_id: int
    reading: int
    writing: int
    end: Callable[[], None]


Birth = Callable[[str], Confined]


def executed(command: tuple[str, ...] = CHILD_COMMAND) -> Birth:
    """Give the way that executes `command` with the mode as its last argument, an interpreter for each child."""

    def birth(mode: str) -> Confined:
        child = subprocess.Popen(  # noqa: S603  our own interpreter and module, no outside word
            [*command, mode],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # a parser's own words could quote the data
            bufsize=0,
            cwd=_PACKAGE_ROOT,
            env=ENVIRONMENT,
            close_fds=True,
        )
        if child.stdin is None or child.stdout is None:
            raise ValueError("pipes were asked for")

        def end() -> None:
            child.kill()
            child.communicate()

        return Confined(child.pid, child.stdout.fileno(), child.stdin.fileno(), end)

    return birth


class Nursery:
    """Forks children of one mode; threads may share it. It is started at first use, and again if it dies."""

    def __init__(self, mode: str) -> None:
        self._mode = mode
        self._lock = Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None

    def birth(self, mode: str) -> Confined:
        """Fork one child.

        Raises:
            Unavailable: No child can be made now.
        """
        if mode != self._mode:
            raise ValueError(f"this nursery prepares children for {self._mode}")
        with self._lock:
            try:
                return _forked(self._ready())
            except OSError:
                self._end()
            try:
                return _forked(self._ready())
            except OSError as error:
                self._end()
                raise Unavailable("no parser can be started") from error

    def close(self) -> None:
        """End the nursery and, with it, every child of it."""
        with self._lock:
            self._end()

    def _ready(self) -> socket.socket:
        if self._control is None:
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            with theirs:
                self._process = subprocess.Popen(  # noqa: S603  our own interpreter and module, no outside word
                    [*_NURSERY_COMMAND, self._mode],
                    stdin=theirs.fileno(),
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    cwd=_PACKAGE_ROOT,
                    env=ENVIRONMENT,
                    close_fds=True,
                )
            ours.settimeout(_PATIENCE_SECONDS)
            self._control = ours
        return self._control

    def _end(self) -> None:
        control, process, self._control, self._process = self._control, self._process, None, None
        if control is not None:
            control.close()
        if process is not None:
            process.kill()
            process.wait()


def _forked(control: socket.socket) -> Confined:
    hears, writing = os.pipe()
    reading, says = os.pipe()
    try:
        try:
            socket.send_fds(control, [ASK], [hears, says])
        finally:
            os.close(hears)
            os.close(says)
        answer, handles, _, _ = socket.recv_fds(control, PROCESS_ID.size, 1)
        if len(answer) != PROCESS_ID.size or len(handles) != 1:
            raise ConnectionResetError("the nursery is gone")
    except OSError:
        os.close(reading)
        os.close(writing)
        raise

    def end() -> None:
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(handles[0], signal.SIGKILL)
        for descriptor in (handles[0], reading, writing):
            os.close(descriptor)

    return Confined(PROCESS_ID.unpack(answer)[0], reading, writing, end)

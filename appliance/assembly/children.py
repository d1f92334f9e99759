"""Child processes that are started again when they die or hang, and end with their parent.

Guards: a child's secrets reach it by an inherited pipe only, never by its
arguments, its environment or a file; it inherits no other descriptor; when
the supervisor dies, however it dies, the kernel ends its children.

A log is bounded while its process runs: a large one is set aside, one is kept.

The supervisor has one thread: what runs between fork and exec relies on it.

Source: prctl(2), PR_SET_PDEATHSIG.
"""

import ctypes
import logging
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from appliance.assembly.heartbeat import Heartbeat, Watchdog
from appliance.clock import Clock

log = logging.getLogger(__name__)

_PR_SET_PDEATHSIG = 1
_PAUSES_SECONDS = (0.1, 0.3, 1.0, 2.0, 4.0)
_STEADY_SECONDS = 30.0
_PATIENCE_SECONDS = 10.0
_LARGEST_LOG_BYTES = 8 << 20


@dataclass(frozen=True)
class Plan:
    """How to run one child.

    Attributes:
        name: For people and logs.
        command: Program and arguments; `{keys}` among them becomes the number of the keys' descriptor.
        environment: All of it; nothing is inherited.
        log_file: Where its standard output and error go.
        keyring: Written into a pipe that it inherits; None for a child without keys.
        watchdog: How long it may be silent before it is taken for hanging; None asks nothing of it.
    """

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    log_file: Path
    keyring: bytes | None = field(default=None, repr=False)
    watchdog: Watchdog | None = None


class Child:
    """One process that should be running."""

    def __init__(self, plan: Plan, clock: Clock) -> None:
        self.plan = plan
        self._clock = clock
        self._process: subprocess.Popen[bytes] | None = None
        self._heartbeat: Heartbeat | None = None
        self._failures = 0
        self._started_at = 0.0
        self._asked_at = 0.0
        self._start_again_at = 0.0

    @property
    def process_id(self) -> int | None:
        """Its process id while it runs."""
        return self._process.pid if self._process else None

    def tend(self) -> None:
        """Start it when it should run and does not, kill it when it hangs; call this often."""
        if self._process is not None and self._process.poll() is not None:
            self._note_death(self._process.returncode)
        if self._process is not None and self._heartbeat is not None and self._heartbeat.is_late():
            log.warning("%s hangs: it was silent for too long and is killed", self.plan.name)
            self._process.kill()
            self._hear_no_more()
        _keep_small(self.plan.log_file)
        if self._process is None and self._clock.monotonic() >= self._start_again_at:
            self._start()

    def ask_to_stop(self) -> None:
        """Send SIGTERM and return at once."""
        if self._process is not None:
            self._process.terminate()
            self._asked_at = self._clock.monotonic()

    def has_left(self, patience_seconds: float = _PATIENCE_SECONDS) -> bool:
        """Say, without waiting, whether it has ended since it was asked; past the patience, kill it."""
        if self._process is None or self._process.poll() is not None:
            self._process = None
            self._hear_no_more()
            return True
        if self._clock.monotonic() - self._asked_at > patience_seconds:
            log.warning("%s did not stop in %.0f s and was killed", self.plan.name, patience_seconds)
            self._process.kill()
        return False

    def stop(self, patience_seconds: float = _PATIENCE_SECONDS) -> None:
        """Wait for its end; past the patience, kill it."""
        if self._process is None:
            return
        try:
            self._process.wait(patience_seconds)
        except subprocess.TimeoutExpired:
            log.warning("%s did not stop in %.0f s and was killed", self.plan.name, patience_seconds)
            self._process.kill()
            self._process.wait()
        self._process = None
        self._hear_no_more()

    def _start(self) -> None:
        if self.plan.watchdog is not None:
            try:
                self._heartbeat = Heartbeat(self.plan.watchdog, self._clock)
            except OSError as error:
                log.warning("%s runs without a watchdog: %s", self.plan.name, error.strerror)
        self._process = _spawn(self.plan, self._heartbeat.environment if self._heartbeat is not None else {})
        self._started_at = self._clock.monotonic()
        log.info("%s runs as process %d", self.plan.name, self._process.pid)

    def _hear_no_more(self) -> None:
        if self._heartbeat is not None:
            self._heartbeat.close()
            self._heartbeat = None

    def _note_death(self, status: int) -> None:
        if self._clock.monotonic() - self._started_at > _STEADY_SECONDS:
            self._failures = 0
        pause = _PAUSES_SECONDS[min(self._failures, len(_PAUSES_SECONDS) - 1)]
        self._failures += 1
        self._start_again_at = self._clock.monotonic() + pause
        self._process = None
        self._hear_no_more()
        log.warning("%s ended with status %d and starts again in %.1f s", self.plan.name, status, pause)


def _spawn(plan: Plan, heartbeat: Mapping[str, str]) -> subprocess.Popen[bytes]:
    read_end = None if plan.keyring is None else _filled_pipe(plan.keyring)
    command = [str(read_end) if part == "{keys}" else part for part in plan.command]
    try:
        with _open_log(plan.log_file) as log_file:
            return subprocess.Popen(  # noqa: S603  the command is ours; nothing in it comes from outside
                command,
                env={**plan.environment, **heartbeat},
                stdin=subprocess.DEVNULL,
                stdout=log_file,
                stderr=subprocess.STDOUT,
                pass_fds=() if read_end is None else (read_end,),
                process_group=0,
                preexec_fn=ending_with_this(),  # noqa: PLW1509  the supervisor has one thread
            )
    finally:
        if read_end is not None:
            os.close(read_end)


def _filled_pipe(secret: bytes) -> int:
    """Give the read end of a pipe that holds the secret, its write end closed; a keyring is far below 64 KiB."""
    read_end, write_end = os.pipe()
    try:
        os.write(write_end, secret)
    finally:
        os.close(write_end)
    return read_end


def _keep_small(path: Path) -> None:
    """Set a large log aside, in the place of the one before it, while its process goes on writing to it.

    The process has the file itself open for appending, so it is copied and cut; lines of the moment between are lost.
    """
    with suppress(OSError):
        if path.stat().st_size > _LARGEST_LOG_BYTES:
            shutil.copyfile(path, path.with_suffix(".old"))
            os.truncate(path, 0)


def _open_log(path: Path) -> BinaryIO:
    """Open a log for appending."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "wb", buffering=0)


def ending_with_this() -> Callable[[], None]:
    """Give what a child does before it becomes its program, so that the kernel ends it when this process dies."""
    parent = os.getpid()
    prctl = ctypes.CDLL(None, use_errno=True).prctl

    def prepare() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)

    return prepare

"""Hears a child say that it serves and that its work goes on, as systemd hears a unit, and tells when it is silent.

Guards: silence is judged only after all that was said has been heard, so a
supervisor that was busy, or stopped itself, blames no child for it; each process
has a socket of its own, so nothing that one said is taken for another's. Nothing
here waits. Leaves out: who asks for no watchdog (Caddy says only that it serves).

Source: sd_notify(3), sd_watchdog_enabled(3).
"""

import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from appliance.clock import Clock

_LARGEST_MESSAGE_BYTES = 4096
_MOST_AT_ONCE = 1000  # a child that never stops talking holds up nobody
_SERVES, _LIVES, _NEEDS_TIME = "READY=1", "WATCHDOG=1", "EXTEND_TIMEOUT_USEC="


@dataclass(frozen=True)
class Watchdog:
    """How long a child may be silent.

    Attributes:
        address: The unix socket that it tells; made anew for each process.
        patience_seconds: While it serves; it is told this and speaks three times as often.
        start_seconds: Until it serves; it may ask for more.
    """

    address: Path
    patience_seconds: float
    start_seconds: float = 90.0  # as systemd has it, DefaultTimeoutStartSec=


class Heartbeat:
    """One process's."""

    def __init__(self, watchdog: Watchdog, clock: Clock) -> None:
        """Listen; the process is started next.

        Raises:
            OSError: The socket cannot be made.
        """
        self._watchdog, self._clock = watchdog, clock
        self._serves = False
        self._due_at = clock.monotonic() + watchdog.start_seconds
        watchdog.address.unlink(missing_ok=True)
        self._line = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
        try:
            self._line.bind(str(watchdog.address))
        except OSError:
            self._line.close()
            raise

    @property
    def environment(self) -> Mapping[str, str]:
        """What the process is told in its environment."""
        microseconds = round(self._watchdog.patience_seconds * 1_000_000)
        return {"NOTIFY_SOCKET": str(self._watchdog.address), "WATCHDOG_USEC": str(microseconds)}

    def is_late(self) -> bool:
        """Hear what was said, and say whether it has been silent for longer than it may."""
        for _ in range(_MOST_AT_ONCE):
            try:
                message = self._line.recv(_LARGEST_MESSAGE_BYTES)
            except BlockingIOError:
                break
            for line in message.decode(errors="replace").splitlines():
                self._hear(line)
        return self._clock.monotonic() > self._due_at

    def close(self) -> None:
        """Listen no more."""
        self._line.close()
        self._watchdog.address.unlink(missing_ok=True)

    def _hear(self, line: str) -> None:
        now = self._clock.monotonic()
        if line == _SERVES or (line == _LIVES and self._serves):
            self._serves = True
            self._due_at = now + self._watchdog.patience_seconds
        elif line.startswith(_NEEDS_TIME) and not self._serves:
            asked = line.removeprefix(_NEEDS_TIME)
            if asked.isascii() and asked.isdecimal():
                self._due_at = max(self._due_at, now + int(asked) / 1_000_000)

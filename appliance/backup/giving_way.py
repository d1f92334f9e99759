"""Lets an outside program stand still while scans arrive: they share one disk and two cores, and a scanner waits.

Whether something arrives is seen from the inbox alone: its folders change with every object that is received, and
with every one that intake takes out of it.
Guards: no program stands still for longer than 20 s at a time, and it goes on for as long before it does again: copies
are made however much comes in, and no server gives up a connection. Leaves out: the seconds that one large object
takes after it was begun.

Source: signal(7), SIGSTOP and SIGCONT.
"""

import os
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from appliance.clock import Clock

LOOK_SECONDS = 0.05
_QUIET_SECONDS = 1.0  # without a change: between two objects of a scan, and from the last one until it is listed
_MOST_SECONDS = 20.0
_MOST_FOLDERS = 256  # of one look: a locked box has many, and none of them changes but the newest


class GivingWay:
    """Stops a program's whole group while scans arrive, and lets it go on."""

    def __init__(self, inbox: Path, clock: Clock, tell: Callable[[signal.Signals], None]) -> None:
        """Begin with a program that runs.

        Args:
            inbox: Where associations are received.
            clock: Its seconds count.
            tell: Sends a signal to the program.
        """
        self._inbox, self._clock, self._tell = inbox, clock, tell
        self._seen = self._stamp()
        self._changed_at: float | None = None
        self._turned_at = clock.monotonic() - _MOST_SECONDS
        self.stands = False

    def look(self) -> None:
        """Look at the inbox, and stop the program or let it go on."""
        now, stamp = self._clock.monotonic(), self._stamp()
        if stamp != self._seen:
            self._seen, self._changed_at = stamp, now
        arrives = self._changed_at is not None and now - self._changed_at < _QUIET_SECONDS
        is_over = now - self._turned_at >= _MOST_SECONDS
        if self.stands and (not arrives or is_over):
            self._turn(signal.SIGCONT, now if is_over else now - _MOST_SECONDS)
        elif not self.stands and arrives and is_over:
            self._turn(signal.SIGSTOP, now)

    def _turn(self, number: signal.Signals, turned_at: float) -> None:
        self.stands, self._turned_at = number is signal.SIGSTOP, turned_at
        self._tell(number)

    def _stamp(self) -> tuple[tuple[str, int], ...]:
        """Give what changes with everything that arrives."""
        found: list[tuple[str, int]] = []
        with suppress(OSError), os.scandir(self._inbox) as entries:
            for entry, _ in zip(entries, range(_MOST_FOLDERS), strict=False):
                with suppress(OSError):  # taken in meanwhile
                    found.append((entry.name, entry.stat(follow_symlinks=False).st_mtime_ns))
        return tuple(found)

"""Lets all who write in this process wait for the one that writes the catalogue anew, which takes minutes.

SQLite gives up on a catalogue that is busy for half a minute; of this process it is known who has it and that it works.
Guards: nobody waits, and nobody says that it works, for longer than `LONGEST_SECONDS`. Leaves out: other processes,
which meet SQLite's own lock.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from appliance.clock import Clock

LONGEST_SECONDS = 900.0


class Gate:
    """Open, but while one thread has the catalogue for long."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._held = threading.Lock()
        self._is_open = threading.Event()
        self._is_open.set()
        self._opens_at = float("-inf")

    @property
    def is_closed(self) -> bool:
        """Say whether somebody has the catalogue for long."""
        return not self._is_open.is_set()

    @contextmanager
    def closed(self) -> Iterator[None]:
        """Have others wait until the block ends; one thread at a time."""
        with self._held:
            self._opens_at = self._clock.monotonic() + LONGEST_SECONDS
            self._is_open.clear()
            try:
                yield
            finally:
                self._is_open.set()

    def wait(self) -> None:
        """Wait until it is open, or has been closed for too long to be waited for."""
        if self.is_closed:
            self._is_open.wait(max(0.0, self._opens_at - self._clock.monotonic()))

    @contextmanager
    def kept_open(self) -> Iterator[bool]:
        """Give whether it is open, and keep it so until the block ends; also where it was closed for too long."""
        if self._held.acquire(blocking=False):
            try:
                yield True
            finally:
                self._held.release()
        else:
            yield self._clock.monotonic() >= self._opens_at

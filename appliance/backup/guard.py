"""Who may be at work in a repository at the same time, among the processes of this box.

Guards: whoever removes anything there is alone. Nobody waits for long: a run
that finds it held is told so and comes again.

Source: flock(2).
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from appliance.backup.faults import BackupFailed, Fault
from appliance.store.files import storage_faults

_MODE = 0o660  # the processes of a box that reach targets share a group


class Guard:
    """A file that is held while a repository is used; without one nobody is kept out."""

    def __init__(self, path: Path | None) -> None:
        self._path = path

    @contextmanager
    def shared(self) -> Iterator[None]:
        """Hold it beside others who copy or read.

        Raises:
            BackupFailed: Somebody holds it alone.
        """
        with self._held(fcntl.LOCK_SH):
            yield

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold it alone.

        Raises:
            BackupFailed: Somebody holds it.
        """
        with self._held(fcntl.LOCK_EX):
            yield

    @contextmanager
    def _held(self, kind: int) -> Iterator[None]:
        if self._path is None:
            yield
            return
        with storage_faults():
            self._path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, _MODE)
        try:
            try:
                fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
            except BlockingIOError:
                raise BackupFailed(Fault.BUSY) from None
            try:
                yield
            finally:
                fcntl.flock(descriptor, fcntl.LOCK_UN)  # a child that another thread just forked may have it open yet
        finally:
            os.close(descriptor)

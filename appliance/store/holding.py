"""Who has the catalogue open: its folder is held by flock(2), shared, as long as a connection lives.

Guards: what takes the folder alone, to give the catalogue another key, knows that nobody reads or writes it, and
nobody begins to. The kernel lets go when a process ends, however it ends.

Source: flock(2).
"""

import fcntl
import os
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from appliance.errors import Unavailable
from appliance.store.files import storage_faults

IN_USE = "the catalogue is open elsewhere: lock the box (enamel lock), let other commands end, and try again"
_GETS_A_KEY = "the catalogue gets another key at this moment: try again when that is done"


class Hold:
    """A folder that is held until `end`, or until nobody refers to this any more."""

    def __init__(self, folder: Path, *, alone: bool = False) -> None:
        """Take it, shared unless `alone`; nobody is waited for.

        Raises:
            Unavailable: Somebody holds it in a way that this one excludes, or the disk refused.
        """
        with storage_faults():
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            self.end = weakref.finalize(self, os.close, descriptor)
            try:
                fcntl.flock(descriptor, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
            except BlockingIOError:
                self.end()
                raise Unavailable(IN_USE if alone else _GETS_A_KEY) from None


@contextmanager
def held_alone(folder: Path) -> Iterator[None]:
    """Keep everybody from opening the catalogue of a folder until the block ends.

    Raises:
        Unavailable: Somebody has it open, or the disk refused.
    """
    hold = Hold(folder, alone=True)
    try:
        yield
    finally:
        hold.end()

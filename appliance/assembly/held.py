"""One box at a time on a data folder: whoever runs one holds its folders, and a second start changes nothing.

Guards: two intakes on one catalogue, and a box whose sockets another's replaced:
its keys would be out of every operator's reach. The kernel lets go when the
process ends, however it ends, and never because of what lies in the folder. What
is held of the data is the vault, which on a box the receiver cannot open: it
could keep intake out. Leaves out: commands that open the catalogue beside a
running box, which its transactions keep apart.

Source: flock(2).
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from appliance.assembly.folders import Folders
from appliance.errors import Unavailable
from appliance.store.files import storage_faults


@contextmanager
def held_by_supervisor(folders: Folders) -> Iterator[None]:
    """Hold a whole box, data and sockets, while it runs; folders that are missing are made.

    Raises:
        Unavailable: It runs already, or the disk refused.
    """
    folders.create()
    with _held(folders.data, folders.vault), _held(folders.run, folders.run):
        yield


@contextmanager
def held_by_intake(folders: Folders) -> Iterator[None]:
    """Hold the data of a box whose units systemd runs, while it is unlocked and intake works.

    Raises:
        Unavailable: A supervisor, or another intake, works on it already.
    """
    with _held(folders.data, folders.vault):
        yield


@contextmanager
def held_by_jobs(folders: Folders) -> Iterator[None]:
    """Hold the jobs' own folder, which nobody else enters, beside the intake of the same box.

    Raises:
        Unavailable: Another such process works on it already.
    """
    with _held(folders.data, folders.backup):
        yield


@contextmanager
def _held(named: Path, folder: Path) -> Iterator[None]:
    with ExitStack() as until_the_end:
        with storage_faults():
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            until_the_end.callback(os.close, descriptor)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Unavailable(
                    f"a box runs on {named.absolute()} already, and goes on as it was: stop it first (Ctrl-C where it"
                    " was started), or choose another folder (--data)"
                ) from None
        yield

"""The catalogue's one file, before SQLite opens it: making it, and seeing that it is there.

Guards: where it is missing or empty nothing is made in its place but on purpose. Leaves out: what is in it.
"""

import os
from contextlib import suppress
from pathlib import Path

from appliance.errors import CatalogueMissing
from appliance.store.files import RealFiles, storage_faults

CATALOGUE_MODE = 0o660  # on a box its key holders share a group; elsewhere the process's umask narrows it
MISSING = (
    "the catalogue is missing or empty: put catalogue/catalogue.db back from a copy, then unlock the box; "
    "nothing is made in its place, and scanners can send meanwhile"
)


def create_file(path: Path, *, exists_ok: bool = True) -> None:
    """Make an empty file for a catalogue, durably.

    Raises:
        OSError: The disk refused; or it is there, where that is not `exists_ok`.
    """
    files = RealFiles()
    with suppress(*([FileExistsError] if exists_ok else [])):
        files.close(files.create_exclusive(path, CATALOGUE_MODE))  # its journal takes the same rights
        files.fsync_folder(path.parent)


def check_present(path: Path) -> None:
    """Pass where there is a catalogue with something in it.

    Raises:
        CatalogueMissing: There is none.
        Unavailable: The disk refused.
    """
    with storage_faults():
        try:
            if path.stat().st_size > 0:
                return
        except FileNotFoundError:
            pass
    raise CatalogueMissing(MISSING)


def sync_file(path: Path) -> None:
    """Make what was written to a file durable, by whomever.

    Raises:
        OSError: The disk refused.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

"""Where an export may be written: an empty place that is not the box itself, with room for it.

Guards: nothing in clear lies among what the box keeps sealed, and an export onto the box's own disk leaves free what
receiving needs.
"""

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from appliance.errors import OutOfSpace, Unsuitable
from appliance.store.files import FileLayer

_LEFT_BY_SYSTEMS = frozenset({
    "lost+found", "system volume information", "$recycle.bin", "found.000", ".ds_store", ".fseventsd",
    ".spotlight-v100", ".temporaryitems", ".trashes", "._.trashes", ".trash", "desktop.ini", "thumbs.db",
})  # fmt: skip


def put_by_somebody(names: Iterable[str]) -> list[str]:
    """Give the names in a folder that somebody put there: a stick that was ever plugged in has its system's own."""
    return [name for name in names if name.lower() not in _LEFT_BY_SYSTEMS and not name.startswith(".Trash-")]


def make_name_durable(files: FileLayer, folder: Path) -> None:
    """Make an empty folder itself durable: one that was made just now would go with the power, and all that is in it.

    Raises:
        OSError: The disk refused.
    """
    if not folder.is_mount():
        with suppress(PermissionError):  # of a folder above that only its owner may look into
            files.fsync_folder(folder.parent)


def reserve_at(place: Path, data_folder: Path, reserve_bytes: int) -> int:
    """Give how many bytes an export to a place has to leave free there: what receiving needs, on the box's own disk.

    Raises:
        Unsuitable: It is the box's data folder, or lies in it.
    """
    there = place.resolve()
    if there.is_relative_to(data_folder.resolve()):
        raise Unsuitable("that is among what the box keeps sealed, and an export is in clear: name another place")
    while not there.exists():
        there = there.parent
    return reserve_bytes if there.stat().st_dev == data_folder.stat().st_dev else 0


def check_room(place: Path, needed_bytes: int, reserve_bytes: int = 0) -> None:
    """Refuse before anything is written what does not fit.

    Args:
        place: A folder of the disk that is written to.
        needed_bytes: What is still to be written.
        reserve_bytes: What has to be free afterwards.

    Raises:
        OutOfSpace: It does not fit.
        OSError: The disk does not say.
    """
    found = os.statvfs(place)
    free = found.f_bavail * found.f_frsize - reserve_bytes
    if free < needed_bytes:
        kept = f", besides {reserve_bytes / 1e6:.0f} MB that the box itself needs" if reserve_bytes else ""
        raise OutOfSpace(
            f"{needed_bytes / 1e6:.0f} MB have still to be written, and {max(free, 0) / 1e6:.0f} MB are free{kept}"
        )

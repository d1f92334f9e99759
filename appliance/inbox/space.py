"""Whether the disk still has room for arrivals: a full one could neither catalogue nor recover."""

import os
from pathlib import Path

from appliance.errors import OutOfSpace, Unavailable


def check_space(folder: Path, reserve_bytes: int) -> None:
    """Pass while the disk of `folder` has more free than the reserve.

    Raises:
        OutOfSpace: Free space is below the reserve.
        Unavailable: The disk does not say.
    """
    try:
        found = os.statvfs(folder)
    except OSError as fault:
        raise Unavailable("the disk does not say how much is free") from fault
    if found.f_bavail * found.f_frsize < reserve_bytes:
        raise OutOfSpace("free space is below the reserve")

"""Puts one small file that this box writes itself on a target, as a snapshot of its files repository.

Guards: what a run that was cut off left of it here goes first, and nothing of it stays.
"""

import shutil
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from appliance.backup.engine import Repository, Snapshot, Source
from appliance.backup.parts import BackupParts
from appliance.backup.target import Target
from appliance.store.files import create_durably, storage_faults

_TRIES = 2  # to remove what nobody looks for later: a disk refuses once now and then


@dataclass(frozen=True)
class Small:
    """What is put there: the snapshot's tag, the file's name in it, its bytes, and the snapshot's mark."""

    tag: str
    name: str
    content: bytes
    mark: str


def carry(parts: BackupParts, target: Target, files: Repository, small: Small, at: datetime) -> Snapshot:
    """Copy a file to the files repository of a target.

    Raises:
        BackupFailed: The target refused.
        Unavailable: The box's own disk refused.
    """
    folder = parts.work_folder / f"{small.tag}-{target.target_id.hex()}"
    with storage_faults():
        with suppress(FileNotFoundError):
            shutil.rmtree(folder)
        folder.mkdir(mode=0o700, parents=True)
        create_durably(parts.files, folder / small.name, small.content)
    try:
        return files.backup(Source(folder, [small.name], mark=small.mark), small.tag, at)
    finally:
        for _ in range(_TRIES):
            shutil.rmtree(folder, ignore_errors=True)
        with suppress(OSError):
            parts.files.fsync_folder(parts.work_folder)  # or it is back after a loss of power, and nobody looks for it

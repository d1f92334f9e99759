"""Takes in what was catalogued while the catalogue was laid out that a restore goes by: the copy has it, without a row.

Guards: a file comes in only with the sealed record of its association, which
came along in `settled`; it is verified whole and listed by intake's own code,
as a rebuild lists what came after its snapshot. What no record opens does not
stay in the vault. Doing it again changes nothing. Leaves out: what came to the
target after that copy, whose records were not there yet.
"""

import shutil
from collections.abc import Callable, Collection
from datetime import datetime
from functools import partial
from pathlib import Path

from appliance.assembly.integrity_parts import integrity_parts
from appliance.assembly.restoring_vault import (
    arriving_path,
    disk_faults,
    file_ids_in,
    gone_from,
    lost_in,
    unless_damaged,
)
from appliance.assembly.rooms import Rooms
from appliance.backup.engine import Repository, Snapshot
from appliance.backup.faults import GaveUp
from appliance.identifiers import BoxId, FileId
from appliance.integrity.rebuilding import list_kept
from appliance.store.files import FILE_MODE, RealFiles, storage_faults, sync_disk


def take_in_late(
    rooms: Rooms, box_id: BoxId, later: Collection[FileId], copy: tuple[Repository, datetime], arriving: Path
) -> int:
    """Fetch, verify and list what a copy has without a row; give how many files that are.

    Args:
        rooms: The restored box.
        box_id: Whose it is.
        later: Files of the target that no row names.
        copy: The files' repository, and when the catalogue was copied.
        arriving: Where the engine may write.

    Raises:
        Unavailable: The target or the disk refused; do it again.
    """
    if not later or not any(rooms.folders.settled.iterdir()):
        return 0
    repository, taken_at = copy
    beside = next((one for one in repository.snapshots() if _is_beside(one, taken_at)), None)
    late = [] if beside is None else sorted(file_ids_in(repository.names(beside.snapshot_id)) & set(later))
    if beside is None or not late:
        return 0
    _fetch(repository, beside, late, arriving)
    late = [one for one in late if arriving_path(arriving, one).exists()]
    _into_vault(late, arriving, rooms.vault.path_of)
    listed = set(list_kept(integrity_parts(rooms), box_id, late))
    with storage_faults():
        for file_id in late:
            if file_id not in listed:
                rooms.vault.path_of(file_id).unlink(missing_ok=True)
    return len(listed)


def _fetch(repository: Repository, snapshot: Snapshot, late: Collection[FileId], arriving: Path) -> None:
    """Let the engine write what is there; only what is gone without being known to be is waited for."""
    gone = set[FileId]()
    for waits in (False, False, True):
        paths = [f"/vault/{str(one)[:2]}/{one}" for one in late if one not in gone]
        if not paths:
            return
        try:
            with disk_faults():
                unless_damaged(partial(repository.restore, snapshot.snapshot_id, arriving, paths, waits=waits), None)
        except GaveUp:
            gone = gone_from(lost_in(repository), snapshot)
        else:
            return


def _is_beside(snapshot: Snapshot, taken_at: datetime) -> bool:
    return snapshot.taken_at == taken_at and snapshot.tag in {"night", "arrivals"}


def _into_vault(late: Collection[FileId], arriving: Path, path_of: Callable[[FileId], Path]) -> None:
    files = RealFiles()
    with storage_faults():
        sync_disk(arriving)
        for file_id in late:
            path, place = arriving_path(arriving, file_id), path_of(file_id)
            if not place.parent.is_dir():
                files.make_folder(place.parent)
            path.chmod(FILE_MODE)
            path.rename(place)
        sync_disk(arriving)
        shutil.rmtree(arriving, ignore_errors=True)

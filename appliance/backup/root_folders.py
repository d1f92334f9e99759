"""Where the repositories of a later root lie on a target that an earlier one used: a folder of their own beside them.

Guards: on a disk that folder is made only where the disk itself carries this
box's mark, so an empty mount point never gets one.
"""

import re
from pathlib import Path, PurePosixPath

from appliance.backup.connecting import find_marker
from appliance.backup.faults import NotOurs
from appliance.backup.target import Location, TargetKind
from appliance.errors import Unsuitable
from appliance.identifiers import BoxId
from appliance.store.files import FOLDER_MODE, RealFiles, storage_faults

_OF_A_ROOT = re.compile(r"root-[1-9][0-9]*")


def location_after(location: Location, root_number: int) -> Location:
    """Give where a root's repositories lie on a target; servers keep each target in a folder of its own id anyway."""
    if location.kind not in {TargetKind.FOLDER, TargetKind.SFTP}:
        return location
    path = PurePosixPath(location.facts["path"])
    base = path.parent if _OF_A_ROOT.fullmatch(path.name) else path
    return Location(location.kind, {**location.facts, "path": str(base / f"root-{root_number}")})


def make_folder_of_root(box_id: BoxId, location: Location) -> None:
    """Make the folder of a later root on a disk that carries this box's mark; where that is missing nothing is made.

    Raises:
        NotOurs: The disk is another box's.
        Unavailable: The disk refused.
    """
    path = Path(location.facts.get("path", "/"))
    if location.kind is not TargetKind.FOLDER or not _OF_A_ROOT.fullmatch(path.name) or path.is_dir():
        return
    try:
        found = find_marker(Location(location.kind, {**location.facts, "path": str(path.parent)}), None)
    except Unsuitable:
        raise NotOurs("what lies on the backup target is not this box's: nothing was changed there") from None
    if found is not None and found.box_id != box_id:
        raise NotOurs("it is the backup of another box: nothing was changed there")
    if found is not None:
        with storage_faults():
            RealFiles().make_folder(path, FOLDER_MODE)
            RealFiles().fsync_folder(path.parent)

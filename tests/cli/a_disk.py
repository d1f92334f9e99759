"""A disk for a box that only commands reach: laid out already, with passwords that are quick to try."""

from pathlib import Path

from appliance.assembly.box import unseal_root
from appliance.assembly.folders import Folders
from appliance.assembly.rooms import open_rooms
from appliance.clock import SystemClock
from appliance.config import find_settings, read_settings
from appliance.keys.hierarchy import Keyring, Subkey, derive
from appliance.store.box import find_box
from tests.backup.quick_repositories import lay_out


def quick_disk(data: str, place: Path) -> Path:
    """Make a new folder one that `enamel backup add` finds to be this box's."""
    settings = read_settings(find_settings(Path(data), None))
    root = unseal_root(Folders.of(settings), None)
    rooms = open_rooms(settings, Keyring.for_process("staff", root), SystemClock())
    with rooms.database.read() as tx:
        row = find_box(tx)
    rooms.database.close()
    assert row is not None
    place.mkdir()
    lay_out(place, row.box_id, derive(root, Subkey.BACKUP))
    return place

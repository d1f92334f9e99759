"""What backup works with, from the rooms; only the process `jobs` and an operator have the keys."""

from appliance.assembly.box import read_box_file
from appliance.assembly.rooms import Rooms
from appliance.backup.parts import BackupParts
from appliance.keys.hierarchy import Subkey
from appliance.store.box import find_box
from appliance.store.files import RealFiles


def backup_parts(rooms: Rooms) -> BackupParts:
    """Put the collaborators together; the box's id is the catalogue's own, as with intake.

    Raises:
        KeysSealed: The keyring has no key of the backups.
        NotFound: There is no box.
    """
    with rooms.database.read() as tx:
        row = find_box(tx)
    keyring = rooms.keyring
    return BackupParts(
        rooms.folders.data, rooms.folders.settings, read_box_file(rooms.folders).box_id if row is None else row.box_id,
        rooms.database, rooms.vault, rooms.audit, RealFiles(), rooms.clock, keyring.key(Subkey.BACKUP),
        keyring.key(Subkey.KEY_WRAPPING), keyring.key(Subkey.AUDIT),
    )  # fmt: skip

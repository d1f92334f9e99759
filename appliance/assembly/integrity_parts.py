"""What checking, scrubbing and proving work with, from the rooms."""

from appliance.assembly.rooms import Rooms
from appliance.integrity.parts import IntegrityParts
from appliance.keys.hierarchy import Subkey
from appliance.store.files import RealFiles


def integrity_parts(rooms: Rooms) -> IntegrityParts:
    """Put the collaborators together.

    Raises:
        KeysSealed: The keyring has no audit key.
    """
    return IntegrityParts(
        rooms.folders.data, rooms.database, rooms.rotating_keys, rooms.vault, RealFiles(), rooms.audit,
        rooms.keyring.key(Subkey.AUDIT), rooms.clock,
    )  # fmt: skip

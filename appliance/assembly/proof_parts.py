"""What restore tests work with, from the rooms; only the process `jobs` and an operator have the keys."""

from appliance.assembly.backup_parts import backup_parts
from appliance.assembly.integrity_parts import integrity_parts
from appliance.assembly.rooms import Rooms
from appliance.integrity.portions import Room
from appliance.integrity.proofs import ProofParts


def proof_parts(rooms: Rooms) -> ProofParts:
    """Put the collaborators together.

    Raises:
        KeysSealed: The keyring has no key of the backups.
        NotFound: There is no box.
    """
    room = Room(rooms.folders.data, rooms.settings.receiver.reserve_bytes)
    return ProofParts(integrity_parts(rooms), backup_parts(rooms), rooms.keyring, room)

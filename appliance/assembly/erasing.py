"""Puts erasing and its proofs together for whoever holds the keys."""

from appliance.assembly.rooms import Rooms
from appliance.integrity.portions import Room
from appliance.keys.hierarchy import Subkey
from appliance.retention.erasing import ErasingParts
from appliance.retention.erasure_jobs import ProvingParts
from appliance.store.files import RealFiles
from appliance.store.memory import memory_for_one


def erasing_of(rooms: Rooms) -> ErasingParts:
    """Give what erases on this box."""
    return ErasingParts(rooms.folders.data, rooms.database, rooms.audit, RealFiles(), rooms.clock)


def proving_of(rooms: Rooms) -> ProvingParts:
    """Give what proves erasures and certifies them.

    Raises:
        KeysSealed: This keyring has no signing seed.
    """
    room = Room(rooms.folders.data, rooms.settings.receiver.reserve_bytes)
    return ProvingParts(
        erasing_of(rooms), rooms.keyring.key(Subkey.SIGNING), lambda: rooms.folders.catalogue.stat().st_size,
        memory_for_one, room.spare_bytes,
    )  # fmt: skip

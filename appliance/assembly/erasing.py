"""Puts erasing and its proofs together for whoever holds the keys."""

from appliance.assembly.rooms import Rooms
from appliance.keys.hierarchy import Subkey
from appliance.retention.erasing import ErasingParts
from appliance.retention.erasure_jobs import ProvingParts
from appliance.store.files import RealFiles


def erasing_of(rooms: Rooms) -> ErasingParts:
    """Give what erases on this box."""
    return ErasingParts(rooms.folders.data, rooms.database, rooms.audit, RealFiles(), rooms.clock)


def proving_of(rooms: Rooms) -> ProvingParts:
    """Give what proves erasures and certifies them.

    Raises:
        KeysSealed: This keyring has no signing seed.
    """
    return ProvingParts(
        erasing_of(rooms), rooms.keyring.key(Subkey.SIGNING), lambda: rooms.folders.catalogue.stat().st_size
    )

"""What intake works with, from the rooms; apart from intake itself, so that a command need not load all of it."""

from appliance.assembly.box import read_box_file
from appliance.assembly.rooms import Rooms
from appliance.intake.parts import IntakeParts
from appliance.store.files import RealFiles

_LEAST_QUIET_SECONDS = 900.0


def intake_parts(rooms: Rooms) -> IntakeParts:
    """Put intake's collaborators together.

    Raises:
        NotFound: There is no box.
    """
    return IntakeParts(
        rooms.folders.data, read_box_file(rooms.folders).box_id, rooms.database, rooms.rotating_keys, rooms.audit,
        RealFiles(), rooms.clock, quiet_seconds=max(_LEAST_QUIET_SECONDS, 2.0 * rooms.settings.receiver.idle_seconds),
    )  # fmt: skip

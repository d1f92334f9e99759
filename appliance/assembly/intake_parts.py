"""What intake works with, from the rooms; apart from intake itself, so that a command need not load all of it."""

from collections.abc import Callable

from appliance.assembly.box import read_box_file
from appliance.assembly.rooms import Rooms
from appliance.intake.parts import IntakeParts
from appliance.store.box import find_box
from appliance.store.files import RealFiles

_LEAST_QUIET_SECONDS = 900.0


def intake_parts(rooms: Rooms, on_progress: Callable[[], None] = lambda: None) -> IntakeParts:
    """Put intake's collaborators together; `on_progress` hears that it goes on.

    The box's id is the catalogue's own: a flipped bit in `box.json` must not make this box a stranger to its inbox.

    Raises:
        NotFound: There is no box.
    """
    with rooms.database.read() as tx:
        row = find_box(tx)
    box_id = read_box_file(rooms.folders).box_id if row is None else row.box_id
    return IntakeParts(
        rooms.folders.data, box_id, rooms.database, rooms.rotating_keys, rooms.audit,
        RealFiles(), rooms.clock, quiet_seconds=max(_LEAST_QUIET_SECONDS, 2.0 * rooms.settings.receiver.idle_seconds),
        pack_settings=rooms.settings.packs, on_progress=on_progress,
    )  # fmt: skip

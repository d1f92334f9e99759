"""A running clinic's rooms, opened beside it as a command does, for what no page or command puts there."""

from collections.abc import Iterator
from contextlib import contextmanager

from appliance.assembly.box import unseal_root
from appliance.assembly.folders import Folders
from appliance.assembly.rooms import Rooms, open_rooms
from appliance.clock import SystemClock
from appliance.config import read_settings
from appliance.keys.hierarchy import Keyring
from tests.stories.clinic import RunningClinic


@contextmanager
def rooms_of(clinic: RunningClinic) -> Iterator[Rooms]:
    """Open them for a moment."""
    settings = read_settings(clinic.data / "settings.toml")
    keyring = Keyring.for_process("staff", unseal_root(Folders.of(settings), None))
    rooms = open_rooms(settings, keyring, SystemClock())
    try:
        yield rooms
    finally:
        rooms.database.close()

"""Has a process that just started compare its settings with those that the box ran with last, beside its other work."""

from threading import Event, Thread

from appliance.assembly.rooms import Rooms
from appliance.trail.settings import SettingsParts, keep_noted


def note_settings_soon(rooms: Rooms, stop: Event) -> None:
    """Record what was changed as soon as the catalogue takes it; nothing waits for that."""
    parts = SettingsParts(rooms.database, rooms.audit, rooms.settings)
    Thread(target=keep_noted, args=(parts, stop), daemon=True).start()

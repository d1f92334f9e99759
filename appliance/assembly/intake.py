"""The process `intake`: takes what was received into the catalogue; talks to nobody."""

from threading import Thread

from appliance.assembly.intake_parts import intake_parts
from appliance.assembly.rooms import open_rooms
from appliance.assembly.running import Start, begin, find_keyring
from appliance.assembly.service_manager import Pulse
from appliance.clock import SystemClock
from appliance.errors import KeysSealed
from appliance.intake.service import Intake


def run_intake(start: Start) -> None:
    """Take in until told to stop.

    Raises:
        KeysSealed: No keyring was given: the box is locked.
        WrongKey: The catalogue is another root's.
    """
    settings, manager, stop = begin("intake", start)
    keyring = find_keyring(start)
    if keyring is None:
        raise KeysSealed("intake works only while the box is unlocked")
    rooms = open_rooms(settings, keyring, SystemClock())
    pulse = Pulse()
    parts = intake_parts(rooms, pulse.beat)
    manager.ready()
    Thread(target=manager.attend, args=(stop, pulse.moved), daemon=True).start()
    Intake(parts).run(stop)
    manager.stopping()

"""The process `intake`: takes what was received into the catalogue; talks to nobody.

Guards: one intake on one data folder. Whoever hands it its keyring by a pipe,
the supervisor, holds the folder itself; one that systemd runs holds it here.
"""

from contextlib import nullcontext
from threading import Event, Thread

from appliance.assembly.folders import Folders
from appliance.assembly.held import held_by_intake
from appliance.assembly.intake_parts import intake_parts
from appliance.assembly.rooms import Rooms, open_rooms
from appliance.assembly.running import Start, begin, find_keyring, give_way
from appliance.assembly.service_manager import Pulse, ServiceManager
from appliance.clock import SystemClock
from appliance.errors import KeysSealed
from appliance.intake.service import Intake

_NICENESS = 10  # as in systemd/enamel-intake.service


def run_intake(start: Start) -> None:
    """Take in until told to stop.

    Raises:
        KeysSealed: No keyring was given: the box is locked.
        WrongKey: The catalogue is another root's.
        Unavailable: A supervisor, or another intake, works on this data folder.
    """
    settings, manager, stop = begin("intake", start)
    keyring = find_keyring(start)
    if keyring is None:
        raise KeysSealed("intake works only while the box is unlocked")
    with held_by_intake(Folders.of(settings)) if start.keys_fd is None else nullcontext():
        _take_in(open_rooms(settings, keyring, SystemClock()), manager, stop)


def _take_in(rooms: Rooms, manager: ServiceManager, stop: Event) -> None:
    pulse = Pulse()
    parts = intake_parts(rooms, pulse.beat)
    manager.ready()
    Thread(target=manager.attend, args=(stop, pulse.moved), daemon=True).start()
    give_way(_NICENESS)
    Intake(parts).run(stop)
    manager.stopping()

"""The process `receiver`: listens to scanners, with a public key and nothing more."""

import os
from threading import Thread

from appliance.assembly.folders import Folders
from appliance.assembly.running import Start, begin
from appliance.assembly.service_manager import Pulse, handed_sockets
from appliance.clock import SystemClock
from appliance.config import service_manager_facts
from appliance.dicom_scp.receiver.service import Places, Surroundings, serve
from appliance.store.files import RealFiles


def run_receiver(start: Start) -> None:
    """Receive until told to stop.

    Raises:
        Unavailable: A port cannot be opened.
    """
    settings, manager, stop = begin("receiver", start)
    folders = Folders.of(settings)
    places = Places(folders.inbox, folders.inbox_key, folders.admission, folders.receiver_spool, folders.dicom_tls)
    handed, pulse = handed_sockets(service_manager_facts(), os.getpid()), Pulse()
    Thread(target=manager.attend, args=(stop, pulse.moved), daemon=True).start()
    surroundings = Surroundings(SystemClock(), RealFiles(), pulse.beat)
    serve(settings.receiver, places, surroundings, handed, stop, manager.ready)
    manager.stopping()

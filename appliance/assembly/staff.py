"""The process `staff`: the clinic's pages and DICOMweb behind Caddy, or the unlock page of a locked box."""

import logging
import os
import shutil
import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from pathlib import Path
from threading import Event, Thread
from typing import Any

import uvicorn

from appliance.accounts.errors import NotPublished
from appliance.accounts.peers.publishing import keep_published
from appliance.accounts.recovery_codes import salt_old_codes
from appliance.archive.source import ScopedSource
from appliance.assembly import locker
from appliance.assembly.folders import Folders
from appliance.assembly.rooms import Rooms, open_rooms
from appliance.assembly.running import Start, begin, find_keyring
from appliance.assembly.service_manager import Pulse, ServiceManager, handed_sockets
from appliance.assembly.settings_noted import note_settings_soon
from appliance.assembly.supervisor import waiting_count
from appliance.clock import SystemClock
from appliance.config import Settings, service_manager_facts
from appliance.deidentify.copying import Copying
from appliance.deidentify.laboratory import Laboratory
from appliance.errors import ApplianceError
from appliance.export.entries import Shelf
from appliance.export.package import Exporter
from appliance.identifiers import AETitle
from appliance.inbox.public_key import read_public_key
from appliance.inbox.space import check_space
from appliance.inbox.writer import InboxWriter
from appliance.intake.quarantine import Quarantine
from appliance.intake.storing import Reception
from appliance.jobs.schedule import zone_of
from appliance.keys.hierarchy import Subkey
from appliance.keys.secret import SecretKey
from appliance.sandbox.birth import Nursery
from appliance.store.files import RealFiles
from appliance.web.dicomweb.callers import Callers
from appliance.web.dicomweb.lent import LentStudies
from appliance.web.dicomweb.metadata import Metadata
from appliance.web.dicomweb.routes import Dicomweb, in_front_of
from appliance.web.dicomweb.store import Storing
from appliance.web.event_loop import in_event_loop
from appliance.web.http.pace import Gate
from appliance.web.http.turned_away import keep_recorded
from appliance.web.staff.app import create_app
from appliance.web.staff.context import StaffContext
from appliance.web.staff.locked import LockedStatus, create_locked_app

log = logging.getLogger(__name__)

ASGI = Callable[..., Any]  # Litestar stays in web; uvicorn takes any ASGI callable
SOCKET = "staff"  # the name that the socket unit gives
_GRACE_SECONDS = 3
_BEAT_SECONDS = 1
_KEEP_ALIVE_SECONDS = 75


def run_staff(start: Start) -> None:
    """Serve until told to stop.

    Raises:
        WrongKey: The catalogue is another root's.
    """
    settings, manager, stop = begin("staff", start)
    keyring = find_keyring(start)
    recording: AbstractContextManager[None] = nullcontext()
    if keyring is None:
        app = _locked_app(settings)
    else:
        rooms = open_rooms(settings, keyring, SystemClock())
        _publish(rooms, stop)
        note_settings_soon(rooms, stop)
        Thread(target=salt_old_codes, args=(rooms.accounts,), daemon=True).start()
        app, recording = _open_app(rooms), _recording(rooms, stop)
    with recording:
        _serve(app, _socket(Folders.of(settings).staff_socket), manager, stop)


@contextmanager
def _recording(rooms: Rooms, stop: Event) -> Iterator[None]:
    """Record what was refused, the last of it when nobody is served any more."""
    thread = Thread(target=keep_recorded, args=(rooms.accounts, stop), daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(_GRACE_SECONDS)


def _publish(rooms: Rooms, stop: Event) -> None:
    """Write the receiver's list now and whenever it is not what the rows say."""
    try:
        rooms.publication.publish(rooms.accounts)
    except NotPublished as fault:
        log.warning("%s", fault)
    Thread(target=keep_published, args=(rooms.publication, rooms.accounts, stop), daemon=True).start()


def _open_app(rooms: Rooms) -> ASGI:
    """Put the pages together with DICOMweb, which reads through the one scoped source."""
    source = ScopedSource(rooms.database, rooms.vault, rooms.rotating_keys, rooms.audit, rooms.clock)
    gate = Gate()
    callers = Callers(rooms.accounts, gate)
    copying = Copying(rooms.database, source, rooms.clock)
    pseudonym_key = rooms.keyring.key(Subkey.PSEUDONYM)
    laboratory = Laboratory(rooms.database, rooms.audit, rooms.clock, pseudonym_key, copying)
    lent = LentStudies(laboratory, rooms.clock)
    dicomweb = Dicomweb(source, callers, Metadata(source, rooms.clock), _storing(rooms, callers), lent)
    quarantine = Quarantine(rooms.database, rooms.rotating_keys, rooms.vault, rooms.audit, rooms.clock)
    shelf = Shelf(rooms.database, rooms.rotating_keys, rooms.vault)
    context = StaffContext(
        rooms.accounts,
        rooms.publication,
        quarantine,
        SecretKey.new(),
        Exporter(shelf, rooms.audit, rooms.clock, rooms.settings.clinic_name, zone_of(rooms.settings.time_zone)),
        laboratory,
        inbox_key_file=rooms.folders.inbox_key,
        receiver=rooms.settings.receiver,
        zone=zone_of(rooms.settings.time_zone),
        security_contact=rooms.settings.staff.security_contact,
        gate=gate,
    )
    pages = create_app(context)
    return in_front_of(pages, dicomweb)


def _storing(rooms: Rooms, callers: Callers) -> Storing:
    """Put together what takes in over DICOMweb: it seals to the public key, as the receiver does."""
    folders, receiver, nursery = rooms.folders, rooms.settings.receiver, Nursery("facts")
    inbox = InboxWriter(folders.inbox, partial(read_public_key, folders.inbox_key), RealFiles(), rooms.clock)
    space = partial(check_space, folders.inbox, receiver.reserve_bytes)
    reception = Reception(
        inbox, rooms.database, rooms.audit, rooms.clock, nursery.birth, space, AETitle(receiver.ae_title)
    )
    return Storing(reception, callers, on_close=nursery.close)


def _locked_app(settings: Settings) -> ASGI:
    folders = Folders.of(settings)

    def status() -> LockedStatus:
        disk = shutil.disk_usage(folders.data)
        return LockedStatus(waiting_count(folders.inbox), disk.free, disk.total, **_told_by_locker(folders))

    def unlock(passphrase: str) -> None:
        locker.ask(folders.locker_socket, "unlock", passphrase)

    return create_locked_app(settings.clinic_name, status, unlock, SystemClock())


def _told_by_locker(folders: Folders) -> dict[str, bool]:
    """Ask whether a passphrase opens this box; a locker that does not answer now is taken to ask for one."""
    try:
        told = locker.ask(folders.locker_socket, "status")
    except ApplianceError:
        return {}
    return {name: bool(told[name]) for name in ("locked", "asks_passphrase")}


def _serve(app: ASGI, listener: socket.socket, manager: ServiceManager, stop: Event) -> None:
    pulse = Pulse()
    config = uvicorn.Config(
        app,
        loop="uvloop",
        http="httptools",
        lifespan="on",
        log_config=None,
        access_log=False,
        proxy_headers=True,
        forwarded_allow_ips="*",  # nobody but Caddy reaches the socket
        server_header=False,
        date_header=True,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=_GRACE_SECONDS,
        callback_notify=in_event_loop(pulse.beat),
        timeout_notify=_BEAT_SECONDS,
    )
    server = uvicorn.Server(config)
    Thread(target=_attend, args=(server, manager, stop, pulse), daemon=True).start()
    server.run(sockets=[listener])
    manager.stopping()


def _attend(server: uvicorn.Server, manager: ServiceManager, stop: Event, pulse: Pulse) -> None:
    while not server.started and not stop.wait(0.05):
        pass
    manager.ready()
    manager.attend(stop, pulse.moved)
    server.should_exit = True  # told to stop before the server heard signals itself


def _socket(path: Path) -> socket.socket:
    handed = handed_sockets(service_manager_facts(), os.getpid()).get(SOCKET)
    if handed is not None:
        return handed
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(path))
    path.chmod(0o600)
    listener.listen(512)
    return listener

"""The lock of a box that systemd runs: keyrings in memory, one file a process, that only root reads.

Guards: a keyring lies on ramfs only (never swapped, gone with the power); all
of them appear, whole, by one rename before anything that needs one is started,
and disappear by one rename before their processes are told to stop: a crash
leaves the box locked or unlocked, never half. The root secret is opened, gives each process its own
subkeys, and is forgotten with the call that opened it. Leaves out: making the
ramfs (run-enamel-keys.mount), handing a file to its process (LoadCredential),
and who may ask: the socket's unit gives it a group.
"""

import logging
import os
import select
import shutil
import socket
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event

from appliance.assembly import locker
from appliance.assembly.box import open_box, sealed_root
from appliance.assembly.certificates import keep_certificates
from appliance.assembly.folders import Folders
from appliance.assembly.lock_trail import RecordedLock
from appliance.assembly.running import Start, begin
from appliance.assembly.service_manager import ServiceManager, handed_sockets
from appliance.assembly.supervisor import Keyrings, waiting_count
from appliance.clock import Clock, Hourly, SystemClock
from appliance.config import Settings, service_manager_facts
from appliance.errors import ApplianceError, Unavailable
from appliance.inbox.spool import Spool
from appliance.keys.sealing import asks_passphrase, sealed_by

log = logging.getLogger(__name__)

KEYS_FOLDER = Path("/run/enamel/keys")
TARGET = "enamel-unlocked.target"
STAFF = "enamel-staff.service"
UNITS = {
    "receiver": "enamel-receiver.service",
    "intake": "enamel-intake.service",
    "staff": STAFF,
    "jobs": "enamel-jobs.service",
    "caddy": "enamel-web.service",
}
SOCKET = "locker"  # the name that the socket unit gives
_TICK_SECONDS = 1.0

Systemctl = Callable[..., str]


def systemctl(*arguments: str) -> str:
    """Ask systemd for something and give what it printed."""
    command = ["/usr/bin/systemctl", *arguments]
    done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603  fixed program, fixed words
    if done.returncode != 0:
        log.warning("systemd refused %s: %s", arguments[0], done.stderr.strip())
    return done.stdout


@dataclass(frozen=True)
class UnitLock:
    """Locks and unlocks by units.

    Attributes:
        folders: The data folder.
        method: How the root secret is sealed, for those who ask.
        asks_passphrase: Whether opening it takes a passphrase.
        open_keyrings: Opens the root and gives each key holder's keyring; raises Refused for a wrong passphrase.
        keys_folder: A ramfs that only root may enter.
        systemctl: Asks systemd.
    """

    folders: Folders
    method: str
    asks_passphrase: bool
    open_keyrings: Callable[[str | None], Keyrings]
    keys_folder: Path = KEYS_FOLDER
    systemctl: Systemctl = systemctl

    @property
    def is_locked(self) -> bool:
        """Whether no keyring is out."""
        return not self._open.exists()

    @property
    def _open(self) -> Path:
        return self.keys_folder / "open"

    @property
    def _draft(self) -> Path:
        return self.keys_folder / "draft"

    def status(self) -> locker.LockStatus:
        """Tell what may be known without keys."""
        return locker.LockStatus(
            locked=self.is_locked,
            method=self.method,
            asks_passphrase=self.asks_passphrase,
            waiting_count=waiting_count(self.folders.inbox),
            free_bytes=shutil.disk_usage(self.folders.data).free,
            processes={name: number for name, unit in UNITS.items() if (number := self._process_of(unit))},
        )

    def resume(self) -> None:
        """Start the key holders of a box that is unlocked already, as after a stop of all of Enamel."""
        if not self.is_locked:
            self.systemctl("start", "--no-block", TARGET)

    def unlock(self, passphrase: str | None) -> None:
        """Open the root, lay out the keyrings and start the key holders.

        Raises:
            Refused: The passphrase is wrong, or one is given where none is asked.
        """
        if not self.is_locked:
            return
        keyrings = self.open_keyrings(passphrase)
        self._clear_draft()
        self._draft.mkdir(mode=0o700)
        for process, keyring in keyrings.items():
            _lay_out(self._draft / process, keyring)
        self._draft.rename(self._open)
        self.systemctl("start", "--no-block", TARGET)
        self.systemctl("restart", "--no-block", STAFF)
        log.info("the box is unlocked")

    def lock(self) -> None:
        """Take the keyrings away and stop the key holders; the staff pages come back as the unlock page."""
        if self.is_locked:
            return
        self._clear_draft()
        self._open.rename(self._draft)
        self._clear_draft()
        self.systemctl("stop", TARGET)
        self.systemctl("restart", "--no-block", STAFF)
        log.info("the box is locked")

    def keyring_of(self, process: str) -> bytes | None:
        """Give a key holder's keyring, None while the box is locked."""
        file = self._open / process
        return file.read_bytes() if file.exists() else None

    def _clear_draft(self) -> None:
        """Remove what a crash, or a lock, left of keyrings that are not out."""
        if self._draft.exists():
            shutil.rmtree(self._draft)

    def _process_of(self, unit: str) -> int:
        return int(self.systemctl("show", "--property=MainPID", "--value", unit).strip() or 0)


def run_locker(start: Start) -> None:
    """Keep the lock until told to stop; a root that opens by itself is opened at once.

    Raises:
        NotFound: There is no box yet.
        Unavailable: systemd handed no socket over.
    """
    settings, manager, stop = begin("locker", start)
    folders, clock = Folders.of(settings), SystemClock()
    sealed = sealed_root(folders)
    asked = asks_passphrase(sealed)
    lock = UnitLock(
        folders, sealed_by(sealed).value, asked, lambda typed: open_box(settings, typed, clock, manager.works_on)
    )
    listener = handed_sockets(service_manager_facts(), os.getpid()).get(SOCKET)
    if listener is None:
        raise Unavailable("systemd handed over no socket: enamel-locker.socket opens it")
    recorded = RecordedLock(lock, Spool(folders.locker_spool, clock))
    lock.resume()
    if not asked:
        locker.unlock_alone(replace(recorded, unattended=True))
    hourly = Hourly(clock)

    def each_tick() -> None:
        if hourly.is_due():
            renew(settings, lock, clock)

    serve(listener, recorded, manager, stop, each_tick)


def serve(
    listener: socket.socket, lock: locker.Lock, manager: ServiceManager, stop: Event, each_tick: Callable[[], None]
) -> None:
    """Answer the locker's socket until told to stop.

    Args:
        listener: Listens already; its file's mode says who may ask.
        lock: What is asked about.
        manager: Hears that the locker serves and lives: this one thread answers and feeds, so what hangs goes unfed,
            and an unlock that migrates feeds by its own progress.
        stop: Ends this within a second.
        each_tick: Done about once a second.
    """
    manager.ready()
    while not stop.is_set():
        each_tick()
        manager.alive()
        if select.select([listener], [], [], _TICK_SECONDS)[0]:
            locker.answer_next(listener, lock)
    manager.stopping()


def renew(settings: Settings, lock: UnitLock, clock: Clock) -> None:
    """Issue again what is due: the certificate browsers see always, what issues it while the box is unlocked."""
    try:
        if keep_certificates(settings, lock.keyring_of("staff"), clock):
            lock.systemctl("restart", "--no-block", UNITS["caddy"])
    except ApplianceError as fault:
        log.warning("the certificates are not renewed: %s", fault)


def _lay_out(file: Path, keyring: bytes) -> None:
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o400)
    with os.fdopen(descriptor, "wb", buffering=0) as out:
        out.write(keyring)

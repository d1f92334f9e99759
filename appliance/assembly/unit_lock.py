"""The lock of a box that systemd runs: keyrings in memory, one file a process, that only root reads.

Guards: a keyring lies on ramfs only (never swapped, gone with the power), is
complete before anything that needs it is started, and is removed before its
process is told to stop. The root secret is opened, gives each process its own
subkeys, and is forgotten with the call that opened it. Leaves out: making the
ramfs (run-enamel-keys.mount) and handing a file to its process (LoadCredential).
"""

import logging
import os
import select
import shutil
import socket
import subprocess
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from appliance.assembly import locker
from appliance.assembly.folders import Folders
from appliance.assembly.service_manager import ServiceManager
from appliance.assembly.supervisor import Keyrings, waiting_count

log = logging.getLogger(__name__)

KEYS_FOLDER = Path("/run/enamel/keys")
TARGET = "enamel-unlocked.target"
STAFF = "enamel-staff.service"
UNITS = {
    "receiver": "enamel-receiver.service",
    "intake": "enamel-intake.service",
    "staff": STAFF,
    "caddy": "enamel-web.service",
}
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
        open_keyrings: Opens the root and gives each key holder's keyring; raises Refused for a wrong passphrase.
        keys_folder: A ramfs that only root may enter.
        systemctl: Asks systemd.
    """

    folders: Folders
    method: str
    open_keyrings: Callable[[str | None], Keyrings]
    keys_folder: Path = KEYS_FOLDER
    systemctl: Systemctl = systemctl

    @property
    def is_locked(self) -> bool:
        """Whether no keyring is out."""
        return not any(self.keys_folder.iterdir())

    def status(self) -> locker.LockStatus:
        """Tell what may be known without keys."""
        return locker.LockStatus(
            locked=self.is_locked,
            method=self.method,
            waiting_count=waiting_count(self.folders.inbox),
            free_bytes=shutil.disk_usage(self.folders.data).free,
            processes={name: number for name, unit in UNITS.items() if (number := self._process_of(unit))},
        )

    def unlock(self, passphrase: str | None) -> None:
        """Open the root, lay out the keyrings and start the key holders.

        Raises:
            Refused: The passphrase is wrong.
        """
        if not self.is_locked:
            return
        for process, keyring in self.open_keyrings(passphrase).items():
            _lay_out(self.keys_folder / process, keyring)
        self.systemctl("start", "--no-block", TARGET)
        self.systemctl("restart", "--no-block", STAFF)
        log.info("the box is unlocked")

    def lock(self) -> None:
        """Take the keyrings away and stop the key holders; the staff pages come back as the unlock page."""
        if self.is_locked:
            return
        for keyring in self.keys_folder.iterdir():
            keyring.unlink()
        self.systemctl("stop", TARGET)
        self.systemctl("restart", "--no-block", STAFF)
        log.info("the box is locked")

    def _process_of(self, unit: str) -> int:
        return int(self.systemctl("show", "--property=MainPID", "--value", unit).strip() or 0)


def serve(
    listener: socket.socket,
    lock: UnitLock,
    manager: ServiceManager,
    stopping: Callable[[], bool],
    trusted: Collection[int],
) -> None:
    """Answer the locker's socket until told to stop.

    Args:
        listener: Listens already.
        lock: What is asked about.
        manager: Hears that the locker serves and lives.
        stopping: Asked about once a second.
        trusted: User ids that may ask, besides root.
    """
    manager.ready()
    while not stopping():
        manager.alive()
        if select.select([listener], [], [], _TICK_SECONDS)[0]:
            locker.answer_next(listener, lock, trusted)
    manager.stopping()


def _lay_out(file: Path, keyring: bytes) -> None:
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o400)
    with os.fdopen(descriptor, "wb", buffering=0) as out:
        out.write(keyring)

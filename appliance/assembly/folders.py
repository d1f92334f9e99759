"""Where everything lies in the data folder, and who may look into it.

Guards: every folder is made 0700.
"""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from appliance.config import Settings
from appliance.errors import Unavailable
from appliance.store.files import RealFiles

_PARTS = (
    "keys",
    "exchange",
    "inbox",
    "settled",
    "vault",
    "packs",
    "backup",
    "catalogue",
    "backup",
    "spool",
    "spool/receiver",
    "spool/locker",
    "tls",
    "tls/web",
    "tls/dicom",
    "caddy",
    "logs",
)
_LONGEST_SOCKET_PATH = 100  # sockaddr_un holds 108 bytes; the names under it take the rest


@dataclass(frozen=True)
class Folders:
    """The data folder's map (docs/architecture.md)."""

    data: Path
    run: Path

    @classmethod
    def of(cls, settings: Settings) -> "Folders":
        """Give the folders that the settings name."""
        return cls(Path(settings.data_folder), Path(settings.run_folder))

    @property
    def box(self) -> Path:
        return self.data / "box.json"

    @property
    def settings(self) -> Path:
        return self.data / "settings.toml"

    @property
    def sealed_root(self) -> Path:
        return self.data / "keys" / "root.sealed"

    @property
    def next_root(self) -> Path:
        return self.data / "keys" / "root.next"

    @property
    def inbox_key(self) -> Path:
        return self.data / "exchange" / "inbox-key.json"

    @property
    def admission(self) -> Path:
        return self.data / "exchange" / "admission.json"

    @property
    def inbox(self) -> Path:
        return self.data / "inbox"

    @property
    def settled(self) -> Path:
        return self.data / "settled"

    @property
    def vault(self) -> Path:
        return self.data / "vault"

    @property
    def catalogue(self) -> Path:
        return self.data / "catalogue" / "catalogue.db"

    @property
    def backup(self) -> Path:
        """The jobs' own: what is about to be copied, and what makes copying quick."""
        return self.data / "backup"

    @property
    def next_catalogue(self) -> Path:
        return self.data / "catalogue" / "next" / "catalogue.db"

    @property
    def receiver_spool(self) -> Path:
        return self.data / "spool" / "receiver"

    @property
    def locker_spool(self) -> Path:
        return self.data / "spool" / "locker"

    @property
    def tls(self) -> Path:
        return self.data / "tls"

    @property
    def web_tls(self) -> Path:
        return self.tls / "web"

    @property
    def dicom_tls(self) -> Path:
        return self.tls / "dicom"

    @property
    def caddy(self) -> Path:
        return self.data / "caddy"

    @property
    def logs(self) -> Path:
        return self.data / "logs"

    @property
    def restoring(self) -> Path:
        """What a restore that is not done keeps; while it is there this is no box yet."""
        return self.data / "restore"

    @property
    def top_names(self) -> frozenset[str]:
        """The names that a box has in its data folder, besides files."""
        return frozenset(part.partition("/")[0] for part in _PARTS)

    @property
    def staff_socket(self) -> Path:
        return self.run / "staff.sock"

    @property
    def locker_socket(self) -> Path:
        return self.run / "locker.sock"

    @property
    def caddy_socket(self) -> Path:
        return self.run / "caddy.sock"

    def notify_socket(self, process: str) -> Path:
        """Give where a process tells its supervisor that it lives."""
        return self.run / f"{process}.beat"

    def create(self) -> None:
        """Make every folder that is missing; those of the data folder are durable then.

        Raises:
            Unavailable: One cannot be made, or unix sockets cannot be named in the run folder.
        """
        if len(bytes(self.run)) + len("/locker.sock") > _LONGEST_SOCKET_PATH:
            raise Unavailable(f"the path of {self.run} is too long for unix sockets: set run_folder to a shorter one")
        try:
            for folder in (self.data, self.run, *(self.data / part for part in _PARTS)):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with suppress(PermissionError):  # whoever may enter a folder may not always read it
                RealFiles().fsync_folder(self.data.parent)
            for parent in sorted({(self.data / part).parent for part in _PARTS}):
                RealFiles().fsync_folder(parent)  # each time: an earlier start may have died before this
        except OSError as error:
            raise Unavailable(f"a folder cannot be made: {error.filename}: {error.strerror}") from error

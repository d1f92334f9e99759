"""What intake works with, put together once."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from appliance.audit.events import AuditLog
from appliance.clock import Clock, microseconds
from appliance.config import PackSettings
from appliance.identifiers import BoxId
from appliance.inbox.reader import InboxReader
from appliance.store.database import Database
from appliance.store.files import FileLayer
from appliance.store.rotating_keys import RotatingKeys
from appliance.store.vault import Vault


@dataclass(frozen=True)
class IntakeParts:
    """Collaborators of intake.

    Attributes:
        data_folder: Holds inbox, settled, vault, spool and exchange.
        box_id: Whose arrivals are taken.
        database: The catalogue.
        keys: Opens associations and wraps data keys.
        audit: The trail.
        files: The disk.
        clock: The time.
        quiet_seconds: After how long without a change an association that has no end was cut off;
            above the receiver's own idle limit.
        pack_settings: What packs may take of the disk.
        on_progress: Called whenever something was done, also in the middle of long work, and at least every few
            seconds while there is nothing to do.
    """

    data_folder: Path
    box_id: BoxId
    database: Database
    keys: RotatingKeys
    audit: AuditLog
    files: FileLayer
    clock: Clock
    quiet_seconds: float = 900.0
    pack_settings: PackSettings = PackSettings()  # noqa: RUF009  it is frozen
    on_progress: Callable[[], None] = lambda: None

    @property
    def inbox(self) -> Path:
        """Give the folder that the receiver writes."""
        return self.data_folder / "inbox"

    @property
    def settled(self) -> Path:
        """Give the folder of associations whose every file has its row."""
        return self.data_folder / "settled"

    @property
    def aside(self) -> Path:
        """Give the folder of associations that no key here opens: kept as they came."""
        return self.settled / "aside"

    @cached_property
    def vault(self) -> Vault:
        """Give the vault of this data folder; one, for it remembers which of its folders are durable."""
        return Vault(self.data_folder, self.files)

    @property
    def reader(self) -> InboxReader:
        """Give a reader of this inbox."""
        return InboxReader(self.inbox, self.box_id, self.files)

    def now(self) -> int:
        """Give this instant in microseconds."""
        return microseconds(self.clock.now())

    def is_long_ago(self, changed: float, seconds: float) -> bool:
        """Say whether a file's last change, in seconds since 1970, is so long ago, or lies so far ahead of the clock.

        Clocks are set, so it never says by itself that nobody is at it.
        """
        return abs(self.clock.now().timestamp() - changed) > seconds

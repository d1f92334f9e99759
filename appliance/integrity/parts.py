"""What reading the box's own things back works with, put together once."""

from dataclasses import dataclass, field
from pathlib import Path

from appliance.audit.events import AuditLog
from appliance.clock import Clock
from appliance.keys.secret import SecretKey
from appliance.store.database import Database
from appliance.store.files import FileLayer
from appliance.store.rotating_keys import RotatingKeys
from appliance.store.vault import Vault


@dataclass(frozen=True)
class IntegrityParts:
    """Collaborators of whoever checks, scrubs, proves and repairs.

    Attributes:
        data_folder: The box's data folder.
        database: The catalogue.
        rotating_keys: Opens wrapped data keys.
        vault: The stored files.
        files: The disk, as it is written to.
        audit: The trail.
        audit_key: Verifies the trail's chain.
        clock: The time.
    """

    data_folder: Path
    database: Database
    rotating_keys: RotatingKeys
    vault: Vault
    files: FileLayer
    audit: AuditLog
    audit_key: SecretKey = field(repr=False)
    clock: Clock

"""What backup works with."""

from dataclasses import dataclass, field
from pathlib import Path

from appliance import __version__
from appliance.audit.events import AuditLog
from appliance.clock import Clock
from appliance.identifiers import BoxId
from appliance.keys.secret import SecretKey
from appliance.store.database import Database
from appliance.store.files import FileLayer
from appliance.store.vault import Vault


@dataclass(frozen=True)
class BackupParts:
    """Collaborators of everything that copies.

    Attributes:
        data_folder: Holds inbox, settled, vault, and `backup`, where what is copied is laid out.
        settings_file: Is carried along; it holds no secret.
        backup_key: The passwords of repositories derive from it.
        key_wrapping: Credentials of targets are sealed by it.
        audit_key: What is carried of tombstones is authenticated by it.
        release: Which release wrote a snapshot.
    """

    data_folder: Path
    settings_file: Path
    box_id: BoxId
    database: Database
    vault: Vault
    audit: AuditLog
    files: FileLayer
    clock: Clock
    backup_key: SecretKey = field(repr=False)
    key_wrapping: SecretKey = field(repr=False)
    audit_key: SecretKey = field(repr=False)
    release: str = __version__

    @property
    def work_folder(self) -> Path:
        """Where everything of backup lies that can be made again."""
        return self.data_folder / "backup"

"""A data folder with keys and catalogue, for tests of what stands on them."""

from pathlib import Path

from appliance.audit.events import AuditLog
from appliance.clock import SystemClock
from appliance.identifiers import AssociationId, FileId
from appliance.keys.hierarchy import Keyring, Subkey
from appliance.keys.secret import SecretKey
from appliance.keys.stream import StreamSealer
from appliance.store.database import Database
from appliance.store.files import RealFiles
from appliance.store.rotating_keys import RotatingKeys
from appliance.store.stored_files import NewFile, add_file
from appliance.store.vault import Vault
from tests.store.quick_catalogues import make_quickly


class ABox:
    """Opened with the keys of intake; the first wrapping key and inbox pair exist."""

    def __init__(self, folder: Path, root: SecretKey | None = None) -> None:
        self.root = root or SecretKey.new()
        self.folder = folder
        self.clock = SystemClock()
        self.files = RealFiles()
        self.keyring = Keyring.for_process("intake", self.root)
        self.keys = RotatingKeys(self.keyring.key(Subkey.KEY_WRAPPING), self.clock)
        self.audit = AuditLog(self.keyring.key(Subkey.AUDIT), self.clock)
        self.database = Database(folder / "catalogue.db", self.keyring.key(Subkey.CATALOGUE), self.clock)
        self.vault = Vault(folder, self.files)

    def create(self) -> "ABox":
        (self.folder / "inbox").mkdir()
        (self.folder / "vault").mkdir()
        make_quickly(self.database)
        with self.database.write() as tx:
            self.keys.rotate_wrapping_key(tx)
            self.keys.rotate_inbox_key(tx)
        return self

    def arrive(self, association_id: AssociationId, data_key: SecretKey, content: bytes) -> FileId:
        """Put a sealed file into the inbox and its row into the catalogue."""
        file_id = FileId.new()
        path = self.vault.inbox_path_of(association_id, file_id)
        path.parent.mkdir(exist_ok=True)
        descriptor = self.files.create_exclusive(path)
        sealer = StreamSealer(data_key, file_id, lambda view: self.files.write(descriptor, view), chunk_bytes=1000)
        sealer.write(content)
        length = sealer.finish()
        self.files.close(descriptor)
        with self.database.write() as tx:
            add_file(tx, self.keys.current_wrapping_key(tx), NewFile(file_id, data_key, length, association_id, 0))
        return file_id

"""A box with something under each of its keys, and whether all of it still opens."""

import shutil
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from appliance.accounts import queries as accounts_queries
from appliance.accounts import second_factor, service
from appliance.accounts.account import NewAccount
from appliance.accounts.roles import Role
from appliance.assembly.box import create_box, open_box, sealed_again, unseal_root
from appliance.assembly.certificates import ensure_certificates
from appliance.assembly.folders import Folders
from appliance.assembly.intake_parts import intake_parts
from appliance.assembly.keyrings import keyring_of
from appliance.assembly.new_root import Terms, rekey_catalogue, rotate_root
from appliance.assembly.rooms import Rooms, open_rooms
from appliance.audit.events import OPERATOR
from appliance.audit.queries import verify
from appliance.clock import Clock, SystemClock
from appliance.config import Settings, in_folders
from appliance.identifiers import AssociationId, FileId
from appliance.inbox.public_key import read_public_key
from appliance.intake.rotation import rotate
from appliance.keys.hierarchy import Subkey
from appliance.keys.secret import SecretKey
from appliance.keys.stream import StreamSealer
from appliance.store.files import FileLayer, RealFiles
from appliance.store.rotating_keys import KeyKind, current_inbox_public_key
from appliance.store.stored_files import NewFile, add_file, mark_in_vault, unseal_row

CONTENT = b"what a scanner sent, " * 400
TOTP_SECRET = b"12345678901234567890"
FILE = FileId(bytes(range(16)))


@dataclass(frozen=True)
class KeptBox:
    """One box in a folder of a test."""

    settings: Settings
    clock: Clock
    in_use: list[Rooms] = field(default_factory=list)

    @property
    def folders(self) -> Folders:
        return Folders.of(self.settings)

    def root(self) -> SecretKey:
        """Open its root, which asks nobody."""
        return unseal_root(self.folders, None)

    def rooms(self) -> Rooms:
        """Open it as its operator; `lock` closes it again."""
        rooms = open_rooms(self.settings, keyring_of("staff", self.root(), self.folders), self.clock)
        self.in_use.append(rooms)
        return rooms

    def lock(self) -> None:
        """Close what was opened."""
        for rooms in self.in_use:
            rooms.database.close()
        self.in_use.clear()

    def rotate_root(self, files: FileLayer | None = None) -> SecretKey:
        """Lock it, give it a new root, and give that."""
        shown: list[SecretKey] = []
        self.lock()
        rotate_root(self.settings, self.root(), self.clock, self.terms(files, shown))
        return shown[0]

    def rekey(self, files: FileLayer | None = None) -> int:
        """Lock it, and give its catalogue the next key."""
        self.lock()
        return rekey_catalogue(self.settings, self.root(), self.clock, files or RealFiles())

    def terms(self, files: FileLayer | None = None, shown: list[SecretKey] | None = None) -> Terms:
        """Give terms that show the new root to the test."""
        seen = [] if shown is None else shown
        sealed = self.folders.sealed_root.read_bytes()
        return Terms(lambda root: sealed_again(root, sealed, None), seen.append, files=files or RealFiles())

    def opened(self) -> Rooms:
        """Open it as an unlock does, and check that nothing under any of its keys was lost."""
        open_box(self.settings, None, self.clock)
        rooms = self.rooms()
        with rooms.database.read() as tx:
            assert verify(tx, rooms.keyring.key(Subkey.AUDIT)).fault is None
            sealed = unseal_row(tx, rooms.rotating_keys, FILE)
            assert rooms.rotating_keys.open_all(tx) >= 4, "wrapping, inbox and two authorities"
            assert set(rooms.rotating_keys.inbox_private_keys(tx)) >= {1, 2}
            published = read_public_key(self.folders.inbox_key)
            assert published.public_key == current_inbox_public_key(tx).public_key
            found = accounts_queries.credentials_by_name(tx, "ines")
        with sealed.open(rooms.vault) as stream:
            assert stream.read(0, len(CONTENT)) == CONTENT
        assert found is not None
        assert second_factor.unseal(rooms.accounts, found) == TOTP_SECRET
        assert rooms.database.check_integrity() == []
        ensure_certificates(rooms)
        return rooms


def a_kept_box(folder: Path, clock: Clock | None = None) -> KeptBox:
    """Copy a box into a test's folder."""
    shutil.copytree(_made(), folder / "data")
    return KeptBox(settings_of(folder), clock or SystemClock())


def settings_of(folder: Path) -> Settings:
    """Give the settings of the box in a test's folder."""
    return in_folders(Settings(clinic_name="Clínica Ñ"), str(folder / "data"), str(folder / "data" / "run"))


@cache
def _made() -> Path:
    folder = Path(mkdtemp(prefix="enamel-kept-"))
    create_box(settings_of(folder), None, SystemClock())
    rooms = KeptBox(settings_of(folder), SystemClock()).rooms()
    person = NewAccount("ines", "Inés", Role.DENTIST, "quiet amber tram 42", totp_secret=TOTP_SECRET)
    service.create_account(rooms.accounts, person, OPERATOR)
    rotate(intake_parts(rooms), (KeyKind.WRAPPING, KeyKind.INBOX), OPERATOR)
    _store(rooms)
    rooms.database.close()
    return folder / "data"


def _store(rooms: Rooms) -> None:
    """Put a file into the vault, as intake does."""
    key, association, files = SecretKey.new(), AssociationId.new(), RealFiles()
    path = rooms.vault.inbox_path_of(association, FILE)
    path.parent.mkdir()
    descriptor = files.create_exclusive(path)
    sealer = StreamSealer(key, FILE, lambda view: files.write(descriptor, view))
    sealer.write(CONTENT)
    length = sealer.finish()
    files.close(descriptor)
    with rooms.database.write() as tx:
        add_file(tx, rooms.rotating_keys.current_wrapping_key(tx), NewFile(FILE, key, length, association, 0))
    rooms.vault.move_in(association, [FILE])
    with rooms.database.write() as tx:
        mark_in_vault(tx, FILE)
    path.parent.rmdir()

"""The rooms of one box, opened once with the keys that this process was given."""

from dataclasses import dataclass, field
from functools import cached_property

from appliance.accounts.context import Accounts
from appliance.accounts.password_rules import PasswordPolicy
from appliance.accounts.peers.publishing import Publication
from appliance.assembly.folders import Folders
from appliance.audit.events import AuditLog
from appliance.clock import Clock
from appliance.config import Settings
from appliance.jobs.clock_marks import has_jumped
from appliance.jobs.schedule import zone_of
from appliance.keys.hierarchy import Keyring, Subkey
from appliance.retention.context import Retention
from appliance.store.database import Database
from appliance.store.files import RealFiles
from appliance.store.rotating_keys import RotatingKeys
from appliance.store.vault import Vault


@dataclass(frozen=True)
class Rooms:
    """Everything that reads or changes what the box keeps."""

    settings: Settings
    folders: Folders
    keyring: Keyring = field(repr=False)
    clock: Clock
    database: Database
    rotating_keys: RotatingKeys
    audit: AuditLog
    vault: Vault

    @cached_property
    def accounts(self) -> Accounts:
        """People, tokens and peers, one for the process, for it counts who knocks; needs a key that intake has not."""
        key = self.keyring.key(Subkey.ACCOUNTS)
        settings = self.settings
        asked = settings.passwords
        of_all = asked.second_factor == "all"
        policy = PasswordPolicy.asked(asked.characters, asked.days, second_factor_of_all=of_all)
        staff = settings.staff
        return Accounts(
            self.database, self.audit, key, self.clock, settings.clinic_name, staff.lock_after_seconds,
            staff.emergency_minutes, policy,
        )  # fmt: skip

    @property
    def publication(self) -> Publication:
        """The list of peers as the receiver reads it."""
        return Publication(self.folders.admission, RealFiles())


def open_rooms(settings: Settings, keyring: Keyring, clock: Clock) -> Rooms:
    """Open the rooms; the catalogue itself is opened by the first who asks it.

    Raises:
        KeysSealed: The keyring lacks what every key holder has.
    """
    folders = Folders.of(settings)
    database = Database(folders.catalogue, keyring.key(Subkey.CATALOGUE), clock)
    return Rooms(
        settings, folders, keyring, clock, database,
        RotatingKeys(keyring.key(Subkey.KEY_WRAPPING), clock),
        AuditLog(keyring.key(Subkey.AUDIT), clock),
        Vault(folders.data, RealFiles()),
    )  # fmt: skip


def retention_of(rooms: Rooms) -> Retention:
    """Open the room that decides how long things are kept."""
    zone = zone_of(rooms.settings.time_zone)
    return Retention(rooms.database, rooms.audit, rooms.clock, zone, lambda tx: has_jumped(tx, rooms.clock))

"""Targets: added, opened, no longer used, declared destroyed.

Guards: a target that carries another box's mark, or a repository that does not
open with our password, is refused and left as it is. What is found in the
place of a disk that was seen before must be that very disk. Each change and
its audit event are one transaction; an event names the target by its key.
Leaves out: what is copied (`running`).
"""

from dataclasses import dataclass, field, replace
from datetime import time, timedelta
from pathlib import Path
from secrets import token_bytes
from typing import Protocol

from appliance.audit.events import Actor, AuditLog, Event, EventCode, Subject, SubjectKind
from appliance.backup import queries
from appliance.backup.connecting import (
    FILES,
    KEYS,
    connection,
    find_marker,
    has_matching,
    holds_something,
    make_durable,
    reach,
    remove_matching,
    write_marker,
)
from appliance.backup.engine import Repository
from appliance.backup.faults import BackupFailed, Fault, NotOurs
from appliance.backup.marker import Marker
from appliance.backup.opening import open_at_once
from appliance.backup.parts import BackupParts
from appliance.backup.restic import Places, ResticRepository
from appliance.backup.root_folders import make_folder_of_root
from appliance.backup.target import ALARM_AFTER, TARGET_ID_BYTES, WARN_AFTER, Location, Target, TargetKind
from appliance.clock import Clock
from appliance.errors import NotFound, Refused, Unsuitable
from appliance.keys.hierarchy import repository_password
from appliance.keys.secret import SecretKey
from appliance.keys.wrapping import seal_secret, unseal_secret
from appliance.store.database import Database
from appliance.store.files import storage_faults
from appliance.store.transactions import WriteTransaction

_CREDENTIALS = b"backup credentials "
_LONGEST_NAME = 60


class OnOwnDisk(Unsuitable):
    """It lies on the box's own disk, and would be lost with the box; or the disk that is meant is not mounted."""


class Recording(Protocol):
    """What changing a row of a target needs; whoever has no key of the backups has it as well."""

    @property
    def database(self) -> Database: ...

    @property
    def audit(self) -> AuditLog: ...

    @property
    def clock(self) -> Clock: ...


@dataclass(frozen=True)
class Repositories:
    """The two repositories of one target."""

    files: Repository
    keys: Repository


@dataclass(frozen=True)
class NewTarget:
    """What a person tells of a target to be added.

    Attributes:
        credentials: A password pair (`connecting.pack_credentials`) or an SSH private key in PEM; None for none.
        append_only: The server refuses to delete from its files repository.
        at: When its night's run begins, in the clinic's time zone.
    """

    name: str
    location: Location
    credentials: bytes | None = field(default=None, repr=False)
    append_only: bool = False
    at: time = time(1, 30)
    warn_after: timedelta = WARN_AFTER
    alarm_after: timedelta = ALARM_AFTER


@dataclass(frozen=True)
class Change:
    """What a person may change of a target; all of it is told."""

    name: str
    at: time
    warn_after: timedelta
    alarm_after: timedelta


def add_target(parts: BackupParts, new: NewTarget, by: Actor) -> Target:
    """Add a target and make it ready, or none of it; one that was removed comes back with what is on it.

    So does one that was declared destroyed and turns up: what was on it counts as there again.

    Raises:
        Unsuitable: It cannot be one.
        NotOurs: It is another box's.
        Refused: It is a target already.
        BackupFailed: It cannot be reached or written.
    """
    _check(new)
    reach(new.location)
    found = find_marker(new.location, new.credentials)
    target_id = token_bytes(TARGET_ID_BYTES) if found is None else found.target_id
    now = parts.clock.now()
    target = Target(0, target_id, new.name.strip(), new.location, seal(parts.key_wrapping, target_id, new.credentials),
                    new.append_only, new.at, new.warn_after, new.alarm_after, now)  # fmt: skip
    with parts.database.read() as tx:
        known = queries.find_target_by_id(tx, target_id)
    if known is not None and known.removed_at is None:
        raise Refused("it is a backup target of this box already")
    make_ready(parts, target)
    target = replace(target, seen_at=now)
    with parts.database.write() as tx:
        key = queries.add_target(tx, target) if known is None else known.target_key
        if known is not None:
            queries.use_again(tx, key, target)
        _record(parts, tx, EventCode.BACKUP_TARGET_ADDED, by, key)
    return replace(target, target_key=key)


def make_ready(parts: BackupParts, target: Target) -> None:
    """Mark a target that nobody used before as this one's, and make its repositories; doing it twice changes nothing.

    Raises:
        NotOurs: It is another box's, or another target's of this one.
        Unsuitable: It lies on the box's own disk.
        BackupFailed: It cannot be reached or written.
    """
    location, credentials = target.location, unseal(parts.key_wrapping, target)
    make_folder_of_root(parts.box_id, location)
    reach(location)
    _check_disk(parts, location)
    found, own = find_marker(location, credentials), Marker(target.target_id, parts.box_id)
    if found is None:
        if holds_something(location, credentials):
            raise NotOurs("there are folders named files or keys already that are not this box's: nothing was changed")
        write_marker(location, credentials, own)
    elif found != own:
        raise NotOurs("it is the backup of another box: nothing was changed there")
    made = _repositories(parts, target)
    for name, repository in ((FILES, made.files), (KEYS, made.keys)):
        if not repository.exists():
            _begin_anew(location, credentials, name)
            repository.create()
        password = repository_password(parts.backup_key, target.target_id, name)
        open_at_once(location, credentials, name, password)
    make_durable(location)


def _begin_anew(location: Location, credentials: bytes | None, name: str) -> None:
    """Remove the keys of a repository whose making was cut off: restic would take the wrong one of two for it.

    Raises:
        BackupFailed: It holds copies, so it was made, and has lost its beginning.
    """
    if has_matching(location, credentials, name, "snapshots/*"):
        raise BackupFailed(Fault.DAMAGED)
    remove_matching(location, credentials, name, ["keys/*"])


def open_target(parts: BackupParts, target: Target) -> Repositories:
    """Give a target's repositories after a look whether it is there and the one that it should be.

    Raises:
        NotOurs: Something else lies there.
        BackupFailed: It is not there.
    """
    check_there(target, unseal(parts.key_wrapping, target))
    return _repositories(parts, target)


def open_repositories(
    target: Target,
    backup_key: SecretKey,
    key_wrapping: SecretKey,
    work_folder: Path | None = None,
    *,
    cached: bool = True,
) -> Repositories:
    """Give a target's repositories without a look.

    Args:
        target: The target.
        backup_key: The root's subkey `backup`.
        key_wrapping: What its credentials are sealed by.
        work_folder: The data folder's `backup`: guards and cache; None on a machine that nobody else works on.
        cached: Whether what is cached on this machine may stand for what is there; a proof says no.
    """
    credentials = unseal(key_wrapping, target)
    opened = [
        repository_at(target.location, name, target.target_id, credentials, backup_key,
                      places_of(work_folder, target.target_id, name, cached=cached))
        for name in (FILES, KEYS)
    ]  # fmt: skip
    return Repositories(*opened)


def repository_at(
    location: Location, name: str, target_id: bytes, credentials: bytes | None, backup_key: SecretKey, places: Places
) -> Repository:
    """Give one repository from nothing but where it is and the root's subkey: on a new box, too."""
    password = repository_password(backup_key, target_id, name)
    return ResticRepository(connection(location, name, target_id, credentials), password, places)


def places_of(work_folder: Path | None, target_id: bytes, name: str, *, cached: bool = True) -> Places:
    """Say where restic keeps what is its own; the folders are made."""
    if work_folder is None:
        return Places()
    cache, scratch = work_folder / "cache", work_folder / "scratch"
    with storage_faults():
        for folder in (cache, scratch):
            folder.mkdir(mode=0o770, parents=True, exist_ok=True)
    inbox = work_folder.parent / "inbox"
    return Places(guard_of(work_folder, target_id, name), cache if cached else None, scratch, inbox)


def guard_of(work_folder: Path, target_id: bytes, name: str) -> Path:
    """Give the file that whoever uses a repository holds."""
    return work_folder / f"{target_id.hex()}.{name}.guard"


def check_there(target: Target, credentials: bytes | None) -> None:
    """Look whether the target is there, and is the one that it should be.

    Raises:
        NotOurs: Something else lies there.
        BackupFailed: It is not there.
    """
    reach(target.location)
    if target.location.kind in {TargetKind.FOLDER, TargetKind.SFTP}:
        try:
            found = find_marker(target.location, credentials)
        except Unsuitable:
            raise NotOurs("what lies on the backup target is not this box's: nothing was changed there") from None
        if found is None:
            raise BackupFailed(Fault.UNPLUGGED)
        if found.target_id != target.target_id:
            raise NotOurs("it is another backup's disk: nothing was changed there")


def register_target(parts: Recording, new: NewTarget, by: Actor) -> int:
    """Note a target that this process cannot reach: the process that copies makes it ready, and tells if it cannot.

    Raises:
        Unsuitable: It cannot be one, or needs credentials.
        Refused: Something is copied there already.
    """
    _check(new)
    if new.location.kind is not TargetKind.FOLDER:
        raise Unsuitable("servers are added at the machine: their credentials are typed there")
    now = parts.clock.now()
    target = Target(0, token_bytes(TARGET_ID_BYTES), new.name.strip(), new.location, None, new.append_only, new.at,
                    new.warn_after, new.alarm_after, now)  # fmt: skip
    with parts.database.write() as tx:
        if any(one.location.shown == new.location.shown for one in queries.used_targets(tx)):
            raise Refused("something is copied there already")
        key = queries.add_target(tx, target)
        _record(parts, tx, EventCode.BACKUP_TARGET_ADDED, by, key)
    return key


def remove_target(parts: Recording, target_key: int, by: Actor) -> None:
    """Copy to a target no more. What is on it stays there and is listed until it is declared destroyed.

    Raises:
        NotFound: There is none, or it was removed before.
    """
    with parts.database.write() as tx:
        if not queries.note_removed(tx, target_key, parts.clock.now()):
            raise NotFound("there is no such backup target")
        _record(parts, tx, EventCode.BACKUP_TARGET_REMOVED, by, target_key)


def change_target(parts: Recording, target_key: int, change: Change, by: Actor) -> None:
    """Change a target's name, the time of its night's run, or when old copies warn and alarm.

    Raises:
        Unsuitable: The name or the limits cannot be.
        NotFound: There is none that is used.
    """
    _check_words(change.name, change.warn_after, change.alarm_after)
    with parts.database.write() as tx:
        limits = change.warn_after, change.alarm_after
        if not queries.change_target(tx, target_key, change.name.strip(), change.at, limits):
            raise NotFound("there is no such backup target")
        _record(parts, tx, EventCode.BACKUP_TARGET_CHANGED, by, target_key)


def declare_destroyed(parts: Recording, target_key: int, by: Actor) -> None:
    """Take a person's word that nothing of a target is left.

    Raises:
        NotFound: There is none, or it was declared before.
    """
    with parts.database.write() as tx:
        if not queries.note_destroyed(tx, target_key, parts.clock.now()):
            raise NotFound("there is no such backup target")
        _record(parts, tx, EventCode.BACKUP_TARGET_DESTROYED, by, target_key)


def seal(key_wrapping: SecretKey, target_id: bytes, credentials: bytes | None) -> bytes | None:
    """Seal a target's credentials for its row."""
    return None if credentials is None else seal_secret(key_wrapping, _CREDENTIALS + target_id, credentials)


def unseal(key_wrapping: SecretKey, target: Target) -> bytes | None:
    """Give a target's credentials.

    Raises:
        WrongKey: They are sealed by another key, or for another target.
    """
    sealed = target.sealed_credentials
    return None if sealed is None else unseal_secret(key_wrapping, _CREDENTIALS + target.target_id, sealed)


def _repositories(parts: BackupParts, target: Target) -> Repositories:
    return open_repositories(target, parts.backup_key, parts.key_wrapping, parts.work_folder)


def _check(new: NewTarget) -> None:
    _check_words(new.name, new.warn_after, new.alarm_after)
    if new.append_only and new.location.kind is TargetKind.REST and "keys_url" not in new.location.facts:
        raise Unsuitable("an append-only server needs a second address for the keys, from which they can be removed")
    if new.append_only and new.location.kind is TargetKind.FOLDER:
        raise Unsuitable("a disk cannot refuse to delete: it is no append-only target")


def _check_words(name: str, warn_after: timedelta, alarm_after: timedelta) -> None:
    if not (0 < len(name.strip()) <= _LONGEST_NAME and name.isprintable()):
        raise Unsuitable(f"a backup target's name has 1 to {_LONGEST_NAME} characters")
    if not timedelta() < warn_after <= alarm_after:
        raise Unsuitable("a backup target warns no later than it alarms")


def _check_disk(parts: BackupParts, location: Location) -> None:
    if location.kind is not TargetKind.FOLDER or "same_disk" in location.facts:
        return
    with storage_faults():
        if Path(location.facts["path"]).stat().st_dev == parts.data_folder.stat().st_dev:
            raise OnOwnDisk("it lies on the box's own disk: plug in another, or say that it is meant (--same-disk)")


def _record(parts: Recording, tx: WriteTransaction, code: EventCode, by: Actor, key: int) -> None:
    parts.audit.record(tx, Event(code, by, subject=Subject(SubjectKind.BACKUP_TARGET, key)))

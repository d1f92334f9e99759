"""The catalogue of a snapshot: proved to be what was backed up, put in its place, and told that it was restored.

Guards: nothing is placed before every page's tag, the box's identity, the
trail's chain and its head as the snapshot's manifest tells it were verified.
What was erased since is erased again before a single file is fetched.
Leaves out: the files themselves, and making the folder a box.
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from appliance.archive.damage import Damage
from appliance.assembly.restoring_state import Progressing
from appliance.assembly.restoring_vault import arriving_path
from appliance.assembly.rooms import Rooms, retention_of
from appliance.audit.chain import Head
from appliance.audit.events import OPERATOR, Event, EventCode, Subject, SubjectKind
from appliance.audit.queries import verify
from appliance.clock import Clock
from appliance.errors import Tampered, Unsuitable
from appliance.identifiers import FileId
from appliance.keys.hierarchy import Keyring, Subkey
from appliance.recovery import queries_restore
from appliance.recovery.queries_restore import ToFetch
from appliance.recovery.restorations import Restored, record_restored
from appliance.retention.erasing import ErasingParts
from appliance.retention.proposals import refuse_all
from appliance.retention.tombstones import apply_tombstones
from appliance.store.box import BoxRow, find_box
from appliance.store.database import Database
from appliance.store.files import RealFiles, storage_faults
from appliance.store.rotating_keys import current_inbox_public_key

CATALOGUE, MANIFEST = "catalogue.db", "manifest.json"
_MOVED = ("inbox", "settled")
_APART = 1000  # above every number that the lost box may have given its inbox pairs since this snapshot


@dataclass(frozen=True)
class Manifest:
    """What a snapshot says of itself: whose it is, when it was taken, and where its trail ends."""

    box_id: str
    head: Head


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of a snapshot that lies in a folder.

    Raises:
        Tampered: It is missing, or not what was written.
    """
    try:
        table = json.loads((folder / MANIFEST).read_bytes())
        end = Head(int(table["audit_sequence"]), bytes.fromhex(table["audit_chain"]))
        return Manifest(str(table["box_id"]), end)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Tampered("the snapshot's manifest is missing or not what was written") from error


def prove_catalogue(keys: Path, keyring: Keyring, clock: Clock) -> BoxRow:
    """Verify the catalogue of a snapshot, every page of it, and bring its schema up to this release.

    Raises:
        WrongKey: It is of another root secret.
        Tampered: A page, the box or the trail is not what was backed up.
        CatalogueOutdated: A later release wrote it: install that one.
    """
    manifest = read_manifest(keys)
    database = Database(keys / CATALOGUE, keyring.key(Subkey.CATALOGUE), clock)
    try:
        if database.check_integrity():
            raise Tampered("the snapshot's catalogue is damaged: take another snapshot or target")
        database.migrate()
        with database.read() as tx:
            box = find_box(tx)
            verdict = verify(tx, keyring.key(Subkey.AUDIT), [manifest.head])
    finally:
        database.close()
    if box is None or str(box.box_id) != manifest.box_id:
        raise Tampered("the snapshot's catalogue is of another box than it says")
    if verdict.fault is not None:
        raise Tampered(f"the snapshot's trail is {verdict.fault} at event {verdict.sequence}")
    return box


def place_catalogue(progressing: Progressing) -> None:
    """Put catalogue and inbox where they belong; doing it again after an interruption does the rest.

    Raises:
        Unavailable: The disk refused.
    """
    folders, files = progressing.folders, RealFiles()
    with storage_faults():
        for part in _MOVED:
            _move_entries(progressing.keys / part, folders.data / part)
        for ending in ("-wal", "-shm"):
            (progressing.keys / f"{CATALOGUE}{ending}").unlink(missing_ok=True)  # closed, so it is empty
        if (progressing.keys / CATALOGUE).exists():
            (progressing.keys / CATALOGUE).chmod(folders.catalogue.parent.stat().st_mode & 0o660)
            files.rename(progressing.keys / CATALOGUE, folders.catalogue)
        for folder in (folders.catalogue.parent, folders.inbox, folders.settled):
            files.fsync_folder(folder)


def _move_entries(source: Path, target: Path) -> None:
    if source.is_dir():
        target.mkdir(mode=0o700, exist_ok=True)
        for entry in sorted(source.iterdir()):
            if (target / entry.name).exists() and entry.is_dir():
                _move_entries(entry, target / entry.name)
            else:
                RealFiles().rename(entry, target / entry.name)  # never copied: a copy would not be durable


def erase_again(rooms: Rooms, erased: frozenset[FileId]) -> int:
    """Take out of the catalogue and inbox what any target tells was erased; give how many files it still had.

    Raises:
        Unavailable: The disk refused; do it again.
    """
    with rooms.database.write() as tx:
        queries_restore.drop_packs(tx)
    parts = ErasingParts(rooms.folders.data, rooms.database, rooms.audit, RealFiles(), rooms.clock)
    return apply_tombstones(parts, erased)


def files_to_fetch(progressing: Progressing, rooms: Rooms) -> list[ToFetch]:
    """Give the files that rows name, but for those that still wait in the inbox.

    What came with the inbox and was in the vault by the time of the catalogue is put where fetched files are verified.
    """
    with rooms.database.read() as tx:
        wanted = {one.file_id: one for one in queries_restore.to_fetch(tx)}
    with storage_faults():
        for association in sorted(rooms.folders.inbox.iterdir()):
            for path in sorted(association.iterdir()) if association.is_dir() else ():
                one = _find(wanted, path.name)
                if one is not None and one.in_vault:
                    place = arriving_path(progressing.arriving, one.file_id)
                    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                    path.rename(place)
                elif one is not None:
                    del wanted[one.file_id]
    return list(wanted.values())


def waiting_files(inbox: Path) -> frozenset[FileId]:
    """Give the files that wait in the inbox."""
    found = set()
    with storage_faults():
        for path in inbox.glob("*/*"):
            with suppress(Unsuitable):
                found.add(FileId.parse(path.name))
    return frozenset(found)


def _find(wanted: Mapping[FileId, ToFetch], name: str) -> ToFetch | None:
    with suppress(Unsuitable):
        return wanted.get(FileId.parse(name))
    return None


def mark_missing(rooms: Rooms, missing: list[FileId]) -> None:
    """Mark files that no target has whole, as the pages of their studies then say."""
    damage = Damage(rooms.database, rooms.audit, rooms.clock)
    for file_id in missing:
        damage.found_damaged(file_id, OPERATOR)


def close_books(rooms: Rooms, end: Head, restored: Restored) -> None:
    """Enter in one transaction that the box was restored; doing it again changes nothing.

    What was proposed to be erased is proposed anew: whether somebody put it under a hold since is not known.
    One that came back for a drill keeps away from the targets of the box that lives.

    Args:
        rooms: The restored box.
        end: Where the trail ended in the snapshot.
        restored: What came back, and from where.
    """
    now = rooms.clock.now()
    with rooms.database.write() as tx:
        if queries_restore.was_restored_after(tx, EventCode.BOX_RESTORED.value, end.sequence):
            return
        queries_restore.forget_the_old_machine(tx, now)
        queries_restore.note_seen(tx, restored.target_id, now)
        refuse_all(tx, retention_of(rooms))
        for key in queries_restore.leave_targets(tx, now) if restored.is_drill else ():
            subject = Subject(SubjectKind.BACKUP_TARGET, key)
            rooms.audit.record(tx, Event(EventCode.BACKUP_TARGET_REMOVED, OPERATOR, subject=subject))
        above = current_inbox_public_key(tx).number + _APART
        public = rooms.rotating_keys.rotate_inbox_key(tx, above)
        rooms.audit.record(tx, Event(EventCode.INBOX_KEY_ROTATED, OPERATOR, number=public.number))
        record_restored(tx, rooms.audit, restored, now)

"""Reads the whole box, says whether it is what was stored, and marks what is not, as its pages then say.

Guards: every page of the catalogue, every link of the audit chain, every chunk
of every stored file, and the digest of every dataset. Plaintext is in memory
only, a chunk at a time. A file's mark of damage is cleared only when all of it
verified, its digest included, and is set only for what is not what was stored:
a disk that refuses says nothing of the bytes. Nothing is written into a
catalogue that is damaged itself. A pack, which is a cache, is dropped where it
is not what was stored. Leaves out: mending anything.
"""

import hashlib
from dataclasses import dataclass

from appliance.archive.damage import Damage
from appliance.archive.packs import Packs
from appliance.archive.reading.queries import all_digests
from appliance.assembly.rooms import Rooms
from appliance.audit.events import OPERATOR
from appliance.audit.queries import verify
from appliance.errors import ApplianceError, NotFound, Tampered
from appliance.identifiers import FileId
from appliance.keys.hierarchy import Subkey
from appliance.store.files import storage_faults
from appliance.store.stored_files import find_file, find_orphans, unseal_row


@dataclass(frozen=True)
class Report:
    """What was read and what was found.

    Attributes:
        audit_events: Links of the chain that hold.
        files: Stored files that were read.
        bytes_read: Plaintext bytes that verified.
        files_without_row: Vault files that no row names, each told among the faults: nothing opens them any more.
        newly_damaged: Files of studies that were marked now; the pages of their studies say so.
        sound_again: Files that were marked and are whole: their marks are gone.
        faults: What is not what was stored, by file id or sequence; never by a patient.
    """

    audit_events: int
    files: int
    bytes_read: int
    files_without_row: int
    newly_damaged: int
    sound_again: int
    faults: tuple[str, ...]


def check_box(rooms: Rooms) -> Report:
    """Read and verify everything.

    Raises:
        WrongKey: The catalogue does not open at all.
    """
    faults = [f"catalogue: {fault}" for fault in rooms.database.check_integrity()]
    with rooms.database.read() as tx:
        verdict = verify(tx, rooms.keyring.key(Subkey.AUDIT))
        stored = all_digests(tx)
    files = _Files(rooms, may_mark=not faults)
    orphans = _without_row(rooms)
    if verdict.fault is not None:
        faults.append(f"audit event {verdict.sequence}: {verdict.fault}")
    for identifier, offset, digest in stored:
        try:
            files.check(FileId(identifier), offset, digest)
        except ApplianceError as fault:
            faults.append(f"file {identifier.hex()}: {fault}")
    faults += files.not_marked
    faults += [f"file {file_id}: no row names it: it is of a catalogue that is not here" for file_id in orphans]
    counts = (files.bytes_read, len(orphans), files.newly_damaged, files.sound_again)
    return Report(verdict.head.sequence, len(stored), *counts, tuple(faults))


def _without_row(rooms: Rooms) -> list[FileId]:
    """Give the vault files without a row; the rows are read after the files, for each row comes before its file."""
    there = list(rooms.vault.stored_ids())
    with rooms.database.read() as tx:
        return find_orphans(tx, there)


class _Files:
    """Reads stored files one after the other and keeps their marks of damage true."""

    def __init__(self, rooms: Rooms, *, may_mark: bool) -> None:
        self._rooms = rooms
        self._damage = Damage(rooms.database, rooms.audit, rooms.clock)
        self._packs = Packs(rooms.database, rooms.audit, rooms.clock)
        self._may_mark = may_mark
        self._marked = self._damage.marks()
        self.bytes_read = self.newly_damaged = self.sound_again = 0
        self.not_marked: list[str] = []

    def check(self, file_id: FileId, offset: int | None, digest: bytes | None) -> None:
        """Read a file whole.

        Raises:
            Tampered: It is not what was stored; it is marked.
            Unavailable: The disk refused.
        """
        try:
            read = _check_file(self._rooms, file_id, offset, digest)
        except Tampered:
            if self._is_gone(file_id):
                return
            self.newly_damaged += self._mark(file_id, None)
            if self._may_mark:
                self._packs.drop_bad_file(file_id)
            raise
        self.bytes_read += read or 0
        since = self._marked.get(file_id.value)
        if read is not None and digest is not None and since is not None:
            self.sound_again += self._mark(file_id, since)

    def _is_gone(self, file_id: FileId) -> bool:
        """Say whether a file's row went while it was read: packs come and go."""
        with self._rooms.database.read() as tx:
            return find_file(tx, file_id) is None

    def _mark(self, file_id: FileId, sound_since: int | None) -> bool:
        """Mark a file as damaged, or clear the mark that it bears since then; give whether that was due."""
        if not self._may_mark:
            return False
        try:
            if sound_since is None:
                return self._damage.found_damaged(file_id, OPERATOR)
            return self._damage.found_sound(file_id, sound_since, OPERATOR)
        except ApplianceError as fault:
            self.not_marked.append(f"file {file_id}: its mark could not be changed: {fault}")
            return False


def _check_file(rooms: Rooms, file_id: FileId, offset: int | None, digest: bytes | None) -> int | None:
    """Read a file whole and give its length; None when it was erased since the list was read."""
    with rooms.database.read() as tx:
        if find_file(tx, file_id) is None:
            return None
        try:
            sealed = unseal_row(tx, rooms.rotating_keys, file_id)
        except NotFound as fault:
            raise Tampered("the key that its key is wrapped by is not there") from fault
    read, seen = hashlib.sha256(), 0
    with storage_faults(), sealed.open(rooms.vault) as stream:
        for chunk in stream.chunks(offset or 0):
            read.update(chunk)
            seen += len(chunk)
    if digest is not None and read.digest() != digest:
        raise Tampered("the dataset is not the one that arrived")
    return seen + (offset or 0)

"""Reads the whole box and says whether it is what was stored.

Guards: every page of the catalogue, every link of the audit chain, every chunk
of every stored file, and the digest of every dataset. Plaintext is in memory
only, a chunk at a time. Leaves out: mending anything.
"""

import hashlib
from dataclasses import dataclass

from appliance.archive.reading.queries import all_digests
from appliance.assembly.rooms import Rooms
from appliance.audit.queries import verify
from appliance.errors import ApplianceError, NotFound, Tampered
from appliance.identifiers import FileId
from appliance.keys.hierarchy import Subkey
from appliance.store.stored_files import find_orphans, unseal_row


@dataclass(frozen=True)
class Report:
    """What was read and what was found.

    Attributes:
        audit_events: Links of the chain that hold.
        files: Stored files that were read.
        bytes_read: Plaintext bytes that verified.
        files_without_row: Vault files that no row names, each told among the faults: nothing opens them any more.
        faults: What is not what was stored, by file id or sequence; never by a patient.
    """

    audit_events: int
    files: int
    bytes_read: int
    files_without_row: int
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
    orphans = _without_row(rooms)
    if verdict.fault is not None:
        faults.append(f"audit event {verdict.sequence}: {verdict.fault}")
    total = 0
    for identifier, offset, digest in stored:
        try:
            total += _check_file(rooms, FileId(identifier), offset, digest)
        except ApplianceError as fault:
            faults.append(f"file {identifier.hex()}: {fault}")
    faults += [f"file {file_id}: no row names it: it is of a catalogue that is not here" for file_id in orphans]
    return Report(verdict.head.sequence, len(stored), total, len(orphans), tuple(faults))


def _without_row(rooms: Rooms) -> list[FileId]:
    """Give the vault files without a row; the rows are read after the files, for each row comes before its file."""
    there = list(rooms.vault.stored_ids())
    with rooms.database.read() as tx:
        return find_orphans(tx, there)


def _check_file(rooms: Rooms, file_id: FileId, offset: int | None, digest: bytes | None) -> int:
    try:
        with rooms.database.read() as tx:
            sealed = unseal_row(tx, rooms.rotating_keys, file_id)
    except NotFound:
        return 0  # erased since the list was read
    read, seen = hashlib.sha256(), 0
    with sealed.open(rooms.vault) as stream:
        for chunk in stream.chunks(offset or 0):
            read.update(chunk)
            seen += len(chunk)
    if digest is not None and read.digest() != digest:
        raise Tampered("the dataset is not the one that arrived")
    return seen + (offset or 0)

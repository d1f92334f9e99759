"""Reads the whole box, says whether it is what was stored, and marks what is not, as its pages then say.

Guards: every page of the catalogue, every link of the audit chain, every chunk
of every stored file, and the digest of every dataset. Plaintext is in memory
only, a chunk at a time. A file's mark of damage is cleared only when all of it
verified, its digest included, and is set only for what is not what was stored:
a disk that refuses says nothing of the bytes. Nothing is written into a
catalogue that is damaged itself. A pack, which is a cache, is dropped where it
is not what was stored. Leaves out: mending anything (`repairing`), and backups (`proving`).
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from appliance.archive.reading.queries import all_digests
from appliance.audit.events import OPERATOR
from appliance.audit.queries import verify
from appliance.errors import Unavailable
from appliance.identifiers import FileId
from appliance.integrity.anchors import look_back, remember
from appliance.integrity.findings import FaultCode, Finding, FoundBy, Place
from appliance.integrity.keeping import Keeper
from appliance.integrity.parts import IntegrityParts
from appliance.integrity.queries_tests import remembered_heads
from appliance.integrity.reading import Expected, verify_file
from appliance.integrity.snapshots import AUDIT_CODES
from appliance.store.stored_files import find_orphans


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
        findings: The same, as it is kept.
    """

    audit_events: int
    files: int
    bytes_read: int
    files_without_row: int
    newly_damaged: int
    sound_again: int
    faults: tuple[str, ...]
    findings: tuple[Finding, ...] = ()


_NO_ROW = "no row names it: it is of a catalogue that is not here"


def check_box(parts: IntegrityParts, on_progress: Callable[[int, int], None] = lambda _done, _total: None) -> Report:
    """Read and verify everything.

    Args:
        parts: The box.
        on_progress: Hears how many stored files were read, of how many.

    Raises:
        WrongKey: The catalogue does not open at all.
    """
    pages = parts.database.check_integrity()
    found = [Finding(Place.CATALOGUE, FaultCode.ALTERED, page) for page in pages]
    keeper = Keeper(parts, FoundBy.VERIFY, OPERATOR, may_write=not found)
    with parts.database.read() as tx:
        verdict = verify(tx, parts.audit_key, remembered_heads(tx))
        stored = [Expected(FileId(row[0]), *row[1:]) for row in all_digests(tx)]
    orphans = _without_row(parts)
    older = look_back(parts)
    if older is not None:
        found.append(older)
    if verdict.fault is not None:
        words = "the record of events is not the one that was written"
        found.append(Finding(Place.AUDIT, AUDIT_CODES[verdict.fault], words, sequence=verdict.sequence))
    bytes_read = 0
    for done, expected in enumerate(stored, 1):
        read = verify_file(parts.database, parts.rotating_keys, parts.vault, expected)
        bytes_read += read.bytes_read or 0
        keeper.note(expected, read)
        on_progress(done, len(stored))
    found += keeper.found
    found += [Finding(Place.VAULT, FaultCode.NO_ROW, _NO_ROW, file_id) for file_id in orphans]
    keeper.keep([finding for finding in found if finding not in keeper.found])
    keeper.end_all_but(found)
    _write_note_anew(parts, older, found)
    faults = (*(finding.told() for finding in found), *keeper.not_marked)
    counts = (bytes_read, len(orphans), keeper.newly_damaged, keeper.sound_again)
    return Report(verdict.head.sequence, len(stored), *counts, faults, tuple(found))


def _write_note_anew(parts: IntegrityParts, older: Finding | None, found: Sequence[Finding]) -> None:
    """Write the note of how far the record had come anew where it alone is damaged: all that it guards was read now.

    The finding stands until the scrub, or the next check, finds it whole.
    """
    only_note = older is not None and older.code is FaultCode.ALTERED
    if only_note and all(one is older or one.place is Place.VAULT for one in found):
        with suppress(Unavailable):
            remember(parts)


def _without_row(parts: IntegrityParts) -> list[FileId]:
    """Give the vault files without a row; the rows are read after the files, for each row comes before its file."""
    there = [*parts.vault.stored_ids(), *parts.vault.pack_ids()]
    with parts.database.read() as tx:
        return find_orphans(tx, there)

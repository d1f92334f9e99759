"""Judges a catalogue and files that came out of a backup, from nothing but them and three keys.

Guards: the catalogue's pages, its box, its audit chain up to the heads that
were remembered elsewhere, the length of every stored file, and whatever files
lie beside it, byte for byte. What was erased since is not asked for: its
tombstone is re-applied first. Leaves out: where the snapshot came from.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from appliance.audit.chain import Fault, Head
from appliance.audit.events import AuditLog
from appliance.audit.queries import verify
from appliance.clock import Clock
from appliance.errors import ApplianceError, OutOfSpace
from appliance.identifiers import BoxId, FileId
from appliance.integrity import queries_snapshot
from appliance.integrity.findings import FaultCode, Finding, Place
from appliance.integrity.parts import IntegrityParts
from appliance.integrity.reading import Expected, ReadBack, sealed_bytes, verify_file
from appliance.keys.hierarchy import Keyring, Subkey
from appliance.retention.erasing import ErasingParts
from appliance.retention.tombstones import apply_tombstones
from appliance.store.box import find_box
from appliance.store.database import Database
from appliance.store.files import RealFiles
from appliance.store.rotating_keys import RotatingKeys
from appliance.store.vault import Vault

CATALOGUE_NAME = "catalogue.db"
AUDIT_CODES: Mapping[Fault, FaultCode] = {
    Fault.ALTERED: FaultCode.ALTERED,
    Fault.MISSING: FaultCode.MISSING,
    Fault.CUT: FaultCode.OLDER,
    Fault.REWRITTEN: FaultCode.EXCHANGED,
}


@dataclass(frozen=True)
class Claims:
    """What a snapshot was said to be when it was made.

    Attributes:
        box_id: Whose it is.
        head: Where its audit chain ended; the catalogue in it is not older than this.
        anchors: Other heads that were remembered, of any time.
        sizes: The stored files in it, by id, and their lengths on disk.
        erased: Files that were erased since.
    """

    box_id: BoxId
    head: Head
    anchors: Sequence[Head]
    sizes: Mapping[FileId, int]
    erased: frozenset[FileId]


@dataclass(frozen=True)
class CatalogueProof:
    """What a snapshot's catalogue was found to be."""

    audit_events: int
    file_count: int
    bytes: int
    findings: tuple[Finding, ...]


def open_snapshot(folder: Path, keyring: Keyring, clock: Clock) -> IntegrityParts:
    """Open a snapshot that was written back to a folder, apart from any box."""
    audit_key = keyring.key(Subkey.AUDIT)
    files = RealFiles()
    return IntegrityParts(
        folder, Database(folder / CATALOGUE_NAME, keyring.key(Subkey.CATALOGUE), clock),
        RotatingKeys(keyring.key(Subkey.KEY_WRAPPING), clock), Vault(folder, files), files,
        AuditLog(audit_key, clock), audit_key, clock,
    )  # fmt: skip


def judge_catalogue(parts: IntegrityParts, claims: Claims) -> CatalogueProof:
    """Verify a snapshot's catalogue, bring it to this release's schema, and forget in it what was erased since.

    Raises:
        OutOfSpace: The disk that it lies on is full; nothing is said of it.
    """
    try:
        pages = parts.database.check_integrity()
    except ApplianceError as fault:
        return CatalogueProof(0, 0, 0, (Finding(Place.SNAPSHOT, _code_of(parts), str(fault), thing="catalogue"),))
    if pages:
        found = [Finding(Place.SNAPSHOT, FaultCode.ALTERED, page, thing="catalogue") for page in pages]
        return CatalogueProof(0, 0, 0, tuple(found))
    try:
        parts.database.migrate()
        return _judge_rows(parts, claims)
    except OutOfSpace:
        raise
    except ApplianceError as fault:
        found = [Finding(Place.SNAPSHOT, FaultCode.ALTERED, str(fault), thing="catalogue")]
        return CatalogueProof(0, 0, 0, tuple(found))


def _code_of(parts: IntegrityParts) -> FaultCode:
    there = (parts.data_folder / CATALOGUE_NAME).exists()
    return FaultCode.ALTERED if there else FaultCode.MISSING


def _judge_rows(parts: IntegrityParts, claims: Claims) -> CatalogueProof:
    heads = [claims.head, *(head for head in claims.anchors if head.sequence <= claims.head.sequence)]
    with parts.database.read() as tx:
        box = find_box(tx)
        verdict = verify(tx, parts.audit_key, [head for head in heads if head.sequence > 0])
    found = []
    if box is None or box.box_id != claims.box_id:
        found.append(Finding(Place.SNAPSHOT, FaultCode.EXCHANGED, "it is another box's", thing="catalogue"))
    if verdict.fault is not None:
        words = "the record of events is not the one that was remembered"
        code = AUDIT_CODES[verdict.fault]
        found.append(Finding(Place.SNAPSHOT, code, words, sequence=verdict.sequence, thing="audit"))
    erasing = ErasingParts(parts.data_folder, parts.database, parts.audit, parts.files, parts.clock)
    apply_tombstones(erasing, claims.erased)
    with parts.database.read() as tx:
        stored = [*queries_snapshot.stored_files(tx)]
    found += _missing(stored, claims)
    return CatalogueProof(verdict.head.sequence, len(stored), sum(size for _, size, _ in stored), tuple(found))


def _missing(stored: Iterable[queries_snapshot.Stored], claims: Claims) -> Iterator[Finding]:
    """Name every file that is not in the snapshot, or not of its length."""
    for file_id, plaintext_bytes, in_vault in stored:
        size, expected = claims.sizes.get(file_id), sealed_bytes(plaintext_bytes)
        if size == expected or (size is None and not in_vault):
            continue  # what was in the inbox then lies in the other repository
        words = "the backup holds it in another length" if size is not None else "the backup does not hold it"
        code = FaultCode.MISSING if size is None else _by_length(size, expected)
        yield Finding(Place.SNAPSHOT, code, words, file_id)


def _by_length(size: int, expected: int) -> FaultCode:
    return FaultCode.SHORTENED if size < expected else FaultCode.LENGTHENED


def judge_files(parts: IntegrityParts, prefixes: Sequence[str]) -> Iterator[tuple[Expected, ReadBack]]:
    """Read every file that the snapshot's catalogue names and whose id begins in some ways, and tell what each is."""
    with parts.database.read() as tx:
        wanted = [one for prefix in prefixes for one in queries_snapshot.expected_files(tx, prefix)]
    for expected in wanted:
        yield expected, in_snapshot(verify_file(parts.database, parts.rotating_keys, parts.vault, expected))


def in_snapshot(read: ReadBack) -> ReadBack:
    """Tell of a snapshot's file what was told of a vault's."""
    fault = read.fault
    if fault is None:
        return read
    return ReadBack(None, Finding(Place.SNAPSHOT, fault.code, fault.words, fault.file_id))

"""Makes a catalogue that is lost or damaged again: from the newest whole snapshot, and the files that came after it.

Guards: the new catalogue is whole before anything of the old one moves. What
the snapshot knows keeps its row keys, for the trail names patients by them.
What came after has its key from the sealed record of its association, which
intake keeps until a snapshot with its rows is on a target, or from the old
catalogue where that still opens; it is read, verified and listed in the order
in which it came, by intake's own code. What was erased stays erased. Leaves
out: corrections, accounts and events since the snapshot, which were nowhere else.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TypeVar

from appliance.archive.arrivals import QuarantineReason
from appliance.archive.cataloguing import Catalogued, Cataloguer
from appliance.audit.events import OPERATOR, PROCESS, Actor, Event, EventCode
from appliance.clock import microseconds
from appliance.dicom.part10 import LARGEST_META_BYTES, read_file_meta
from appliance.errors import ApplianceError, Tampered, Unsuitable
from appliance.identifiers import AssociationId, BoxId, FileId
from appliance.inbox.reader import InboxReader, OpenAssociation
from appliance.intake import queries as intake_queries
from appliance.intake import senders, trail
from appliance.intake.association import ENDINGS
from appliance.intake.examining import Examined, examine_file
from appliance.integrity import queries_snapshot, queries_tests
from appliance.integrity.anchors import forget
from appliance.integrity.parts import IntegrityParts
from appliance.keys.inbox_seal import instance_key
from appliance.keys.secret import SecretKey
from appliance.keys.stream import SealedStream
from appliance.retention.erasing import ErasingParts
from appliance.retention.tombstones import apply_tombstones
from appliance.sandbox.parser import Parser
from appliance.store.database import Database
from appliance.store.stored_files import NewFile, find_orphans, mark_in_vault, unseal_row
from appliance.store.transactions import ReadTransaction, Row, WriteTransaction
from appliance.store.vault import Vault

_BATCH = 100
_Answer = TypeVar("_Answer")


@dataclass(frozen=True)
class Rebuilt:
    """What a rebuild did.

    Attributes:
        from_snapshot: Files whose rows came with the snapshot.
        added: Files that came after it and are listed, or in quarantine, again.
        erased: Files that were erased since the snapshot and stay so.
        without_key: Files that nothing here opens: neither the snapshot, nor a kept association, nor the old catalogue.
        asked_old: The old catalogue told what was erased since.
    """

    from_snapshot: int
    added: int
    erased: int
    without_key: tuple[FileId, ...]
    asked_old: bool = True


@dataclass(frozen=True)
class Found:
    """A stored file that the snapshot does not know, its key, and the association that brought it."""

    file_id: FileId
    data_key: SecretKey
    plaintext_bytes: int
    association_id: AssociationId
    association: OpenAssociation | None
    association_row: Row | None = None


def rebuild(parts: IntegrityParts, box_id: BoxId, old: Database | None, erased: Iterable[FileId]) -> Rebuilt:
    """Bring a snapshot's catalogue up to what lies in the vault.

    Args:
        parts: The box, its `database` a copy of the snapshot's catalogue, verified and of this release's schema.
        box_id: Whose it is.
        old: The catalogue that is to be replaced, where it still opens; nothing in it changes.
        erased: Files whose tombstones are known.

    Raises:
        Unavailable: The disk refused; do it again.
    """
    told = _asked(old, queries_tests.erased_files)
    gone = {*erased, *(told or ())}
    with parts.database.write() as tx:
        for row in _asked(old, queries_snapshot.rotating_key_rows) or ():
            queries_snapshot.add_rotating_key(tx, row)
    erasing = ErasingParts(parts.data_folder, parts.database, parts.audit, parts.files, parts.clock)
    forgotten = apply_tombstones(erasing, gone)
    there = [*parts.vault.stored_ids()]
    with parts.database.read() as tx:
        after = [file_id for file_id in find_orphans(tx, there) if file_id not in gone]
        known = queries_snapshot.count_files(tx)
    found = _with_keys(parts, box_id, old, after)
    _list_all(parts, found)
    with parts.database.write() as tx:
        parts.audit.record(tx, Event(EventCode.CATALOGUE_REBUILT, OPERATOR, number=len(found)))
    forget(parts)
    opened = {one.file_id for one in found}
    without_key = tuple(file_id for file_id in after if file_id not in opened)
    return Rebuilt(known, len(found), forgotten, without_key, told is not None)


def list_kept(parts: IntegrityParts, box_id: BoxId, files: Sequence[FileId]) -> list[FileId]:
    """List files of the vault that no row names, by the associations that intake kept; give those that are listed now.

    Raises:
        Unavailable: The disk refused; do it again.
    """
    found = _with_keys(parts, box_id, None, files)
    _list_all(parts, found)
    return [one.file_id for one in found]


def _asked(old: Database | None, question: Callable[[ReadTransaction], list[_Answer]]) -> list[_Answer] | None:
    """Ask the old catalogue, which may be damaged where the answer lies."""
    if old is None:
        return None
    with suppress(ApplianceError), old.read() as tx:
        return question(tx)
    return None


def _with_keys(parts: IntegrityParts, box_id: BoxId, old: Database | None, files: Sequence[FileId]) -> list[Found]:
    """Find each file's key: by a kept association whose key it commits to, else by the old catalogue's row."""
    associations = _associations(parts, box_id)
    found = [_by_association(parts.vault, file_id, associations) or _by_row(parts, old, file_id) for file_id in files]
    return [one for one in found if one is not None]


def _associations(parts: IntegrityParts, box_id: BoxId) -> list[OpenAssociation]:
    """Open every association that intake kept after it was taken in."""
    reader = InboxReader(parts.data_folder / "settled", box_id, parts.files)
    with parts.database.read() as tx:
        private_keys = parts.rotating_keys.inbox_private_keys(tx)
    opened = []
    for association_id in reader.association_ids():
        with suppress(Tampered):
            record = reader.record_of(association_id)
            if record is not None:
                opened.append(reader.open(record, private_keys))
    return opened


def _by_association(vault: Vault, file_id: FileId, associations: Sequence[OpenAssociation]) -> Found | None:
    for association in associations:
        key = instance_key(association.key, file_id)
        with suppress(Tampered), _opened(vault, file_id, key, None) as stream:
            return Found(file_id, key, stream.plaintext_bytes, association.association_id, association)
    return None


def _by_row(parts: IntegrityParts, old: Database | None, file_id: FileId) -> Found | None:
    if old is None:
        return None
    with suppress(ApplianceError), old.read() as tx:
        sealed = unseal_row(tx, parts.rotating_keys, file_id)
        row = queries_snapshot.association_of(tx, file_id)
        if row is not None:
            key, length = sealed.data_key, sealed.row.plaintext_bytes
            return Found(file_id, key, length, AssociationId(row[0]), None, row)
    return None


@contextmanager
def _opened(vault: Vault, file_id: FileId, key: SecretKey, length: int | None) -> Iterator[SealedStream]:
    with vault.open_file(file_id) as file:
        yield SealedStream(key, file_id, file.fileno(), length)


def _list_all(parts: IntegrityParts, found: Sequence[Found]) -> None:
    """List files in the order in which they came, a hundred a transaction; a second run goes on where one ended."""
    came = sorted((_came(parts, one), number) for number, one in enumerate(found))
    ordered = [found[number] for _, number in came]
    with Parser(parts.clock) as parser:
        for first in range(0, len(ordered), _BATCH):
            batch = ordered[first : first + _BATCH]
            examined = [_examined(parts, one, parser) for one in batch]
            with parts.database.write() as tx:
                _list_batch(tx, parts, batch, examined)
    with parts.database.write() as tx:
        for association in {one.association_id: one.association for one in found}.values():
            if association is not None:
                _end(tx, parts, association)


def _came(parts: IntegrityParts, one: Found) -> tuple[int, int]:
    """Give when a file came, and as which of its association; what does not say comes last."""
    with suppress(Tampered, Unsuitable), _opened(parts.vault, one.file_id, one.data_key, None) as stream:
        origin = read_file_meta(stream.read(0, LARGEST_META_BYTES)).origin
        if origin is not None:
            return microseconds(origin.arrived_at), origin.sequence
    return 1 << 62, 0


def _examined(parts: IntegrityParts, one: Found, parser: Parser) -> Examined:
    now = microseconds(parts.clock.now())
    file = NewFile(one.file_id, one.data_key, one.plaintext_bytes, one.association_id, now)
    return examine_file(_opened(parts.vault, one.file_id, one.data_key, one.plaintext_bytes), file, parser, now)


def _list_batch(
    tx: WriteTransaction, parts: IntegrityParts, batch: Sequence[Found], examined: Sequence[Examined]
) -> None:
    actors = {one.association_id: _begin(tx, one) for one in batch}
    wrapping_key = parts.rotating_keys.current_wrapping_key(tx)
    cataloguer = Cataloguer(tx, wrapping_key, microseconds(parts.clock.now()))
    done = [_add(cataloguer, one) for one in examined]
    cataloguer.finish()
    for one, result in zip(batch, done, strict=True):
        mark_in_vault(tx, one.file_id)
        trail.tell_catalogued(parts.audit, tx, actors[one.association_id], result)


def _begin(tx: WriteTransaction, one: Found) -> Actor:
    """Add the row of a file's association, from its record or else from the old catalogue."""
    if one.association is not None:
        return senders.begin(tx, one.association.record)
    if one.association_row is not None:
        queries_snapshot.add_association_row(tx, one.association_row)
    return PROCESS


def _add(cataloguer: Cataloguer, one: Examined) -> Catalogued:
    if one.facts is not None:
        return cataloguer.add(one.arrival, one.facts)
    return cataloguer.quarantine(one.arrival, one.reason or QuarantineReason.NOT_CATALOGUED)


def _end(tx: WriteTransaction, parts: IntegrityParts, association: OpenAssociation) -> None:
    """Write down how an association ended, as its own record says."""
    reader = InboxReader(parts.data_folder / "settled", association.record.facts.box_id, parts.files)
    end = None
    with suppress(Tampered):
        end = reader.end_of(association)
    now = microseconds(parts.clock.now())
    intake_queries.end_association(
        tx, association_id=association.association_id.value,
        ended_at=now if end is None else microseconds(end.ended_at),
        outcome=ENDINGS.get(end.outcome, "aborted") if end is not None else "cut off",
        declared_count=None if end is None else end.file_count,
    )  # fmt: skip
    intake_queries.settle_association(tx, association.association_id.value, now)

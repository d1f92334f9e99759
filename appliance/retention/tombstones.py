"""Tombstones: the ids of erased files, kept for good, so that no copy of the box brings one back.

Guards: a tombstone names a file by its random id and nothing else. Applied to an older catalogue that was restored, it
removes rows, keys and files before anything is served. The document that lies on every target carries a code under the
audit key: who has no key of the box can neither add to it nor take from it unseen. Found on a target later, when the
box is in use again, what it names is erased there too, but for what a person decided since.
Leaves out: how the document gets to a target and back (backup).
"""

import hmac
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from hashlib import sha256
from logging import getLogger

from appliance.archive.erasing import ErasureScope, Removed, remove_files
from appliance.audit.events import PROCESS, Event, EventCode, Subject, SubjectKind
from appliance.errors import Tampered, Unavailable, Unsuitable
from appliance.identifiers import AssociationId, FileId
from appliance.keys.secret import SecretKey
from appliance.retention import queries_erasing as sql
from appliance.retention.erasing import ErasingParts, Order, finish, finish_all, record_erasure
from appliance.retention.telling import note_found
from appliance.store.transactions import ReadTransaction, WriteTransaction

_LABEL = b"enamel tombstones\x00"
_RESTORED = "restored"
log = getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Found:
    """What became of files that a target told to be erased and the box did not: erased now, or left to a person."""

    erased: int
    undecided: int


def erased_among(tx: ReadTransaction, file_ids: Collection[FileId]) -> dict[FileId, int]:
    """Give those of these files that were erased, each with its erasure's key."""
    return sql.erased_among(tx, file_ids) if file_ids else {}


def all_tombstones(tx: ReadTransaction) -> list[FileId]:
    """Give every file that was ever erased, in order."""
    return sql.all_tombstones(tx)


def end_association_of(tx: WriteTransaction, association_id: AssociationId, erasures: Iterable[int]) -> None:
    """Note that an association holds an erased file: its sealed key goes once its other files have their rows."""
    for erasure_key in set(erasures):
        sql.add_ending(tx, erasure_key, [association_id])
        sql.reopen_erasure(tx, erasure_key)


def encode_tombstones(file_ids: Iterable[FileId], audit_key: SecretKey) -> bytes:
    """Write the document that lies on targets: a line of 32 hexadecimal digits for each file, then the code's line."""
    lines = "".join(f"{file_id}\n" for file_id in sorted(set(file_ids))).encode()
    return lines + _code(lines, audit_key).encode() + b"\n"


def decode_tombstones(document: bytes, audit_key: SecretKey) -> frozenset[FileId]:
    """Read what `encode_tombstones` wrote.

    Raises:
        Tampered: It is not what was written, or another box wrote it.
    """
    lines, _, last = document.removesuffix(b"\n").rpartition(b"\n")
    body = lines + b"\n" if lines else b""
    if not document.endswith(b"\n") or not hmac.compare_digest(_code(body, audit_key).encode(), last):
        raise Tampered("a list of tombstones is not what was written")
    try:
        return frozenset(FileId.parse(line) for line in body.decode("ascii").splitlines())
    except (UnicodeDecodeError, Unsuitable):
        raise Tampered("a list of tombstones is not what was written") from None


def apply_tombstones(parts: ErasingParts, file_ids: Iterable[FileId]) -> int:
    """Take what was erased out of an older catalogue that came back, with its files and the keys they came under.

    Called before anything is served, and again after an interruption. What the catalogue knows to be erased already is
    done, too, where its files came back. Holds of that time do not keep what was erased after they were lifted.

    Args:
        parts: The restored box.
        file_ids: The files that tombstones on any target name.

    Returns:
        How many of them this catalogue did not know to be erased.

    Raises:
        Unavailable: The disk refused; do it again.
    """
    with parts.database.write() as tx:
        wanted = set(file_ids)
        new = wanted - set(sql.erased_among(tx, wanted))
        if new:
            _erase_again(tx, parts, new)
        sql.reopen_all(tx)
    finish_all(parts)
    return len(new)


def erase_found(parts: ErasingParts, file_ids: Iterable[FileId], *, is_believed: bool = True) -> Found:
    """Erase on a box that is in use what a target told to be erased: an older catalogue was put to use without it.

    What is under a legal hold that was set since, or was sent again since, stays: a person decides.

    Args:
        parts: The box.
        file_ids: The files that the tombstones on a target name.
        is_believed: The list bears the code of today's root; by one of before, which others may know, nothing is
            erased: whatever of it is here is left to a person.

    Raises:
        Unavailable: The catalogue could not be written: nothing was erased.
    """
    with parts.database.write() as tx:
        wanted = set(file_ids)
        new = wanted - set(sql.erased_among(tx, wanted))
        undecided = sql.decided_since(tx, new) if is_believed else sql.still_here(tx, new)
        going = new - undecided if is_believed else set[FileId]()
        if not going:
            return Found(0, len(undecided))
        erasure_key, removed = _erase_again(tx, parts, going)
        note_found(tx, removed.stored_count, parts.clock.now())
    try:
        finish(parts, erasure_key)
    except Unavailable as error:
        log.warning("an erasure is finished later: %s", error)
    return Found(len(going), len(undecided))


def _erase_again(tx: WriteTransaction, parts: ErasingParts, file_ids: Collection[FileId]) -> tuple[int, Removed]:
    suspended = sql.suspend_holds(tx, parts.now())
    removed = remove_files(tx, file_ids)
    sql.resume_holds(tx, suspended)
    erasure_key = record_erasure(tx, parts, Order(ErasureScope.FILES, _RESTORED, PROCESS), removed)
    event = Event(
        EventCode.TOMBSTONES_APPLIED, PROCESS, subject=Subject(SubjectKind.ERASURE, erasure_key), number=len(file_ids)
    )
    sql.note_event(tx, erasure_key, parts.audit.record(tx, event))
    return erasure_key, removed


def _code(lines: bytes, audit_key: SecretKey) -> str:
    return hmac.new(audit_key.reveal(), _LABEL + lines, sha256).hexdigest()

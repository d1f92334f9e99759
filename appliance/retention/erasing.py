"""Erases for good: keys and rows first, in one transaction with tombstones and event, then files and what they came by.

Guards: once `erase` has committed, nothing on this box opens what was erased but the sealed key of the association that
brought it, and that goes as soon as every file of the association has its row. A file that was erased is never taken in
again. Whatever is cut off afterwards (a disk that refuses, a plug that is pulled) is done by `finish_all`, which
changes nothing the second time; until then the erasure says that it is not finished. It is not while a catalogue that
was put aside lies beside the one in use: that one has the keys still. What is under a legal hold stays.
Leaves out: who may erase and when; what backups still hold, which `proofs` tells of; spare blocks of an SSD, which are
ciphertext under keys that are gone.
"""

from collections.abc import Callable
from dataclasses import dataclass
from logging import getLogger
from pathlib import Path
from secrets import token_bytes

from appliance.archive.erasing import ErasureScope, Removed, remove_within, subject_of
from appliance.archive.queries_packs import forget_leftover
from appliance.audit.events import PROCESS, Actor, ActorKind, AuditLog, Event, EventCode, Subject, SubjectKind
from appliance.clock import Clock, microseconds
from appliance.errors import ApplianceError, NoRight, NotFound, Refused, Unavailable
from appliance.inbox.settled import destroy_association_keys
from appliance.retention import queries_erasing as sql
from appliance.retention.queries_erasing import Erasure
from appliance.retention.telling import note_aside
from appliance.store.asides import has_asides
from appliance.store.database import Database
from appliance.store.files import FileLayer, storage_faults
from appliance.store.transactions import WriteTransaction
from appliance.store.vault import Vault

log = getLogger(__name__)


@dataclass(frozen=True)
class ErasingParts:
    """Collaborators of erasing: one box's data folder, catalogue, trail, disk and time."""

    data_folder: Path
    database: Database
    audit: AuditLog
    files: FileLayer
    clock: Clock

    @property
    def vault(self) -> Vault:
        """Give the vault of this data folder."""
        return Vault(self.data_folder, self.files)

    @property
    def has_asides(self) -> bool:
        """Say whether a catalogue that was put aside lies beside the one in use.

        Raises:
            Unavailable: The disk refused.
        """
        with storage_faults():
            return has_asides(self.database.path)

    def now(self) -> int:
        """Give this instant in microseconds."""
        return microseconds(self.clock.now())


@dataclass(frozen=True, slots=True)
class Order:
    """Why something is erased and by whom: `by` does it; the accounts are of who proposed it and who agreed."""

    scope: ErasureScope
    kind: str
    by: Actor
    approved_by: int | None = None
    proposed_by: int | None = None


def erase(
    parts: ErasingParts, scope: str, subject_key: int, kind: str, by: Actor, approved_by: int | None = None
) -> Erasure:
    """Erase an instance, series, study or patient.

    Args:
        parts: The box.
        scope: instance, series, study or patient.
        subject_key: Its row.
        kind: due, request or error.
        by: Who does it; an account is kept as the one who proposed it.
        approved_by: The account that agreed, if another one had to.

    Returns:
        The erasure; `files_gone_at` is None when the disk refused something that `finish_all` does later.

    Raises:
        NotFound: There is no such thing, or it was erased.
        Refused: It is under a legal hold.
        Unavailable: The catalogue could not be written: nothing was erased.
    """
    order = Order(ErasureScope(scope), kind, by, approved_by)
    with parts.database.write() as tx:
        erasure_key, removed = erase_rows(tx, parts, order, subject_key)
    try:
        _remove_packs(parts, removed)
        finish(parts, erasure_key)
    except ApplianceError as error:
        log.warning("an erasure is finished later: %s", error)
    return get_erasure(parts, erasure_key)


def erase_rows(tx: WriteTransaction, parts: ErasingParts, order: Order, subject_key: int) -> tuple[int, Removed]:
    """Do the first half of `erase` in a transaction of the caller's, who calls `finish_all` after it.

    Raises:
        NotFound, Refused: As `erase`.
    """
    patient_key, study_key = subject_of(tx, order.scope, subject_key)
    if patient_key is None:
        raise NotFound("there is nothing of this to erase")
    if sql.holds_on(tx, patient_key, study_key):
        raise Refused("this is under a legal hold, and stays")
    removed = remove_within(tx, order.scope, subject_key)
    erasure_key = record_erasure(tx, parts, order, removed)
    event = Event(
        EventCode.ERASED, order.by, subject=Subject(SubjectKind.ERASURE, erasure_key), patient_key=patient_key,
        study_key=study_key, number=removed.stored_count,
    )  # fmt: skip
    sql.note_event(tx, erasure_key, parts.audit.record(tx, event))
    return erasure_key, removed


def record_erasure(tx: WriteTransaction, parts: ErasingParts, order: Order, removed: Removed) -> int:
    """Write down what was removed: the erasure, its tombstones, the associations whose keys have to go."""
    erasure_key = sql.add_erasure(
        tx, erasure_id=token_bytes(16), scope=order.scope.value, kind=order.kind, file_count=len(removed.file_ids),
        bytes=removed.stored_bytes, erased_at=parts.now(), approved_by=order.approved_by,
        proposed_by=order.by.key if order.by.kind is ActorKind.ACCOUNT else order.proposed_by,
    )  # fmt: skip
    sql.add_tombstones(tx, erasure_key, removed.file_ids)
    sql.add_ending(tx, erasure_key, removed.associations)
    sql.forget_beside(tx, removed.file_ids, removed.study_keys, removed.patient_keys)
    return erasure_key


def get_erasure(parts: ErasingParts, erasure_key: int) -> Erasure:
    """Give an erasure.

    Raises:
        NotFound: There is none.
    """
    with parts.database.read() as tx:
        found = sql.find_erasure(tx, erasure_key)
    if found is None:
        raise NotFound("there is no such erasure")
    return found


def finish_all(parts: ErasingParts, on_progress: Callable[[], None] = lambda: None) -> int:
    """Do what is left to do of every erasure; give how many were finished.

    Args:
        parts: The box.
        on_progress: Hears of each step; where the catalogue is busy each may have waited for it.

    Raises:
        NoRight: What is left to do is another process's; the others are done.
        Unavailable: The disk refused one; the others are done.
    """
    with parts.database.read() as tx:
        left = sql.unfinished(tx)
    done, refused = 0, None
    for one in left:
        try:
            done += finish(parts, one.erasure_key, on_progress)
        except Unavailable as error:
            refused = error if refused is None or isinstance(refused, NoRight) else refused
    if refused is not None:
        raise refused
    return done


def finish(parts: ErasingParts, erasure_key: int, on_progress: Callable[[], None] = lambda: None) -> bool:
    """Remove the files of an erasure and the keys they came under, and cut the catalogue's log.

    Returns:
        Whether nothing is left to do: an association still in the inbox, somebody who reads, or a catalogue that was
        put aside, which is told, puts it off.

    Raises:
        Unavailable: The disk refused; it is done later.
    """
    with parts.database.read() as tx:
        file_ids = sql.tombstones_of(tx, erasure_key)
        places = sql.places_of_erased(tx, erasure_key)
        ending = sql.ending_associations(tx, erasure_key)
    vault = parts.vault
    for association_id, file_id in places:  # the inbox first: whatever moves meanwhile is in the vault then
        vault.remove_arrived(association_id, file_id)
    vault.remove_all(file_ids)
    waiting = destroy_association_keys(parts.data_folder, parts.files, ending)
    on_progress()
    is_cut, has_older = parts.database.cut_log(), parts.has_asides
    on_progress()
    with parts.database.write() as tx:
        sql.end_associations(tx, erasure_key, ending - waiting)
        if has_older:
            note_aside(tx, parts.clock.now(), is_there=True)
        if not is_cut or has_older or not sql.finish_erasure(tx, erasure_key, parts.now()):
            return False
        event = Event(EventCode.ERASURE_FINISHED, PROCESS, subject=Subject(SubjectKind.ERASURE, erasure_key))
        sql.note_gone_event(tx, erasure_key, parts.audit.record(tx, event))
    return True


def _remove_packs(parts: ErasingParts, removed: Removed) -> None:
    """Remove the files of packs that went with their series; their keys are gone, and intake would remove them too."""
    for file_id in removed.packs:
        parts.vault.remove(file_id)
        with parts.database.write() as tx:
            forget_leftover(tx, file_id)

"""Copies the box to one target.

Guards: the catalogue is copied before the vault, so every file that it names
is in the vault's copy. What is in the inbox is copied beside the catalogue;
what moved from there to the vault while the catalogue was laid out is not
opened by this copy, so the run says of itself that it covers what arrived
before that. A target is noted as covered only when both repositories hold the
whole run. One run at a time on a target; one that is cut off leaves what the
next completes. That a catalogue goes to a target is noted before its first byte
does. Leaves out: when (`jobs`), and what goes again (`pruning`).
"""

from collections.abc import Sequence, Set
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from logging import getLogger

from appliance.audit.events import PROCESS, Event, EventCode, Outcome, Subject, SubjectKind
from appliance.backup import queries, queries_begun, queries_copies
from appliance.backup.connecting import FILES, KEYS
from appliance.backup.engine import OnProgress, Snapshot, Source, nobody_listens
from appliance.backup.faults import BackupFailed, Fault, NotOurs
from appliance.backup.guard import Guard
from appliance.backup.joining import make_ready_unasked
from appliance.backup.parts import BackupParts
from appliance.backup.snapshotting import (
    BOX,
    CATALOGUE,
    INBOX,
    MANIFEST,
    SETTINGS,
    SETTLED,
    StagedCatalogue,
    clear_staged,
    stage_catalogue,
)
from appliance.backup.target import Target
from appliance.backup.targets import Repositories, open_target
from appliance.clock import instant, microseconds
from appliance.errors import OutOfSpace
from appliance.identifiers import FileId
from appliance.store.transactions import WriteTransaction

VAULT = "vault"
_STAGED = "staged-"
_NOT_THERE = {Fault.UNPLUGGED, Fault.UNREACHABLE}
log = getLogger(__name__)


class Kind(StrEnum):
    """What a run copies of the vault: all of it, or what is new."""

    NIGHT = "night"
    ARRIVALS = "arrivals"


@dataclass(frozen=True)
class Copied:
    """What a run put on a target; `new_files` are those of the vault that came since the run before."""

    keys: Snapshot
    files: Snapshot | None
    covered_at: datetime
    new_files: Sequence[bytes] = ()


def back_up(parts: BackupParts, target: Target, kind: Kind, on_progress: OnProgress = nobody_listens) -> Copied:
    """Copy the box to a target and note how that went.

    Args:
        parts: Collaborators.
        target: The target, as its row is now.
        kind: What to copy.
        on_progress: Hears about once a second, first of the catalogue, then of the vault; what it raises stops the run.

    Raises:
        BackupFailed: With the fault that was noted.
        NotOurs: Another box's copies lie there; noted as well.
    """
    try:
        with run_guard(parts, target).alone():
            copied = _copy(parts, target, kind, on_progress)
    except BackupFailed as failed:
        _note_failed(parts, target, kind, failed.fault)
        if kind is Kind.NIGHT and failed.fault is Fault.INCOMPLETE:
            _note_missed(parts, target)
        raise
    except NotOurs:
        _note_failed(parts, target, kind, Fault.NOT_OURS)
        raise
    except OutOfSpace:  # of the box's own disk: the target is not to blame
        _note_failed(parts, target, kind, Fault.INCOMPLETE)
        raise
    with parts.database.write() as tx:
        if kind is Kind.NIGHT:
            count = 0 if copied.files is None else copied.files.file_count
            _record_night(parts, target, tx, Outcome.SUCCESS, count)
    return copied


def run_guard(parts: BackupParts, target: Target) -> Guard:
    """Give what a run to a target holds."""
    return _run_guard(parts, target.target_id.hex())


def _run_guard(parts: BackupParts, name: str) -> Guard:
    return Guard(parts.work_folder / f"{name}.run")


def clear_cut_off(parts: BackupParts) -> None:
    """Remove every catalogue that a run laid out and died before it removed it: it holds keys, and may be the last.

    The next run to that target would, which may lie in a drawer for good.

    Raises:
        Unavailable: The disk refused.
    """
    for folder in sorted(parts.work_folder.glob(f"{_STAGED}*")):
        with suppress(BackupFailed), _run_guard(parts, folder.name.removeprefix(_STAGED)).alone():
            clear_staged(folder)


def look_at(parts: BackupParts, target: Target) -> Repositories:
    """Open a target and note that it was seen; one that was never seen is made ready first.

    Raises:
        NotOurs, BackupFailed: It is not there, or not ours.
    """
    try:
        if target.seen_at is None:
            make_ready_unasked(parts, target)
        opened = open_target(parts, target)
    except (BackupFailed, NotOurs) as failed:
        with parts.database.write() as tx:
            queries.note_fault(tx, target.target_key, _fault_of(failed))
        raise
    with parts.database.write() as tx:
        queries.note_seen(tx, target.target_key, parts.clock.now())
        if target.fault in _NOT_THERE:
            queries.note_fault(tx, target.target_key, None)
    return opened


def _fault_of(failed: BackupFailed | NotOurs) -> Fault:
    return failed.fault if isinstance(failed, BackupFailed) else Fault.NOT_OURS


def _copy(parts: BackupParts, target: Target, kind: Kind, on_progress: OnProgress) -> Copied:
    begun_at = parts.clock.now()
    opened = look_at(parts, target)
    folder = parts.work_folder / f"{_STAGED}{target.target_id.hex()}"
    since = 0 if target.copied_through is None else microseconds(target.copied_through)
    try:
        staged = stage_catalogue(parts, folder, since, count=kind is Kind.NIGHT)
        with parts.database.write() as tx:
            begun = queries_begun.begin_copy(tx, target.target_key, staged.head, staged.taken_at)
        keys = opened.keys.backup(_keys_source(parts, staged), kind.value, staged.taken_at, on_progress)
        _note(parts, target, KEYS, keys, staged, [begun])
    finally:
        clear_staged(folder)
    files = _copy_vault(parts, target, kind, opened, staged, on_progress)
    if files is not None:
        _note(parts, target, FILES, files, staged)
    with parts.database.write() as tx:
        covered_at = _covered_at(queries_copies.first_arrival_of(tx, microseconds(staged.taken_at)), begun_at)
        queries_copies.note_copies(tx, target.target_key, staged.studies, staged.taken_at)
        queries.note_covered(tx, target.target_key, covered_at, staged.copied_through)
        if kind is Kind.NIGHT:
            queries.note_whole_night(tx, target.target_key, begun_at)
    return Copied(keys, files, covered_at, staged.new_files)


def _keys_source(parts: BackupParts, staged: StagedCatalogue) -> Source:
    beside = [name for name in (CATALOGUE, BOX, SETTINGS, MANIFEST) if (staged.folder / name).exists()]
    living = [f"../../{name}" for name in (INBOX, SETTLED) if (parts.data_folder / name).is_dir()]
    return Source(staged.folder, [*beside, *living], may_vanish=living, mark=staged.mark.encode())


def _copy_vault(
    parts: BackupParts, target: Target, kind: Kind, opened: Repositories, staged: StagedCatalogue,
    on_progress: OnProgress,
) -> Snapshot | None:  # fmt: skip
    """Copy what has to be of the vault; an arrivals' run without new files copies none.

    Raises:
        BackupFailed: A file that a row names is not in the vault; everything else was copied and is noted.
    """
    if kind is Kind.NIGHT:
        if not (parts.data_folder / VAULT).is_dir():
            raise BackupFailed(Fault.INCOMPLETE)
        parent, mark = _before(parts, target, {Kind.NIGHT}), staged.mark.encode()
        source = Source(parts.data_folder, [VAULT], may_vanish=[VAULT], parent=parent, mark=mark)
        snapshot = _compared(opened, source, kind, staged, on_progress)
        if snapshot.file_count < staged.file_count and (lost := _lost(parts)):
            _note(parts, target, FILES, snapshot, staged)
            log.error("%d files that the catalogue names are not in the vault", lost)
            raise BackupFailed(Fault.INCOMPLETE)
        return snapshot
    there = [file_id for file_id in staged.new_files if parts.vault.path_of(FileId(file_id)).exists()]
    snapshot_or_none = None
    if there:
        snapshot_or_none = _copy_listed(parts, target, opened, staged, there, on_progress)
    if len(there) < len(staged.new_files) and _lost_among(parts, set(staged.new_files) - set(there)):
        raise BackupFailed(Fault.INCOMPLETE)
    return snapshot_or_none


def _copy_listed(
    parts: BackupParts, target: Target, opened: Repositories, staged: StagedCatalogue, there: Sequence[bytes],
    on_progress: OnProgress,
) -> Snapshot:  # fmt: skip
    names = [f"{VAULT}/{file_id.hex()[:2]}/{file_id.hex()}" for file_id in there]
    parent, mark = _before(parts, target, set(Kind)), staged.mark.encode()
    source = Source(parts.data_folder, listed=names, may_vanish=[VAULT], parent=parent, mark=mark)
    snapshot = _compared(opened, source, Kind.ARRIVALS, staged, on_progress)
    if snapshot.file_count < len(names) and _lost_among(parts, set(there)):
        raise BackupFailed(Fault.INCOMPLETE)
    return snapshot


def _before(parts: BackupParts, target: Target, kinds: Set[Kind]) -> str | None:
    """Give the snapshot to compare with, the last of some kinds: the engine itself would look through all of them."""
    with parts.database.read() as tx:
        known = [one for one in queries_copies.snapshots_on(tx, target.target_key, FILES) if one.kind in kinds]
    return known[-1].snapshot_id if known else None


def _compared(
    opened: Repositories, source: Source, kind: Kind, staged: StagedCatalogue, on_progress: OnProgress
) -> Snapshot:
    """Copy to the repository of files what is not in the snapshot to compare with."""
    try:
        return opened.files.backup(source, kind.value, staged.taken_at, on_progress)
    except BackupFailed as failed:
        if failed.fault is not Fault.FAILED or source.parent is None:
            raise
    alone = replace(source, parent=None)  # what to compare with is not there any more: an older copy of the disk
    return opened.files.backup(alone, kind.value, staged.taken_at, on_progress)


def _lost(parts: BackupParts) -> int:
    """Count the files that rows name and the vault has not."""
    there = {file_id.value for file_id in parts.vault.stored_ids()}
    with parts.database.read() as tx:
        return len(set(queries_copies.stored_since(tx, 0)) - there)


def _lost_among(parts: BackupParts, file_ids: set[bytes]) -> bool:
    """Say whether one of these files is named by a row and not there: an erased one is not named any more."""
    gone = [file_id for file_id in sorted(file_ids) if not parts.vault.path_of(FileId(file_id)).exists()]
    with parts.database.read() as tx:
        return bool(queries_copies.stored_among(tx, gone))


def _covered_at(first_left_out: int | None, begun_at: datetime) -> datetime:
    return begun_at if first_left_out is None else min(begun_at, instant(first_left_out))


def _note(
    parts: BackupParts, target: Target, repository: str, snapshot: Snapshot, staged: StagedCatalogue,
    begun: Sequence[int] = (),
) -> None:  # fmt: skip
    with parts.database.write() as tx:
        queries_copies.note_snapshot(tx, target.target_key, repository, snapshot, staged.head)
        queries_begun.end_copies(tx, begun)


def _note_failed(parts: BackupParts, target: Target, kind: Kind, fault: Fault) -> None:
    if fault is Fault.BUSY:  # another run is at it, and says how it went
        return
    with parts.database.write() as tx:
        queries.note_fault(tx, target.target_key, fault)
        if kind is Kind.NIGHT and fault is not Fault.STOPPED:
            outcome = None if fault is Fault.UNPLUGGED else Outcome.FAILURE
            _record_night(parts, target, tx, outcome, None)


def _note_missed(parts: BackupParts, target: Target) -> None:
    with parts.database.write() as tx:
        queries.note_night_missed(tx, target.target_key, parts.clock.now())


def _record_night(
    parts: BackupParts, target: Target, tx: WriteTransaction, outcome: Outcome | None, count: int | None
) -> None:
    """Note that a target had its night, and tell it in the trail; a disk that is in a drawer is no event."""
    queries.note_night(tx, target.target_key, parts.clock.now())
    if outcome is not None:
        subject = Subject(SubjectKind.BACKUP_TARGET, target.target_key)
        parts.audit.record(tx, Event(EventCode.BACKUP_MADE, PROCESS, outcome, subject, number=count))

"""Carries the list of what was erased to every target, so that no backup brings it back.

Guards: a target's list is whole: it names everything that was ever erased, also
what a later one would. What a target's lists name and this box does not know,
for an older catalogue was put to use while that target was away, is erased here,
and so carried everywhere; no list is removed that names what the newest of this
box's own there does not. A list counts only under the code of today's root: nobody who
can merely write to a target, or who knows a root of before, has anything erased.
Leaves out: the list's form, and erasing (`retention.tombstones`).
"""

from collections.abc import Iterable, Sequence
from logging import getLogger

from appliance.backup import queries_copies, queries_following, queries_tombstones
from appliance.backup.carrying import Small, carry
from appliance.backup.connecting import FILES
from appliance.backup.engine import Repository
from appliance.backup.faults import BackupFailed
from appliance.backup.marks import mark_now
from appliance.backup.parts import BackupParts
from appliance.backup.queries_copies import Recorded
from appliance.backup.running import look_at
from appliance.backup.target import Target
from appliance.backup.telling import SUBJECT
from appliance.errors import Tampered
from appliance.identifiers import FileId
from appliance.keys.secret import SecretKey
from appliance.notifications.codes import NoticeCode, Severity
from appliance.notifications.notices import end_notice, raise_notice
from appliance.retention.erasing import ErasingParts
from appliance.retention.tombstones import all_tombstones, decode_tombstones, encode_tombstones, erase_found

TAG = "tombstones"
_NAME = "tombstones"
log = getLogger(__name__)


def carry_tombstones(parts: BackupParts, target: Target) -> int:
    """Put the whole list on a target, if it lacks any of it; give how many files it names then.

    What the target knows and this box does not is taken in first.

    Raises:
        BackupFailed, NotOurs: The target is not there, or not ours.
        Unavailable: The box's own disk refused.
    """
    take_in_once(parts, target)
    with parts.database.read() as tx:
        if not queries_tombstones.lacks_tombstones(tx, target.target_key):
            return 0
        erased, newest, mark = all_tombstones(tx), queries_tombstones.newest_erasure(tx), mark_now(tx)
    opened = look_at(parts, target)
    small, at = Small(TAG, _NAME, encode_tombstones(erased, parts.audit_key), mark.encode()), parts.clock.now()
    snapshot = carry(parts, target, opened.files, small, at)
    with parts.database.write() as tx:
        queries_copies.note_snapshot(tx, target.target_key, FILES, snapshot, mark.head)
        queries_tombstones.note_carried(tx, target.target_key, newest, at)
    return len(erased)


def gather_tombstones(repositories: Iterable[Repository], audit_key: SecretKey) -> set[FileId]:
    """Read every list in the files repositories of targets and give all that was ever erased.

    Raises:
        Tampered: A list is not what a box of this root wrote.
        BackupFailed: A target cannot be read.
    """
    found: set[FileId] = set()
    for repository in repositories:
        for snapshot in repository.snapshots():
            if snapshot.tag == TAG:
                found |= _read(repository, snapshot.snapshot_id, audit_key)
    return found


def take_in_once(parts: BackupParts, target: Target) -> None:
    """Take in what a target tells to be erased, unless that was done since an older catalogue was last put to use.

    A list that cannot be read keeps nobody from copying: the restore test names it.

    Raises:
        BackupFailed, NotOurs: The target is not there, or not ours.
        Unavailable: The catalogue could not be written.
    """
    with parts.database.read() as tx:
        if queries_tombstones.is_read_in(tx, target.target_key, mark_now(tx).line):
            return
    opened = look_at(parts, target)
    try:
        take_in(parts, target, opened.files)
    except (BackupFailed, Tampered) as fault:
        log.warning("what was erased by target %d is not known: %s", target.target_key, fault)


def take_in(parts: BackupParts, target: Target, files: Repository) -> frozenset[FileId]:
    """Erase here whatever the lists on a target name and this box does not know; give all that they name.

    Args:
        parts: Collaborators, with the keys of the root that the target belongs to.
        target: Where.
        files: Its repository of stored files.

    Raises:
        Tampered: A list is not what a box of this root wrote; what the others name is erased.
        BackupFailed: A list cannot be read; the same.
        Unavailable: The catalogue could not be written.
    """
    with parts.database.read() as tx:
        line = mark_now(tx).line
    named, refused = set[FileId](), list[BackupFailed | Tampered]()
    for snapshot in files.snapshots():
        if snapshot.tag == TAG:
            try:
                named |= _read(files, snapshot.snapshot_id, parts.audit_key)
            except (BackupFailed, Tampered) as fault:
                refused.append(fault)
    undecided = _erase_here(parts, target, named)
    with parts.database.write() as tx:
        if not undecided and not refused:
            end_notice(tx, NoticeCode.ERASURE_UNDECIDED, parts.clock.now(), (SUBJECT, target.target_key))
        if not any(isinstance(fault, BackupFailed) for fault in refused):
            queries_tombstones.note_read(tx, target.target_key, line)
    for one in refused:
        raise one
    return frozenset(named)


def lists_that_stay(
    parts: BackupParts, target: Target, files: Repository, there: Sequence[Recorded], over: Sequence[Recorded]
) -> list[Recorded]:
    """Give the lists among what is over that the newest of this box's own does not stand for; they are taken in.

    Args:
        parts: Collaborators, with the keys of the root that the target belongs to.
        target: Where.
        files: Its repository of stored files.
        there: The snapshots on it, in the order in which they were made.
        over: Those that are to go.
    """
    going = [one for one in over if one.kind == TAG and one in there]
    if not going:
        return []
    own = [one for one in there if one.kind == TAG and not one.was_found][-1:]
    named = {one: _find_named(parts, files, one) for one in {*going, *own}}
    known = frozenset[FileId]().union(*(named[one] or () for one in own))
    staying = [one for one in going if not _stands_for(known, named[one])]
    _erase_here(parts, target, {file_id for one in staying for file_id in named[one] or ()})
    return staying


def _stands_for(known: frozenset[FileId], named: frozenset[FileId] | None) -> bool:
    return named is not None and named <= known


def _find_named(parts: BackupParts, files: Repository, one: Recorded) -> frozenset[FileId] | None:
    """Give what a list names; None where that cannot be told."""
    try:
        return _read(files, one.snapshot_id, parts.audit_key)
    except (BackupFailed, Tampered):
        return None


def _read(files: Repository, snapshot_id: str, audit_key: SecretKey) -> frozenset[FileId]:
    return decode_tombstones(b"".join(files.dump(snapshot_id, _NAME)), audit_key)


def _erase_here(parts: BackupParts, target: Target, named: set[FileId]) -> int:
    """Erase what was found, and tell of what a person has to decide; give how many files that are."""
    if not named:
        return 0
    with parts.database.read() as tx:
        is_believed = queries_following.root_of_target(tx, target.target_key) is None
    erasing = ErasingParts(parts.data_folder, parts.database, parts.audit, parts.files, parts.clock)
    found = erase_found(erasing, named, is_believed=is_believed)
    if found.undecided:
        subject = SUBJECT, target.target_key
        with parts.database.write() as tx:
            raise_notice(
                tx, NoticeCode.ERASURE_UNDECIDED, Severity.WARNING, parts.clock.now(), subject, found.undecided
            )
    return found.undecided

"""Makes ready a target that a person named where it could not be looked at: on the page.

Guards: a disk that was a target of this box before, and is used no more, is
taken for nobody else's: it goes on as the target that it was, with what is on
it and what is known of that. Its repositories have to open first. Leaves out:
a disk of another box, or of another root of this one, which is refused.
"""

from dataclasses import replace

from appliance.audit.events import PROCESS, Event, EventCode, Subject, SubjectKind
from appliance.backup import queries, queries_following
from appliance.backup.connecting import find_marker
from appliance.backup.faults import BackupFailed, Fault, NotOurs, TakenUp
from appliance.backup.parts import BackupParts
from appliance.backup.target import Target, TargetKind
from appliance.backup.targets import OnOwnDisk, make_ready
from appliance.backup.telling import end_notices_of
from appliance.errors import Unsuitable
from appliance.store.transactions import WriteTransaction


def make_ready_unasked(parts: BackupParts, target: Target) -> None:
    """Make a target ready that was added where it could not be looked at; what is wrong with it is a fault of it.

    Raises:
        NotOurs: It is another box's, or something else.
        TakenUp: It is one that was removed, and is used again; the row of this one is gone.
        BackupFailed: It cannot be reached or written; `UNPLUGGED` also where its place lies on the box's own disk.
    """
    try:
        before = _removed_before(parts, target)
        if before is None:
            make_ready(parts, target)
            return
        again = replace(target, target_id=before.target_id)
        make_ready(parts, again)
    except OnOwnDisk:
        raise BackupFailed(Fault.UNPLUGGED) from None
    except Unsuitable:
        raise NotOurs("what lies on the backup target is not this box's: nothing was changed there") from None
    _take_up(parts, target, replace(again, target_key=before.target_key, seen_at=parts.clock.now()))
    raise TakenUp


def _removed_before(parts: BackupParts, target: Target) -> Target | None:
    """Give the target that a disk says it is, where that was removed under today's root; also one said to be destroyed.

    Raises:
        Unsuitable: What lies there is no mark.
    """
    if target.location.kind is not TargetKind.FOLDER:
        return None
    found = find_marker(target.location, None)
    if found is None or found.box_id != parts.box_id or found.target_id == target.target_id:
        return None
    with parts.database.read() as tx:
        known = queries.find_target_by_id(tx, found.target_id)
        if known is None or known.removed_at is None or queries.was_copied_to(tx, target.target_key):
            return None
        return known if queries_following.root_of_target(tx, known.target_key) is None else None


def _take_up(parts: BackupParts, target: Target, again: Target) -> None:
    """Use the earlier row as the later one was told, and forget the later one, to which nothing was ever copied."""
    with parts.database.write() as tx:
        known = queries.find_target(tx, again.target_key)
        is_new = queries.find_target(tx, target.target_key) is not None
        is_new = is_new and not queries.was_copied_to(tx, target.target_key)
        if known is None or known.removed_at is None or not is_new:
            raise BackupFailed(Fault.BUSY)  # another process was quicker
        end_notices_of(tx, target.target_key, parts.clock.now())
        queries.forget_unused(tx, target.target_key, again.target_key)
        _record(parts, tx, EventCode.BACKUP_TARGET_REMOVED, target.target_key)
        queries.use_again(tx, again.target_key, again)
        _record(parts, tx, EventCode.BACKUP_TARGET_ADDED, again.target_key)


def _record(parts: BackupParts, tx: WriteTransaction, code: EventCode, key: int) -> None:
    parts.audit.record(tx, Event(code, PROCESS, subject=Subject(SubjectKind.BACKUP_TARGET, key)))

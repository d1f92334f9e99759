"""The register of the times that this box came back from a copy, and whether anybody compared it with the scanners.

Guards: a restoration and its event are one transaction, and so are a comparison and its event. A drill is compared
with nothing, for the clinic's box lives. Leaves out: restoring (`appliance.assembly.restoring`), and who is told.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from appliance.audit.events import OPERATOR, Actor, AuditLog, Event, EventCode, Subject, SubjectKind
from appliance.errors import NotFound
from appliance.recovery import queries_restorations as queries
from appliance.recovery import queries_restore
from appliance.recovery.queries_restorations import Restoration
from appliance.store.transactions import ReadTransaction, WriteTransaction

TOLD_FOR = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore tells of itself.

    Attributes:
        target_id: Where its catalogue came from.
        taken_at: When that copy was taken; what arrived later is not in the box.
        file_count: Files in its vault, each verified.
        missing_count: Files that no target had whole.
        erased_count: Files of the copy that had been erased since.
        later_count: Files on the target that came after the copy.
        is_drill: The lost box lives.
    """

    target_id: bytes
    taken_at: datetime
    file_count: int
    missing_count: int = 0
    erased_count: int = 0
    later_count: int = 0
    is_drill: bool = False


def record_restored(tx: WriteTransaction, audit: AuditLog, restored: Restored, now: datetime) -> int:
    """Enter that the box came back, and give the place of its event."""
    sequence = audit.record(tx, Event(EventCode.BOX_RESTORED, OPERATOR, number=restored.file_count))
    newest_at, studies = queries_restore.newest_arrival(tx), queries_restore.study_count(tx)
    queries.add_restoration(tx, Restoration(
        sequence, now, restored.target_id, None, restored.taken_at, newest_at, studies, restored.file_count,
        restored.missing_count, restored.erased_count, restored.later_count, restored.is_drill,
    ))  # fmt: skip
    return sequence


def record_compared(tx: WriteTransaction, audit: AuditLog, sequence: int, now: datetime, by: Actor) -> None:
    """Enter that the newest scans were compared with the scanners' own lists; the first who said so stays.

    Raises:
        NotFound: No restoration has that place, or it is a drill's.
    """
    found = next((one for one in queries.restorations(tx) if one.sequence == sequence and not one.is_drill), None)
    if found is None:
        raise NotFound("the box was not restored there")
    if queries.note_compared(tx, sequence, now, by.key):
        audit.record(tx, Event(EventCode.RESTORE_COMPARED, by, subject=Subject(SubjectKind.EVENT, sequence)))


def to_compare(tx: ReadTransaction) -> Restoration | None:
    """Give the last restoration, unless somebody said that it was compared; one for a drill always is given."""
    found = next(iter(queries.restorations(tx)), None)
    return None if found is None or found.compared_at is not None else found


def told_to_all(tx: ReadTransaction, now: datetime) -> Restoration | None:
    """Give the last restoration for as long as everybody who works with the box is told of it, or None.

    It is told as a state, not as news: nobody puts it away for themselves, for the next person may be the one who
    looks for the scan that is missing. It goes for all of them when the work that it asks for is done and somebody
    who answers for the box says so under Recovery, below the facts. After `TOLD_FOR` it goes by itself, for a line
    that everybody has seen for a month is read by nobody; who looks after the box goes on being asked. A box that
    came back for a drill says so always, or somebody takes it for the clinic's.
    """
    found = to_compare(tx)
    if found is None or found.is_drill or now - found.restored_at < TOLD_FOR:
        return found
    return None

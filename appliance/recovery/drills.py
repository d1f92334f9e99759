"""The register of drills: somebody restored this box elsewhere, from the papers and a target alone.

Guards: what counts as the last drill is one that restored the box; one that
failed is kept and said, and does not put off the next.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from appliance.audit.events import Actor, AuditLog, Event, EventCode, Outcome, Subject, SubjectKind
from appliance.errors import NotFound, Unsuitable
from appliance.recovery import queries
from appliance.recovery.queries import DrillRow
from appliance.store.box import find_box
from appliance.store.transactions import ReadTransaction, WriteTransaction

EVERY_MONTHS = 6
RESTORED, FAILED = "restored", "failed"
_MOST_MINUTES = 30 * 24 * 60
_MONTHS = 12
_LAST_DAY_OF_EVERY_MONTH = 28
_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Drill:
    """What somebody says of a drill.

    Attributes:
        done_on: On which day.
        outcome: `restored` or `failed`.
        target_key: From which target, None where that is not said.
        minutes: How long it took, None where that is not said.
    """

    done_on: date
    outcome: str
    target_key: int | None = None
    minutes: int | None = None


def record_drill(tx: WriteTransaction, audit: AuditLog, drill: Drill, now: datetime, by: Actor) -> int:
    """Enter a drill and give its key.

    Raises:
        Unsuitable: It lies in the future, or its length or outcome cannot be.
        NotFound: There is no such target.
    """
    if drill.done_on > (now + _ONE_DAY).date():  # the clinic's day may have begun before that of UTC
        raise Unsuitable("a drill is entered after it was done")
    if drill.outcome not in (RESTORED, FAILED) or not (drill.minutes is None or 0 < drill.minutes <= _MOST_MINUTES):
        raise Unsuitable(f"a drill is {RESTORED} or {FAILED}, and took 1 to {_MOST_MINUTES} minutes")
    if drill.target_key is not None and drill.target_key not in queries.targets(tx):
        raise NotFound("there is no such backup target")
    row = DrillRow(0, drill.target_key, None, drill.done_on, drill.outcome, drill.minutes, by.key, now)
    drill_key = queries.add_drill(tx, row)
    outcome = Outcome.SUCCESS if drill.outcome == RESTORED else Outcome.FAILURE
    event = Event(EventCode.DRILL_RECORDED, by, outcome, Subject(SubjectKind.DRILL, drill_key), number=drill.minutes)
    audit.record(tx, event)
    return drill_key


def next_due_on(tx: ReadTransaction) -> date:
    """Say by which day the next drill is due: six months after the last one that restored, or after the box was made.

    A catalogue that no box was named in yet has no such day: its drill is overdue.
    """
    done = [drill.done_on for drill in queries.all_drills(tx) if drill.outcome == RESTORED]
    if done:
        return months_after(max(done), EVERY_MONTHS)
    box = find_box(tx)
    return date.min if box is None else months_after(box.created_at.date(), EVERY_MONTHS)


def months_after(day: date, months: int) -> date:
    """Give the same day so many months later, or the 28th where not every month has that day."""
    years, month = divmod(day.month - 1 + months, _MONTHS)
    return day.replace(year=day.year + years, month=month + 1, day=min(day.day, _LAST_DAY_OF_EVERY_MONTH))

"""Looks through what is new in the trail, once a day, and keeps how far it had come as the day's anchor.

Guards: every event is looked through once, by its sequence: what a locked box told late is not passed over.
What is unusual stays told until somebody says that they looked at it. That a second step was never taken shows ten
minutes after the first: what was too young for it at a look is judged at the next.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from functools import partial
from itertools import takewhile

from appliance.audit.chain import Entry, Head
from appliance.audit.events import Actor, AuditLog, Event, EventCode
from appliance.audit.queries import head
from appliance.audit.queries_search import EVERYTHING, reading
from appliance.clock import Clock, microseconds
from appliance.errors import NotFound
from appliance.notifications.codes import NoticeCode, Severity
from appliance.notifications.notices import end_notice, raise_notice
from appliance.store.database import Database
from appliance.store.transactions import ReadTransaction
from appliance.trail import queries
from appliance.trail.halfway import STEPS, WITHIN, stopped
from appliance.trail.queries import Day
from appliance.trail.unusual import unusual

FIRST_LOOK_BACK = timedelta(days=1)  # of a box that was never looked through
_WITHIN_MICROSECONDS = WITHIN // timedelta(microseconds=1)


@dataclass(frozen=True)
class DayParts:
    """What looking through takes; `zone` is the clinic's."""

    database: Database
    clock: Clock
    zone: tzinfo


def look_through(parts: DayParts) -> int | None:
    """Look through what was recorded since the last time; give the day's key, None where nothing was."""
    now = parts.clock.now()
    with parts.database.read() as tx:
        end, last = head(tx), queries.last_day(tx)
        first = _first_new(tx, last, now)
        if first is None or first > end.sequence:
            return None
        new = takewhile(lambda entry: entry.sequence <= end.sequence, reading(tx, EVERYTHING, after=first - 1))
        halfway = _halfway(tx, last, first, end, now)
        found = unusual(new, parts.zone, partial(queries.addresses_of, tx, before=first), halfway)
    with parts.database.write() as tx:
        day_key = queries.add_day(tx, microseconds(now), first, end, found)
        waiting = queries.count_waiting(tx)
        if found:
            raise_notice(tx, NoticeCode.UNUSUAL_ACTIVITY, Severity.WARNING, now, number=waiting)
    return day_key


def _first_new(tx: ReadTransaction, last: Day | None, now: datetime) -> int | None:
    return queries.first_since(tx, microseconds(now - FIRST_LOOK_BACK)) if last is None else last.last_sequence + 1


def _halfway(tx: ReadTransaction, last: Day | None, first: int, end: Head, now: datetime) -> list[Entry]:
    """Give the right passwords without a second step, of which it shows by now and did not at the last look."""
    shown, shown_before = microseconds(now - WITHIN), None if last is None else last.made_at - _WITHIN_MICROSECONDS
    since = first if shown_before is None else min(first, queries.first_since(tx, shown_before) or first)
    read = takewhile(lambda entry: entry.sequence <= end.sequence, reading(tx, STEPS, after=since - 1))
    return [
        entry
        for entry in stopped(read)
        if entry.at <= shown and (entry.sequence >= first or shown_before is None or entry.at > shown_before)
    ]


def review(parts: DayParts, audit: AuditLog, day_key: int, by: Actor) -> None:
    """Note that a person has looked at what was unusual on a day; doing it twice changes nothing.

    Raises:
        NotFound: There is no such day.
    """
    now = parts.clock.now()
    with parts.database.write() as tx:
        if queries.find_day(tx, day_key) is None or by.key is None:
            raise NotFound("there is no such day")
        if not queries.set_reviewed(tx, day_key, microseconds(now), by.key):
            return
        audit.record(tx, Event(EventCode.TRAIL_REVIEWED, by, number=day_key))
        if queries.count_waiting(tx) == 0:
            end_notice(tx, NoticeCode.UNUSUAL_ACTIVITY, now)

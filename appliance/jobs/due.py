"""When a job is due next, after what was run and however the clock was set.

Guards: each instant of a schedule that passed, also without power, is made
good by one run, never by two. A clock that was set forward makes a job run that it passed over: whether it
was set or the box was without power is not known, and a copy too many
costs little. A clock that was set back makes a job wait from its last run by
the time that really passed, so that it neither runs again at once nor waits
until the clock is where it was.
Leaves out: rows (`queries`), noticing that a clock was set (`clock_marks`).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from appliance.jobs.schedule import Schedule

_SHORTEST_PAUSE, _LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=1)


@dataclass(frozen=True)
class History:
    """What is known of a job's runs.

    Attributes:
        since: When this box first had the job.
        begun_at: When it was last begun, by the clock of then; None for never.
        set_back: How far the clock was set back in all since then.
        cut_off: How many of its last runs in a row were cut off.
    """

    since: datetime
    begun_at: datetime | None = None
    set_back: timedelta = timedelta()
    cut_off: int = 0


def due_at(schedule: Schedule, zone: tzinfo, history: History) -> datetime:
    """Say from when on a job is to be run; it is due if that is now or past."""
    if history.begun_at is None:
        return schedule.next_after(history.since, zone) if schedule.is_by_calendar else history.since
    begun_at = history.begun_at - history.set_back
    if history.cut_off:
        return begun_at + pause_after(history.cut_off)
    if history.set_back and schedule.is_by_calendar:
        return schedule.next_after(begun_at + schedule.spacing / 2, zone)
    return schedule.next_after(begun_at, zone)


def pause_after(cut_off: int) -> timedelta:
    """Say how long to wait after the begin of a run that was cut off: a little longer each time in a row."""
    doubled: int = 2 ** min(cut_off - 1, 10)
    return min(_SHORTEST_PAUSE * doubled, _LONGEST_PAUSE)

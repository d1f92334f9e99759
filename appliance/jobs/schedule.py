"""When a job is due, as arithmetic on the calendar of the clinic: no clock, no rows.

Guards: a time of day that a change to summer time leaves out falls on the
first instant after the gap, one that comes twice counts the first time; a day
that a month lacks is that month's last.
Leaves out: what was run already, and clocks that are set (`due`).
"""

import calendar
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Protocol
from zoneinfo import ZoneInfo

from appliance.errors import Unsuitable

_DAY = timedelta(days=1)
_MACHINE_ZONE = "/etc/localtime"


class Schedule(Protocol):
    """When something falls due."""

    @property
    def spacing(self) -> timedelta:
        """How far two of its instants lie apart, about."""
        ...

    @property
    def is_by_calendar(self) -> bool:
        """Whether it names times of day, and not a distance from the run before."""
        ...

    def next_after(self, after: datetime, zone: tzinfo) -> datetime:
        """Give its first instant later than `after`, in UTC."""
        ...

    def text(self) -> str:
        """Write it for the catalogue: `daily 02:00`, `monthly 1 02:00`, `every 600`."""
        ...


@dataclass(frozen=True)
class Daily:
    """Once a day."""

    at: time
    spacing = _DAY
    is_by_calendar = True

    def next_after(self, after: datetime, zone: tzinfo) -> datetime:
        return next(found for day in _days_from(after, zone) if (found := _instant(day, self.at, zone)) > after)

    def text(self) -> str:
        return f"daily {self.at:%H:%M}"


@dataclass(frozen=True)
class Monthly:
    """Once a month, on this day or the month's last.

    Attributes:
        day: 1 to 31.
        at: The time of day.
    """

    day: int
    at: time
    spacing = timedelta(days=30)
    is_by_calendar = True

    def next_after(self, after: datetime, zone: tzinfo) -> datetime:
        months = ((day.year, day.month) for day in _days_from(after, zone))
        return next(found for month in months if (found := self._in(*month, zone)) > after)

    def _in(self, year: int, month: int, zone: tzinfo) -> datetime:
        last = calendar.monthrange(year, month)[1]
        return _instant(date(year, month, min(self.day, last)), self.at, zone)

    def text(self) -> str:
        return f"monthly {self.day} {self.at:%H:%M}"


@dataclass(frozen=True)
class Every:
    """So long after it was last begun."""

    interval: timedelta
    is_by_calendar = False

    @property
    def spacing(self) -> timedelta:
        return self.interval

    def next_after(self, after: datetime, zone: tzinfo) -> datetime:  # noqa: ARG002  a distance is the same anywhere
        return after + self.interval

    def text(self) -> str:
        return f"every {round(self.interval.total_seconds())}"


@dataclass
class MadeUp:
    """A schedule by the calendar that is run between its instants too, while somebody says that something was missed.

    Attributes:
        schedule: Its instants.
        pause: How far two runs lie apart while something is missed.
        is_behind: Something that was due could not be done then, and can be now.
    """

    schedule: Schedule
    pause: timedelta
    is_behind: bool = False
    is_by_calendar = True

    @property
    def spacing(self) -> timedelta:
        return self.schedule.spacing

    def next_after(self, after: datetime, zone: tzinfo) -> datetime:
        planned = self.schedule.next_after(after, zone)
        return min(planned, after + self.pause) if self.is_behind else planned

    def text(self) -> str:
        return self.schedule.text()


def parse_schedule(text: str) -> Schedule:
    """Read what `text` wrote.

    Raises:
        Unsuitable: It is anything else.
    """
    try:
        match text.split(" "):
            case ["daily", at]:
                return Daily(_time(at))
            case ["monthly", day, at] if 1 <= int(day) <= 31:
                return Monthly(int(day), _time(at))
            case ["every", seconds] if int(seconds) > 0:
                return Every(timedelta(seconds=int(seconds)))
    except (ValueError, OverflowError):
        pass
    raise Unsuitable("a schedule is `daily HH:MM`, `monthly DAY HH:MM` or `every SECONDS`")


def zone_of(name: str) -> tzinfo:
    """Give the time zone that the settings name; an empty name is the machine's own.

    Raises:
        Unsuitable: There is none of this name.
    """
    try:
        if name:
            return ZoneInfo(name)
        with open(_MACHINE_ZONE, "rb") as file:  # noqa: PTH123  a fixed place that ZoneInfo reads from an open file
            return ZoneInfo.from_file(file)
    except (OSError, ValueError, KeyError) as error:  # ZoneInfoNotFoundError is a KeyError
        if name:
            raise Unsuitable(f"time_zone: there is no time zone {name!r}") from error
        return UTC


def _time(text: str) -> time:
    if len(text) != len("HH:MM"):
        raise ValueError(text)
    return time.fromisoformat(text)


def _days_from(after: datetime, zone: tzinfo) -> Iterator[date]:
    """Give the days of the zone's calendar that have an instant after this one, those that were skipped left out."""
    day = after.astimezone(zone).date() - _DAY
    while True:
        if _first_instant(day, zone) < _first_instant(day + _DAY, zone):
            yield day
        day += _DAY


def _first_instant(day: date, zone: tzinfo) -> datetime:
    return _instant(day, time(), zone)


def _instant(day: date, at: time, zone: tzinfo) -> datetime:
    """Give the first instant of the zone at which its clocks show this time or, where they skip it, a later one."""
    wall = datetime.combine(day, at.replace(tzinfo=None))
    before = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if before.astimezone(zone).replace(tzinfo=None) == wall:
        return before
    early, late = wall.replace(tzinfo=zone, fold=1).astimezone(UTC), before
    offset = early.astimezone(zone).utcoffset()
    while late - early > timedelta(seconds=1):  # the clocks are put forward in between
        middle = early + (late - early) / 2
        early, late = (middle, late) if middle.astimezone(zone).utcoffset() == offset else (early, middle)
    return late.replace(microsecond=0)

"""For how long the disk lasts, from its readings: arithmetic, no clock, no rows.

Guards: it says so when it does not know. The middle of the last weeks counts, so
that one week of bringing an old archive in tells nothing of the years to come;
weeks count whole, for a clinic is closed on some days of each.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median

from appliance.health.queries import DiskReading
from appliance.notifications.codes import Severity

WEEK = timedelta(days=7)
WEEKS = 13
_LEAST_WEEKS = 2
_NEAR = timedelta(hours=36)
_LONGEST_DAYS = 100 * 365

# From where on something is said: free percent of the disk, and days that it lasts. Below the receiver's reserve
# nothing is taken in any more; that is the last stage, and not one of these.
FREE_PERCENT = {Severity.ALARM: 5.0, Severity.WARNING: 10.0, Severity.ADVICE: 20.0}
DAYS_LEFT = {Severity.ALARM: 14.0, Severity.WARNING: 60.0, Severity.ADVICE: 180.0}
_BACK_BY = 1.1  # it has to be a tenth better before a stage is left again


@dataclass(frozen=True)
class Forecast:
    """How fast scans fill the disk.

    Attributes:
        weeks: How many whole weeks it is reckoned from.
        week_bytes: What a usual week brings; not more than nothing where the disk does not fill.
        days: How many days the room lasts at that pace; None where it does not fill.
        least_days: At the pace of the busiest weeks.
        most_days: At the pace of the quietest; None where those bring nothing.
    """

    weeks: int
    week_bytes: int
    days: int | None
    least_days: int | None
    most_days: int | None


def forecast(readings: Sequence[DiskReading], room_bytes: int, now: datetime) -> Forecast | None:
    """Say for how long the disk lasts, or None while too little is known.

    Args:
        readings: The oldest first.
        room_bytes: What scans may still take.
        now: The time; readings of a clock that was ahead of it say nothing.
    """
    growth = weekly_growth([one for one in readings if one.at <= now])
    if len(growth) < _LEAST_WEEKS:
        return None
    ordered = sorted(growth)
    usual = round(median(ordered))
    most, least = ordered[-1], ordered[0]
    return Forecast(
        len(growth), usual, _days(room_bytes, usual), _days(room_bytes, most), _days(room_bytes, least)
    )  # fmt: skip


def weekly_growth(readings: Sequence[DiskReading]) -> list[int]:
    """Give by how many bytes each of the last weeks made the scans grow; a week that was not read is left out."""
    if not readings:
        return []
    last = readings[-1].at
    stored = [_near(readings, last - WEEK * number) for number in range(WEEKS + 1)]
    return [later - earlier for later, earlier in pairwise(stored) if later is not None and earlier is not None]


def stage_of(value: float | None, stages: dict[Severity, float], before: Severity | None) -> Severity | None:
    """Say how grave a falling value is; None while it is not.

    Args:
        value: Of the disk; None is as good as endless.
        stages: From where down each severity holds.
        before: What was said last, which is said until the value is a tenth better.
    """
    if value is None:
        return None
    for severity, limit in stages.items():  # the gravest first
        held = before is not None and before.rank >= severity.rank
        if value <= limit * (_BACK_BY if held else 1.0):
            return severity
    return None


def _near(readings: Sequence[DiskReading], at: datetime) -> int | None:
    nearest = min(readings, key=lambda one: abs(one.at - at))
    return nearest.stored_bytes if abs(nearest.at - at) <= _NEAR else None


def _days(room_bytes: int, week_bytes: int) -> int | None:
    if week_bytes <= 0:
        return None
    return min(max(room_bytes, 0) * 7 // week_bytes, _LONGEST_DAYS)

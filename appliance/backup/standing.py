"""How a target stands: what the clinic has to know of it, in one word."""

from datetime import datetime, timedelta
from enum import StrEnum

from appliance.backup.faults import Fault
from appliance.backup.target import Target

_A_NIGHT = timedelta(hours=6)  # a night's run may take so long before its copies count as old


class Standing(StrEnum):
    """From good to worst, and what no longer counts."""

    GOOD = "good"
    FIRST_COPY = "first copy"  # it was added lately, and its first copy is not whole yet
    WARNING = "warning"
    ALARM = "alarm"
    REMOVED = "removed"  # used no more; what is on it may still be there
    DESTROYED = "destroyed"


def standing_of(target: Target, now: datetime) -> Standing:
    """Say how a target stands."""
    if target.destroyed_at is not None:
        return Standing.DESTROYED
    if target.removed_at is not None:
        return Standing.REMOVED
    age = now - (target.covered_at or target.created_at)
    away = now - (target.seen_at or target.created_at)
    if age > target.alarm_after + _A_NIGHT or away > target.alarm_after or target.fault is Fault.NOT_OURS:
        return Standing.ALARM
    if age > target.warn_after + _A_NIGHT or away > target.warn_after or is_worth_telling(fault_told(target)):
        return Standing.WARNING
    return Standing.FIRST_COPY if target.covered_at is None else Standing.GOOD


def fault_told(target: Target) -> Fault | None:
    """Give what to tell of the last tries: of the last one, or that no night's run was whole since one left out things.

    A copy of what has just arrived says nothing of the rest of the box, nor does a disk that is away.
    """
    if target.night_missed_at is None or is_worth_telling(target.fault) or target.fault is Fault.NOT_OURS:
        return target.fault
    return Fault.INCOMPLETE


def is_worth_telling(fault: Fault | None) -> bool:
    """Say whether a fault is told before copies are old: a disk that is away is not, a full one is."""
    return fault in {Fault.FULL, Fault.DENIED, Fault.MISSING, Fault.DAMAGED, Fault.INCOMPLETE, Fault.FAILED}

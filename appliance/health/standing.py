"""How copies and their proof stand, judged: pure, so that every case can be tried.

Guards: what is not known to be well is never called well. A place that no test
has proved for a night is told, also where an earlier test went well.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from appliance.backup import standing as backup
from appliance.backup.standing import fault_told, is_worth_telling, standing_of
from appliance.clock import is_ahead
from appliance.health.queries_keeping import TargetNow

PROOF_AGES_AFTER = timedelta(hours=36)  # a night was left out
_HALF_A_DAY = timedelta(hours=12)


class Standing(StrEnum):
    """The worst that is so of proofs or copies, the gravest first."""

    NOWHERE = "nowhere"
    FAILED = "failed"
    MISSING = "missing"
    LATE = "late"
    FAULTY = "faulty"
    UNPROVED = "unproved"
    AGED = "aged"
    WELL = "well"


_OF_COPIES = {
    backup.Standing.GOOD: Standing.WELL,
    backup.Standing.FIRST_COPY: Standing.FAULTY,
    backup.Standing.ALARM: Standing.MISSING,
}


def proof_of(target: TargetNow, now: datetime) -> Standing:
    """Judge a place by its restore tests; one that may be away for long has no proof of each night."""
    if target.last is not None and target.last.verdict == "failed":
        return Standing.FAILED
    proved_at = target.last_proved_at
    if proved_at is None:
        return Standing.UNPROVED
    ages_after = max(PROOF_AGES_AFTER, target.place.warn_after + _HALF_A_DAY)
    return Standing.AGED if now - proved_at > ages_after or is_ahead(proved_at, now) else Standing.WELL


def copy_of(target: TargetNow, now: datetime) -> Standing:
    """Judge a place by what is on it, as its own page does; a disk that is away is told after its own limit."""
    place = target.place
    if is_ahead(place.covered_at or place.created_at, now):
        return Standing.MISSING
    standing = standing_of(place, now)
    if standing is backup.Standing.WARNING:
        return Standing.FAULTY if is_worth_telling(fault_told(place)) else Standing.LATE
    return _OF_COPIES[standing]


def worst(standings: Sequence[Standing]) -> Standing:
    """Give the gravest; nothing at all is the gravest of all."""
    return min(standings, key=list(Standing).index, default=Standing.NOWHERE)

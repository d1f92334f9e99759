"""Says what of the trail is unusual, as arithmetic on events: no rows, no clock.

A finding is no accusation: it says where somebody should look. Leaves out: what is usual for one person; the limits
are the same for all, so that each finding can be explained in a sentence.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from enum import StrEnum

from appliance.audit.chain import Entry
from appliance.audit.events import EventCode
from appliance.audit.families import Family, codes_of
from appliance.audit.numbers import rights_given
from appliance.clock import instant

NIGHT_FROM_HOUR, NIGHT_TO_HOUR = 21, 6  # of the clinic's wall
MANY_PATIENTS = 20  # opened by one person within an hour of the clock: a full day's appointments
MANY_WRONG = 5


class Kind(StrEnum):
    """What can be unusual."""

    TRAIL_INCOMPLETE = "trail incomplete"
    FORGED = "forged"
    SETTINGS = "settings changed"
    RIGHT_GIVEN = "right given"
    NIGHT = "night"
    MANY_PATIENTS = "many patients"
    EXPORTED = "exported"
    NOT_PERMITTED = "not permitted"
    MACHINE_REFUSED = "machine refused"
    HALFWAY = "halfway"
    WRONG_TRIES = "wrong tries"
    TOO_MANY = "too many requests"
    NEW_ADDRESS = "new address"
    RECOVERY_CODE = "recovery code"
    EMERGENCY = "emergency"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that somebody should look at.

    Attributes:
        kind: What it is.
        actor_kind: Who did it.
        actor_key: The row key of that kind.
        address: Where from, if that is what is unusual.
        count: How often, or how many patients.
        first_sequence: The first event of it.
        last_sequence: The last one.
        at: When the first was, in microseconds since 1970.
    """

    kind: Kind
    actor_kind: str
    actor_key: int | None
    address: str | None
    count: int
    first_sequence: int
    last_sequence: int
    at: int


_ALWAYS = {
    EventCode.SPOOL_BEGAN_AGAIN: Kind.TRAIL_INCOMPLETE,
    EventCode.SPOOL_GAP: Kind.TRAIL_INCOMPLETE,
    EventCode.FILE_FORGED: Kind.FORGED,
    EventCode.STUDIES_EXPORTED: Kind.EXPORTED,
    EventCode.ARCHIVE_EXPORTED: Kind.EXPORTED,
    EventCode.QUARANTINE_EXPORTED: Kind.EXPORTED,
    EventCode.AUDIT_EXPORTED: Kind.EXPORTED,
    EventCode.LABORATORY_COPY_TAKEN: Kind.EXPORTED,
    EventCode.NOT_PERMITTED: Kind.NOT_PERMITTED,
    EventCode.TOKEN_REFUSED: Kind.MACHINE_REFUSED,
    EventCode.LOGIN_FAILED: Kind.WRONG_TRIES,
    EventCode.LOGIN_THROTTLED: Kind.WRONG_TRIES,
    EventCode.REQUESTS_THROTTLED: Kind.TOO_MANY,
    EventCode.UNLOCK_FAILED: Kind.WRONG_TRIES,
    EventCode.RECOVERY_CODE_USED: Kind.RECOVERY_CODE,
    EventCode.EMERGENCY_BEGUN: Kind.EMERGENCY,
    EventCode.SETTINGS_CHANGED: Kind.SETTINGS,
}
_LEAST = {Kind.WRONG_TRIES: MANY_WRONG}
_SUMS = {
    each.value
    for each in (
        EventCode.LOGIN_THROTTLED, EventCode.REQUESTS_THROTTLED, EventCode.NOT_PERMITTED, EventCode.TOKEN_REFUSED,
    )
}  # fmt: skip  # their number says how many
_BY_ADDRESS = {Kind.HALFWAY, Kind.WRONG_TRIES, Kind.MACHINE_REFUSED, Kind.TOO_MANY, Kind.NEW_ADDRESS}
_LOOKS = frozenset(code.value for code in codes_of(Family.VIEWS))
_Who = tuple[Kind, str, int | None, str | None]


def unusual(
    entries: Iterable[Entry],
    zone: tzinfo,
    known_addresses: Callable[[int], Collection[str]],
    halfway: Iterable[Entry] = (),
) -> tuple[Finding, ...]:
    """Look through events, oldest first.

    Args:
        entries: What was recorded since the last look.
        zone: The clinic's.
        known_addresses: Where an account signed in from before; nothing for one that never did.
        halfway: Right passwords without a second step (`halfway.stopped`), which took time to show.
    """
    found: dict[_Who, Finding] = {}
    patients: dict[tuple[str, int | None, datetime], tuple[Finding, set[int]]] = {}
    known: dict[int, set[str]] = {}
    for entry in entries:
        for kind in _kinds(entry, zone, known, known_addresses):
            _count(found, kind, entry)
        _look(patients, entry, zone)
    for entry in halfway:
        _count(found, Kind.HALFWAY, entry)
    many = (replace(one, count=len(seen)) for one, seen in patients.values() if len(seen) >= MANY_PATIENTS)
    often = (one for one in found.values() if one.count >= _LEAST.get(one.kind, 1))
    return tuple(sorted((*often, *many), key=lambda one: (list(Kind).index(one.kind), one.first_sequence)))


def _kinds(
    entry: Entry, zone: tzinfo, known: dict[int, set[str]], known_addresses: Callable[[int], Collection[str]]
) -> Iterator[Kind]:
    if entry.event in _ALWAYS:
        yield _ALWAYS[EventCode(entry.event)]
    given = rights_given(entry)
    if given is not None and given.raised:
        yield Kind.RIGHT_GIVEN
    if entry.event != EventCode.LOGGED_IN or entry.actor_key is None:
        return
    hour = instant(entry.at).astimezone(zone).hour
    if hour >= NIGHT_FROM_HOUR or hour < NIGHT_TO_HOUR:
        yield Kind.NIGHT
    places = known.setdefault(entry.actor_key, set(known_addresses(entry.actor_key)))
    if entry.address is not None and entry.address not in places:
        if places:
            yield Kind.NEW_ADDRESS
        places.add(entry.address)


def _count(found: dict[_Who, Finding], kind: Kind, entry: Entry) -> None:
    address = entry.address if kind in _BY_ADDRESS else None
    who = (kind, entry.actor_kind, entry.actor_key, address)
    times = entry.number or 1 if entry.event in _SUMS else 1
    if who in found:
        found[who] = replace(found[who], count=found[who].count + times, last_sequence=entry.sequence)
    else:
        found[who] = Finding(*who, times, entry.sequence, entry.sequence, entry.at)


def _look(
    patients: dict[tuple[str, int | None, datetime], tuple[Finding, set[int]]], entry: Entry, zone: tzinfo
) -> None:
    """Count the patients of whom somebody opened something within an hour of the clock."""
    if entry.event not in _LOOKS or entry.patient_key is None:
        return
    hour = instant(entry.at).astimezone(zone).replace(minute=0, second=0, microsecond=0)
    first = Finding(
        Kind.MANY_PATIENTS, entry.actor_kind, entry.actor_key, None, 0, entry.sequence, entry.sequence, entry.at
    )
    one, seen = patients.get((entry.actor_kind, entry.actor_key, hour), (first, set()))
    seen.add(entry.patient_key)
    patients[entry.actor_kind, entry.actor_key, hour] = (replace(one, last_sequence=entry.sequence), seen)

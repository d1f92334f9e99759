"""Which snapshots go: plain arithmetic on when they were made.

Guards: the newest that has a catalogue never goes while its target is used. One of the catalogue is
over 27 days after it was made, for it may hold keys of what was erased since;
one whose date lies after that of a later one counts as old as that later one,
so that a clock that was once ahead keeps nothing longer. One that was found
there, and made by nobody who noted it (a run that died, the box that was lost
before this one was restored), takes its place by its date and is never the
newest instead of one that this box made.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from appliance.backup.queries_copies import Recorded

LONGEST_KEPT = timedelta(days=27)
ALL_KEPT = timedelta(hours=2)


def keys_that_go(made: Sequence[Recorded], now: datetime, *, keeps_newest: bool = True) -> list[Recorded]:
    """Give the snapshots of a keys repository that are over: after 27 days, and all but one a day after two hours.

    Args:
        made: All of them, in the order in which they were made, and those that were found, in any.
        now: Now.
        keeps_newest: The newest stays whatever its age; not so where nothing will ever follow it.
    """
    made = in_order(made)
    dated = _dated(made)
    last_of_day = {at.date(): one for one, at in dated}
    kept = [*made[-1:], *[one for one in made if not one.was_found][-1:]] if keeps_newest else []

    def is_over(one: Recorded, age: timedelta, at: datetime) -> bool:
        return age >= LONGEST_KEPT or (age >= ALL_KEPT and last_of_day[at.date()] is not one)

    return [one for one, at in dated if one not in kept and is_over(one, now - at, at)]


def files_that_go(made: Sequence[Recorded], now: datetime) -> list[Recorded]:
    """Give the snapshots of a files repository that are over, where the target lets anything go.

    A night is over after 27 days, as no catalogue that names what only it has is older. So is what was copied as it
    arrived, once a night followed: until then it may be the one good copy of a scan that was lost or altered on the
    box before its first night, and that nobody read again yet. Of the tombstones each snapshot
    has all that its box knew of (`tombstones.lists_that_stay`).
    """
    made = in_order(made)
    nights = [place for place, one in enumerate(made) if one.kind == "night"]
    own = [one for one in made if not one.was_found]
    newest = [one for kind in ("night", "tombstones", "anchor") for of in (made, own) for one in _last(of, kind)]
    gone = []
    for place, (one, at) in enumerate(_dated(made)):
        if one.kind == "arrivals":
            is_over = now - at >= LONGEST_KEPT and bool(nights) and nights[-1] > place
        elif one.kind == "tombstones":
            is_over = True
        else:
            is_over = now - at >= LONGEST_KEPT
        if is_over and one not in newest:
            gone.append(one)
    return gone


def _last(made: Sequence[Recorded], kind: str) -> list[Recorded]:
    return [one for one in made if one.kind == kind][-1:]


def in_order(made: Sequence[Recorded]) -> list[Recorded]:
    """Put what was found before everything that was taken later; all else stays in the order in which it was made."""
    ordered = [one for one in made if not one.was_found]
    for found in sorted((one for one in made if one.was_found), key=lambda one: (one.taken_at, one.snapshot_key)):
        later = (place for place, one in enumerate(ordered) if one.taken_at > found.taken_at)
        ordered.insert(next(later, len(ordered)), found)
    return ordered


def _dated(made: Sequence[Recorded]) -> list[tuple[Recorded, datetime]]:
    """Give each with its date, which is never after that of one that was made later."""
    dated: list[tuple[Recorded, datetime]] = []
    for one in reversed(made):
        dated.append((one, min(one.taken_at, dated[-1][1]) if dated else one.taken_at))
    return dated[::-1]

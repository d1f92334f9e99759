"""What was refused is counted whole, due at once the first time, and never more than a bounded number of events."""

from collections import Counter
from dataclasses import replace
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.accounts.knocks import MOST_COUNTED
from appliance.accounts.refusals import MINUTE_SECONDS, MOST_THINGS, Kind, Refusal, Refusals, Thing
from appliance.accounts.trail import nobody
from appliance.audit.events import Actor, ActorKind, EventCode

CODE = EventCode.NOT_PERMITTED
ANA = Actor(ActorKind.ACCOUNT, 7, ip_address("192.0.2.10"))


def told(refusals: Refusals, now: float) -> list[tuple[Actor, Thing | None, int]]:
    with refusals.taken(now) as due:
        return [(refusal.caller.actor, refusal.thing, number) for refusal, number in due]


def study(key: int) -> Thing:
    return Thing(Kind.STUDY, key)


def test_the_first_is_due_at_once_and_the_others_of_its_minute_together() -> None:
    refusals = Refusals()
    assert refusals.refused(ANA, CODE, study(1), 0.0)
    assert told(refusals, 0.0) == [(ANA, study(1), 1)]
    assert not refusals.refused(replace(ANA, address=None), CODE, study(1), 1.0), "whoever it is, wherever they are"
    assert not refusals.refused(ANA, CODE, study(1), 2.0)
    assert refusals.refused(ANA, CODE, study(2), 2.0)
    assert refusals.refused(ANA, EventCode.TOKEN_REFUSED, study(1), 2.0)
    assert told(refusals, 3.0) == [(ANA, study(2), 1), (ANA, study(1), 1)]
    assert [each[2] for each in told(refusals, MINUTE_SECONDS)] == [2]
    assert told(refusals, MINUTE_SECONDS + 9) == []


def test_what_was_not_recorded_is_due_again() -> None:
    refusals = Refusals()
    refusals.refused(ANA, CODE, study(1), 0.0)
    with pytest.raises(OSError, match="full"), refusals.taken(0.0):
        raise OSError("the disk is full")
    assert refusals.refused(ANA, CODE, study(1), 1.0)
    assert told(refusals, 1.0) == [(ANA, study(1), 2)]


def test_of_many_things_the_first_are_named_and_nobody_takes_anothers_place() -> None:
    refusals, other = Refusals(), Actor(ActorKind.TOKEN, 7)
    for key in range(100):
        refusals.refused(ANA, CODE, study(key), 0.0)
    refusals.refused(other, CODE, study(99), 0.0)
    assert told(refusals, 0.0) == [
        *((ANA, study(key), 1) for key in range(MOST_THINGS)), (ANA, None, 100 - MOST_THINGS), (other, study(99), 1)
    ]  # fmt: skip


def test_strangers_with_many_addresses_hide_nobody_who_is_known() -> None:
    refusals = Refusals()
    for number in range(1000):
        refusals.refused(nobody(f"198.51.{number // 250}.{number % 250}"), CODE, None, 0.0)
    refusals.refused(ANA, CODE, None, 0.0)
    found = told(refusals, 0.0)
    assert found[0] == (ANA, None, 1)
    assert len(found) == 1 + MOST_COUNTED + 1
    assert found[-1] == (Actor(ActorKind.NOBODY), None, 1000 - MOST_COUNTED)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 30), st.floats(0, 20), st.booleans()), max_size=200))
def test_nothing_goes_uncounted_and_nothing_is_told_twice_in_a_minute(
    asked: list[tuple[int, int, float, bool]],
) -> None:
    refusals, now, number, last = Refusals(), 0.0, 0, dict[Refusal, float]()
    for who, key, pause, records in asked:
        now += pause
        refusals.refused(Actor(ActorKind.ACCOUNT, who), CODE, study(key), now)
        if not records:
            continue
        with refusals.taken(now) as due:
            number += sum(count for _, count in due)
            assert all(now - last.get(each, -MINUTE_SECONDS) >= MINUTE_SECONDS for each, _ in due)
            last |= dict.fromkeys([each for each, _ in due], now)
        places = Counter(each.caller for each, at in last.items() if now - at < MINUTE_SECONDS)
        assert max(places.values(), default=0) <= MOST_THINGS + 1
    with refusals.taken(now + MINUTE_SECONDS + 1e-6) as due:  # (4.05 + 60) - 4.05 is less than 60 as a float
        assert number + sum(count for _, count in due) == len(asked)

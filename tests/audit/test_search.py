"""Events are found by time, by who, by what, by how they ended and by patient; families hold every code once."""

from datetime import timedelta
from pathlib import Path

import pytest

from appliance.audit.events import OPERATOR, Actor, ActorKind, Event, EventCode, Outcome
from appliance.audit.families import FAMILIES, Family, codes_of
from appliance.audit.queries import PAGE
from appliance.audit.queries_search import EVERYTHING, Wanted, count, reading, search
from tests.store.a_box import ABox

ANA, LUZ = Actor(ActorKind.ACCOUNT, 3), Actor(ActorKind.ACCOUNT, 4)


@pytest.fixture
def box(tmp_path: Path) -> ABox:
    box = ABox(tmp_path).create()
    now = box.clock.now()
    happened = [
        Event(EventCode.BOX_CREATED, OPERATOR, at=now),
        Event(EventCode.STUDY_OPENED, ANA, patient_key=7, at=now + timedelta(hours=1)),
        Event(EventCode.STUDY_OPENED, LUZ, patient_key=8, at=now + timedelta(hours=2)),
        Event(EventCode.LOGIN_FAILED, LUZ, Outcome.FAILURE, at=now + timedelta(hours=3)),
        Event(EventCode.SERIES_VIEWED, ANA, patient_key=7, at=now + timedelta(hours=4)),
    ]
    with box.database.write() as tx:
        for event in happened:
            box.audit.record(tx, event)
    return box


def first_at(box: ABox) -> int:
    with box.database.read() as tx:
        return search(tx, EVERYTHING, 1, before=2)[0].at


def found(box: ABox, wanted: Wanted, **more: int) -> list[int]:
    with box.database.read() as tx:
        newest = [entry.sequence for entry in search(tx, wanted, more.pop("count", 10), **more)]
        assert more or sorted(newest) == [entry.sequence for entry in reading(tx, wanted)]
        assert more or len(newest) == count(tx, wanted)
        return newest


def test_everything_is_given_newest_first_a_page_at_a_time(box: ABox) -> None:
    assert found(box, EVERYTHING) == [5, 4, 3, 2, 1]
    assert found(box, EVERYTHING, count=2, before=4) == [3, 2]
    assert found(box, Wanted(patient_key=7), count=1, before=5) == [2]


def test_each_condition_leaves_out_what_it_should(box: ABox) -> None:
    start = first_at(box)
    hour = 3_600_000_000
    assert found(box, Wanted(since=start + hour)) == [5, 4, 3, 2]
    assert found(box, Wanted(until=start + hour)) == [1]
    assert found(box, Wanted(actor_kind="account", actor_key=3)) == [5, 2]
    assert found(box, Wanted(actor_kind="operator")) == [1]
    assert found(box, Wanted(events=("study opened", "series viewed"))) == [5, 3, 2]
    assert found(box, Wanted(events=())) == []
    assert found(box, Wanted(outcome="failure")) == [4]
    assert found(box, Wanted(patient_key=8)) == [3]
    assert found(box, Wanted(since=start + hour, actor_key=4, outcome="success")) == [3]


def test_more_than_a_page_is_read_to_its_end_and_from_a_place(box: ABox) -> None:
    with box.database.write() as tx:
        for _ in range(PAGE + 2):
            box.audit.record(tx, Event(EventCode.AUDIT_READ, OPERATOR))
    with box.database.read() as tx:
        read = [entry.sequence for entry in reading(tx, Wanted(events=("audit read",)))]
        assert read == list(range(6, 6 + PAGE + 2))
        assert [entry.sequence for entry in reading(tx, EVERYTHING, after=PAGE + 5)] == [PAGE + 6, PAGE + 7]


def test_every_code_is_of_one_family_and_every_family_has_codes() -> None:
    assert set(FAMILIES) == set(EventCode)
    assert sorted(code for family in Family for code in codes_of(family)) == sorted(EventCode)
    assert all(codes_of(family) for family in Family)
    expected = {
        EventCode.CLOCK_SET_BACK: Family.BOX, EventCode.PEER_TESTED: Family.DEVICES,
        EventCode.SPOOL_BEGAN_AGAIN: Family.ARRIVALS, EventCode.BOX_DECOMMISSIONED: Family.ERASURES,
        EventCode.RECOVERY_CODE_USED: Family.PEOPLE, EventCode.LOGGED_IN: Family.LOGINS,
        EventCode.SCREEN_UNLOCKED: Family.LOGINS, EventCode.TOKEN_REVOKED: Family.PEOPLE,
        EventCode.NOT_PERMITTED: Family.LOGINS, EventCode.TOKEN_REFUSED: Family.LOGINS,
        EventCode.INSTANCES_RETRIEVED: Family.VIEWS,
        EventCode.EXPORT_CUT_OFF: Family.EXPORTS, EventCode.BACKUP_MADE: Family.KEEPING,
        EventCode.AUDIT_VERIFIED: Family.TRAIL,
    }  # fmt: skip
    assert {code: FAMILIES[code] for code in expected} == expected

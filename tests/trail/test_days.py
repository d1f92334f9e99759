"""Looking through the trail: every event once, told until somebody looked, and the day's anchor kept."""

from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest

from appliance.accounts.account import Account
from appliance.accounts.roles import Role
from appliance.audit.chain import Fault
from appliance.audit.events import OPERATOR, PROCESS, Actor, ActorKind, Event, EventCode
from appliance.audit.queries import head
from appliance.errors import NotFound
from appliance.notifications.codes import NoticeCode
from appliance.notifications.queries import open_notices
from appliance.trail import queries
from appliance.trail.days import DayParts, look_through, review
from appliance.trail.unusual import Kind
from tests.web.a_clinic import AClinic


@pytest.fixture
def clinic(tmp_path: Path) -> AClinic:
    return AClinic(tmp_path)


@pytest.fixture
def auditor(clinic: AClinic) -> Account:
    return clinic.person(Role.AUDITOR)


def parts(clinic: AClinic) -> DayParts:
    return DayParts(clinic.database, clinic.clock, clinic.context.zone)


def record(clinic: AClinic, *events: Event) -> None:
    with clinic.database.write() as tx:
        for event in events:
            clinic.accounts.audit.record(tx, event)


def kinds(clinic: AClinic, day_key: int) -> list[Kind]:
    with clinic.database.read() as tx:
        return [one.kind for one in queries.findings(tx, day_key)]


def told(clinic: AClinic) -> list[tuple[NoticeCode, int | None]]:
    with clinic.database.read() as tx:
        return [(one.code, one.number) for one in open_notices(tx)]


def by(account: Account) -> Actor:
    return Actor(ActorKind.ACCOUNT, account.account_key)


def test_a_trail_without_a_new_event_makes_no_day(clinic: AClinic) -> None:
    assert look_through(parts(clinic)) is None
    record(clinic, Event(EventCode.BOX_CREATED, OPERATOR))
    assert look_through(parts(clinic)) == 1
    assert look_through(parts(clinic)) is None


def test_each_event_is_looked_through_once_also_one_that_was_told_late(clinic: AClinic) -> None:
    record(clinic, Event(EventCode.STUDIES_EXPORTED, OPERATOR))
    first = look_through(parts(clinic))
    assert first is not None
    clinic.clock.pass_time(days=1)
    late = clinic.clock.now() - timedelta(days=9)
    record(clinic, Event(EventCode.FILE_FORGED, PROCESS, at=late))
    second = look_through(parts(clinic))
    assert second is not None
    assert (kinds(clinic, first), kinds(clinic, second)) == ([Kind.EXPORTED], [Kind.FORGED])
    with clinic.database.read() as tx:
        spans = [(one.first_sequence, one.last_sequence) for one in reversed(queries.days(tx, 9))]
    assert spans == [(1, 1), (2, 2)]


def test_the_first_look_of_a_box_goes_back_a_day(clinic: AClinic) -> None:
    old = clinic.clock.now() - timedelta(days=3)
    record(clinic, Event(EventCode.STUDIES_EXPORTED, OPERATOR, at=old), Event(EventCode.FILE_FORGED, PROCESS))
    day = look_through(parts(clinic))
    assert day is not None
    assert kinds(clinic, day) == [Kind.FORGED]


def test_an_address_from_before_the_day_is_known(clinic: AClinic, auditor: Account) -> None:
    here, there = (Actor(ActorKind.ACCOUNT, auditor.account_key, ip_address(f"192.0.2.{n}")) for n in (1, 2))
    record(clinic, Event(EventCode.LOGGED_IN, here))
    look_through(parts(clinic))
    record(clinic, Event(EventCode.LOGGED_IN, here), Event(EventCode.LOGGED_IN, there))
    day = look_through(parts(clinic))
    assert day is not None
    with clinic.database.read() as tx:
        assert [(one.kind, one.address) for one in queries.findings(tx, day)] == [(Kind.NEW_ADDRESS, "192.0.2.2")]


def test_what_is_unusual_is_told_until_somebody_has_looked_at_all_of_it(clinic: AClinic, auditor: Account) -> None:
    audit = clinic.accounts.audit
    look_through(parts(clinic))
    assert told(clinic) == []
    record(clinic, Event(EventCode.STUDIES_EXPORTED, OPERATOR), Event(EventCode.FILE_FORGED, PROCESS))
    first = look_through(parts(clinic))
    record(clinic, Event(EventCode.STUDIES_EXPORTED, OPERATOR))
    second = look_through(parts(clinic))
    assert first is not None
    assert second is not None
    assert told(clinic) == [(NoticeCode.UNUSUAL_ACTIVITY, 3)]
    review(parts(clinic), audit, first, by(auditor))
    assert [code for code, _number in told(clinic)] == [NoticeCode.UNUSUAL_ACTIVITY]
    review(parts(clinic), audit, second, by(auditor))
    assert told(clinic) == []
    before = len(clinic.events())
    review(parts(clinic), audit, second, by(auditor))
    assert len(clinic.events()) == before
    assert clinic.events().count(("trail reviewed", "success")) == 2


def test_a_day_that_is_none_cannot_be_reviewed(clinic: AClinic, auditor: Account) -> None:
    with pytest.raises(NotFound):
        review(parts(clinic), clinic.accounts.audit, 1, by(auditor))


def test_the_days_anchors_show_a_record_that_was_shortened(clinic: AClinic) -> None:
    record(clinic, *[Event(EventCode.BACKUP_MADE, PROCESS)] * 3)
    look_through(parts(clinic))
    with clinic.database.write() as tx:
        assert queries.all_anchors(tx) == [head(tx)]
        tx.change("DELETE FROM audit_events WHERE sequence = 3")
        verdict = clinic.accounts.audit.verify(tx, queries.all_anchors(tx))
        assert (verdict.fault, verdict.sequence) == (Fault.CUT, 3)

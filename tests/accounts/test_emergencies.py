"""Breaking the glass: what is lent, to which session, for how long, and who is told."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from appliance.accounts import emergencies
from appliance.accounts import queries_emergencies as kept
from appliance.accounts.emergencies import Reason, Why, why_of
from appliance.accounts.jobs import AccountParts, look_after
from appliance.accounts.roles import IMAGE_RIGHT, Permission, Role
from appliance.accounts.sessions import Stage, end_session, find_session, lock_screen, start_session, use_session
from appliance.audit.events import OPERATOR
from appliance.clock import microseconds
from appliance.deidentify import leaving
from appliance.errors import NotFound, NotPermitted, Unsuitable
from appliance.health.telling import TELL_EVERY
from appliance.jobs import queries as jobs
from appliance.jobs.schedule import Every
from appliance.notifications.queries import open_notices
from tests.web.a_clinic import AClinic
from tests.web.an_emergency import ADDRESS, SAID, WHY, broken, confirmed, session_of, token_of, with_app


@pytest.fixture
def clinic(tmp_path: Path) -> AClinic:
    return AClinic(tmp_path)


def parts_of(clinic: AClinic) -> AccountParts:
    return AccountParts(clinic.database, clinic.accounts.audit, clinic.clock)


def told(clinic: AClinic) -> list[tuple[str, str, int | None]]:
    with clinic.database.read() as tx:
        return [(one.code.value, one.severity.value, one.number) for one in open_notices(tx)]


def held(clinic: AClinic, token: str) -> frozenset[Permission]:
    return session_of(clinic, token).account.permissions


def the_end(clinic: AClinic, key: int) -> kept.Emergency:
    with clinic.database.read() as tx:
        found = kept.find_emergency(tx, key)
    assert found is not None
    return found


@pytest.mark.parametrize("role", [Role.ADMINISTRATOR, Role.DENTIST, Role.ASSISTANT, Role.RECEPTION])
def test_it_lends_looking_and_nothing_else_to_one_session_and_to_no_other(clinic: AClinic, role: Role) -> None:
    somebody = with_app(clinic, role)
    elsewhere = token_of(clinic, somebody)
    token, key = broken(clinic, somebody)
    assert held(clinic, token) == somebody.permissions | IMAGE_RIGHT
    assert held(clinic, elsewhere) == somebody.permissions
    found = session_of(clinic, token)
    assert found.emergency is not None
    assert (found.emergency.emergency_key, found.minutes_left) == (key, 60)
    assert session_of(clinic, elsewhere).emergency is None


def test_it_ends_by_itself_to_the_second(clinic: AClinic) -> None:
    clinic.use(replace(clinic.accounts, emergency_minutes=5))
    token, key = broken(clinic, with_app(clinic))
    clinic.clock.pass_time(minutes=4, seconds=59)
    assert Permission.VIEW_IMAGES in held(clinic, token)
    assert session_of(clinic, token).minutes_left == 1
    clinic.clock.pass_time(seconds=1)
    assert Permission.VIEW_IMAGES not in held(clinic, token)
    assert session_of(clinic, token).emergency is None
    clinic.clock.pass_time(hours=1)
    assert look_after(parts_of(clinic)) == 1
    one = the_end(clinic, key)
    assert (one.ended_at, one.ends_at) == (one.ends_at, one.ends_at), "as it ended, not as it was noted"
    assert look_after(parts_of(clinic)) == 0
    with clinic.database.read() as tx:
        rows = tx.rows("SELECT actor_kind, number, at FROM audit_events WHERE event = 'emergency ended'")
    assert rows == [("process", 5, microseconds(one.ends_at))]


@pytest.mark.parametrize("minutes", [-30, -2, 61, 600])
def test_a_clock_that_is_set_lengthens_nothing(clinic: AClinic, minutes: int) -> None:
    token, _ = broken(clinic, with_app(clinic))
    clinic.clock.step(minutes=minutes)
    found = find_session(clinic.accounts, token)
    assert found is None or Permission.VIEW_IMAGES not in found.account.permissions


def test_a_clock_that_is_set_back_once_it_was_used_for_a_while_ends_it_for_good(clinic: AClinic) -> None:
    token, key = broken(clinic, with_app(clinic))
    for _ in range(10):
        clinic.clock.pass_time(minutes=4)
        use_session(clinic.accounts, token, ADDRESS)
    clinic.clock.step(minutes=-20)
    assert Permission.VIEW_IMAGES not in held(clinic, token)
    assert look_after(parts_of(clinic)) == 1
    one = the_end(clinic, key)
    assert one.ended_at is not None
    assert (one.ended_at - one.began_at).total_seconds() == 40 * 60 + 10
    clinic.clock.step(minutes=20)
    assert Permission.VIEW_IMAGES not in held(clinic, token)


def test_a_clock_that_is_set_right_by_seconds_changes_nothing(clinic: AClinic) -> None:
    token, _ = broken(clinic, with_app(clinic))
    clinic.clock.step(seconds=-45)
    assert Permission.VIEW_IMAGES in held(clinic, token)


def test_a_locked_screen_opens_on_to_what_was_lent(clinic: AClinic) -> None:
    token, _ = broken(clinic, with_app(clinic))
    lock_screen(clinic.accounts, session_of(clinic, token), ADDRESS)
    found = session_of(clinic, token)
    assert found.locked
    assert found.emergency is not None


def ends_it(clinic: AClinic, token: str, how: str) -> None:
    session = session_of(clinic, token)
    key = session.account.account_key
    if how == "end now":
        assert emergencies.end(clinic.accounts, session, ADDRESS)
        assert not emergencies.end(clinic.accounts, session_of(clinic, token), ADDRESS)
    elif how == "sign-out":
        end_session(clinic.accounts, session, ADDRESS)
    elif how == "the leaver's button":
        leaving.close_account(clinic.accounts, key, OPERATOR)
    elif how == "another role":
        leaving.change_role(clinic.accounts, key, Role.ASSISTANT, OPERATOR, image_right=False)
    elif how == "forgotten":
        with clinic.database.write() as tx:
            tx.change("DELETE FROM sessions")


@pytest.mark.parametrize("how", ["end now", "sign-out", "the leaver's button", "another role", "forgotten"])
def test_whatever_ends_the_session_ends_it_and_says_when(clinic: AClinic, how: str) -> None:
    token, key = broken(clinic, with_app(clinic))
    began_at = clinic.clock.now()
    clinic.clock.pass_time(minutes=3)
    ends_it(clinic, token, how)
    clinic.clock.pass_time(minutes=2)
    look_after(parts_of(clinic))
    found = find_session(clinic.accounts, token)
    assert found is None or Permission.VIEW_IMAGES not in found.account.permissions
    ended_at = the_end(clinic, key).ended_at
    assert ended_at is not None
    assert (ended_at - began_at).total_seconds() == (10 if how == "forgotten" else 180)
    assert clinic.events().count(("emergency ended", "success")) == 1


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.LAB])
def test_some_roles_never_break_it(clinic: AClinic, role: Role) -> None:
    with pytest.raises(NotPermitted):
        broken(clinic, with_app(clinic, role))


def test_whoever_may_look_needs_no_emergency_and_nobody_has_two_at_once(clinic: AClinic) -> None:
    with pytest.raises(Unsuitable, match="without"):
        broken(clinic, with_app(clinic, Role.DENTIST, image_right=True))
    somebody = with_app(clinic)
    token, _ = broken(clinic, somebody)
    with pytest.raises(Unsuitable, match="this session"):
        emergencies.begin(clinic.accounts, session_of(clinic, token), confirmed(clinic, somebody), WHY)


def test_after_its_end_the_same_session_may_have_another(clinic: AClinic) -> None:
    somebody = with_app(clinic)
    token, first = broken(clinic, somebody)
    clinic.clock.pass_time(minutes=60)
    second = emergencies.begin(clinic.accounts, session_of(clinic, token), confirmed(clinic, somebody), WHY)
    assert second > first
    assert Permission.VIEW_IMAGES in held(clinic, token)
    assert the_end(clinic, first).ended_at is not None


def test_nobody_begins_one_by_somebody_elses_code_or_before_they_are_in(clinic: AClinic) -> None:
    one, other = with_app(clinic), with_app(clinic, Role.DENTIST)
    with pytest.raises(NotPermitted):
        emergencies.begin(clinic.accounts, session_of(clinic, token_of(clinic, one)), confirmed(clinic, other), WHY)
    with clinic.database.write() as tx:
        half = start_session(tx, one.account_key, Stage.PASSWORD, ADDRESS, clinic.clock.now())
    with pytest.raises(NotPermitted):
        emergencies.begin(clinic.accounts, session_of(clinic, half), confirmed(clinic, one), WHY)


@pytest.mark.parametrize(("reason", "words"), [("", "because"), ("treatment", "  "), ("curious", "because")])
def test_a_reason_is_of_the_list_and_has_words(reason: str, words: str) -> None:
    with pytest.raises(Unsuitable):
        why_of(reason, words)
    assert why_of("other", " because ") == Why(Reason.OTHER, "because")


def test_it_is_told_at_once_and_its_words_stay_in_the_catalogue(clinic: AClinic) -> None:
    with clinic.database.write() as tx:
        jobs.plan(tx, emergencies.TELL, Every(TELL_EVERY).text(), clinic.clock.now())
    _, key = broken(clinic, with_app(clinic))
    assert told(clinic) == [("emergency begun", "alarm", 60)]
    with clinic.database.read() as tx:
        assert [one.job for one in jobs.asked(tx)] == [emergencies.TELL]
        rows = {
            table: json.dumps(tx.rows(f"SELECT * FROM {table}"), default=repr)  # noqa: S608  names of tables
            for table in ("audit_events", "notices", "emergencies")
        }
    assert [table for table, text in rows.items() if SAID in text] == ["emergencies"]
    assert the_end(clinic, key).words == SAID


def test_an_earlier_one_that_waits_too_long_keeps_nobody_from_a_patient_and_is_told(clinic: AClinic) -> None:
    somebody = with_app(clinic)
    broken(clinic, somebody)
    clinic.clock.pass_time(days=7, minutes=1)
    look_after(parts_of(clinic))
    assert ("emergency unreviewed", "alarm", 1) in told(clinic)
    token, _ = broken(clinic, somebody)
    assert Permission.VIEW_IMAGES in held(clinic, token)
    assert told(clinic)[0] == ("emergency repeated", "alarm", 60)


def test_a_reviewer_ends_it_and_nobody_else_may(clinic: AClinic) -> None:
    token, key = broken(clinic, with_app(clinic))
    with pytest.raises(NotPermitted):
        emergencies.end_of_other(clinic.accounts, key, with_app(clinic, Role.DENTIST), ADDRESS)
    auditor = with_app(clinic, Role.AUDITOR)
    emergencies.end_of_other(clinic.accounts, key, auditor, ADDRESS)
    assert Permission.VIEW_IMAGES not in held(clinic, token)
    with pytest.raises(NotFound):
        emergencies.end_of_other(clinic.accounts, key, auditor, ADDRESS)

"""A right password without its second step: recorded, counted as a wrong attempt, one row, and gone after minutes."""

from contextlib import suppress
from pathlib import Path

import pyotp
import pytest

from appliance.accounts import login, totp
from appliance.accounts.devices import hash_device
from appliance.accounts.errors import TooManyAttempts
from appliance.accounts.queries_devices import note_device
from appliance.accounts.sessions import SIGN_IN_END, find_session
from appliance.accounts.throttle import MOST_OF_STRANGERS
from appliance.audit.queries_search import EVERYTHING, reading
from appliance.trail import queries
from appliance.trail.days import DayParts, look_through
from appliance.trail.unusual import Finding, Kind
from tests.web.a_clinic import PASSWORD, AClinic

ADDRESS, THIEF = "192.0.2.10", "192.0.2.66"
PERSON = 1
SECRET = b"12345678901234567890"


@pytest.fixture
def clinic(tmp_path: Path) -> AClinic:
    clinic = AClinic(tmp_path)
    assert clinic.person(totp_secret=SECRET).account_key == PERSON
    return clinic


def password(clinic: AClinic, address: str = ADDRESS, device: str = "") -> str:
    return login.sign_in(clinic.accounts, "dentist.one", PASSWORD, address, device)


def come_in(clinic: AClinic, address: str = ADDRESS, device: str = "") -> str:
    session = find_session(clinic.accounts, password(clinic, address, device))
    assert session is not None
    code = pyotp.TOTP(totp.secret_text(SECRET)).at(clinic.clock.now())
    return login.finish_sign_in(clinic.accounts, session, code, address, device)


def count(clinic: AClinic, table: str) -> int:
    with clinic.database.read() as tx:
        return int(tx.rows(f"SELECT count(*) FROM {table}")[0][0])  # noqa: S608  names of this file


def look(clinic: AClinic) -> list[Finding]:
    day = look_through(DayParts(clinic.database, clinic.clock, clinic.context.zone))
    if day is None:
        return []
    with clinic.database.read() as tx:
        return [one for one in queries.findings(tx, day) if one.kind is Kind.HALFWAY]


def test_a_right_password_is_recorded_before_the_second_step(clinic: AClinic) -> None:
    password(clinic, THIEF)
    with clinic.database.read() as tx:
        last = list(reading(tx, EVERYTHING))[-1]
    assert (last.event, last.outcome, last.actor_kind) == ("password accepted", "success", "account")
    assert (last.actor_key, last.subject_key, last.address) == (PERSON, PERSON, THIEF)


def test_whoever_learnt_a_password_may_try_it_as_often_as_guess_and_its_person_gets_in(clinic: AClinic) -> None:
    with clinic.database.write() as tx:
        note_device(tx, hash_device("hers"), PERSON, clinic.clock.now())
    heard = 0
    for number in range(600):
        with suppress(TooManyAttempts):
            password(clinic, f"198.51.100.{number % 250}")
            heard += 1
        clinic.clock.pass_time(seconds=5)
    assert heard == MOST_OF_STRANGERS
    assert clinic.events().count(("password accepted", "success")) == heard
    assert find_session(clinic.accounts, come_in(clinic, device="hers"))


def test_a_whole_sign_in_takes_its_attempt_back(clinic: AClinic) -> None:
    for _ in range(20):
        assert find_session(clinic.accounts, come_in(clinic))
        clinic.clock.pass_time(seconds=30)
    assert count(clinic, "login_failures") == 0


def test_one_half_session_of_an_account_waits_at_an_address(clinic: AClinic) -> None:
    first = password(clinic)
    elsewhere = password(clinic, THIEF)
    second = password(clinic)
    assert find_session(clinic.accounts, first) is None
    assert find_session(clinic.accounts, second)
    assert find_session(clinic.accounts, elsewhere), "nobody at another address ends it"
    assert count(clinic, "sessions") == 2


def test_nobody_at_the_same_address_ends_the_half_session_of_a_known_browser(clinic: AClinic) -> None:
    with clinic.database.write() as tx:
        note_device(tx, hash_device("hers"), PERSON, clinic.clock.now())
    hers = password(clinic, device="hers")
    password(clinic)
    password(clinic, device="invented one")
    password(clinic, device="invented two")
    assert find_session(clinic.accounts, hers)
    assert count(clinic, "sessions") == 2, "cookies that were invented make no more of them"


def test_half_sessions_are_gone_after_minutes_and_whole_ones_are_kept(clinic: AClinic) -> None:
    whole = come_in(clinic)
    password(clinic, THIEF)
    clinic.clock.pass_time(minutes=10, seconds=1)
    other = password(clinic)
    with clinic.database.read() as tx:
        stages = [str(row[0]) for row in tx.rows("SELECT stage FROM sessions ORDER BY stage")]
    assert stages == ["full", "password"]
    assert find_session(clinic.accounts, whole)
    assert find_session(clinic.accounts, other)


def test_deleting_old_sessions_reads_no_others(clinic: AClinic) -> None:
    with clinic.database.read() as tx:
        for sign in "<>":
            plan = tx.rows(
                f"EXPLAIN QUERY PLAN DELETE FROM sessions WHERE stage = :stage AND created_at {sign} :at",  # noqa: S608  its two signs are written here
                stage="full", at=0,
            )  # fmt: skip
            (step,) = (str(row[3]) for row in plan)
            assert step.startswith("SEARCH sessions USING")
            assert step.endswith(f"INDEX sessions_by_age (stage=? AND created_at{sign}?)")


def test_a_second_step_that_was_never_taken_is_told_once(clinic: AClinic) -> None:
    come_in(clinic)
    look(clinic)
    password(clinic, THIEF)
    clinic.clock.pass_time(hours=2)
    come_in(clinic)
    found = look(clinic)
    assert [(one.actor_key, one.address, one.count) for one in found] == [(PERSON, THIEF, 1)]
    clinic.clock.pass_time(days=1)
    come_in(clinic)
    assert look(clinic) == []


def test_a_sign_in_that_a_look_falls_into_is_judged_at_the_next(clinic: AClinic) -> None:
    come_in(clinic)
    look(clinic)
    clinic.clock.pass_time(hours=1)
    session = find_session(clinic.accounts, password(clinic))
    assert session is not None
    password(clinic, THIEF)
    clinic.clock.pass_time(minutes=1)
    assert look(clinic) == []
    code = pyotp.TOTP(totp.secret_text(SECRET)).at(clinic.clock.now())
    login.finish_sign_in(clinic.accounts, session, code, ADDRESS)
    clinic.clock.pass_time(minutes=SIGN_IN_END.seconds // 60)
    assert [(one.address, one.count) for one in look(clinic)] == [(THIEF, 1)]


def test_coming_in_from_elsewhere_or_too_late_is_not_the_second_step(clinic: AClinic) -> None:
    password(clinic, THIEF)
    come_in(clinic)
    clinic.clock.pass_time(minutes=11)
    come_in(clinic, THIEF)
    assert [(one.address, one.count) for one in look(clinic)] == [(THIEF, 1)]


def test_typing_it_twice_and_going_on_is_nothing_to_tell(clinic: AClinic) -> None:
    password(clinic)
    clinic.clock.pass_time(minutes=1)
    come_in(clinic)
    clinic.clock.pass_time(hours=1)
    assert look(clinic) == []

"""When a screen locks, when a session ends, and what a locked one shows: nothing."""

from dataclasses import replace
from pathlib import Path

import pytest

from appliance.assembly.rooms import open_rooms
from appliance.audit.events import OPERATOR
from appliance.config import Settings, StaffSettings
from appliance.deidentify import leaving
from appliance.keys.hierarchy import Keyring
from appliance.keys.secret import SecretKey
from appliance.web.http.paths import local_path
from tests.web.a_clinic import PASSWORD, AClinic


@pytest.fixture
def clinic(tmp_path: Path) -> AClinic:
    return AClinic(tmp_path)


def test_the_screen_locks_after_five_minutes_and_goes_on_where_it_was(clinic: AClinic) -> None:
    browser = clinic.signed_in(clinic.person())
    clinic.clock.pass_time(minutes=4, seconds=59)
    assert browser.get("/studies").status_code == 200
    clinic.clock.pass_time(minutes=5)
    assert browser.get("/studies").headers["location"] == "/lock?back=%2Fstudies"
    page = browser.get("/lock?back=%2Fstudies")
    assert "Ana Prueba" in page.text
    wrong = browser.post("/lock", page="/lock", password="not it at all", back="/studies")  # noqa: S106  # an invented password
    assert wrong.status_code == 403
    assert browser.get("/studies").status_code == 303
    right = browser.post("/lock", page="/lock", password=PASSWORD, back="/studies")
    assert (right.status_code, right.headers["location"]) == (303, "/studies")
    assert browser.get("/studies").status_code == 200
    assert [e for e, _ in clinic.events() if "screen" in e] == ["screen locked", "screen unlocked"]


def test_a_clock_that_is_set_back_ends_a_session_that_began_later(clinic: AClinic) -> None:
    browser = clinic.signed_in(clinic.person())
    clinic.clock.step(hours=-24)
    clinic.clock.pass_time(hours=20)
    assert browser.get("/studies").headers["location"].startswith("/login")


def test_a_clock_that_is_set_back_locks_the_screen_at_once(clinic: AClinic) -> None:
    browser = clinic.signed_in(clinic.person())
    clinic.clock.pass_time(minutes=4)
    assert browser.get("/studies").status_code == 200
    clinic.clock.step(minutes=-3)
    assert browser.get("/studies").headers["location"].startswith("/lock")
    assert browser.post("/lock", page="/lock", password=PASSWORD).status_code == 303
    assert browser.get("/studies").status_code == 200
    clinic.clock.pass_time(minutes=5)
    assert browser.get("/studies").status_code == 303


@pytest.mark.parametrize("seconds", [-50, 50])
def test_a_clock_that_is_set_right_by_seconds_disturbs_nobody(clinic: AClinic, seconds: float) -> None:
    browser = clinic.signed_in(clinic.person())
    clinic.clock.step(seconds=seconds)
    assert browser.get("/studies").status_code == 200


def test_sessions_of_a_clock_that_ran_ahead_are_forgotten_with_the_next_sign_in(clinic: AClinic) -> None:
    person = clinic.person()
    clinic.signed_in(person)
    clinic.clock.step(days=-3650)
    clinic.signed_in(person)
    with clinic.database.read() as tx:
        assert tx.rows("SELECT count(*) FROM sessions") == [(1,)]


def test_a_locked_screen_answers_scripts_with_401_and_no_page_content(clinic: AClinic) -> None:
    browser = clinic.signed_in(clinic.person())
    clinic.clock.pass_time(minutes=5)
    answer = browser.client.get("/studies/latest", headers={"accept": "*/*"})
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"


def test_what_a_page_does_by_itself_does_not_keep_the_screen_open(clinic: AClinic) -> None:
    browser = clinic.signed_in(clinic.person())
    for _ in range(4):
        clinic.clock.pass_time(minutes=1)
        assert browser.get("/studies/latest").status_code == 200
    clinic.clock.pass_time(minutes=1)
    assert browser.get("/studies").status_code == 303


def test_a_sign_of_life_keeps_the_screen_open(clinic: AClinic) -> None:
    browser = clinic.signed_in(clinic.person())
    for _ in range(4):
        clinic.clock.pass_time(minutes=4)
        assert browser.post("/session/active", page="/password").status_code == 204
    assert browser.get("/studies").status_code == 200


def test_a_screen_stays_locked_when_the_clock_steps_back(clinic: AClinic) -> None:
    browser = clinic.signed_in(clinic.person())
    clinic.clock.pass_time(minutes=6)
    assert browser.get("/studies").status_code == 303
    clinic.clock.pass_time(minutes=-6)
    assert browser.get("/studies").status_code == 303


def test_locking_by_hand_locks_at_once(clinic: AClinic) -> None:
    browser = clinic.signed_in(clinic.person())
    locked = browser.post("/lock/now", page="/studies", back="/senders")
    assert locked.headers["location"] == "/lock?back=%2Fsenders"
    assert browser.get("/studies").headers["location"] == "/lock?back=%2Fstudies"


def test_eight_hours_idle_end_the_session(clinic: AClinic) -> None:
    browser = clinic.signed_in(clinic.person())
    clinic.clock.pass_time(hours=7, minutes=59)
    assert browser.get("/lock").status_code == 200
    clinic.clock.pass_time(minutes=1)
    assert browser.get("/lock").headers["location"] == "/login"


def test_seven_days_end_the_session_however_busy(clinic: AClinic) -> None:
    browser = clinic.signed_in(clinic.person())
    for _ in range(23):
        clinic.clock.pass_time(hours=7)
        assert browser.post("/lock", page="/lock", password=PASSWORD).status_code == 303
    clinic.clock.pass_time(hours=7)
    assert browser.get("/lock").headers["location"] == "/login"


def test_closing_an_account_puts_its_person_out_at_once(clinic: AClinic) -> None:
    account = clinic.person()
    browser = clinic.signed_in(account)
    assert browser.get("/studies").status_code == 200
    leaving.close_account(clinic.accounts, account.account_key, OPERATOR)
    assert browser.get("/studies").headers["location"] == "/login"


@pytest.mark.parametrize(
    "path", ["//evil.test", "https://evil.test", "/\\evil.test", "javascript:alert(1)", "/a\nb", ""]
)
def test_unlocking_never_leads_to_another_site(path: str) -> None:
    assert local_path(path) == "/"


def test_a_path_of_this_site_is_kept() -> None:
    assert local_path("/studies/5") == "/studies/5"


def test_the_screen_locks_after_as_long_as_the_settings_say(clinic: AClinic, tmp_path: Path) -> None:
    staff = StaffSettings(lock_after_seconds=60, emergency_minutes=15)
    rooms = open_rooms(
        Settings(data_folder=str(tmp_path), run_folder=str(tmp_path), staff=staff),
        Keyring.for_process("staff", SecretKey.new()),
        clinic.clock,
    )
    assert (rooms.accounts.lock_after_seconds, rooms.accounts.emergency_minutes) == (60, 15)
    clinic.use(replace(clinic.accounts, lock_after_seconds=rooms.accounts.lock_after_seconds))
    browser = clinic.signed_in(clinic.person())
    clinic.clock.pass_time(seconds=59)
    page = browser.get("/studies")
    assert page.status_code == 200
    assert 'content="61;url=/lock' in page.text
    clinic.clock.pass_time(seconds=60)
    assert browser.get("/studies").status_code == 303

"""Eight hours away, or seven days whatever was done: the whole sign-in is asked for, and leads back to where she was.

A real Chromium at a clinic's pages over HTTP on this machine, whose clock goes on when the walk says so.
"""

from collections.abc import Mapping
from typing import Any

import pytest

from appliance.accounts import totp
from appliance.accounts.roles import Role
from tests.stories.walks import faults_of, planned, talked_through
from tests.web.a_clinic import PASSWORD, AClinic
from tests.web.a_server import serving
from tests.web.invented import put_all

pytestmark = [pytest.mark.slow, pytest.mark.peer("chromium", "node", "npm")]

SECRET = b"12345678901234567890"
NAME = "Núñez Ibáñez"
ROOM = "/studies/1"


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory, module_port_block: int) -> dict[str, Any]:
    """Let the week pass, once."""
    folder = tmp_path_factory.mktemp("again")
    clinic = AClinic(folder)
    for user, name in (("ana", "Ana Prueba"), ("berta", "Berta Prueba")):
        clinic.person(Role.DENTIST, image_right=True, user_name=user, display_name=name, totp_secret=SECRET)
    with clinic.database.write() as tx:
        put_all(tx, clinic.clock.now())
    who = {"user": "ana", "password": PASSWORD, "secret": totp.secret_text(SECRET)}
    plan = {"origin": f"http://localhost:{module_port_block}", "who": who, "colleague": {"user": "berta"}}
    with serving(clinic.app, port=module_port_block):
        return talked_through(
            planned("signed_in_again.mjs", folder, plan), folder / "errors", lambda said: passed(clinic, said)
        )


def passed(clinic: AClinic, said: Mapping[str, Any]) -> dict[str, object]:
    """Let time pass as the walk says."""
    clinic.clock.pass_time(minutes=said["minutes"])
    return {"now": clinic.clock.now().timestamp()}


def asks_for_everything_and_leads_back(seen: dict[str, Any]) -> None:
    """Check what a person meets whom time signed out."""
    assert seen["told"].startswith("You were signed out, after eight hours")
    assert seen["fields"] == 2, "user name and password"
    assert NAME not in seen["words"]
    assert seen["canvases"] == 0
    assert seen["then"] == {"half": 303, "whole": 200, "at": ROOM}, "the password alone opens nothing"


def test_after_a_night_the_locks_password_is_not_enough(found: dict[str, Any]) -> None:
    assert found["night"]["evening"] == ROOM, "in the evening it is"
    asks_for_everything_and_leads_back(found["night"])


def test_a_page_that_was_left_in_sight_asks_by_itself(found: dict[str, Any]) -> None:
    asks_for_everything_and_leads_back(found["asleep"])


def test_after_seven_days_it_ends_whatever_was_done(found: dict[str, Any]) -> None:
    assert found["week"]["unlocked"] == 22
    asks_for_everything_and_leads_back(found["week"])


def test_a_decision_asks_for_a_code_that_was_never_typed(found: dict[str, Any]) -> None:
    assert found["decision"]["without"], "nothing goes without one"
    assert "was used already" in found["decision"]["refused"]
    assert found["decision"]["drawn"] == 10


def test_a_colleague_who_signs_in_there_is_not_led_to_her_patient(found: dict[str, Any]) -> None:
    assert found["colleague"] == "/studies"


def test_no_page_broke_its_policy_or_its_script(found: dict[str, Any]) -> None:
    assert faults_of(found) == {"errors": [], "policy": [], "foreign": []}

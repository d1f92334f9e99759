"""Somebody who is invited takes a passkey and no app, decides by it, loses it and comes back, in a real Chromium."""

from typing import Any

import pytest

from tests.stories.clinic import RunningClinic
from tests.stories.walks import faults_of, walk

pytestmark = [pytest.mark.slow, pytest.mark.peer("chromium", "node", "npm")]

INVITED = {"user": "paula", "password": "morning tram quiet 42"}
LEAVES = ("accounts", "add", "otto", "--name", "Otto Adiós", "--role", "reception")


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory, module_port_block: int) -> dict[str, Any]:
    """Let her go through it, once."""
    folder = tmp_path_factory.mktemp("passkey-alone")
    with RunningClinic(folder / "data", module_port_block, ("--no-samples",)) as clinic:
        words = ("accounts", "invite", INVITED["user"], "--name", "Paula Llave", "--role", "administrator")
        code = clinic.enamel(*words)["code"]
        clinic.enamel(*LEAVES, given="quiet amber tram 42\n")
        colleague = {one["user"]: one["account_key"] for one in clinic.enamel("accounts", "list")}["otto"]
        invited = {**INVITED, "link": f"{clinic.facts['web']['url']}/join#{code}"}
        answer = walk("passkey_alone.mjs", folder, clinic, {"invited": invited, "colleague": colleague})
        people = {one["user"]: one for one in clinic.enamel("accounts", "list")}
        return dict(answer) | {"people": people, "events": clinic.enamel("audit", "list", "--limit", "80")}


def test_a_device_that_knows_its_owner_becomes_the_second_factor_and_ten_codes_are_printed(
    found: dict[str, Any],
) -> None:
    assert found["unverified"] == "/login/enrol"
    assert (len(found["made"]), found["made"][0]["rpId"], found["codes"]) == (1, "localhost", 10)
    assert found["deviceCookie"]
    assert found["people"]["paula"]["second_factor"]


def test_it_is_asked_for_at_sign_in_and_decides_and_unlocks(found: dict[str, Any]) -> None:
    assert (found["asked"], found["unlocked"], found["broken"]) == ("Your passkey", "Your account", True)
    assert found["people"]["otto"]["disabled_at"]


def test_without_script_a_printed_code_opens_and_decides(found: dict[str, Any]) -> None:
    assert "A printed recovery code lets you in here" in found["scriptless"]


def test_a_lost_one_is_replaced_by_printed_codes_and_the_only_one_cannot_be_removed(found: dict[str, Any]) -> None:
    assert found["removable"] == 0
    assert found["left"] == ["New phone"]
    assert found["inByTheNewOne"]
    told = [one["event"] for one in found["events"]]
    assert told.count("recovery code used") == 4
    assert (told.count("passkey added"), told.count("passkey removed")) == (2, 1)


def test_no_page_broke_its_policy_or_its_script(found: dict[str, Any]) -> None:
    assert faults_of(found) == {"errors": [], "policy": [], "foreign": []}

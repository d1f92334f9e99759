"""A passkey made and used in a real browser, by Chromium's virtual authenticator through the DevTools protocol."""

from typing import Any

import pyotp
import pytest

from tests.stories.clinic import RunningClinic, form_of
from tests.stories.walks import faults_of, walk

pytestmark = [pytest.mark.slow, pytest.mark.peer("chromium", "node", "npm")]

STRANGER = "203.0.113.9"


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory, module_port_block: int) -> dict[str, Any]:
    """Let a person go through it, once."""
    folder = tmp_path_factory.mktemp("passkeys")
    with RunningClinic(folder / "data", module_port_block, ("--no-samples",)) as clinic:
        forged = account_page(clinic, dict.fromkeys(("X-Forwarded-For", "X-Real-IP"), f"{STRANGER}, 192.0.2.1"))
        return dict(walk("passkeys.mjs", folder, clinic, {})) | {"forged": forged}


def account_page(clinic: RunningClinic, headers: dict[str, str]) -> str:
    """Sign in whole with these headers, and give the page that says where from."""
    person = clinic.facts["web"]
    with clinic.browser() as browser:
        browser.headers.update(headers)
        form = form_of(browser.get("/login"))
        asked = browser.post("/login", data={**form, "user_name": person["user"], "password": person["password"]})
        browser.post("/login/code", data={**form_of(asked), "code": pyotp.TOTP(person["totp_secret"]).now()})
        return browser.get("/account").text


def test_an_address_that_a_browser_claims_is_not_believed(found: dict[str, Any]) -> None:
    assert ">127.0.0.1<" in found["forged"]
    assert STRANGER not in found["forged"]


def test_a_passkey_is_made_and_lives_in_the_device_under_the_boxs_name(found: dict[str, Any]) -> None:
    assert found["made"] == [{"rpId": "localhost", "isResidentCredential": True}]


def test_it_unlocks_the_screen_and_lets_the_person_in_alone_and_instead_of_the_code(found: dict[str, Any]) -> None:
    assert (found["unlocked"], found["backByPin"]) == ("Your account", "Your account")
    assert found["freshSession"]
    assert found["deviceCookie"]
    assert found["counted"] > 1


def test_it_decides_in_place_of_a_code(found: dict[str, Any]) -> None:
    assert found["codes"] == 10


def test_a_device_that_does_not_know_its_owner_and_a_removed_passkey_open_nothing(found: dict[str, Any]) -> None:
    assert (found["touched"], found["unverified"], found["removed"]) == ("/lock", "/login", "/login/passkey")
    assert (found["troubleBefore"], found["troubleAfter"]) == (False, True)


def test_no_page_broke_its_policy_or_its_script(found: dict[str, Any]) -> None:
    assert faults_of(found) == {"errors": [], "policy": [], "foreign": []}

"""The pages for somebody whose second factor is a passkey alone: none ends in a field for a code of an app."""

import html
import re
from pathlib import Path

import pytest

from appliance.accounts import passkeys
from appliance.accounts.account import Account
from appliance.accounts.queries_passkeys import insert_passkey
from appliance.accounts.roles import Role
from appliance.accounts.service import get_account
from appliance.web.http.cookies import DEVICE_COOKIE, SESSION_COOKIE
from tests.accounts.an_authenticator import Authenticator
from tests.web.a_clinic import PASSWORD, AClinic, Browser

QUESTION = "/account/passkey-question"
SETTING_UP = "/login/enrol/passkey"


@pytest.fixture
def clinic(tmp_path: Path) -> AClinic:
    return AClinic(tmp_path)


@pytest.fixture
def person(clinic: AClinic) -> Account:
    return clinic.person(Role.ADMINISTRATOR)


def options_in(text: str) -> str:
    found = re.search(r'data-options="([^"]*)"', text)
    assert found
    return html.unescape(found[1])


def after_password(clinic: AClinic, person: Account) -> Browser:
    browser = clinic.browser()
    browser.post("/login", page="/login", user_name=person.user_name, password=PASSWORD)
    return browser


def enrolled(clinic: AClinic, person: Account) -> tuple[Browser, Authenticator, list[str]]:
    """Set a passkey up at the first sign-in, by the page's own form; give the printed codes too."""
    browser, device = after_password(clinic, person), Authenticator()
    made = device.create(options_in(browser.get("/login/enrol").text))
    answer = browser.post(SETTING_UP, page="/login/enrol", name="My phone", answer=made)
    assert answer.status_code == 200
    return browser, device, re.findall(r"<li>([A-Z2-9]{5}-[A-Z2-9]{5})</li>", answer.text)


def test_both_are_offered_at_the_first_sign_in_and_without_script_or_a_name_the_app_alone(
    clinic: AClinic, person: Account
) -> None:
    browser = after_password(clinic, person)
    page = browser.get("/login/enrol").text
    assert 'class="secret"' in page
    assert re.search(r'<section class="passkey choice" hidden>', page), "script shows it"
    assert re.search(r"<noscript>.*runs no script.*take an app.*</noscript>", page)
    bare = browser.get("/login/enrol", host="192.0.2.1").text
    assert 'class="secret"' in bare
    assert "data-passkey" not in bare
    assert "by the box's name" in bare


def test_a_passkey_finishes_the_first_sign_in_and_ten_codes_are_shown_once(clinic: AClinic, person: Account) -> None:
    browser, _, codes = enrolled(clinic, person)
    assert len(set(codes)) == 10
    assert DEVICE_COOKIE in browser.client.cookies
    assert browser.get("/people").status_code == 200
    assert clinic.events()[-2:] == [("second factor enrolled", "success"), ("logged in", "success")]


@pytest.mark.parametrize("how", ["only touched", "no answer", "another's question"])
def test_what_is_no_verified_passkey_sets_nothing_up_and_is_told(clinic: AClinic, person: Account, how: str) -> None:
    elsewhere = after_password(clinic, clinic.person(user_name="other"))
    browser, device = after_password(clinic, person), Authenticator()
    asked = options_in((elsewhere if how == "another's question" else browser).get("/login/enrol").text)
    made = "{}" if how == "no answer" else device.create(asked, verified=how != "only touched")
    answer = browser.post(SETTING_UP, page="/login/enrol", name="My phone", answer=made)
    assert (answer.status_code, "No passkey came" in answer.text) == (422, True)
    assert not get_account(clinic.accounts, person.account_key).second_factor
    assert browser.get("/people").headers["location"] == "/login"


def test_it_is_asked_for_at_the_next_sign_in_in_place_of_a_code(clinic: AClinic, person: Account) -> None:
    _, device, _ = enrolled(clinic, person)
    browser = after_password(clinic, person)
    page = browser.get("/login/code").text
    assert "authenticator app" not in page
    assert "one-time-code" not in page
    assert re.search(r"<noscript>.*printed recovery code.*</noscript>", page)
    answer = device.show(options_in(page), verified=False)
    assert browser.post("/login/code/passkey", page="/login/code", answer=answer).status_code == 303
    assert browser.get("/people").status_code == 200


def test_under_another_name_a_printed_code_is_asked_for_and_lets_in_once(clinic: AClinic, person: Account) -> None:
    _, _, codes = enrolled(clinic, person)
    browser = after_password(clinic, person)
    page = browser.get("/login/code", host="192.0.2.1").text
    assert "data-passkey" not in page
    assert "under the name of the box" in page
    assert browser.post("/login/code", page="/login/code", code=codes[0]).status_code == 303
    again = after_password(clinic, person)
    assert again.post("/login/code", page="/login/code", code=codes[0]).status_code == 403


def closing(browser: Browser, other: Account, proof: str) -> int:
    where = f"/people/{other.account_key}"
    return browser.post(f"{where}/close", page=where, code=proof).status_code


@pytest.mark.parametrize("how", ["passkey", "printed code"])
def test_it_decides_and_so_does_a_printed_code(clinic: AClinic, person: Account, how: str) -> None:
    browser, device, codes = enrolled(clinic, person)
    other = clinic.person()
    assert closing(browser, other, "000000") == 403
    proof = device.show(browser.get(QUESTION).text) if how == "passkey" else codes[3]
    assert closing(browser, other, proof) == 303
    assert get_account(clinic.accounts, other.account_key).disabled_at is not None
    assert closing(browser, clinic.person(user_name="third"), proof) == 403


PAGES = ("/account", "/people", "/emergency")


@pytest.mark.parametrize("path", PAGES)
def test_no_decision_asks_for_a_code_of_an_app(clinic: AClinic, person: Account, path: str) -> None:
    browser, _, _ = enrolled(clinic, person)
    page = browser.get(path).text
    assert "Code from your app" not in page
    assert "one-time-code" not in page
    assert (
        page.count("Printed recovery code instead") == page.count("data-proof hidden") == page.count("data-no-passkey")
    )
    assert page.count("data-proof hidden") > 0


@pytest.mark.parametrize("path", PAGES)
def test_who_has_an_app_is_asked_for_its_code_as_ever(clinic: AClinic, path: str) -> None:
    browser = clinic.signed_in(clinic.person(Role.ADMINISTRATOR, totp_secret=b"12345678901234567890"))
    page = browser.get(path).text
    assert page.count("Code from your app") == page.count("data-proof hidden") > 0
    assert "data-no-passkey" not in page


def test_a_locked_screen_opens_to_it(clinic: AClinic, person: Account) -> None:
    browser, device, _ = enrolled(clinic, person)
    browser.post("/lock/now", page="/people", back="/people")
    answer = device.show(options_in(browser.get("/lock").text))
    opened = browser.post("/lock/passkey", page="/lock", answer=answer, back="/people")
    assert opened.headers["location"] == "/people"
    assert browser.get("/people").status_code == 200


def test_the_only_one_cannot_be_removed_and_one_of_two_can(clinic: AClinic, person: Account) -> None:
    browser, device, codes = enrolled(clinic, person)
    first = passkeys.passkeys_of(clinic.accounts, person)[0].passkey_key
    page = browser.get("/account").text
    assert f"/account/passkeys/{first}/remove" not in page
    assert "The only one stays" in page
    refused = browser.post(f"/account/passkeys/{first}/remove", page="/account", code=codes[0])
    assert (refused.status_code, "only second factor" in refused.text) == (422, True)
    spare = Authenticator()
    made = spare.create(options_in(page))
    proof = device.show(browser.get(QUESTION).text)
    added = browser.post("/account/passkeys", page="/account", code=proof, name="Spare key", answer=made)
    assert added.status_code == 303
    assert "The only one stays" not in browser.get("/account").text
    gone = browser.post(f"/account/passkeys/{first}/remove", page="/account", code=codes[1])
    assert gone.headers["location"] == "/account?told=removed"
    assert [each.name for each in passkeys.passkeys_of(clinic.accounts, person)] == ["Spare key"]


def test_beside_a_passkey_of_the_boxs_former_name_the_one_that_works_stays(clinic: AClinic, person: Account) -> None:
    browser, _, codes = enrolled(clinic, person)
    first = passkeys.passkeys_of(clinic.accounts, person)[0]
    with clinic.database.write() as tx:
        former = insert_passkey(
            tx, clinic.clock.now(), account_key=person.account_key, credential_id=b"former", public_key=b"former",
            sign_count=0, host="former.test", name="Old phone",
        )  # fmt: skip
    page = browser.get("/account").text
    assert page.count("The only one stays") == page.count("your whole second factor") == 1
    assert f"/account/passkeys/{first.passkey_key}/remove" not in page
    refused = browser.post(f"/account/passkeys/{first.passkey_key}/remove", page="/account", code=codes[0])
    assert (refused.status_code, "only second factor" in refused.text) == (422, True)
    gone = browser.post(f"/account/passkeys/{former}/remove", page="/account", code=codes[1])
    assert gone.headers["location"] == "/account?told=removed"
    assert passkeys.passkeys_of(clinic.accounts, person) == [first]


def test_the_page_of_people_says_that_it_is_set_up(clinic: AClinic, person: Account) -> None:
    browser, _, _ = enrolled(clinic, person)
    assert 'class="state good">Set up<' in browser.get("/people").text
    assert SESSION_COOKIE in browser.client.cookies

"""Whoever signs out, or is out, leaves nothing in the browser's storage; whoever goes on keeps it."""

from pathlib import Path

import pytest

from appliance.accounts.account import Account
from appliance.accounts.roles import Role
from appliance.web.http.cookies import DEVICE_COOKIE
from tests.web.a_clinic import PASSWORD, AClinic, Browser
from tests.web.a_proof import SECRET, code_now
from tests.web.an_emergency import an_envelope, drawn, with_app

NAME = "clear-site-data"
STORAGE = '"storage"'


@pytest.fixture
def clinic(tmp_path: Path) -> AClinic:
    return AClinic(tmp_path)


@pytest.fixture
def person(clinic: AClinic) -> Account:
    return clinic.person(totp_secret=SECRET)


@pytest.fixture
def browser(clinic: AClinic, person: Account) -> Browser:
    return clinic.signed_in(person)


def whole(clinic: AClinic, person: Account) -> Browser:
    """Come in by password and code, so that the browser is known."""
    browser = clinic.browser()
    browser.post("/login", page="/login", user_name=person.user_name, password=PASSWORD)
    browser.post("/login/code", page="/login/code", code=code_now(clinic))
    return browser


def test_signing_out_empties_the_storage_and_leaves_cookies_and_cache(clinic: AClinic, person: Account) -> None:
    browser = whole(clinic, person)
    answer = browser.post("/logout", page="/studies")
    assert answer.headers[NAME] == STORAGE
    assert DEVICE_COOKIE in browser.client.cookies
    assert NAME not in browser.get("/login").headers, "nobody is signed in there any more"


def test_signing_out_at_the_lock_does(browser: Browser) -> None:
    browser.post("/lock/now", page="/studies", back="/studies")
    assert browser.post("/logout", page="/lock").headers[NAME] == STORAGE


def test_closing_ones_account_does(clinic: AClinic, browser: Browser) -> None:
    assert browser.post("/account/close", page="/account", code=code_now(clinic)).headers[NAME] == STORAGE


def test_the_sign_in_page_does_in_place_of_a_session_that_ended(clinic: AClinic, browser: Browser) -> None:
    clinic.clock.pass_time(hours=8)
    there = browser.get("/studies")
    assert (there.headers["location"], NAME in there.headers) == ("/login", False)
    assert browser.get("/login").headers[NAME] == STORAGE


def test_so_does_a_colleague_who_comes_in_by_pin_at_the_lock(clinic: AClinic, person: Account) -> None:
    browser = whole(clinic, person)
    set_one = browser.post("/account/pin", page="/account", password=PASSWORD, pin="2580")
    assert set_one.status_code == 303
    browser.post("/logout", page="/account")
    other = clinic.person(Role.RECEPTION, totp_secret=SECRET)
    browser.post("/login", page="/login", user_name=other.user_name, password=PASSWORD)
    browser.post("/login/code", page="/login/code", code=code_now(clinic))
    browser.post("/lock/now", page="/studies", back="/studies")
    answer = browser.post("/login/pin", page="/lock", account=str(person.account_key), pin="2580")
    assert (answer.status_code, answer.headers[NAME]) == (303, STORAGE)


def test_the_end_of_an_envelope_does(clinic: AClinic) -> None:
    code = drawn(clinic, with_app(clinic, Role.ADMINISTRATOR))
    browser = clinic.browser()
    fields = {"code": code, "name": "Nora Nocturna", "reason": "treatment", "words": "Fell off a bicycle"}
    assert browser.post("/login/emergency", page="/login/emergency", **fields).status_code == 303
    assert browser.post("/emergency/end", page="/studies").headers[NAME] == STORAGE


def test_going_on_locking_unlocking_and_deciding_keep_it(clinic: AClinic, browser: Browser) -> None:
    answers = [browser.get("/studies"), browser.post("/lock/now", page="/studies", back="/studies")]
    answers += [browser.get("/lock"), browser.post("/lock", page="/lock", password=PASSWORD, back="/studies")]
    answers += [browser.post("/account/codes", page="/account", code=code_now(clinic))]
    assert [each.status_code for each in answers] == [200, 303, 200, 303, 200]
    assert [NAME in each.headers for each in answers] == [False] * 5


def test_a_stranger_gets_none(clinic: AClinic) -> None:
    an_envelope(clinic, "1")
    assert NAME not in clinic.browser().get("/login").headers

"""Whoever was signed out by time alone signs in whole, and goes on where they were; nobody else does."""

from pathlib import Path

import pyotp
import pytest

from appliance.accounts import totp
from appliance.accounts.sessions import ended_by_time, find_session
from appliance.web.http.cookies import BACK_COOKIE, SESSION_COOKIE
from tests.web.a_clinic import PASSWORD, AClinic, Browser

SECRET = b"12345678901234567890"
WORDS = "You were signed out, after eight hours"


@pytest.fixture
def clinic(tmp_path: Path) -> AClinic:
    clinic = AClinic(tmp_path)
    for user, name in (("one", "Ana Prueba"), ("other", "Berta Prueba")):
        clinic.person(user_name=user, display_name=name, totp_secret=SECRET)
    return clinic


def sign_in(clinic: AClinic, browser: Browser, user: str) -> str:
    """Sign in whole; give where that leads."""
    clinic.clock.pass_time(seconds=30)
    browser.post("/login", page="/login", user_name=user, password=PASSWORD)
    code = pyotp.TOTP(totp.secret_text(SECRET)).at(clinic.clock.now())
    return browser.post("/login/code", page="/login/code", code=code).headers["location"]


def test_the_sign_in_page_keeps_who_is_signed_in(clinic: AClinic) -> None:
    browser = clinic.browser()
    sign_in(clinic, browser, "one")
    there = browser.get("/login")
    assert (there.status_code, there.headers["location"]) == (303, "/")
    assert browser.get("/account").status_code == 200


def test_at_a_locked_screen_somebody_else_may_sign_in(clinic: AClinic) -> None:
    browser = clinic.browser()
    sign_in(clinic, browser, "one")
    clinic.clock.pass_time(minutes=6)
    assert 'href="/login/emergency"' in browser.get("/login").text
    assert sign_in(clinic, browser, "other") == "/"
    assert "Berta Prueba" in browser.get("/account").text


def test_who_is_halfway_in_begins_anew_as_somebody_else(clinic: AClinic) -> None:
    browser = clinic.browser()
    browser.post("/login", page="/login", user_name="one", password=PASSWORD)
    assert browser.get("/login/code").status_code == 200
    assert 'name="user_name"' in browser.get("/login").text
    assert browser.get("/login/code").headers["location"] == "/login"
    assert sign_in(clinic, browser, "other") == "/"
    assert "Berta Prueba" in browser.get("/account").text


@pytest.fixture
def rested(clinic: AClinic) -> Browser:
    """Give a browser whose person was at their account and has been away for nine hours."""
    browser = clinic.browser()
    assert sign_in(clinic, browser, "one") == "/"
    assert browser.get("/account").status_code == 200
    clinic.clock.pass_time(hours=9)
    return browser


def test_at_the_page_itself_the_whole_sign_in_is_asked_for_and_leads_back(clinic: AClinic, rested: Browser) -> None:
    assert rested.get("/account").headers["location"] == "/login"
    assert WORDS in rested.get("/login").text
    assert WORDS not in rested.get("/login").text, "once"
    assert sign_in(clinic, rested, "one") == "/account"
    assert BACK_COOKIE not in rested.client.cookies
    assert rested.get("/account").status_code == 200


def test_the_locks_password_opens_nothing_then_and_the_way_is_kept(clinic: AClinic) -> None:
    browser = clinic.browser()
    sign_in(clinic, browser, "one")
    clinic.clock.pass_time(minutes=6)
    locked = browser.get("/lock?back=/account").text
    clinic.clock.pass_time(hours=8)
    token = locked.partition('name="form_token" value="')[2].partition('"')[0]
    answer = browser.post_bare("/lock", form_token=token, password=PASSWORD, back="/account")
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")
    assert WORDS in browser.get("/login").text
    assert sign_in(clinic, browser, "one") == "/account"


def test_a_page_that_left_for_the_lock_by_itself_is_the_one_gone_back_to(clinic: AClinic, rested: Browser) -> None:
    assert rested.get("/lock?back=%2Fstudies").headers["location"] == "/login"
    rested.get("/login")
    assert sign_in(clinic, rested, "one") == "/studies"


def test_whoever_else_signs_in_there_begins_at_the_front(clinic: AClinic, rested: Browser) -> None:
    rested.get("/account")
    rested.get("/login")
    assert sign_in(clinic, rested, "other") == "/"
    assert BACK_COOKIE not in rested.client.cookies, "and leads nobody back later"


def test_after_seven_days_it_leads_back_too(clinic: AClinic) -> None:
    browser = clinic.browser()
    sign_in(clinic, browser, "one")
    for _ in range(24):
        clinic.clock.pass_time(hours=7)
        browser.get("/lock?back=/account")
    assert browser.get("/account").headers["location"] == "/login"
    assert WORDS in browser.get("/login").text
    assert sign_in(clinic, browser, "one") == "/account"


@pytest.mark.parametrize("how", ["signed out", "put out", "unlocked"])
def test_only_time_leads_back(clinic: AClinic, how: str) -> None:
    browser = clinic.browser()
    sign_in(clinic, browser, "one")
    browser.get("/lock?back=/account")
    if how == "unlocked":
        browser.post("/lock", page="/lock", password=PASSWORD, back="/studies")
        browser.post("/logout", page="/studies")
    elif how == "signed out":
        browser.post("/logout", page="/lock")
    else:
        with clinic.database.write() as tx:
            tx.change("UPDATE sessions SET revoked_at = 0")
        browser.client.cookies.delete(BACK_COOKIE)
        browser.get("/account")
    assert WORDS not in browser.get("/login").text
    assert sign_in(clinic, browser, "one") == "/"


def test_too_long_over_the_code_does_not_lose_the_way(clinic: AClinic, rested: Browser) -> None:
    rested.get("/account")
    rested.post("/login", page="/login", user_name="one", password=PASSWORD)
    clinic.clock.pass_time(minutes=11)
    assert rested.get("/login/code").headers["location"] == "/login"
    assert sign_in(clinic, rested, "one") == "/account"


def test_a_way_that_leads_elsewhere_is_not_taken(clinic: AClinic) -> None:
    for way in ("1//elsewhere.test/", "1https://elsewhere.test/", "1/\\elsewhere.test", "%31%2Faccount%0a", "x"):
        browser = clinic.browser()
        browser.client.cookies.set(BACK_COOKIE, way)
        assert sign_in(clinic, browser, "one") == "/", way


def test_time_alone_ends_a_full_session_and_nothing_else_is_taken_for_it(clinic: AClinic) -> None:
    browser = clinic.browser()
    sign_in(clinic, browser, "one")
    token = browser.client.cookies[SESSION_COOKIE]
    assert ended_by_time(clinic.accounts, token) is None, "it lives"
    assert ended_by_time(clinic.accounts, "unheard of") is None
    clinic.clock.pass_time(hours=8)
    account = ended_by_time(clinic.accounts, token)
    assert account is not None
    assert (account.user_name, find_session(clinic.accounts, token)) == ("one", None)

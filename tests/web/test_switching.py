"""Two people change places at one browser through its pages, each by a PIN of their own."""

import re
from pathlib import Path

import pyotp
import pytest

from appliance.accounts import totp
from appliance.web.http.cookies import SESSION_COOKIE
from tests.web.a_clinic import PASSWORD, AClinic, Browser

SECRET = b"12345678901234567890"
NAMES = {"one": "Ana Prueba", "other": "Berta Prueba"}
PINS = {"one": "2580", "other": "1397"}


@pytest.fixture
def clinic(tmp_path: Path) -> AClinic:
    clinic = AClinic(tmp_path)
    for user, name in NAMES.items():
        clinic.person(user_name=user, display_name=name, totp_secret=SECRET)
    return clinic


def came_in(clinic: AClinic, browser: Browser, user: str) -> None:
    """Sign in whole and set a PIN."""
    clinic.clock.pass_time(seconds=30)
    browser.post("/login", page="/login", user_name=user, password=PASSWORD)
    code = pyotp.TOTP(totp.secret_text(SECRET)).at(clinic.clock.now())
    assert browser.post("/login/code", page="/login/code", code=code).status_code == 303
    told = browser.post("/account/pin", page="/account", password=PASSWORD, pin=PINS[user])
    assert told.headers["location"] == "/account?told=pin"


def offered(text: str) -> dict[str, str]:
    """Give whom a page offers, by name."""
    found = re.findall(r'<option value="(\d+)">([^<]+)<', text)
    return {name: key for key, name in found}


def who(browser: Browser) -> str:
    found = re.search(r"<h1>Your account</h1><p><bdi>([^<]+)<", browser.get("/account").text)
    assert found
    return found[1]


def test_each_comes_back_under_their_own_name(clinic: AClinic) -> None:
    browser = clinic.browser()
    came_in(clinic, browser, "one")
    assert offered(browser.get("/lock?back=/account").text).keys() == {"Ana Prueba"}
    browser.post("/logout", page="/lock")
    came_in(clinic, browser, "other")
    page = browser.get("/lock?back=/account").text
    assert offered(page).keys() == {"Ana Prueba", "Berta Prueba"}
    before = browser.client.cookies[SESSION_COOKIE]
    key = offered(page)["Ana Prueba"]
    wrong = browser.post("/login/pin", page="/lock", account=key, pin=PINS["other"])
    assert (wrong.status_code, "That is not the PIN" in wrong.text) == (403, True)
    assert browser.get("/studies").headers["location"].startswith("/lock")
    came = browser.post("/login/pin", page="/lock?back=/account", account=key, pin=PINS["one"], back="/account")
    assert (came.status_code, came.headers["location"]) == (303, "/"), "another's page is not gone on with"
    assert who(browser) == "Ana Prueba"
    thief = clinic.browser()
    thief.client.cookies.set(SESSION_COOKIE, before)
    assert thief.get("/studies").headers["location"] == "/login"


def test_whoever_locked_goes_on_where_they_were(clinic: AClinic) -> None:
    browser = clinic.browser()
    came_in(clinic, browser, "one")
    key = offered(browser.get("/lock?back=/account").text)["Ana Prueba"]
    came = browser.post("/login/pin", page="/lock", account=key, pin=PINS["one"], back="/account")
    assert came.headers["location"] == "/account"


def test_the_sign_in_page_offers_them_in_this_browser_and_no_other(clinic: AClinic) -> None:
    browser = clinic.browser()
    came_in(clinic, browser, "one")
    browser.post("/logout", page="/account")
    assert offered(clinic.browser().get("/login").text) == {}
    key = offered(browser.get("/login").text)["Ana Prueba"]
    assert browser.post("/login/pin", page="/login", account=key, pin="9753").status_code == 403
    assert browser.post("/login/pin", page="/login", account=key, pin=PINS["one"]).status_code == 303
    assert who(browser) == "Ana Prueba"


def test_a_pin_is_refused_in_words_and_dropped_at_will(clinic: AClinic) -> None:
    browser = clinic.browser()
    came_in(clinic, browser, "one")
    assert browser.post("/account/pin", page="/account", password="wrong", pin="2580").status_code == 403  # noqa: S106  # an invented password
    assert browser.post("/account/pin", page="/account", password=PASSWORD, pin="1111").status_code == 422
    assert browser.post("/account/pin/drop", page="/account").status_code == 303
    assert offered(browser.get("/lock").text) == {}

"""Where a clinic asks for a second factor of administrators alone: who comes in without, and what stays shut."""

import re
from dataclasses import replace
from pathlib import Path

import pyotp
import pytest

from appliance.accounts.account import Account
from appliance.accounts.errors import PasswordTooWeak
from appliance.accounts.login import may_come_in_without
from appliance.accounts.password_rules import MINIMUM_ALONE, PasswordPolicy
from appliance.accounts.roles import Role
from appliance.accounts.service import create_account, get_account
from appliance.audit.events import OPERATOR
from appliance.web.http.cookies import SESSION_COOKIE
from tests.web.a_clinic import PASSWORD, AClinic, Browser, somebody

SECRET = b"12345678901234567890"
ROLES = (Role.ADMINISTRATOR, Role.DENTIST, Role.ASSISTANT, Role.RECEPTION, Role.AUDITOR, Role.LAB)
ALONE = PasswordPolicy.asked(8, 0, second_factor_of_all=False)


@pytest.fixture
def clinic(tmp_path: Path) -> AClinic:
    clinic = AClinic(tmp_path)
    clinic.use(replace(clinic.accounts, passwords=ALONE))
    return clinic


def after_password(clinic: AClinic, person: Account) -> tuple[Browser, str]:
    browser = clinic.browser()
    answer = browser.post("/login", page="/login", user_name=person.user_name, password=PASSWORD)
    return browser, answer.headers["location"]


def test_unless_the_clinic_says_so_nobody_comes_in_without(tmp_path: Path) -> None:
    clinic = AClinic(tmp_path)
    for role in ROLES:
        person = clinic.person(role)
        browser, where = after_password(clinic, person)
        assert where == "/login/code"
        assert "Go on without" not in browser.get("/login/enrol").text
        assert browser.post("/login/without", page="/login/enrol").status_code == 403
        assert browser.get("/account").headers["location"] == "/login"


@pytest.mark.parametrize("role", ROLES)
def test_an_administrator_needs_one_always_and_nobody_else(clinic: AClinic, role: Role) -> None:
    browser, where = after_password(clinic, clinic.person(role))
    assert where == ("/login/code" if role is Role.ADMINISTRATOR else "/")
    if role is Role.ADMINISTRATOR:
        assert browser.post("/login/without", page="/login/enrol").status_code == 403
    assert (browser.get("/account").status_code == 200) == (role is not Role.ADMINISTRATOR)


def test_whoever_has_one_is_asked_for_it(clinic: AClinic) -> None:
    person = clinic.person(totp_secret=SECRET)
    browser, where = after_password(clinic, person)
    assert where == "/login/code"
    assert browser.post("/login/without", page="/login/code").status_code == 403
    assert not may_come_in_without(clinic.accounts, person)


def test_one_is_set_up_by_choice_with_the_password_and_asked_for_from_then_on(clinic: AClinic) -> None:
    person = clinic.person(Role.RECEPTION)
    browser, _ = after_password(clinic, person)
    wrong = browser.post("/account/second-factor", page="/account", password="not the password")  # noqa: S106  # of nobody's account
    assert wrong.status_code == 403
    answer = browser.post("/account/second-factor", page="/account", password=PASSWORD)
    assert answer.headers["location"] == "/login/enrol"
    page = browser.get("/login/enrol").text
    assert "Go on without it" in page
    secret = re.findall(r'class="secret">([A-Z2-7 ]+)<', page)[0].replace(" ", "")
    code = pyotp.TOTP(secret).at(clinic.clock.now())
    assert browser.post("/login/enrol", page="/login/enrol", code=code).status_code == 200
    assert browser.get("/account").status_code == 200
    assert get_account(clinic.accounts, person.account_key).second_factor
    assert after_password(clinic, person)[1] == "/login/code"
    again = browser.post("/account/second-factor", page="/account", password=PASSWORD)
    assert again.status_code == 403


def test_who_goes_to_set_one_up_and_does_not_is_let_in_as_before(clinic: AClinic) -> None:
    browser, _ = after_password(clinic, clinic.person(Role.RECEPTION))
    copied = clinic.browser()
    copied.client.cookies.set(SESSION_COOKIE, str(browser.client.cookies[SESSION_COOKIE]))
    browser.post("/account/second-factor", page="/account", password=PASSWORD)
    assert [each.get("/studies").headers["location"] for each in (browser, copied)] == ["/login"] * 2
    assert browser.post("/login/without", page="/login/enrol").headers["location"] == "/"
    assert browser.get("/studies").status_code == 200
    assert clinic.events()[-2] == ("logged in", "success")


def test_without_one_nothing_is_decided_that_cannot_be_undone(clinic: AClinic) -> None:
    browser, _ = after_password(clinic, clinic.person(Role.RECEPTION))
    answer = browser.post("/account/close", page="/account", code="000000")
    assert answer.status_code == 403
    assert "Set up a second factor first" in answer.text
    assert clinic.events()[-1] != ("login failed", "failure")


def test_a_password_that_is_all_there_is_has_fifteen_characters(clinic: AClinic) -> None:
    assert (ALONE.characters, PasswordPolicy.asked(20, 0, second_factor_of_all=False).characters) == (MINIMUM_ALONE, 20)
    new = replace(somebody(Role.LAB, image_right=False), password="amber tram 42")  # noqa: S106  # of nobody's account
    with pytest.raises(PasswordTooWeak):
        create_account(clinic.accounts, new, OPERATOR)
    assert f"least {MINIMUM_ALONE} characters" in clinic.browser().get("/join").text


def test_the_page_of_people_says_who_has_none(clinic: AClinic) -> None:
    clinic.person(Role.RECEPTION)
    page = clinic.signed_in(clinic.person(Role.ADMINISTRATOR)).get("/people").text
    assert re.findall(r'class="state calm">(.*?)<', page) == ["At first sign-in", "None"]

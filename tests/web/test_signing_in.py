"""Signing in through the real forms, and everything that must not work."""

import re
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pyotp
import pytest

from appliance.accounts import totp
from appliance.accounts.devices import hash_device
from appliance.accounts.password_rules import PasswordPolicy
from appliance.accounts.queries_devices import came_in_from
from appliance.accounts.roles import Role
from appliance.accounts.sessions import Stage, start_session
from appliance.audit.events import OPERATOR
from appliance.deidentify import leaving
from appliance.keys.passphrases import needs_rehash, password_matches
from appliance.web.http.cookies import DEVICE_COOKIE, FORM_COOKIE, SESSION_COOKIE
from tests.web.a_clinic import PASSWORD, AClinic, Browser

SECRET = b"12345678901234567890"
ADDRESS = "192.0.2.10"


@pytest.fixture
def clinic(tmp_path: Path) -> AClinic:
    return AClinic(tmp_path)


def code_now(clinic: AClinic, secret: bytes = SECRET) -> str:
    return pyotp.TOTP(totp.secret_text(secret)).at(clinic.clock.now())


def after_password(clinic: AClinic, user: str = "dentist.one") -> Browser:
    browser = clinic.browser()
    answer = browser.post("/login", page="/login", user_name=user, password=PASSWORD)
    assert (answer.status_code, answer.headers["location"]) == (303, "/login/code")
    return browser


def same(text: str) -> str:
    """Give a page without the challenge of a passkey, which differs each time."""
    return re.sub(r'data-options="[^"]*"', "", text)


def test_password_and_code_let_a_person_in_and_out(clinic: AClinic) -> None:
    clinic.person(totp_secret=SECRET)
    browser = after_password(clinic)
    answer = browser.post("/login/code", page="/login/code", code=code_now(clinic))
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert browser.get("/studies").status_code == 200
    answer = browser.post("/logout", page="/studies")
    assert answer.headers["location"] == "/login"
    assert browser.get("/studies").headers["location"] == "/login"
    assert [event for event, _ in clinic.events()] == [
        "account created", "password accepted", "logged in", "studies searched", "studies searched", "logged out",
    ]  # fmt: skip


def test_signing_out_ends_the_session_on_the_box_and_not_only_in_the_browser(clinic: AClinic) -> None:
    browser = clinic.signed_in(clinic.person())
    token = browser.client.cookies[SESSION_COOKIE]
    browser.post("/logout", page="/studies")
    thief = clinic.browser()
    thief.client.cookies.set(SESSION_COOKIE, token, domain="enamel.test")
    assert thief.get("/studies").headers["location"] == "/login"


def test_a_code_is_accepted_after_the_clock_was_set_back_and_works_once(clinic: AClinic) -> None:
    clinic.person(totp_secret=SECRET)
    clinic.clock.step(days=3650)
    after_password(clinic).post("/login/code", page="/login/code", code=code_now(clinic))
    clinic.clock.step(days=-3650)
    browser = after_password(clinic)
    code = code_now(clinic)
    wrong = browser.post("/login/code", page="/login/code", code=f"{(int(code) + 1) % 1_000_000:06}")
    assert wrong.status_code != 303
    assert browser.post("/login/code", page="/login/code", code=code).status_code == 303
    again = after_password(clinic).post("/login/code", page="/login/code", code=code)
    assert again.status_code != 303
    with clinic.database.read() as tx:
        told = tx.rows("SELECT subject_key, number FROM audit_events WHERE event = 'clock set back'")
    assert told == [(1, 3650 * 86_400)]


def test_a_code_works_once(clinic: AClinic) -> None:
    clinic.person(totp_secret=SECRET)
    code = code_now(clinic)
    assert after_password(clinic).post("/login/code", page="/login/code", code=code).status_code == 303
    assert after_password(clinic).post("/login/code", page="/login/code", code=code).status_code == 403


def test_wrong_password_and_unknown_name_get_the_same_page(clinic: AClinic) -> None:
    clinic.person(totp_secret=SECRET)
    browser = clinic.browser()
    known = browser.post("/login", page="/login", user_name="dentist.one", password="wrong one entirely")  # noqa: S106  # an invented password
    unknown = browser.post("/login", page="/login", user_name="nobody.at.all", password="wrong one entirely")  # noqa: S106  # an invented password
    assert (known.status_code, same(known.text)) == (unknown.status_code, same(unknown.text))
    assert known.status_code == 403
    assert [event for event in clinic.events() if event[0] == "login failed"] == [("login failed", "failure")] * 2


def test_a_closed_account_gets_the_same_page_too(clinic: AClinic) -> None:
    leaving.close_account(clinic.accounts, clinic.person().account_key, OPERATOR)
    answer = clinic.browser().post("/login", page="/login", user_name="dentist.one", password=PASSWORD)
    assert answer.status_code == 403
    assert "User name or password is wrong." in answer.text


def test_guessing_is_slowed_alike_for_names_that_exist_and_names_that_do_not(clinic: AClinic) -> None:
    clinic.person()
    pages = []
    for name in ("dentist.one", "nobody"):
        browser = clinic.browser()
        for _ in range(5):
            assert browser.post("/login", page="/login", user_name=name, password="guess").status_code == 403  # noqa: S106  # an invented password
        slowed = browser.post("/login", page="/login", user_name=name, password="guess")  # noqa: S106  # an invented password
        assert slowed.status_code == 429
        pages.append(re.sub(r'value="[\w-]+"', "", same(slowed.text)))
    assert pages[0] == pages[1]


def test_guessing_the_first_code_is_slowed_down_too(clinic: AClinic) -> None:
    clinic.person()
    browser = after_password(clinic)
    answers = [browser.post("/login/enrol", page="/login/enrol", code="000000").status_code for _ in range(6)]
    assert answers == [403] * 5 + [429]
    assert clinic.events().count(("login failed", "failure")) == 5
    clinic.clock.pass_time(seconds=3)
    found = re.search(r'class="secret">([A-Z2-7 ]+)<', browser.get("/login/enrol").text)
    assert found
    code = code_now(clinic, totp.secret_from_text(found[1]))
    assert browser.post("/login/enrol", page="/login/enrol", code=code).status_code == 200


def test_the_first_sign_in_sets_up_a_second_factor_and_prints_codes_once(clinic: AClinic) -> None:
    clinic.person()
    browser = after_password(clinic)
    assert browser.get("/login/code").headers["location"] == "/login/enrol"
    page = browser.get("/login/enrol").text
    found = re.search(r'class="secret">([A-Z2-7 ]+)<', page)
    assert found
    secret = totp.secret_from_text(found[1])
    picture = browser.get("/login/enrol/qr.svg")
    assert picture.headers["content-type"].startswith("image/svg+xml")
    assert b"script" not in picture.content
    assert browser.post("/login/enrol", page="/login/enrol", code="000000").status_code == 403
    answer = browser.post("/login/enrol", page="/login/enrol", code=code_now(clinic, secret))
    codes = re.findall(r"<li>([A-Z2-9]{5}-[A-Z2-9]{5})</li>", answer.text)
    assert len(set(codes)) == 10
    assert browser.get("/studies").status_code == 200
    other = after_password(clinic)
    assert other.get("/login/enrol").status_code == 403
    assert other.post("/login/code", page="/login/code", code=codes[0].lower()).status_code == 303
    assert after_password(clinic).post("/login/code", page="/login/code", code=codes[0]).status_code == 403


def test_the_qr_picture_holds_the_secret_that_the_page_shows() -> None:
    uri = totp.enrolment_uri(SECRET, "ana", "Clínica Las Lilas")
    asked = parse_qs(urlsplit(uri).query)
    assert totp.secret_from_text(asked["secret"][0]) == SECRET
    assert asked["issuer"] == ["Enamel Clínica Las Lilas"]


def test_half_a_sign_in_opens_nothing_and_ends_after_ten_minutes(clinic: AClinic) -> None:
    clinic.person(totp_secret=SECRET)
    browser = after_password(clinic)
    assert browser.get("/studies").headers["location"] == "/login"
    clinic.clock.pass_time(minutes=10)
    assert browser.get("/login/code").headers["location"] == "/login"


def test_the_session_gets_a_new_token_at_each_step(clinic: AClinic) -> None:
    clinic.person(totp_secret=SECRET)
    browser = after_password(clinic)
    half = browser.client.cookies[SESSION_COOKIE]
    browser.post("/login/code", page="/login/code", code=code_now(clinic))
    assert browser.client.cookies[SESSION_COOKIE] != half
    with clinic.database.read() as tx:
        stored = b"".join(bytes(row[0]) for row in tx.rows("SELECT session_hash FROM sessions"))
    assert half.encode() not in stored


def test_cookies_are_bound_to_the_host_and_out_of_reach_of_scripts(clinic: AClinic) -> None:
    clinic.person(totp_secret=SECRET)
    browser = clinic.browser()
    headers = browser.get("/login").headers.get_list("set-cookie")
    headers += browser.post("/login", page="/login", user_name="dentist.one", password=PASSWORD).headers.get_list(
        "set-cookie"
    )
    for header in headers:
        name, *attributes = header.split("; ")
        assert name.split("=")[0] in {SESSION_COOKIE, FORM_COOKIE}
        assert {"HttpOnly", "Secure", "Path=/", "SameSite=strict"} <= set(attributes)
        assert not [attribute for attribute in attributes if attribute.startswith("Domain")]


def test_a_whole_sign_in_makes_the_browser_known_to_that_person_alone(clinic: AClinic) -> None:
    person = clinic.person(totp_secret=SECRET)
    browser = after_password(clinic)
    assert DEVICE_COOKIE not in browser.client.cookies
    header = browser.post("/login/code", page="/login/code", code=code_now(clinic)).headers.get_list("set-cookie")[1]
    assert {"HttpOnly", "Secure", "Path=/", "SameSite=strict"} <= set(header.split("; ")[1:])
    token = browser.client.cookies[DEVICE_COOKIE]
    with clinic.database.read() as tx:
        stored = tx.rows("SELECT device_hash, account_key FROM known_devices")
        assert came_in_from(tx, person.user_name, hash_device(token))
    assert [account for _, account in stored] == [person.account_key]
    assert token.encode() not in bytes(stored[0][0])


def test_a_password_of_an_older_cost_is_hashed_anew_at_sign_in(clinic: AClinic) -> None:
    clinic.person(totp_secret=SECRET)
    sql = "SELECT password_hash FROM accounts"
    with clinic.database.read() as tx:
        before = str(tx.rows(sql)[0][0])
    assert needs_rehash(before, clinic.accounts.password_cost)
    after_password(clinic)
    with clinic.database.read() as tx:
        after = str(tx.rows(sql)[0][0])
    assert not needs_rehash(after, clinic.accounts.password_cost)
    assert password_matches(after, PASSWORD)
    after_password(clinic)
    with clinic.database.read() as tx:
        assert tx.rows(sql) == [(after,)]


def test_a_hundred_replays_of_a_code_are_refused(clinic: AClinic) -> None:
    person = clinic.person(totp_secret=SECRET)
    code = code_now(clinic)
    assert after_password(clinic).post("/login/code", page="/login/code", code=code).status_code == 303
    for number in range(100):
        with clinic.database.write() as tx:
            token = start_session(tx, person.account_key, Stage.PASSWORD, ADDRESS, clinic.clock.now())
        browser = clinic.browser()
        browser.client.cookies.set(SESSION_COOKIE, token, domain="enamel.test")
        answer = browser.post("/login/code", page="/login/code", code=code)
        assert answer.status_code in {403, 429}, number
        clinic.clock.pass_time(milliseconds=250)


def test_passwords_expire_only_where_the_clinic_says_so_and_the_page_says_whose_rule_it_is(clinic: AClinic) -> None:
    person = clinic.person(Role.DENTIST)
    clinic.clock.pass_time(days=3000)
    browser = clinic.signed_in(person)
    assert browser.get("/studies").status_code == 200
    assert "never expires" in browser.get("/password").text
    clinic.use(replace(clinic.accounts, passwords=PasswordPolicy(12, 90)))
    browser = clinic.signed_in(person)
    assert browser.get("/studies").headers["location"] == "/password"
    assert "clinic's own rule" in browser.get("/password").text
    short = browser.post("/password", page="/password", old=PASSWORD, new="kR9#vv2!qtw", again="kR9#vv2!qtw")
    assert (short.status_code, "at least 12 characters" in short.text) == (422, True)
    new = "seven green kettles"
    assert browser.post("/password", page="/password", old=PASSWORD, new=new, again=new).status_code == 303
    assert browser.get("/studies").status_code == 200
    clinic.clock.pass_time(days=90)
    assert clinic.signed_in(person).get("/studies").headers["location"] == "/password"


def test_a_first_password_must_be_changed_before_anything_else(clinic: AClinic) -> None:
    browser = clinic.signed_in(clinic.person(Role.DENTIST, must_change_password=True))
    assert browser.get("/studies").headers["location"] == "/password"
    weak = browser.post("/password", page="/password", old=PASSWORD, new="password123", again="password123")
    assert weak.status_code == 422
    new = "seven green kettles"
    other = browser.post("/password", page="/password", old=PASSWORD, new=new, again=new + "x")
    assert other.status_code == 422
    assert browser.post("/password", page="/password", old="wrong", new=new, again=new).status_code == 403
    assert browser.post("/password", page="/password", old=PASSWORD, new=new, again=new).status_code == 303
    assert browser.get("/studies").status_code == 200

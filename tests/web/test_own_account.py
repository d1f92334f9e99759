"""One's own account: other sessions end, passkeys are made and removed, codes are new, and all is told in a file."""

import html
import json
import re
from pathlib import Path

import pytest
from httpx import Response

from appliance.accounts.account import Account
from appliance.accounts.roles import ASSIGNABLE
from appliance.accounts.service import get_account
from tests.accounts.an_authenticator import Authenticator
from tests.web.a_clinic import PASSWORD, AClinic, Browser
from tests.web.a_proof import SECRET, code_now


@pytest.fixture
def clinic(tmp_path: Path) -> AClinic:
    return AClinic(tmp_path)


@pytest.fixture
def person(clinic: AClinic) -> Account:
    return clinic.person(totp_secret=SECRET)


@pytest.fixture
def browser(clinic: AClinic, person: Account) -> Browser:
    return clinic.signed_in(person)


def options_in(text: str) -> str:
    found = re.search(r'data-options="([^"]*)"', text)
    assert found
    return html.unescape(found[1])


def with_passkey(clinic: AClinic, browser: Browser) -> Authenticator:
    """Add a passkey through the page."""
    device = Authenticator()
    made = device.create(options_in(browser.get("/account").text))
    fields = {"code": code_now(clinic), "name": "My phone", "answer": made}
    assert browser.post("/account/passkeys", page="/account", **fields).status_code == 303
    return device


def test_another_session_ends_at_once_and_only_ones_own(clinic: AClinic, person: Account, browser: Browser) -> None:
    other, foreign = clinic.signed_in(person), clinic.signed_in(clinic.person(user_name="other"))
    here, there = (
        re.findall(r'name="session" value="(\w+)"', each.get("/account").text)[0] for each in (other, browser)
    )
    assert browser.post("/account/sessions/end", page="/account", session=here).status_code == 404
    for wrong in ("", "zz", "00" * 32):
        assert browser.post("/account/sessions/end", page="/account", session=wrong).status_code == 404
    assert foreign.post("/account/sessions/end", page="/account", session=there).status_code == 404
    assert other.get("/studies").status_code == 200
    assert browser.post("/account/sessions/end", page="/account", session=there).status_code == 303
    assert other.get("/studies").headers["location"] == "/login"
    assert browser.get("/studies").status_code == 200
    assert clinic.events().count(("session ended", "success")) == 1


def test_each_session_names_its_browser_and_one_that_is_old_says_so(
    clinic: AClinic, person: Account, browser: Browser
) -> None:
    assert "Unknown browser" in browser.get("/account").text
    chrome = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{}.0.0.0 <b>"
    assert clinic.signed_in(person).get("/studies", **{"user-agent": chrome.format(120)}).status_code == 200
    page = browser.get("/account", **{"user-agent": chrome.format(131)}).text
    assert "<b>Chrome 131 · Windows</b>" in page
    old = page.index("<b>Chrome 120 · Windows</b>")
    assert "Out of date: version 131 is in use here too." in page[old : old + 200]
    assert page.count("Out of date") == 1
    assert "AppleWebKit" not in page


def test_signing_out_everywhere_else_keeps_this_one(clinic: AClinic, person: Account, browser: Browser) -> None:
    others = [clinic.signed_in(person) for _ in range(3)]
    assert browser.post("/account/sessions/end-others", page="/account").status_code == 303
    assert {each.get("/studies").headers["location"] for each in others} == {"/login"}
    assert "everywhere else" not in browser.get("/account").text


def test_a_password_is_changed_by_whoever_types_the_old_one_and_ends_other_sessions(
    clinic: AClinic, person: Account, browser: Browser
) -> None:
    other, new = clinic.signed_in(person), "seven green kettles"
    refused = browser.post("/password", page="/password", old="not it at all", new=new, again=new)
    assert refused.status_code == 403
    assert other.get("/studies").status_code == 200
    assert browser.post("/password", page="/password", old=PASSWORD, new=new, again=new).status_code == 303
    assert other.get("/studies").headers["location"] == "/login"
    assert browser.get("/studies").status_code == 200


def test_a_passkey_made_here_lets_the_person_in_without_password(clinic: AClinic, browser: Browser) -> None:
    device, fresh = with_passkey(clinic, browser), clinic.browser()
    assert "My phone" in browser.get("/account").text
    answer = device.show(options_in(fresh.get("/login").text))
    entered = fresh.post("/login/passkey", page="/login", answer=answer)
    assert (entered.status_code, entered.headers["location"]) == (303, "/")
    assert fresh.get("/studies").status_code == 200
    thief = clinic.browser()
    assert thief.post("/login/passkey", page="/login", answer=answer).status_code == 403


def test_a_passkey_made_here_stands_in_for_the_code_and_unlocks_the_screen(clinic: AClinic, browser: Browser) -> None:
    device, fresh = with_passkey(clinic, browser), clinic.browser()
    fresh.post("/login", page="/login", user_name="dentist.one", password=PASSWORD)
    answer = device.show(options_in(fresh.get("/login/code").text), verified=False)
    assert fresh.post("/login/code/passkey", page="/login/code", answer="{}").status_code == 403
    assert fresh.post("/login/code/passkey", page="/login/code", answer=answer).status_code == 303
    fresh.post("/lock/now", page="/studies", back="/studies")
    touched = device.show(options_in(fresh.get("/lock?back=/studies").text), verified=False)
    assert fresh.post("/lock/passkey", page="/lock?back=/studies", answer=touched).status_code == 403
    assert fresh.get("/studies").status_code == 303, "a key that was left there unlocks nothing by a touch"
    answer = device.show(options_in(fresh.get("/lock?back=/studies").text))
    unlocked = fresh.post("/lock/passkey", page="/lock?back=/studies", answer=answer, back="/studies")
    assert (unlocked.status_code, unlocked.headers["location"]) == (303, "/studies")
    assert fresh.get("/studies").status_code == 200


def test_no_page_offers_a_passkey_that_is_not_there_or_under_a_bare_address(clinic: AClinic, browser: Browser) -> None:
    assert "data-passkey" not in browser.get("/lock").text
    browser.post("/lock", page="/lock", password=PASSWORD)
    fresh = clinic.browser()
    for host in ("192.0.2.1", "[2001:db8::1]:443", "192.0.2.1:8443"):
        assert "data-passkey" not in fresh.get("/login", host=host).text
    assert "data-passkey" in fresh.get("/login", host="enamel.test:8443").text


def test_adding_and_removing_a_passkey_asks_for_a_code(clinic: AClinic, browser: Browser) -> None:
    made = Authenticator().create(options_in(browser.get("/account").text))
    refused = browser.post("/account/passkeys", page="/account", code="000000", name="x", answer=made)
    assert refused.status_code == 403
    device = with_passkey(clinic, browser)
    assert browser.post("/account/passkeys/1/remove", page="/account", code="000000").status_code == 403
    assert browser.post("/account/passkeys/1/remove", page="/account", code=code_now(clinic)).status_code == 303
    fresh = clinic.browser()
    answer = device.show(options_in(fresh.get("/login").text))
    assert fresh.post("/login/passkey", page="/login", answer=answer).status_code == 403


def test_what_is_no_passkey_is_told(clinic: AClinic, browser: Browser) -> None:
    fields = {"code": code_now(clinic), "name": "x", "answer": "{}"}
    assert browser.post("/account/passkeys", page="/account", **fields).status_code == 422


def come_in(clinic: AClinic, code: str) -> Response:
    other = clinic.browser()
    other.post("/login", page="/login", user_name="dentist.one", password=PASSWORD)
    return other.post("/login/code", page="/login/code", code=code)


def test_new_codes_replace_the_old_ones(clinic: AClinic, browser: Browser) -> None:
    assert browser.post("/account/codes", page="/account", code="000000").status_code == 403
    shown = []
    for _ in range(2):
        page = browser.post("/account/codes", page="/account", code=code_now(clinic)).text
        shown.append(re.findall(r"<li>([A-Z2-9]{5}-[A-Z2-9]{5})</li>", page))
    assert [len(codes) for codes in shown] == [10, 10]
    assert come_in(clinic, shown[0][0]).status_code == 403
    assert come_in(clinic, shown[1][0]).status_code == 303
    assert "9 printed codes" in browser.get("/account").text


def test_a_name_is_corrected_and_nothing_that_is_no_name_is_taken(
    clinic: AClinic, person: Account, browser: Browser
) -> None:
    for wrong in ("", "   ", "a\x00b", "a\nb"):
        assert browser.post("/account/name", page="/account", display_name=wrong).status_code in {400, 422}
    assert browser.post("/account/name", page="/account", display_name=" Ana María Prueba ").status_code == 303
    assert get_account(clinic.accounts, person.account_key).display_name == "Ana María Prueba"
    assert clinic.events()[-1] == ("name corrected", "success")


def test_what_is_kept_of_a_person_is_told_whole_and_holds_no_secret(
    clinic: AClinic, person: Account, browser: Browser
) -> None:
    with_passkey(clinic, browser)
    answer = browser.post("/account/export", page="/account")
    assert "attachment" in answer.headers["content-disposition"]
    told = answer.json()
    assert told["account"]["user_name"] == person.user_name
    assert [each["name"] for each in told["passkeys"]] == ["My phone"]
    assert len(told["sessions"]) == 1
    assert [each["event"] for each in told["events"]] == ["account created", "passkey added", "account exported"]
    with clinic.database.read() as tx:
        secrets = tx.rows("SELECT password_hash FROM accounts") + tx.rows("SELECT hex(session_hash) FROM sessions")
    assert not [row for row in secrets if str(row[0]).casefold() in json.dumps(told).casefold()]


def test_a_closed_account_is_out_and_its_trail_stays(clinic: AClinic, person: Account, browser: Browser) -> None:
    assert browser.post("/account/close", page="/account", code="000000").status_code == 403
    before = len(clinic.events())
    assert browser.post("/account/close", page="/account", code=code_now(clinic)).headers["location"] == "/login"
    assert browser.get("/studies").headers["location"] == "/login"
    assert len(clinic.events()) == before + 1
    assert get_account(clinic.accounts, person.account_key).disabled_at is not None


def test_the_page_is_for_every_role(clinic: AClinic) -> None:
    for role in ASSIGNABLE:
        browser = clinic.signed_in(clinic.person(role, user_name=f"{role.value}.own"))
        assert browser.get("/account").status_code == 200

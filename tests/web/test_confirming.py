"""What cannot be undone asks for a second factor anew: a code that is typed, or a passkey of the person who is in."""

import json
import re
from pathlib import Path

import pytest

from appliance.accounts import own, passkeys, second_factor
from appliance.accounts.account import Account
from appliance.accounts.challenges import Purpose
from appliance.accounts.service import get_account
from tests.web.a_clinic import AClinic, Browser
from tests.web.a_proof import SECRET, SITE, code_now, device_of

QUESTION = "/account/passkey-question"
TEMPLATES = Path(passkeys.__file__).parents[1] / "web" / "staff" / "templates"


@pytest.fixture
def other(clinic: AClinic) -> Account:
    return clinic.person(user_name="other", totp_secret=SECRET)


def closing(browser: Browser, other: Account, proof: str) -> tuple[int, str]:
    """Press the leaver's button; give status and words."""
    where = f"/people/{other.account_key}"
    answer = browser.post(f"{where}/close", page=where, code=proof)
    return answer.status_code, answer.text


def is_open(clinic: AClinic, account: Account) -> bool:
    return get_account(clinic.accounts, account.account_key).disabled_at is None


def test_a_passkey_decides_once(clinic: AClinic, browser: Browser, other: Account) -> None:
    answer = device_of(clinic, browser).show(browser.get(QUESTION).text)
    assert closing(browser, other, answer)[0] == 303
    assert not is_open(clinic, other)
    third = clinic.person(user_name="third")
    status, words = closing(browser, third, answer)
    assert (status, is_open(clinic, third)) == (403, True)
    assert "passkey does not open" in words
    assert clinic.events()[-1] == ("login failed", "failure")


def test_a_device_that_did_not_verify_its_owner_decides_nothing(
    clinic: AClinic, browser: Browser, other: Account
) -> None:
    answer = device_of(clinic, browser).show(browser.get(QUESTION).text, verified=False)
    assert closing(browser, other, answer)[0] == 403
    assert is_open(clinic, other)


def test_a_colleagues_passkey_and_a_question_of_another_session_or_purpose_decide_nothing(
    clinic: AClinic, administrator: Account, browser: Browser, other: Account
) -> None:
    device, elsewhere = device_of(clinic, browser), clinic.signed_in(administrator)
    colleague = clinic.signed_in(other)
    theirs = device_of(clinic, colleague)
    session = browser.session(clinic.accounts)
    unlocking = passkeys.options_to_show(clinic.accounts, Purpose.UNLOCK, SITE, session.session_hash, administrator)
    wrong = [
        theirs.show(browser.get(QUESTION).text),
        device.show(elsewhere.get(QUESTION).text),
        device.show(unlocking),
        "{}",
    ]
    assert [closing(browser, other, each)[0] for each in wrong] == [403] * 4
    assert is_open(clinic, other)


def test_a_question_that_grew_old_is_not_taken_and_the_next_one_is(
    clinic: AClinic, browser: Browser, other: Account
) -> None:
    device = device_of(clinic, browser)
    old = device.show(browser.get(QUESTION).text)
    for _ in range(2):
        clinic.clock.pass_time(minutes=3)
        assert browser.get("/account").status_code == 200
    assert closing(browser, other, old)[0] == 403
    assert closing(browser, other, device.show(browser.get(QUESTION).text))[0] == 303


def test_a_code_decides_still(clinic: AClinic, browser: Browser, other: Account) -> None:
    device_of(clinic, browser)
    code = code_now(clinic)
    assert closing(browser, other, "000000")[0] == 403
    assert closing(browser, other, code)[0] == 303


def test_the_question_is_empty_without_a_passkey_for_this_name_of_the_box(clinic: AClinic, browser: Browser) -> None:
    assert browser.get(QUESTION).json() == {}
    device_of(clinic, browser)
    asked = browser.get(QUESTION).json()
    assert (asked["rpId"], asked["userVerification"], len(asked["allowCredentials"])) == (
        "enamel.test", "required", 1,
    )  # fmt: skip
    assert browser.get(QUESTION, host="192.0.2.1").json() == {}
    assert browser.get(QUESTION, host="other.test").json() == {}


def test_asking_for_the_question_keeps_no_screen_open(clinic: AClinic, browser: Browser) -> None:
    clinic.clock.pass_time(minutes=3)
    assert browser.get(QUESTION).status_code == 200
    clinic.clock.pass_time(minutes=3)
    assert browser.get(QUESTION).status_code == 401


def test_no_template_asks_for_a_code_by_a_field_of_its_own() -> None:
    asking = {each.name for each in TEMPLATES.glob("*.html") if 'autocomplete="one-time-code"' in each.read_text()}
    assert asking == {"proof.html", "code.html", "enrol.html"}  # deciding, signing in, setting up
    assert "data-proof" in (TEMPLATES / "proof.html").read_text()


def test_a_printed_code_of_somebody_with_an_app_decides_once_as_typed_on_a_phone(
    clinic: AClinic, administrator: Account, browser: Browser, other: Account
) -> None:
    by = second_factor.confirm(clinic.accounts, administrator, code_now(clinic), "")
    printed = own.new_recovery_codes(clinic.accounts, by, "")[0]
    assert closing(browser, other, printed.lower().replace("-", " "))[0] == 303
    assert not is_open(clinic, other)
    third = clinic.person(user_name="third")
    assert closing(browser, third, printed)[0] == 403
    assert is_open(clinic, third)
    assert ("recovery code used", "success") in clinic.events()


def test_the_field_for_a_code_takes_letters_on_a_phone_and_says_that_a_printed_one_works(browser: Browser) -> None:
    text = browser.get("/account").text
    fields = re.findall(r'<input class="code" name="code"[^>]*>', text)
    assert len(fields) == text.count("or a printed recovery code") > 2
    assert not [each for each in fields if "inputmode" in each or "pattern" in each]


def test_every_decision_of_a_page_offers_both(browser: Browser, other: Account) -> None:
    for path in ("/account", f"/people/{other.account_key}"):
        text = browser.get(path).text
        fields = len(re.findall(r'<input class="code" name="code"', text))
        assert fields == text.count("data-proof") > 2, path
    assert json.loads(browser.get(QUESTION).text) == {}


def test_every_page_that_asks_for_a_proof_tells_the_field_who_is_asked() -> None:
    """A macro knows nothing of its page unless the page says so, and the field fails where it does not."""
    asking = [path for path in TEMPLATES.glob("*.html") if "import proof_field" in path.read_text()]
    assert len(asking) > 5
    told = "import proof_field with context %}"
    assert [path.name for path in asking if told not in path.read_text()] == []

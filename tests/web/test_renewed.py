"""Whoever proves anew who they are, as all must who would do more, goes on under another session token."""

from collections.abc import Callable
from pathlib import Path

import pytest

from appliance.accounts.sessions import find_session, renew
from appliance.errors import NotPermitted
from appliance.web.dicomweb.callers import KNOWN_SECONDS, Callers, Credential
from appliance.web.dicomweb.faults import NotSignedIn
from appliance.web.http.cookies import SESSION_COOKIE
from tests.web.a_clinic import PASSWORD, AClinic, Browser, form_token_in
from tests.web.a_proof import code_now
from tests.web.a_record import a_recorded_clinic
from tests.web.an_emergency import WHY, with_app

ADDRESS = "192.0.2.10"
NEW_PASSWORD = "nine yellow tin whistles"  # noqa: S105  # of a person who was invented
Deed = Callable[[AClinic, Browser], str]


@pytest.fixture
def clinic(tmp_path: Path) -> AClinic:
    return a_recorded_clinic(tmp_path)


@pytest.fixture
def browser(clinic: AClinic) -> Browser:
    return clinic.signed_in(with_app(clinic))


def token_in(browser: Browser) -> str:
    return str(browser.client.cookies[SESSION_COOKIE])


def led_to(browser: Browser, path: str, page: str, **fields: str) -> str:
    return str(browser.post(path, page=page, **fields).headers.get("location"))


def breaks_the_glass(clinic: AClinic, browser: Browser) -> str:
    why = {"reason": WHY.reason.value, "words": WHY.words}
    return led_to(browser, "/emergency", "/emergency", **why, code=code_now(clinic))


def unlocks(_: AClinic, browser: Browser) -> str:
    browser.post("/lock/now", page="/studies")
    return led_to(browser, "/lock", "/lock", password=PASSWORD, back="/studies")


def takes_another_password(_: AClinic, browser: Browser) -> str:
    return led_to(browser, "/password", "/password", old=PASSWORD, new=NEW_PASSWORD, again=NEW_PASSWORD)


def has_codes_drawn(clinic: AClinic, browser: Browser) -> str:
    return "" if browser.post("/account/codes", page="/account", code=code_now(clinic)).status_code == 200 else "no"


@pytest.mark.parametrize(
    ("deed", "leads_to"),
    [(breaks_the_glass, "/studies"), (unlocks, "/studies"), (takes_another_password, "/"), (has_codes_drawn, "")],
)
def test_a_copy_of_the_token_of_before_opens_nothing(
    clinic: AClinic, browser: Browser, deed: Deed, leads_to: str
) -> None:
    copied = token_in(browser)
    assert deed(clinic, browser) == leads_to
    assert token_in(browser) != copied
    assert browser.get("/studies").status_code == 200
    assert find_session(clinic.accounts, copied) is None
    thief = clinic.browser()
    thief.client.cookies.set(SESSION_COOKIE, copied, domain="enamel.test")
    assert thief.get("/studies").headers["location"].startswith("/login")


@pytest.mark.parametrize("path", ["/account/codes", "/emergency", "/lock"])
def test_a_wrong_code_or_password_replaces_nothing(clinic: AClinic, browser: Browser, path: str) -> None:
    page = {"/account/codes": "/account"}.get(path, path)
    before = browser.session(clinic.accounts)
    fields = {"code": "000000", "reason": WHY.reason.value, "words": WHY.words, "password": "wrong"}
    assert SESSION_COOKIE not in browser.post(path, page=page, **fields).headers.get("set-cookie", "")
    assert browser.session(clinic.accounts).session_hash == before.session_hash


def test_what_hangs_on_the_session_goes_on_under_the_new_token(clinic: AClinic, browser: Browser) -> None:
    other_tab = form_token_in(browser.get("/account").text)
    before = browser.session(clinic.accounts)
    breaks_the_glass(clinic, browser)
    now = browser.session(clinic.accounts)
    assert (now.session_hash, now.emergency is None) == (before.session_hash, False)
    assert browser.get("/series/1/view").status_code == 200, "what was lent is lent to this browser"
    assert browser.post_bare("/lock/now", form_token=other_tab).status_code == 303, "a page opened before still works"


def test_an_answer_that_began_before_goes_on_and_one_of_the_old_token_does_not_begin(
    clinic: AClinic, browser: Browser
) -> None:
    callers, credential = Callers(clinic.accounts), Credential(cookie=token_in(browser))
    scope, _ = callers.scope(credential, ADDRESS)
    lasting = callers.lasting(credential, ADDRESS)
    renew(clinic.accounts, browser.session(clinic.accounts))
    clinic.clock.pass_time(seconds=KNOWN_SECONDS)
    callers.check(scope, lasting, ADDRESS)
    with pytest.raises(NotSignedIn):
        callers.scope(credential, ADDRESS)
    with pytest.raises((NotPermitted, NotSignedIn)):
        callers.check(scope, credential, ADDRESS)

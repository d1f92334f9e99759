"""The page of the quarantine: who may have a file tried again, and what the page says of it."""

import re
from pathlib import Path

import pytest
from httpx import Response

from appliance.accounts.roles import Role
from appliance.audit.events import OPERATOR
from appliance.web.staff.quarantine import PAGE_SIZE
from tests.intake.a_clinic import Clinic, ct_slice, sent
from tests.intake.test_quarantine import quarantined, taken_in
from tests.web.a_clinic import AClinic, Browser
from tests.web.invented import put_quarantined


@pytest.fixture
def clinic(tmp_path: Path) -> Clinic:
    return Clinic(tmp_path)


def pages_of(clinic: Clinic) -> AClinic:
    return AClinic(clinic.folder, root=clinic.root)


def test_a_file_that_can_be_read_now_is_listed_by_its_button(clinic: Clinic) -> None:
    quarantined(clinic, sent(ct_slice(1)))
    pages = pages_of(clinic)
    account = pages.person(Role.DENTIST)
    browser = pages.signed_in(account)
    assert "Try again" in browser.get("/quarantine").text
    answer = browser.post("/quarantine/1/retry", page="/quarantine")
    assert answer.headers["location"] == "/quarantine?told=listed"
    text = browser.get("/quarantine?told=listed").text
    assert "is listed with its study" in text
    assert "Quarantine is empty" in text
    assert clinic.rows("SELECT resolved_by FROM quarantine") == [(account.account_key,)]
    assert ("quarantine retried", "success") in pages.events()
    gone = browser.post_bare("/quarantine/1/retry", form_token="wrong")  # noqa: S106  a token that no page gave, no secret
    assert gone.status_code == 403


def test_a_file_that_still_cannot_be_listed_stays_with_its_reason(clinic: Clinic) -> None:
    taken_in(clinic, sent(ct_slice(1, StudyInstanceUID=None)))
    pages = pages_of(clinic)
    browser = pages.signed_in(pages.person(Role.ADMINISTRATOR))
    answer = browser.post("/quarantine/1/retry", page="/quarantine")
    assert answer.headers["location"] == "/quarantine?told=waits"
    text = browser.get("/quarantine?told=waits").text
    assert "still cannot be listed" in text
    assert "It does not say which study it belongs to" in text


def test_an_entry_without_a_file_has_no_button_and_one_that_is_gone_is_said(clinic: Clinic) -> None:
    pages = pages_of(clinic)
    with pages.database.write() as tx:
        put_quarantined(tx, pages.clock.now(), "forged")
    browser = pages.signed_in(pages.person(Role.ADMINISTRATOR))
    text = browser.get("/quarantine").text
    assert 'action="/quarantine/1/retry"' not in text
    for key in (1, 99):
        answer = browser.post(f"/quarantine/{key}/retry", page="/password")
        assert answer.headers["location"] == "/quarantine?told=gone"
    assert "not waiting any more" in browser.get("/quarantine?told=gone").text


def test_a_file_is_dismissed_with_a_reason_and_shown_with_who_and_why(clinic: Clinic) -> None:
    taken_in(clinic, sent(ct_slice(1, StudyInstanceUID=None)))
    pages = pages_of(clinic)
    browser = pages.signed_in(pages.person(Role.DENTIST, display_name="Dra. Olga Prueba"))
    listed = browser.get("/quarantine").text
    assert 'aria-label="1 waiting"' in listed
    assert 'href="/quarantine/1/dismiss"' in listed
    assert "/quarantine/dismissed" not in listed
    asking = browser.get("/quarantine/1/dismiss").text
    assert "Dismiss this file?" in asking
    assert "It does not say which study it belongs to" in asking
    words = "<b>sent again</b> & listed"
    answer = browser.post("/quarantine/1/dismiss", page="/quarantine/1/dismiss", reason=words)
    assert answer.headers["location"] == "/quarantine?told=dismissed"
    after = browser.get("/quarantine?told=dismissed").text
    assert "Nothing of it was deleted" in after
    assert "was looked at and dismissed" in after
    assert "1 waiting" not in after
    assert 'href="/quarantine/dismissed"' in after
    shown = browser.get("/quarantine/dismissed").text
    assert "&lt;b&gt;sent again&lt;/b&gt; &amp; listed" in shown
    assert "Dra. Olga Prueba" in shown
    assert pages.events()[-1] == ("quarantine dismissed", "success")
    for again in (browser.get("/quarantine/1/dismiss"), dismissed_again(browser)):
        assert again.headers["location"] == "/quarantine?told=gone"
    assert browser.get("/quarantine/99/dismiss").status_code == 404


def dismissed_again(browser: Browser) -> Response:
    return browser.post("/quarantine/1/dismiss", page="/password", reason="once more")


def test_a_dismissed_file_is_put_back_and_can_be_tried_again(clinic: Clinic) -> None:
    quarantined(clinic, sent(ct_slice(1)))
    pages = pages_of(clinic)
    browser = pages.signed_in(pages.person(Role.DENTIST))
    browser.post("/quarantine/1/dismiss", page="/quarantine/1/dismiss", reason="of no use")
    answer = browser.post("/quarantine/1/reopen", page="/quarantine/dismissed")
    assert answer.headers["location"] == "/quarantine?told=reopened"
    text = browser.get("/quarantine?told=reopened").text
    assert "It waits here again" in text
    assert 'aria-label="1 waiting"' in text
    assert "/quarantine/dismissed" not in text
    assert pages.events()[-1] == ("quarantine reopened", "success")
    again = browser.post("/quarantine/1/reopen", page="/quarantine")
    assert again.headers["location"] == "/quarantine?told=gone"
    tried = browser.post("/quarantine/1/retry", page="/quarantine")
    assert tried.headers["location"] == "/quarantine?told=listed"


def test_a_dismissal_without_a_reason_is_asked_for_it_again(clinic: Clinic) -> None:
    taken_in(clinic, sent(ct_slice(1, StudyInstanceUID=None)))
    pages = pages_of(clinic)
    browser = pages.signed_in(pages.person(Role.ADMINISTRATOR))
    for reason in ("", "   ", "x" * 201):
        answer = browser.post("/quarantine/1/dismiss", page="/quarantine/1/dismiss", reason=reason)
        assert answer.status_code == 422
        assert "Say why in a few words" in answer.text
        assert f'name="reason" value="{reason}"' in answer.text, "what was typed is not lost"
    assert clinic.rows("SELECT resolved_at FROM quarantine") == [(None,)]
    assert browser.get("/quarantine/dismissed?before=x").status_code == 404
    assert "Nothing was dismissed" in browser.get("/quarantine/dismissed").text


def test_many_dismissed_files_are_shown_page_by_page(clinic: Clinic) -> None:
    pages = pages_of(clinic)
    with pages.database.write() as tx:
        keys = [put_quarantined(tx, pages.clock.now(), "forged") for _ in range(PAGE_SIZE + 1)]
    for key in keys:
        pages.quarantine.dismiss(key, f"number {key} of many", OPERATOR)
    browser = pages.signed_in(pages.person(Role.ADMINISTRATOR))
    assert f"Show {PAGE_SIZE + 1} dismissed files" in browser.get("/quarantine").text
    first = browser.get("/quarantine/dismissed").text
    assert first.count("of many") == PAGE_SIZE
    assert "the operator" in first
    older = re.search(r'href="(/quarantine/dismissed\?before=\d+)"', first)
    assert older is not None
    assert browser.get(older[1]).text.count("of many") == 1

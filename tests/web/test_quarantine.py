"""The page of the quarantine: who may have a file tried again, and what the page says of it."""

from pathlib import Path

import pytest

from appliance.accounts.roles import Role
from tests.intake.a_clinic import Clinic, ct_slice, sent
from tests.intake.test_quarantine import quarantined, taken_in
from tests.web.a_clinic import AClinic
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

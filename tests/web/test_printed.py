"""What browsers print is in the record: who, of whom, and nothing that the person may not open."""

import re
from pathlib import Path

import pytest
from litestar.handlers import HTTPRouteHandler

from appliance.accounts.account import Account
from appliance.accounts.roles import Role
from appliance.web.http.access import Door, access_of
from appliance.web.staff.app import HANDLERS
from tests.web.a_clinic import AClinic, form_token_in
from tests.web.invented import put_all

Told = tuple[object, ...]


@pytest.fixture
def clinic(tmp_path: Path) -> AClinic:
    clinic = AClinic(tmp_path)
    with clinic.database.write() as tx:
        put_all(tx, clinic.clock.now())
    return clinic


def printed(clinic: AClinic, account: Account, page: str) -> int:
    browser = clinic.signed_in(account)
    token = form_token_in(browser.get("/account").text)
    return browser.post_bare("/printed", form_token=token, page=page).status_code


def told(clinic: AClinic) -> list[Told]:
    sql = (
        "SELECT actor_key, patient_key, study_key, subject_kind, subject_key, number FROM audit_events "
        "WHERE event = 'page printed' ORDER BY sequence"
    )
    with clinic.database.read() as tx:
        return [tuple(row) for row in tx.rows(sql)]


def keys_of(clinic: AClinic, series_key: int) -> tuple[object, object]:
    sql = "SELECT t.patient_key, t.study_key FROM series s JOIN studies t USING (study_key) WHERE s.series_key = :key"
    with clinic.database.read() as tx:
        [(patient, study)] = tx.rows(sql, key=series_key)
    return patient, study


@pytest.mark.parametrize("page", ["/patients/{patient}", "/patients/{patient}/seen"])
def test_a_patients_page_is_told_with_the_patient(clinic: AClinic, page: str) -> None:
    person, (patient, _) = clinic.person(), keys_of(clinic, 1)
    assert printed(clinic, person, page.format(patient=patient)) == 204
    assert told(clinic) == [(person.account_key, patient, None, None, None, None)]


def test_a_study_and_its_pictures_are_told_with_patient_and_study(clinic: AClinic) -> None:
    person, (patient, study) = clinic.person(image_right=True), keys_of(clinic, 2)
    assert [printed(clinic, person, page) for page in (f"/studies/{study}", "/series/2/view")] == [204, 204]
    assert told(clinic) == [
        (person.account_key, patient, study, None, None, None),
        (person.account_key, patient, study, "series", 2, None),
    ]


def test_of_every_other_page_which_it_is_is_told(clinic: AClinic) -> None:
    person = clinic.person(Role.AUDITOR)
    pages = {
        "/": 1, "/studies": 1, "/laboratory": 2, "/laboratory/LAB-1_x": 2, "/keeping/retention/due": 3, "/trail": 4,
        "/trail/emergencies/3": 4, "/quarantine/dismissed": 5, "/keeping/backups": 6, "/people": 6,
    }  # fmt: skip
    assert {printed(clinic, person, page) for page in pages} == {204}
    assert told(clinic) == [(person.account_key, None, None, None, None, number) for number in pages.values()]


def test_every_page_of_the_box_is_one_that_can_be_told(clinic: AClinic) -> None:
    person = clinic.person(Role.ADMINISTRATOR, image_right=True)
    inside = {
        path
        for handler in HANDLERS
        if isinstance(handler, HTTPRouteHandler) and "GET" in handler.http_methods
        for path in handler.paths
        if access_of(handler).page and access_of(handler).door is Door.SIGNED_IN
    }
    keyed = sorted(re.sub(r"\{[^}]*:int\}", "1", re.sub(r"\{[^}]*:str\}", "x", path)) for path in inside)
    assert len(keyed) > 25
    refused = {path for path in keyed if printed(clinic, person, path) == 400}
    assert refused <= {"/studies/uid/x"}, "leads on by itself"


def test_what_may_not_be_opened_is_not_told_as_printed(clinic: AClinic) -> None:
    assert printed(clinic, clinic.person(Role.RECEPTION), "/series/1/view") == 403
    assert printed(clinic, clinic.person(Role.LAB), "/studies/1") == 403
    assert printed(clinic, clinic.person(Role.AUDITOR), "/patients/1") == 403
    assert told(clinic) == []


def test_nobody_and_nothing_is_refused(clinic: AClinic) -> None:
    person = clinic.person(image_right=True)
    assert [printed(clinic, person, f"/{kind}/99999") for kind in ("patients", "studies", "series")] == [404] * 3
    hostile = (
        "",
        "studies",
        "/studies?find=Núñez",
        "/" + "a" * 200,
        "/foo",
        "/trail/../people",
        "/patients/1\n",
        "https://example.org/studies/1",
    )
    assert {printed(clinic, person, page) for page in hostile} == {400}
    assert told(clinic) == []


def test_whoever_is_not_in_prints_nothing(clinic: AClinic) -> None:
    answer = clinic.browser().post_bare("/printed", page="/studies")
    assert answer.status_code in {303, 401, 403}
    assert told(clinic) == []

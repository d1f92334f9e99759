"""A dentist gives a study to a laboratory by pages, which sees and takes it without learning whose it is."""

import io
import re
import zipfile
from pathlib import Path

import pytest

from appliance.accounts.roles import Role
from appliance.audit.events import OPERATOR
from appliance.deidentify import leaving
from appliance.web.staff.app import HANDLERS
from tests.canary.search import search_bytes, spellings
from tests.web.a_clinic import Browser, form_token_in
from tests.web.a_laboratory import SLICES, ACanarysClinic
from tests.web.test_permissions import stated_by


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> ACanarysClinic:
    return ACanarysClinic(tmp_path_factory.mktemp("clinic"))


def needles(clinic: ACanarysClinic) -> set[bytes]:
    """What must be in no answer to a laboratory: names, numbers, birth date, the true day, the true UIDs."""
    secret = (clinic.word, clinic.number, "19640720", "20261121", "21 Nov", clinic.study_uid)
    return set().union(*(spellings(each) for each in secret))


def link_of(browser: Browser) -> str:
    found = re.search(r'href="(/laboratory/S-[0-9A-Z]{10})"', browser.get("/laboratory").text)
    assert found
    return found[1]


def test_a_study_is_given_seen_taken_and_taken_back(clinic: ACanarysClinic) -> None:
    dentist = clinic.signed_in(clinic.person(Role.DENTIST, image_right=True))
    page = f"/studies/{clinic.study_key}/laboratories"
    assert page in dentist.get(f"/studies/{clinic.study_key}").text
    assert "Laboratorio Lilas" in dentist.get(page).text
    given = dentist.post(page, page=page, laboratory=str(clinic.lab.account_key), days="30")
    assert given.headers["location"] == f"{page}?told=given"
    browser = clinic.at_laboratory()
    link = link_of(browser)
    assert link.rsplit("/", 1)[1] in dentist.get(page).text
    study = browser.get(link).text
    assert "In the download" in study
    assert "may show words" in study
    answer = browser.post(f"{link}/download", page=link)
    assert answer.headers["content-type"] == "application/zip"
    assert answer.headers["content-disposition"] == f'attachment; filename="{link.rsplit("/", 1)[1]}.zip"'
    assert int(answer.headers["content-length"]) == len(answer.content)
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert len([name for name in archive.namelist() if name.startswith("DICOM/")]) == SLICES
    for content in (browser.get("/laboratory").content, study.encode(), answer.content, str(answer.headers).encode()):
        assert not search_bytes(content, needles(clinic))
    [end] = re.findall(rf'action="({page}/\d+/end)"', dentist.get(page).text)
    assert dentist.post(end, page=page).headers["location"] == f"{page}?told=ended"
    assert browser.get(link).status_code == 404
    assert (
        browser.post_bare(f"{link}/download", form_token=form_token_in(browser.get("/laboratory").text)).status_code
        == 404
    )


def test_no_answer_of_any_route_tells_a_laboratory_who_it_is(clinic: ACanarysClinic) -> None:
    clinic.give()
    clinic.clock.pass_time(days=1)  # so that the day on which one signs in is not the study's
    browser = clinic.at_laboratory()
    link = link_of(browser)
    token = form_token_in(browser.get("/laboratory").text)
    asked = 0
    for method, path in stated_by(HANDLERS):
        if path in {"/logout", "/lock", "/lock/now", "/events", "/password"}:
            continue
        url = path.replace("{reference:str}", link.rsplit("/", 1)[1])
        url = url.replace("{study_instance_uid:str}", clinic.study_uid)
        url = re.sub(r"\{(study|series|patient)_key:int\}", str(clinic.study_key), url)
        url = re.sub(r"\{\w+:(int|str)\}", "1", url)
        answer = browser.get(url) if method == "GET" else browser.post_bare(url, form_token=token)
        assert answer.status_code < 500, (method, path)
        told = answer.content + str(answer.headers).replace(clinic.study_uid, "").encode()
        if clinic.study_uid in url:  # who typed it knows it; a page leads back to where one was
            told = told.replace(clinic.study_uid.encode(), b"")
        assert not search_bytes(told, needles(clinic)), (method, path)
        asked += 1
    assert asked > 75


def test_the_canary_would_be_found_where_it_is(clinic: ACanarysClinic) -> None:
    dentist = clinic.signed_in(clinic.person(Role.DENTIST, image_right=True, user_name="dentist.sees"))
    assert search_bytes(dentist.get(f"/studies/{clinic.study_key}").content, needles(clinic))


def test_a_form_without_a_choice_is_told_so(clinic: ACanarysClinic) -> None:
    dentist = clinic.signed_in(clinic.person(Role.DENTIST, image_right=True, user_name="dentist.forgets"))
    page = f"/studies/{clinic.study_key}/laboratories"
    for fields in ({"laboratory": "", "days": "30"}, {"laboratory": "1", "days": "9" * 40}):
        answer = dentist.post(page, page=page, **fields)
        assert answer.status_code == 422
        assert "Choose a laboratory" in answer.text


def test_a_closed_laboratory_is_offered_no_more(tmp_path: Path) -> None:
    clinic = ACanarysClinic(tmp_path)
    leaving.close_account(clinic.accounts, clinic.lab.account_key, OPERATOR)
    dentist = clinic.signed_in(clinic.person(Role.DENTIST, image_right=True))
    page = dentist.get(f"/studies/{clinic.study_key}/laboratories").text
    assert "No laboratory has an account" in page
    assert "Laboratorio Lilas" not in page


@pytest.mark.parametrize("comes_back", [False, True])
def test_what_was_given_ends_with_the_laboratory(tmp_path: Path, *, comes_back: bool) -> None:
    clinic = ACanarysClinic(tmp_path)
    key, accounts = clinic.lab.account_key, clinic.accounts
    dentist = clinic.person(Role.DENTIST, image_right=True)
    clinic.give()
    if comes_back:
        for role in (Role.RECEPTION, Role.LAB):
            leaving.change_role(accounts, key, role, OPERATOR, image_right=False)
        assert "Nothing yet" in clinic.at_laboratory().get("/laboratory").text
    else:
        leaving.close_account(accounts, key, OPERATOR)
    assert clinic.laboratory.lent(key) == []
    assert [code for code, _ in clinic.events()].count("giving ended") == 1
    page = clinic.signed_in(dentist).get(f"/studies/{clinic.study_key}/laboratories").text
    assert ">Ended<" in page


def test_a_laboratory_without_anything_is_told_so(tmp_path: Path) -> None:
    clinic = ACanarysClinic(tmp_path)
    assert "Nothing yet" in clinic.at_laboratory().get("/laboratory").text
    assert clinic.events()[-1] == ("given listed", "success")

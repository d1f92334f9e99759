"""A dentist takes a study out by a page; who may not, may not; what is cut off is no whole package."""

import io
import re
import zipfile
from pathlib import Path

import pytest
import pyzipper

from appliance.accounts.roles import Permission, Role
from appliance.audit.events import OPERATOR
from appliance.deidentify import leaving
from appliance.errors import NotPermitted
from appliance.web.staff.downloading import check
from tests.export.a_package import AnExport
from tests.web.a_clinic import AClinic, Browser


class AnExportingClinic(AClinic):
    """A clinic with a vault of real sealed files."""

    def __init__(self, folder: Path) -> None:
        """Store one study of five slices."""
        stored = AnExport(folder)
        box = stored.archive.box
        self.stored = stored.archive.stored
        self.study_uid = stored.scan(slices=5)
        self.study_key = stored.key_of(self.study_uid)
        box.database.close()
        super().__init__(folder, root=box.root)


@pytest.fixture
def clinic(tmp_path: Path) -> AnExportingClinic:
    return AnExportingClinic(tmp_path)


def dentist(clinic: AClinic) -> Browser:
    return clinic.signed_in(clinic.person(Role.DENTIST, image_right=True))


def exported(clinic: AClinic) -> list[tuple[str, str]]:
    return [event for event in clinic.events() if "export" in event[0]]


def test_a_study_is_taken_out_as_a_zip(clinic: AnExportingClinic) -> None:
    browser, page = dentist(clinic), f"/studies/{clinic.study_key}/export"
    assert page in browser.get(f"/studies/{clinic.study_key}").text
    answer = browser.post(page, page=page, form="zip")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/zip"
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert re.fullmatch(r'attachment; filename="package-\d{8}-\d{6}\.zip"', answer.headers["content-disposition"])
    assert answer.headers["cache-control"] == "no-store"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        images = [archive.read(name) for name in archive.namelist() if name.startswith("DICOM/")]
    assert sorted(images) == sorted(clinic.stored.values())
    assert exported(clinic) == [("studies exported", "success")]


def test_all_studies_of_a_patient_are_taken_out(clinic: AnExportingClinic) -> None:
    browser = dentist(clinic)
    assert "/patients/1/export" in browser.get("/patients/1").text
    answer = browser.post("/patients/1/export", page="/patients/1/export", form="zip")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None


def test_a_passphrase_is_shown_once_and_opens_the_package(clinic: AnExportingClinic) -> None:
    browser, page = dentist(clinic), f"/studies/{clinic.study_key}/export"
    shown = browser.post(page, page=page, form="encrypted")
    [passphrase] = re.findall(r"<strong>([a-z2-9]{5}(?:-[a-z2-9]{5}){4})</strong>", shown.text)
    [sealed] = re.findall(r'name="sealed" value="([\w=-]+)"', shown.text)
    assert passphrase not in sealed
    assert exported(clinic) == []
    answer = browser.post(page, page=page, sealed=sealed)
    with pyzipper.AESZipFile(io.BytesIO(answer.content)) as archive:
        archive.setpassword(passphrase.encode())
        images = [archive.read(name) for name in archive.namelist() if name.startswith("DICOM/")]
    assert sorted(images) == sorted(clinic.stored.values())
    with clinic.database.read() as tx:
        assert tx.rows("SELECT form, finished_at IS NOT NULL FROM exports") == [("encrypted zip", 1)]


def test_another_sessions_passphrase_is_none(clinic: AnExportingClinic) -> None:
    page = f"/studies/{clinic.study_key}/export"
    shown = dentist(clinic).post(page, page=page, form="encrypted")
    [sealed] = re.findall(r'name="sealed" value="([\w=-]+)"', shown.text)
    other = clinic.signed_in(clinic.person(Role.ASSISTANT, image_right=True))
    assert other.post(page, page=page, sealed=sealed).status_code == 404
    assert other.post(page, page=page, sealed="rubbish!").status_code == 404
    assert exported(clinic) == []


def test_whoever_may_not_see_images_may_not_take_them_out(clinic: AnExportingClinic) -> None:
    browser = clinic.signed_in(clinic.person(Role.DENTIST))
    assert "/export" not in browser.get(f"/studies/{clinic.study_key}").text
    assert browser.get(f"/studies/{clinic.study_key}/export").status_code == 403


def test_the_package_speaks_the_language_of_the_page(clinic: AnExportingClinic) -> None:
    browser, page = dentist(clinic), f"/studies/{clinic.study_key}/export"
    browser.post("/language", page=page, language="es", back=page)
    answer = browser.post(page, page=page, form="zip")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert b'<html lang="es">' in archive.read("INDEX.HTM")
        assert "Paciente" in archive.read("INDEX.HTM").decode()


def test_a_rotten_file_ends_the_answer_short_and_is_recorded(clinic: AnExportingClinic) -> None:
    with clinic.database.read() as tx:
        [[name]] = tx.rows("SELECT lower(hex(file_id)) FROM versions ORDER BY version_key DESC LIMIT 1")
    path = clinic.folder / "vault" / name[:2] / name
    path.write_bytes(path.read_bytes()[:-1] + b"\x00")
    browser, page = dentist(clinic), f"/studies/{clinic.study_key}/export"
    answer = browser.post(page, page=page, form="zip")
    assert answer.status_code == 500
    assert exported(clinic) == [("studies exported", "success"), ("export cut off", "failure")]
    assert "1 file is damaged" in browser.get(page).text


def test_what_is_not_there_is_not_found(clinic: AnExportingClinic) -> None:
    assert dentist(clinic).get("/studies/999/export").status_code == 404


def test_a_closed_account_ends_a_download(clinic: AnExportingClinic) -> None:
    account = clinic.person(Role.DENTIST, image_right=True)
    session = clinic.signed_in(account).session(clinic.accounts)
    check(clinic.accounts, session, Permission.EXPORT_STUDIES)
    leaving.close_account(clinic.accounts, account.account_key, OPERATOR)
    with pytest.raises(NotPermitted):
        check(clinic.accounts, session, Permission.EXPORT_STUDIES)

"""DICOMweb gives a laboratory what was given to it, under its own names, and the true ones do not exist for it."""

import io
import json
from collections.abc import Iterator
from pathlib import Path

import pydicom
import pytest
from httpx import Response
from litestar import Litestar
from pydicom.encaps import generate_frames
from pydicom.uid import JPEGBaseline8Bit

from appliance.accounts.roles import Role
from appliance.accounts.tokens import issue_laboratory_token
from appliance.audit.events import OPERATOR
from appliance.deidentify import leaving
from appliance.errors import Unsuitable
from appliance.web.dicomweb.callers import Callers
from appliance.web.dicomweb.lent import LentStudies
from appliance.web.dicomweb.metadata import Metadata
from appliance.web.dicomweb.routes import Dicomweb, in_front_of
from tests.canary.search import search_bytes
from tests.web.a_client import client_of
from tests.web.a_dicomweb import elsewhere
from tests.web.a_laboratory import SLICES, ACanarysClinic
from tests.web.test_laboratory import needles

INSTANCE = "application/dicom"


class ALab:
    """A laboratory's program with its token."""

    def __init__(self, clinic: ACanarysClinic) -> None:
        self.clinic = clinic
        clinic.give()
        source = clinic.laboratory.copying.source
        lent = LentStudies(clinic.laboratory, clinic.clock)
        dicomweb = Dicomweb(source, Callers(clinic.accounts), Metadata(source, clinic.clock), lent=lent)
        app = Litestar([elsewhere], openapi_config=None)
        app.asgi_handler = in_front_of(app.asgi_handler, dicomweb)
        self.client = client_of(app)
        self.token = issue_laboratory_token(clinic.accounts, "planning", clinic.lab.account_key, OPERATOR)
        self.seen: list[bytes] = []

    def get(self, path: str, accept: str = "*/*", **query: str) -> Response:
        headers = {"authorization": f"Bearer {self.token}", "accept": accept}
        answer = self.client.get(f"/dicomweb{path}", params=query, headers=headers)
        self.seen += [answer.content, str(answer.headers).encode()]
        return answer

    def uid_of(self, path: str, tag: str, **query: str) -> str:
        return str(self.get(path, **query).json()[0][tag]["Value"][0])


@pytest.fixture
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ALab]:
    lab = ALab(ACanarysClinic(tmp_path_factory.mktemp("clinic")))
    yield lab
    assert [len(one) for one in lab.seen if search_bytes(one, needles(lab.clinic))] == []


def test_what_was_given_is_searched_and_retrieved_under_other_names(lab: ALab) -> None:
    [study] = lab.get("/studies").json()
    uid = study["0020000D"]["Value"][0]
    assert uid == lab.clinic.laboratory.names(lab.clinic.lab.account_key).uid(lab.clinic.study_uid)
    assert study["00100020"]["Value"][0].startswith("P-")
    series = lab.uid_of(f"/studies/{uid}/series", "0020000E")
    instances = lab.get(f"/studies/{uid}/series/{series}/instances").json()
    assert len(instances) == SLICES
    sop = instances[0]["00080018"]["Value"][0]
    path = f"/studies/{uid}/series/{series}/instances/{sop}"
    file = pydicom.dcmread(io.BytesIO(lab.get(path, INSTANCE).content))
    assert (file.SOPInstanceUID, file.StudyInstanceUID, file.SeriesInstanceUID) == (sop, uid, series)
    assert file.PatientName == study["00100010"]["Value"][0]["Alphabetic"]
    [model] = lab.get(f"{path}/metadata").json()
    assert model["00080018"]["Value"] == [sop]
    assert lab.get(f"{path}/frames/1", "application/octet-stream").content == file.PixelData
    assert lab.get(f"/studies/{uid}", 'multipart/related; type="application/dicom"').content.count(b"DICM") == SLICES
    assert json.dumps(lab.get("/studies", StudyInstanceUID=uid).json()) == json.dumps([study])


def test_frames_and_files_hold_no_words_among_a_pictures_bytes(tmp_path: Path) -> None:
    lab = ALab(ACanarysClinic(tmp_path, compressed=True))
    uid = lab.uid_of("/studies", "0020000D")
    original = next(raw for raw in lab.clinic.originals.values() if JPEGBaseline8Bit.encode() in raw)
    assert search_bytes(original, needles(lab.clinic))
    given = []
    for instance in lab.get(f"/studies/{uid}/instances").json():
        series, sop = (instance[tag]["Value"][0] for tag in ("0020000E", "00080018"))
        path = f"/studies/{uid}/series/{series}/instances/{sop}"
        whole = lab.get(path, INSTANCE)
        if whole.status_code == 200:
            frame = lab.get(f"{path}/frames/1", "*/*").content
            given.append((pydicom.dcmread(io.BytesIO(whole.content)), frame))
    [(file, frame)] = [one for one in given if one[0].BitsAllocated == 8]
    assert len(given) == SLICES + 1
    stored = pydicom.dcmread(io.BytesIO(original))
    assert (file.pixel_array == stored.pixel_array).all()
    assert len(frame) > len(next(generate_frames(stored.PixelData, number_of_frames=1)))
    assert next(generate_frames(file.PixelData, number_of_frames=1)) in frame
    assert not [len(one) for one in lab.seen if search_bytes(one, needles(lab.clinic))]


def test_the_true_names_do_not_exist(lab: ALab) -> None:
    for path in ("", "/series", "/metadata"):
        answer = lab.get(f"/studies/{lab.clinic.study_uid}{path}")
        assert answer.status_code == 404 or answer.json() == []
    assert lab.get("/studies", StudyInstanceUID=lab.clinic.study_uid).json() == []
    assert lab.get("/studies", PatientName="Z*").status_code == 400
    assert lab.get("/studies", PatientID=lab.clinic.number).json() == []
    uid = lab.uid_of("/studies", "0020000D")
    assert lab.get(f"/studies/{uid}/series/1.2.3/instances/1.2.3/bulkdata/7FE00010").status_code == 404


def test_what_is_not_given_by_its_pixels_is_not_retrieved(lab: ALab) -> None:
    uid = lab.uid_of("/studies", "0020000D")
    series = {one["0020000E"]["Value"][0] for one in lab.get(f"/studies/{uid}/series").json()}
    assert len(series) == 2
    answers = {lab.get(f"/studies/{uid}/series/{one}", INSTANCE).status_code for one in series}
    assert 404 in answers
    got = sum(lab.get(f"/studies/{uid}/series/{one}").content.count(b"DICM") for one in series)
    assert got == SLICES


def test_the_token_ends_with_the_laboratorys_account(lab: ALab) -> None:
    assert lab.get("/studies").status_code == 200
    leaving.close_account(lab.clinic.accounts, lab.clinic.lab.account_key, OPERATOR)
    lab.clinic.clock.pass_time(seconds=2)  # this one thread does both: another's change would be seen at once
    assert lab.get("/studies").status_code == 401


def test_only_a_laboratory_has_such_a_token(lab: ALab) -> None:
    dentist = lab.clinic.person(Role.DENTIST)
    for key, name in ((dentist.account_key, "x"), (999, "x"), (lab.clinic.lab.account_key, " ")):
        with pytest.raises(Unsuitable):
            issue_laboratory_token(lab.clinic.accounts, name, key, OPERATOR)


def test_a_laboratory_stores_nothing_and_gets_no_series_stream(lab: ALab) -> None:
    headers = {"authorization": f"Bearer {lab.token}"}
    assert lab.client.post("/dicomweb/studies", headers=headers).status_code in {403, 405}
    assert lab.client.get("/series/1/stream", headers=headers).status_code == 403


def test_what_it_does_is_in_the_trail(lab: ALab) -> None:
    uid = lab.uid_of("/studies", "0020000D")
    lab.get(f"/studies/{uid}")
    events = [code for code, _ in lab.clinic.events()]
    assert events[-2:] == ["given listed", "instances retrieved"]

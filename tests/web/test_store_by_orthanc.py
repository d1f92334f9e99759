"""Orthanc's DICOMweb plugin as a client that stores: what it sends comes back to the byte."""

import json
from collections.abc import Iterator

import httpx
import pytest

from appliance.accounts.roles import Permission
from appliance.dicom.part10 import read_file_meta
from benchmarks.peers import orthanc, upload
from tests.web.a_phantom import slice_bytes
from tests.web.a_server import serving
from tests.web.a_store import AStore

pytestmark = pytest.mark.peer("Orthanc")
SLICES = 12


@pytest.fixture(scope="module")
def sent(tmp_path_factory: pytest.TempPathFactory, module_port_block: int) -> Iterator[tuple[AStore, httpx.Client]]:
    folder, port = tmp_path_factory.mktemp("box"), module_port_block + 2
    box = AStore(folder)
    bearer = f"Bearer {box.issue(Permission.STORE_IMAGES)}"
    server = {"Url": f"http://127.0.0.1:{port}/dicomweb/", "HttpHeaders": {"Authorization": bearer}}
    plugin = {"Enable": True, "Servers": {"enamel": server}}
    with (
        serving(box.application(), port=port),
        orthanc(tmp_path_factory.mktemp("orthanc"), port + 1, port + 2, DicomWeb=plugin) as url,
        httpx.Client(base_url=url, timeout=240) as peer,
    ):
        yield box, peer


def dataset_of(part10: bytes) -> bytes:
    return part10[read_file_meta(part10).dataset_offset :]


def test_orthanc_stores_a_study_and_it_comes_back_to_the_byte(
    sent: tuple[AStore, httpx.Client],
) -> None:
    box, peer = sent
    files = {f"1.2.7.1.{number}": slice_bytes("1.2.7", "1.2.7.1", number) for number in range(1, SLICES + 1)}
    ids = upload(str(peer.base_url).rstrip("/"), list(files.values()))
    answer = peer.post("/dicom-web/servers/enamel/stow", content=json.dumps({"Resources": ids, "Synchronous": True}))
    assert answer.status_code == 200, answer.text
    box.take_in()
    with box.served() as client:
        for uid, part10 in files.items():
            path = f"/dicomweb/studies/1.2.7/series/1.2.7.1/instances/{uid}"
            back = client.get(path, headers={"Accept": "application/dicom"}).content
            assert dataset_of(back) == dataset_of(part10)
    assert box.clinic.rows("SELECT DISTINCT actor_kind FROM web_senders") == [("token",)]


def test_orthanc_hears_that_the_box_refuses(sent: tuple[AStore, httpx.Client]) -> None:
    box, peer = sent
    odd = slice_bytes("1.2.8", "1.2.8.1", 1, {"SOPClassUID": "1.2.840.10008.5.1.4.31"})
    ids = upload(str(peer.base_url).rstrip("/"), [odd])
    answer = peer.post("/dicom-web/servers/enamel/stow", content=json.dumps({"Resources": ids, "Synchronous": True}))
    assert answer.status_code >= 400, answer.text
    assert box.clinic.rows("SELECT count(*) FROM studies WHERE study_instance_uid = '1.2.8'") == [(0,)]

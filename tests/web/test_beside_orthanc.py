"""DICOMweb beside Orthanc's, over the same instances: searches find the same, frames are the same bytes."""

import socket
from collections.abc import Iterator

import httpx
import pytest

from benchmarks.peers import orthanc, upload
from tests.web.a_dicomweb import ADicomweb
from tests.web.a_phantom import SYNTAX, slice_bytes
from tests.web.test_multipart import split

pytestmark = pytest.mark.peer("Orthanc")
STUDIES = {"1.2.1": ("Doe^Jane", "A-1", "20260101"), "1.2.2": ("Doe^John", "A-2", "20260215")}
FRAME = {"Accept": 'multipart/related; type="application/octet-stream"; transfer-syntax=*'}


def two_ports() -> list[int]:
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        return [one.getsockname()[1], other.getsockname()[1]]


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[httpx.Client, httpx.Client]]:
    folder = tmp_path_factory.mktemp("both")
    ours = ADicomweb(folder)
    files = [
        slice_bytes(study, f"{study}.1", number, {"PatientName": name, "PatientID": identifier, "StudyDate": day})
        for study, (name, identifier, day) in STUDIES.items()
        for number in range(1, 4)
    ]
    for data in files:
        ours.archive.store(data, SYNTAX)
    with orthanc(folder / "orthanc", *two_ports()) as url, ours.served():
        upload(url, files)
        with httpx.Client(base_url=f"{url}/dicom-web") as theirs:
            yield ours.client, theirs


@pytest.mark.parametrize(
    ("path", "query", "tag"),
    [
        ("studies", "", "0020000D"),
        ("studies", "PatientName=Doe*", "0020000D"),
        ("studies", "PatientID=A-2", "0020000D"),
        ("studies", "StudyDate=20260201-20260228", "0020000D"),
        ("studies", "StudyDate=-20260131", "0020000D"),
        ("studies", "PatientName=*John", "0020000D"),
        ("series", "Modality=CT", "0020000E"),
        ("studies/1.2.1/series", "", "0020000E"),
        ("studies/1.2.1/series/1.2.1.1/instances", "", "00080018"),
        ("studies/1.2.2/instances", "InstanceNumber=2", "00080018"),
    ],
)
def test_searches_find_the_same(both: tuple[httpx.Client, httpx.Client], path: str, query: str, tag: str) -> None:
    ours, theirs = (
        sorted(one[tag]["Value"][0] for one in client.get(f"{prefix}/{path}?{query}").json())
        for client, prefix in zip(both, ("/dicomweb", ""), strict=True)
    )
    assert ours == theirs


def test_frames_are_the_same_bytes(both: tuple[httpx.Client, httpx.Client]) -> None:
    path = "/studies/1.2.1/series/1.2.1.1/instances/1.2.1.1.2/frames/1"
    ours, theirs = (
        client.get(f"{prefix}{path}", headers=FRAME) for client, prefix in zip(both, ("/dicomweb", ""), strict=True)
    )
    boundary = ours.headers["content-type"].split("boundary=")[1].encode()
    (frame,) = split(ours.content, boundary)
    assert frame == (2).to_bytes(2, "little") * 256
    assert frame in theirs.content

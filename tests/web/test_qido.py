"""QIDO-RS over a real socket: matching, counts, paging, and refusals that never show other patients."""

from collections.abc import Iterator
from urllib.parse import quote

import pytest

from tests.web.a_dicomweb import ADicomweb
from tests.web.a_phantom import SYNTAX, slice_bytes

STUDIES = {
    "1.2.1": {"PatientName": "Müller^Änne", "PatientID": "A-1", "StudyDate": "20260101", "AccessionNumber": "X1"},
    "1.2.2": {"PatientName": "Muller^Jan", "PatientID": "A-2", "StudyDate": "20260215", "AccessionNumber": "X2"},
    "1.2.3": {"PatientName": "García^José", "PatientID": "B-1", "StudyDate": "20260330", "StudyTime": "235959"},
    "1.2.4": {"PatientName": "Yamada^Tarou=山田^太郎", "PatientID": "b-1", "StudyDate": ""},
}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ADicomweb]:
    dicomweb = ADicomweb(tmp_path_factory.mktemp("box"))
    for study, attributes in STUDIES.items():
        for number in range(1, 4):
            dicomweb.archive.store(slice_bytes(study, f"{study}.1", number, attributes), SYNTAX)
        scout = {**attributes, "Modality": "PX", "SeriesNumber": 2, "SeriesDescription": "Scout"}
        dicomweb.archive.store(slice_bytes(study, f"{study}.2", 1, scout), SYNTAX)
    with dicomweb.served():
        yield dicomweb


def studies(served: ADicomweb, query: str) -> list[str]:
    answer = served.client.get(f"/dicomweb/studies?{query}")
    assert answer.status_code == 200, answer.text
    return sorted(one["0020000D"]["Value"][0] for one in answer.json())


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["1.2.1", "1.2.2", "1.2.3", "1.2.4"]),
        ("PatientName=Muller*", ["1.2.1", "1.2.2"]),
        ("PatientName=M%C3%9CLLER%5E*", ["1.2.1", "1.2.2"]),
        ("PatientName=*jos%C3%A9", ["1.2.3"]),
        ("PatientName=garc?a%5Ejose", ["1.2.3"]),
        ("PatientName=Muller", ["1.2.1", "1.2.2"]),
        ("PatientName=Mull", []),
        ("PatientName=jan%20mull&fuzzymatching=true", ["1.2.2"]),
        ("PatientName=" + quote("山田") + "&fuzzymatching=true", ["1.2.4"]),
        ("PatientName=Yamada%5ETarou", ["1.2.4"]),
        ("PatientID=A-1", ["1.2.1"]),
        ("PatientID=A-*", ["1.2.1", "1.2.2"]),
        ("PatientID=B-1", ["1.2.3"]),
        ("00100020=A-2", ["1.2.2"]),
        ("StudyDate=20260101-20260228", ["1.2.1", "1.2.2"]),
        ("StudyDate=-20260101", ["1.2.1"]),
        ("StudyDate=20260215-", ["1.2.2", "1.2.3"]),
        ("StudyTime=2359", ["1.2.3"]),
        ("AccessionNumber=X?", ["1.2.1", "1.2.2"]),
        ("StudyInstanceUID=1.2.1,1.2.3,9.9", ["1.2.1", "1.2.3"]),
        ("StudyInstanceUID=1.2.1%5C1.2.2&PatientID=A-2", ["1.2.2"]),
        ("ModalitiesInStudy=PX&PatientID=B-1", ["1.2.3"]),
        ("ModalitiesInStudy=MR", []),
        ("PatientName=%27%20OR%201=1%20--", []),
        ("PatientName=%22%29%20OR%20x%2A&fuzzymatching=true", []),
    ],
)
def test_keys_match_as_the_standard_says(served: ADicomweb, query: str, expected: list[str]) -> None:
    assert studies(served, query) == expected


@pytest.mark.parametrize(
    "query",
    ["PatientWeight=70", "StudyDate=2026", "StudyInstanceUID=..%2Fx", "limit=-1", "offset=x", "PatientID=a&PatientID=b",
     "00081140.00081155=1.2", "includefield=%00", "x" * 20000],
)  # fmt: skip
def test_what_cannot_be_matched_is_refused_and_never_ignored(served: ADicomweb, query: str) -> None:
    assert served.client.get(f"/dicomweb/studies?{query}").status_code == 400


def test_a_study_tells_its_attributes_and_right_counts(served: ADicomweb) -> None:
    (study,) = served.client.get("/dicomweb/studies?StudyInstanceUID=1.2.4&includefield=all").json()
    assert study["00100010"] == {
        "vr": "PN", "Value": [{"Alphabetic": "Yamada^Tarou", "Ideographic": "山田^太郎"}],
    }  # fmt: skip
    assert study["00201206"]["Value"] == [2]
    assert study["00201208"]["Value"] == [4]
    assert study["00080020"] == {"vr": "DA"}
    assert study["00081190"]["Value"] == ["http://box.test/dicomweb/studies/1.2.4"]


@pytest.mark.parametrize(
    ("path", "count"),
    [
        ("series", 8),
        ("series?Modality=PX", 4),
        ("series?SeriesNumber=1&PatientID=A-1", 1),
        ("series?SeriesInstanceUID=1.2.2.2", 1),
        ("series?SeriesDescription=Sc*", 4),
        ("studies/1.2.1/series", 2),
        ("studies/1.2.1/instances", 4),
        ("studies/1.2.1/instances?Modality=PX", 1),
        ("studies/1.2.1/series/1.2.1.1/instances", 3),
        ("studies/1.2.1/series/1.2.1.1/instances?InstanceNumber=2", 1),
        ("studies/1.2.1/series/1.2.2.1/instances", 0),
        ("instances", 16),
        ("instances?SOPInstanceUID=1.2.3.1.1,1.2.3.1.2", 2),
        ("instances?PatientName=Garc%C3%ADa*&SOPClassUID=1.2.840.10008.5.1.4.1.1.2", 4),
        ("instances?Modality=PX", 4),
        ("instances?StudyDate=20260101", 4),
        ("studies/9.9/series", 0),
    ],
)
def test_every_level_is_searched(served: ADicomweb, path: str, count: int) -> None:
    answer = served.client.get(f"/dicomweb/{path}")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/dicom+json"
    assert len(answer.json()) == count


def test_pages_together_are_the_whole_and_more_is_told(served: ADicomweb) -> None:
    seen: list[str] = []
    for offset in (0, 5, 10, 15):
        answer = served.client.get(f"/dicomweb/instances?limit=5&offset={offset}")
        assert ("warning" in answer.headers) == (offset < 15)
        seen += [one["00080018"]["Value"][0] for one in answer.json()]
    assert len(seen) == len(set(seen)) == 16
    assert served.client.get("/dicomweb/studies?limit=0").json() == []


def test_an_instance_tells_its_image(served: ADicomweb) -> None:
    path = "/dicomweb/studies/1.2.1/series/1.2.1.1/instances"
    found = served.client.get(path).json()
    assert [one["00200013"]["Value"][0] for one in found] == [1, 2, 3]
    assert found[0]["00280010"]["Value"] == [16]
    assert found[0]["00083002"]["Value"] == [SYNTAX]


def test_json_is_what_is_given(served: ADicomweb) -> None:
    assert served.client.get("/dicomweb/studies", headers={"Accept": "application/json"}).status_code == 200
    assert served.client.get("/dicomweb/studies", headers={"Accept": "application/dicom+xml"}).status_code == 406


def test_a_search_is_recorded_with_its_count_and_no_words(served: ADicomweb) -> None:
    served.client.get("/dicomweb/studies?PatientName=Muller*")
    with served.archive.box.database.read() as tx:
        rows = tx.rows("SELECT event, actor_kind, number FROM audit_events ORDER BY sequence DESC LIMIT 1")
    assert tuple(rows[0]) == ("studies searched", "token", 2)

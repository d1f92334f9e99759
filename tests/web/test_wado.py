"""WADO-RS over a real socket: what comes back is what was stored, for every syntax of the corpus."""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import httpx
import pytest
from pydicom import Dataset, FileDataset, dcmread
from pydicom.encaps import generate_frames
from pydicom.errors import InvalidDicomError

from appliance.dicom.faults import Unparsable
from appliance.identifiers import FileId, is_uid
from tests.web.a_dicomweb import ADicomweb
from tests.web.a_phantom import SYNTAX, slice_bytes
from tests.web.test_multipart import split

ANY_FRAME = {"Accept": 'multipart/related; type="application/octet-stream"; transfer-syntax=*'}
MOST_BYTES = 3_000_000


def kind_of(path: Path) -> tuple[object, ...] | None:
    """What makes a corpus file one of its kind, or None when it cannot be listed."""
    try:
        read = dcmread(path, stop_before_pixels=True)
    except (InvalidDicomError, OSError):
        return None
    syntax = getattr(read.file_meta, "TransferSyntaxUID", None)
    named = all(is_uid(str(read.get(name))) for name in ("SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID"))
    if not syntax or not named or path.stat().st_size > MOST_BYTES:
        return None
    return (syntax, str(read.get("NumberOfFrames") or 1) != "1", read.get("BitsAllocated"))


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, corpus_files: list[Path]) -> Iterator[ADicomweb]:
    """Serve one file of each transfer syntax and kind of pixel data in the corpus."""
    dicomweb = ADicomweb(tmp_path_factory.mktemp("box"))
    kinds: set[tuple[object, ...]] = set()
    for path in corpus_files:
        kind = kind_of(path)
        if kind is None or kind in kinds:
            continue
        try:
            dicomweb.archive.store_file(path)
        except Unparsable:
            continue
        kinds.add(kind)
    assert len({kind[0] for kind in kinds}) >= 5
    with dicomweb.served():
        yield dicomweb


def instances(served: ADicomweb) -> list[tuple[str, str]]:
    """(path, SOP Instance UID) of every instance, as QIDO-RS tells."""
    found = served.client.get("/dicomweb/instances?limit=1000")
    assert found.status_code == 200, found.text
    return [(httpx.URL(one["00081190"]["Value"][0]).path, one["00080018"]["Value"][0]) for one in found.json()]


def parts(answer: httpx.Response) -> list[bytes]:
    """The bytes of each part."""
    assert answer.status_code == 200, answer.text
    assert len(answer.content) == int(answer.headers["content-length"])
    return split(answer.content, answer.headers["content-type"].split("boundary=")[1].encode())


def expected_frames(part10: bytes) -> list[bytes]:
    """Every frame as pydicom sees it; none where there are no whole-byte frames to be had."""
    stored: FileDataset = dcmread(BytesIO(part10))
    syntax = stored.file_meta.TransferSyntaxUID
    if "PixelData" not in stored or not stored.get("Rows") or stored.BitsAllocated == 1 or syntax.is_deflated:
        return []
    if not str(stored.get("NumberOfFrames") or 1).isdigit():
        return []
    count = int(stored.get("NumberOfFrames") or 1)
    if syntax.is_encapsulated:
        return list(generate_frames(stored.PixelData, number_of_frames=count))
    length = stored.Rows * stored.Columns * stored.get("SamplesPerPixel", 1) * stored.BitsAllocated // 8
    return [stored.PixelData[at * length : (at + 1) * length] for at in range(count)]


def test_every_instance_comes_back_as_it_was_stored(served: ADicomweb) -> None:
    found = instances(served)
    assert len(found) == len(served.archive.stored) >= 5
    for path, sop in found:
        assert parts(served.client.get(path)) == [served.archive.stored[sop]]
        single = served.client.get(path, headers={"Accept": "application/dicom"})
        assert single.content == served.archive.stored[sop]


def test_a_study_and_a_series_come_whole(served: ADicomweb) -> None:
    for path, sop in instances(served):
        study, series = path.rsplit("/", 4)[0], path.rsplit("/", 2)[0]
        in_series = parts(served.client.get(series))
        assert served.archive.stored[sop] in in_series
        assert set(in_series) <= set(parts(served.client.get(study)))


def test_every_frame_is_the_frame_that_pydicom_sees(served: ADicomweb) -> None:
    compared = set()
    for path, sop in instances(served):
        expected = expected_frames(served.archive.stored[sop])
        if not expected:
            continue
        numbers = ",".join(str(number + 1) for number in range(len(expected)))
        answer = served.client.get(f"{path}/frames/{numbers}", headers=ANY_FRAME)
        assert parts(answer) == expected, path
        compared.add(dcmread(BytesIO(served.archive.stored[sop])).file_meta.TransferSyntaxUID)
    assert len(compared) >= 5


def test_a_frame_that_is_not_there_is_not_found(served: ADicomweb) -> None:
    path = instances(served)[0][0]
    assert served.client.get(f"{path}/frames/999999", headers=ANY_FRAME).status_code == 404
    for wrong in ("0", "1,,2", "-1", "1;2", "one"):
        assert served.client.get(f"{path}/frames/{wrong}", headers=ANY_FRAME).status_code == 400


def test_what_would_need_transcoding_is_not_acceptable(served: ADicomweb) -> None:
    for path, sop in instances(served):
        stored = dcmread(BytesIO(served.archive.stored[sop])).file_meta.TransferSyntaxUID
        wanted = f'multipart/related; type="application/dicom"; transfer-syntax={stored}9'
        assert served.client.get(path, headers={"Accept": wanted}).status_code == 406
        assert served.client.get(path, headers={"Accept": "application/dicom+json"}).status_code == 406


def test_an_instance_can_be_resumed_by_range(served: ADicomweb) -> None:
    path, sop = instances(served)[0]
    whole = served.archive.stored[sop]
    headers = {"Accept": "application/dicom", "Range": "bytes=100-199"}
    answer = served.client.get(path, headers=headers)
    assert (answer.status_code, answer.content) == (206, whole[100:200])
    assert answer.headers["content-range"] == f"bytes 100-199/{len(whole)}"
    again = served.client.get(path, headers={**headers, "If-Range": answer.headers["etag"]})
    assert again.status_code == 206
    changed = served.client.get(path, headers={**headers, "If-Range": '"another"'})
    assert (changed.status_code, changed.content) == (200, whole)
    past = served.client.get(path, headers={**headers, "Range": f"bytes={len(whole)}-"})
    assert (past.status_code, past.headers["content-range"]) == (416, f"bytes */{len(whole)}")


def test_a_head_tells_the_length_and_sends_nothing(served: ADicomweb) -> None:
    path, sop = instances(served)[0]
    answer = served.client.head(path, headers={"Accept": "application/dicom"})
    assert (answer.status_code, answer.content) == (200, b"")
    assert int(answer.headers["content-length"]) == len(served.archive.stored[sop])


def test_pixel_data_is_bulk_data(served: ADicomweb) -> None:
    path, sop = next((p, s) for p, s in instances(served) if len(expected_frames(served.archive.stored[s])) == 1)
    value = parts(served.client.get(f"{path}/bulkdata/7FE00010"))[0]
    assert value in served.archive.stored[sop]
    assert expected_frames(served.archive.stored[sop])[0] in value
    for wrong in ("00100010", "0-10", "999999999-1", "1-", "-1", "1-999999999999"):
        assert served.client.get(f"{path}/bulkdata/{wrong}").status_code == 404


def test_metadata_names_the_instance_and_where_its_pixels_are(served: ADicomweb) -> None:
    path, sop = next((p, s) for p, s in instances(served) if expected_frames(served.archive.stored[s]))
    answer = served.client.get(f"{path}/metadata")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/dicom+json"
    (model,) = answer.json()
    assert model["00080018"]["Value"] == [sop]
    link = model["7FE00010"]["BulkDataURI"]
    assert expected_frames(served.archive.stored[sop])[0] in served.client.get(link).content


def test_what_is_only_near_a_path_is_not_found(served: ADicomweb) -> None:
    path = instances(served)[0][0]
    sibling = path.rpartition("/")[0] + "/2.25.99"
    for wrong in ("/dicomweb/nothing", f"{path}/rendered", f"{path}/frames", "/dicomweb/studies/1.2.3.4", sibling):
        assert served.client.get(wrong).status_code == 404, wrong
    assert served.client.get("/dicomweb/studies/..%2f..%2f").status_code in (400, 404)
    assert served.client.get("/dicomweb/studies/1.2.-").status_code == 400
    assert served.client.post("/dicomweb/studies").status_code == 405
    assert served.client.get("/elsewhere").text == "a page"


def test_long_values_in_metadata_are_links_that_lead_to_their_bytes(served: ADicomweb) -> None:
    long_value = bytes(range(256)) * 400
    item = Dataset()
    item.add_new(0x00091010, "OB", long_value[:6000])
    attributes = {"EncapsulatedDocument": long_value, "ReferencedImageSequence": [item], "PatientName": "Ünïcode^Näme"}
    served.archive.store(slice_bytes("1.2.77", "1.2.77.1", 1, attributes), SYNTAX)
    (model,) = served.client.get("/dicomweb/studies/1.2.77/metadata").json()
    assert model["00100010"]["Value"] == [{"Alphabetic": "Ünïcode^Näme"}]
    links = [model["00420011"]["BulkDataURI"], model["00081140"]["Value"][0]["00091010"]["BulkDataURI"]]
    for link, expected in zip(links, (long_value, long_value[:6000]), strict=True):
        assert served.client.get(link, headers={"Accept": "application/octet-stream"}).content == expected


def test_an_instance_that_cannot_be_read_keeps_no_other_from_being_described(served: ADicomweb) -> None:
    archive, study = served.archive, "1.2.78"
    for number in (1, 2, 3):
        archive.store(slice_bytes(study, f"{study}.1", number, {"PatientName": "Doe^Jane"}), SYNTAX)
    with archive.box.database.write() as tx:  # says what the bytes are not
        tx.change(
            "UPDATE versions SET transfer_syntax_uid = '1.2.840.10008.1.2.1.99' WHERE instance_key = "
            "(SELECT instance_key FROM instances WHERE sop_instance_uid = '1.2.78.1.2')"
        )
    answer = served.client.get(f"/dicomweb/studies/{study}/metadata")
    assert answer.status_code == 200
    models = {model["00080018"]["Value"][0]: model for model in answer.json()}
    assert sorted(models) == [f"{study}.1.{number}" for number in (1, 2, 3)]
    assert "00281053" not in models[f"{study}.1.2"]
    assert models[f"{study}.1.2"]["00080060"]["Value"] == ["CT"]
    assert models[f"{study}.1.2"]["00100010"]["Value"] == [{"Alphabetic": "Doe^Jane"}]
    assert {sop for sop, model in models.items() if "00081190" in model} == {f"{study}.1.2"}
    assert "7FE00010" in models[f"{study}.1.1"]
    alone = served.client.get(f"/dicomweb/studies/{study}/series/{study}.1/instances/{study}.1.2/metadata")
    assert alone.status_code == 200
    assert alone.json() == [models[f"{study}.1.2"]]


def test_a_damaged_instance_keeps_no_other_from_being_described_and_is_told_when_asked_for(served: ADicomweb) -> None:
    archive, study = served.archive, "1.2.79"
    for number in (1, 2):
        archive.store(slice_bytes(study, f"{study}.1", number), SYNTAX)
    with archive.box.database.read() as tx:
        rows = tx.rows("SELECT file_id FROM versions JOIN instances USING (instance_key) "
                       "WHERE sop_instance_uid = '1.2.79.1.1'")  # fmt: skip
    path = archive.box.vault.path_of(FileId(rows[0][0]))
    sealed = bytearray(path.read_bytes())
    sealed[-40] ^= 1
    path.write_bytes(sealed)
    answer = served.client.get(f"/dicomweb/studies/{study}/metadata")
    assert answer.status_code == 200
    assert {model["00080018"]["Value"][0]: "00081190" in model for model in answer.json()} == {
        f"{study}.1.1": True,
        f"{study}.1.2": False,
    }
    alone = served.client.get(f"/dicomweb/studies/{study}/series/{study}.1/instances/{study}.1.1/metadata")
    assert alone.status_code == 500

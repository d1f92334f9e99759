"""The series stream over a real socket: whole, in its order, and with each instance's condition behind it."""

import json
import struct
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from appliance.archive.queries_retrieve import damage_marks
from appliance.archive.source import OPEN_SECONDS
from appliance.identifiers import FileId
from tests.web.a_dicomweb import ADicomweb
from tests.web.a_phantom import SYNTAX, slice_bytes
from tests.web.test_multipart import split

COUNT = 9


@pytest.fixture
def served(tmp_path: Path) -> Iterator[ADicomweb]:
    dicomweb = ADicomweb(tmp_path)
    for number in range(1, COUNT + 1):
        dicomweb.archive.store(slice_bytes("1.2.1", "1.2.1.1", number, rows=400), SYNTAX)
    with dicomweb.served():
        yield dicomweb


def read_stream(body: bytes) -> tuple[dict[str, Any], list[tuple[int, int, bytes]]]:
    """Read a stream by the letter of docs/storage-format.md."""
    magic, version, length = struct.unpack_from("<8sII", body)
    assert (magic, version, length % 8) == (b"ENSTREAM", 4, 0)
    index, at, records = json.loads(body[16 : 16 + length]), 16 + length, []
    while at < len(body):
        number, coding, size = struct.unpack_from("<IIQ", body, at)
        assert coding == 0
        (condition,) = struct.unpack_from("<I", body, at + 16 + size)
        records.append((number, condition, body[at + 16 : at + 16 + size]))
        at += 16 + size + 4
    return index, records


def test_the_stream_has_every_instance_in_the_order_it_tells(served: ADicomweb) -> None:
    answer = served.client.get("/series/1/stream")
    assert int(answer.headers["content-length"]) == len(answer.content)
    index, records = read_stream(answer.content)
    instances = index["instances"]
    assert [number for number, _, _ in records] == index["order"]
    assert index["order"][0] == COUNT // 2
    for number, condition, data in records:
        assert condition == 0
        assert data == served.archive.stored[instances[number]["sop"]]
        assert instances[number]["bytes"] == len(data)
    assert [one["position"][2] for one in instances] == sorted(one["position"][2] for one in instances)


def test_a_stream_is_given_whole_though_a_part_is_asked_for(served: ADicomweb) -> None:
    """Else zeros from one answer could meet, in the client, what another answer says of them."""
    whole = served.client.get("/series/1/stream")
    part = served.client.get("/series/1/stream", headers={"Range": f"bytes={len(whole.content) // 3}-"})
    assert (part.status_code, part.content) == (200, whole.content)
    assert "accept-ranges" not in whole.headers


def test_a_stream_of_no_series_is_not_found(served: ADicomweb) -> None:
    assert served.client.get("/series/99/stream").status_code == 404


def test_a_damaged_instance_keeps_no_other_of_its_series_from_being_shown(served: ADicomweb) -> None:
    index, _ = read_stream(served.client.get("/series/1/stream").content)
    time.sleep(OPEN_SECONDS)
    rotten = {index["instances"][index["order"][at]]["sop"] for at in (0, 4, COUNT - 1)}
    for sop in rotten:
        damage(served, sop)
    for _ in range(2):
        answer = served.client.get("/series/1/stream")
        assert answer.status_code == 200
        assert check_conditions(served, answer.content) == rotten
    assert len(marked(served)) == 3
    with served.archive.box.database.read() as tx:
        assert tx.rows("SELECT count(*) FROM audit_events WHERE event = 'file damaged'") == [(3,)]


def test_damage_late_in_a_large_instance_is_told_behind_it_and_nothing_after_it_is_lost(tmp_path: Path) -> None:
    dicomweb = ADicomweb(tmp_path)
    for number in (1, 2, 3):
        dicomweb.archive.store(slice_bytes("1.2.1", "1.2.1.1", number, rows=1400), SYNTAX)  # 3.9 MB: some batches
    damage(dicomweb, "1.2.1.1.2", at=-40)
    with dicomweb.served():
        body = dicomweb.client.get("/series/1/stream").content
    assert check_conditions(dicomweb, body) == {"1.2.1.1.2"}
    _, records = read_stream(body)
    (spoilt,) = [data for _, condition, data in records if condition]
    stored = dicomweb.archive.stored["1.2.1.1.2"]
    same = next(at for at, (one, other) in enumerate(zip(spoilt, stored, strict=True)) if one != other)
    assert same > 2_000_000, "what was verified before the damage had been sent"
    assert set(spoilt[-1000:]) == {0}


def test_an_instance_that_is_gone_or_all_that_are_damaged_are_told_one_by_one(served: ADicomweb) -> None:
    sops = set(served.archive.stored)
    for sop in sops - {"1.2.1.1.1"}:
        damage(served, sop)
    file_of(served, "1.2.1.1.1").unlink()
    assert check_conditions(served, served.client.get("/series/1/stream").content) == sops


def test_an_instance_that_the_disk_refuses_is_told_as_such_and_marked_as_nothing(served: ADicomweb) -> None:
    stored = file_of(served, "1.2.1.1.3")
    stored.rename(stored.with_suffix(".away"))
    stored.mkdir()  # it is there, and cannot be read
    index, records = read_stream(served.client.get("/series/1/stream").content)
    found = {index["instances"][number]["sop"]: condition for number, condition, _ in records}
    assert found == {sop: 2 if sop == "1.2.1.1.3" else 0 for sop in served.archive.stored}
    assert all(data == served.archive.stored[index["instances"][n]["sop"]] for n, bad, data in records if not bad)
    assert marked(served) == {}
    stored.rmdir()
    stored.with_suffix(".away").rename(stored)
    assert check_conditions(served, served.client.get("/series/1/stream").content) == set()


def test_an_instance_that_reads_well_again_is_shown_again(served: ADicomweb) -> None:
    for wanted in ({"1.2.1.1.3"}, set()):
        damage(served, "1.2.1.1.3")  # twice is not at all
        time.sleep(OPEN_SECONDS)
        assert check_conditions(served, served.client.get("/series/1/stream").content) == wanted


@pytest.mark.parametrize("path", ["/dicomweb/studies/1.2.1", "/dicomweb/studies/1.2.1/series/1.2.1.1"])
@pytest.mark.parametrize("rotten", [{1}, {1, 2, 9}])
def test_a_study_comes_without_its_damaged_instances_and_says_so(
    served: ADicomweb, path: str, rotten: set[int]
) -> None:
    for number in rotten:
        damage(served, f"1.2.1.1.{number}")
    answer = served.client.get(path)
    assert answer.status_code == 206
    assert answer.headers["warning"] == f'299 enamel "{len(rotten)} damaged instances are left out"'
    whole = [data for sop, data in served.archive.stored.items() if int(sop.rpartition(".")[2]) not in rotten]
    boundary = answer.headers["content-type"].split("boundary=")[1].encode()
    assert sorted(split(answer.content, boundary)) == sorted(whole)


def test_damage_that_shows_late_cuts_a_study_off_once_and_is_left_out_from_then_on(served: ADicomweb) -> None:
    damage(served, f"1.2.1.1.{COUNT}")
    damage(served, f"1.2.1.1.{COUNT - 1}")
    path = "/dicomweb/studies/1.2.1"
    with pytest.raises(httpx.RemoteProtocolError):
        served.client.get(path)
    answer = served.client.get(path)
    assert answer.status_code == 206
    boundary = answer.headers["content-type"].split("boundary=")[1].encode()
    assert len(split(answer.content, boundary)) == COUNT - 2
    for number in (COUNT, COUNT - 1):
        damage(served, f"1.2.1.1.{number}")  # twice is not at all
    time.sleep(OPEN_SECONDS)
    assert served.client.get(path).status_code == 200


def test_a_study_of_which_nothing_is_sound_is_an_error(served: ADicomweb) -> None:
    for sop in served.archive.stored:
        damage(served, sop)
    answer = served.client.get("/dicomweb/studies/1.2.1")
    assert (answer.status_code, b"damaged" in answer.content) == (500, True)


def test_damage_in_the_first_bytes_is_told_as_an_error(served: ADicomweb) -> None:
    damage(served, "1.2.1.1.1")
    path = "/dicomweb/studies/1.2.1/series/1.2.1.1/instances/1.2.1.1.1"
    for one in (path, f"{path}/frames/1", f"{path}/bulkdata/7FE00010"):
        answer = served.client.get(one)
        assert answer.status_code == 500
        assert b"damaged" in answer.content


def check_conditions(served: ADicomweb, body: bytes) -> set[str]:
    """Hold every record that is called sound against what was stored, and give the others' UIDs."""
    index, records = read_stream(body)
    assert [number for number, _, _ in records] == index["order"]
    rotten = set()
    for number, condition, data in records:
        sop = index["instances"][number]["sop"]
        stored = served.archive.stored[sop]
        assert len(data) == len(stored)
        assert condition in (0, 1)
        if condition == 0:
            assert data == stored
        else:
            rotten.add(sop)
    return rotten


def marked(served: ADicomweb) -> dict[bytes, int]:
    with served.archive.box.database.read() as tx:
        return damage_marks(tx)


def file_of(served: ADicomweb, sop: str) -> Path:
    with served.archive.box.database.read() as tx:
        rows = tx.rows(
            "SELECT file_id FROM versions JOIN instances USING (instance_key) WHERE sop_instance_uid = :sop", sop=sop
        )
    return served.archive.box.vault.path_of(FileId(rows[0][0]))


def damage(served: ADicomweb, sop: str, at: int = 70) -> None:
    """Flip a bit of a stored file; a second time puts it back."""
    path = file_of(served, sop)
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)

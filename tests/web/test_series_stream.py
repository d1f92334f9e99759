"""The series stream over a real socket: whole, in its order, resumable, and never cut short unseen."""

import http.client
import json
import socket
import struct
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from appliance.archive.source import OPEN_SECONDS
from tests.web.a_dicomweb import ADicomweb
from tests.web.a_phantom import SYNTAX, slice_bytes

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
    assert (magic, version, length % 8) == (b"ENSTREAM", 1, 0)
    index, at, records = json.loads(body[16 : 16 + length]), 16 + length, []
    while at < len(body):
        number, flags, size = struct.unpack_from("<IIQ", body, at)
        records.append((number, flags, body[at + 16 : at + 16 + size]))
        at += 16 + size
    return index, records


def test_the_stream_has_every_instance_in_the_order_it_tells(served: ADicomweb) -> None:
    answer = served.client.get("/series/1/stream")
    assert int(answer.headers["content-length"]) == len(answer.content)
    index, records = read_stream(answer.content)
    instances = index["instances"]
    assert [number for number, _, _ in records] == index["order"]
    assert index["order"][0] == COUNT // 2
    for number, flags, data in records:
        assert flags == 0
        assert data == served.archive.stored[instances[number]["sop"]]
        assert instances[number]["bytes"] == len(data)
    assert [one["position"][2] for one in instances] == sorted(one["position"][2] for one in instances)


def test_a_broken_off_stream_is_resumed_where_it_stopped(served: ADicomweb) -> None:
    whole = served.client.get("/series/1/stream")
    stopped = len(whole.content) // 3
    rest = served.client.get(
        "/series/1/stream", headers={"Range": f"bytes={stopped}-", "If-Range": whole.headers["etag"]}
    )
    assert rest.status_code == 206
    assert whole.content[:stopped] + rest.content == whole.content


def test_a_stream_of_no_series_is_not_found(served: ADicomweb) -> None:
    assert served.client.get("/series/99/stream").status_code == 404


def test_damage_in_the_middle_closes_the_connection_short(served: ADicomweb) -> None:
    index, _ = read_stream(served.client.get("/series/1/stream").content)
    time.sleep(OPEN_SECONDS)
    damage(served, index["instances"][index["order"][-1]]["sop"])
    connection = http.client.HTTPConnection("box.test")
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect(str(served.socket))
    connection.request("GET", "/series/1/stream", headers={"Authorization": f"Bearer {served.token}"})
    answer = connection.getresponse()
    assert answer.status == 200
    with pytest.raises(http.client.IncompleteRead) as cut:
        answer.read()
    assert len(cut.value.partial) < int(answer.headers["content-length"])
    connection.close()


def test_damage_in_the_first_bytes_is_told_as_an_error(served: ADicomweb) -> None:
    damage(served, "1.2.1.1.1")
    path = "/dicomweb/studies/1.2.1/series/1.2.1.1/instances/1.2.1.1.1"
    for one in (path, f"{path}/frames/1", f"{path}/bulkdata/7FE00010"):
        answer = served.client.get(one)
        assert answer.status_code == 500
        assert b"damaged" in answer.content


def damage(served: ADicomweb, sop: str) -> None:
    with served.archive.box.database.read() as tx:
        rows = tx.rows(
            "SELECT file_id FROM versions JOIN instances USING (instance_key) WHERE sop_instance_uid = :sop", sop=sop
        )
    name = rows[0][0].hex()
    path = served.archive.box.folder / "vault" / name[:2] / name
    data = bytearray(path.read_bytes())
    data[70] ^= 1
    path.write_bytes(data)

"""Packs over a real socket: given whole or by ranges, only to who may see them, and dropped when they are bad."""

import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest

from appliance.accounts.roles import Permission
from appliance.accounts.tokens import revoke_token
from appliance.archive import queries_packs
from appliance.archive.located import Packed
from appliance.archive.source import OPEN_SECONDS
from appliance.identifiers import BoxId
from appliance.intake.packing import Packing
from appliance.intake.parts import IntakeParts
from appliance.store.files import RealFiles
from tests.intake.pack_reader import read_stream
from tests.web.a_dicomweb import TESTER, ADicomweb
from tests.web.a_phantom import SYNTAX, slice_bytes

COUNT = 9
URL = "/series/1/stream"


class PackedClinic(ADicomweb):
    """Nine slices, and a pack of them when a test wants one."""

    def pack(self) -> Packed:
        box = self.archive.box
        with box.database.write() as tx:
            tx.change("UPDATE series SET judged_count = instance_count")
            tx.change("UPDATE packs_wanted SET asked_at = NULL")  # those that were opened just now wait a little
        parts = IntakeParts(box.folder, BoxId.new(), box.database, box.keys, box.audit, RealFiles(), box.clock)
        packing = Packing(parts, disk=lambda _: SimpleNamespace(total=10**12, free=10**12))
        while packing.step():
            pass
        found = self.found()
        assert found is not None
        return found

    def found(self) -> Packed | None:
        with self.archive.box.database.read() as tx:
            return queries_packs.find_pack(tx, 1)

    def path(self) -> Path:
        found = self.found()
        assert found is not None
        return self.archive.box.vault.pack_path_of(found.file.file_id)

    def events(self, code: str) -> int:
        with self.archive.box.database.read() as tx:
            return int(tx.rows("SELECT count(*) FROM audit_events WHERE event = :code", code=code)[0][0])


@pytest.fixture
def clinic(tmp_path: Path) -> Iterator[PackedClinic]:
    clinic = PackedClinic(tmp_path)
    for number in range(1, COUNT + 1):
        clinic.archive.store(slice_bytes("1.2.1", "1.2.1.1", number, rows=400), SYNTAX)
    with clinic.served():
        yield clinic


def flip(path: Path, at: int) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)


def test_a_pack_takes_the_place_of_the_stream_and_gives_the_same_files(clinic: PackedClinic) -> None:
    before = read_stream(clinic.client.get(URL).content)
    clinic.pack()
    answer = clinic.client.get(URL)
    assert (answer.status_code, answer.headers["accept-ranges"]) == (200, "bytes")
    assert int(answer.headers["content-length"]) == len(answer.content)
    after = read_stream(answer.content)
    assert after.files == before.files == clinic.archive.stored
    assert (set(before.codings), after.codings) == ({0}, [2] + [1] * COUNT)
    assert after.index | {"preview": None} == before.index | {"preview": None}
    assert clinic.events("instances retrieved") == 1, "one look at one study"


def test_a_cut_transfer_goes_on_where_it_stopped(clinic: PackedClinic) -> None:
    clinic.pack()
    whole = clinic.client.get(URL)
    tag = whole.headers["etag"]
    at = len(whole.content) // 3
    resumed = {"Range": f"bytes={at}-", "If-Range": tag}
    rest = clinic.client.get(URL, headers=resumed)
    assert (rest.status_code, rest.content) == (206, whole.content[at:])
    assert rest.headers["content-range"] == f"bytes {at}-{len(whole.content) - 1}/{len(whole.content)}"
    past = clinic.client.get(URL, headers={"Range": f"bytes={len(whole.content)}-", "If-Range": tag})
    assert (past.status_code, past.headers["content-range"]) == (416, f"bytes */{len(whole.content)}")
    clinic.archive.store(slice_bytes("1.2.1", "1.2.1.1", COUNT + 1, rows=400), SYNTAX)
    on_the_fly = clinic.client.get(URL, headers=resumed)
    assert (on_the_fly.status_code, "etag" in on_the_fly.headers) == (200, False)
    assert len(read_stream(on_the_fly.content).files) == COUNT + 1
    clinic.pack()
    other = clinic.client.get(URL, headers=resumed)
    assert (other.status_code, other.headers["etag"] == tag) == (200, False), "another pack is given whole"


def test_a_series_that_is_opened_without_a_pack_is_packed_first(clinic: PackedClinic) -> None:
    clinic.client.get(URL)
    with clinic.archive.box.database.read() as tx:
        assert queries_packs.asked_at(tx, 1)
    for number in (1, 2):
        clinic.archive.store(slice_bytes("1.2.2", "1.2.2.1", number), SYNTAX)
    clinic.client.get("/series/2/stream")
    with clinic.archive.box.database.read() as tx:
        assert not queries_packs.asked_at(tx, 2), "two small images gain nothing"


def test_one_that_is_opened_again_waits_again_and_a_small_picture_opens_nothing(clinic: PackedClinic) -> None:
    small = f"{URL}?for=small-picture"
    assert clinic.client.get(small).content == clinic.client.get(URL, headers={"Range": "bytes=0-"}).content
    with clinic.archive.box.database.write() as tx:
        queries_packs.ask_for(tx, 1, 5)
    clinic.client.get(small)
    with clinic.archive.box.database.read() as tx:
        assert queries_packs.asked_at(tx, 1) == 5
    clinic.client.get(URL)
    with clinic.archive.box.database.read() as tx:
        assert (queries_packs.asked_at(tx, 1) or 0) > 5
    with clinic.client_with(clinic.issue(Permission.READ_STUDY)) as client:
        assert client.get(small).status_code == 403
    assert clinic.events("instances retrieved") == 1


def test_a_pack_that_the_disk_refuses_is_dropped_and_the_scans_are_streamed(clinic: PackedClinic) -> None:
    clinic.pack()
    clinic.path().rename(clinic.path().with_suffix(".away"))
    clinic.path().symlink_to("nowhere")  # no regular file: it cannot be opened
    time.sleep(OPEN_SECONDS)
    assert read_stream(clinic.client.get(URL).content).files == clinic.archive.stored
    assert (clinic.found(), clinic.events("file damaged")) == (None, 0)


@pytest.mark.parametrize("permission", [Permission.LIST_STUDIES, Permission.READ_STUDY])
def test_a_pack_is_for_those_who_may_see_images(clinic: PackedClinic, permission: Permission) -> None:
    clinic.pack()
    with clinic.client_with(clinic.issue(permission)) as client:
        assert client.get(URL).status_code == 403
    with clinic.client_with("") as client:
        assert client.get(URL).status_code == 401


@pytest.mark.parametrize("at", [70, 300_000])
def test_a_bad_pack_is_dropped_and_told_once_and_the_scans_are_streamed(clinic: PackedClinic, at: int) -> None:
    """At the head it shows before the first byte, and nobody notices; later the answer breaks off."""
    for number in range(1, COUNT + 1):
        noisy = bytes((number * n * n // 7) % 256 for n in range(400 * 400 * 2))
        clinic.archive.store(slice_bytes("1.2.1", "1.2.1.1", 20 + number, {"PixelData": noisy}, rows=400), SYNTAX)
    clinic.pack()
    assert clinic.path().stat().st_size > 2_500_000
    flip(clinic.path(), at if at == 70 else -at)
    path = clinic.path()
    if at == 70:
        assert read_stream(clinic.client.get(URL).content).files == clinic.archive.stored
    else:
        with pytest.raises(httpx.RemoteProtocolError):
            clinic.client.get(URL)
    assert clinic.found() is None
    assert clinic.events("pack damaged") == 1
    assert read_stream(clinic.client.get(URL).content).files == clinic.archive.stored
    assert clinic.events("file damaged") == 0
    clinic.pack()
    assert not path.exists()
    assert clinic.client.get(URL).headers["etag"]


def test_a_pack_that_is_dropped_while_it_is_sent_is_no_damage(clinic: PackedClinic) -> None:
    clinic.pack()
    found = clinic.found()
    assert found is not None
    with clinic.archive.box.database.write() as tx:
        assert queries_packs.drop_all(tx) == 1
    clinic.archive.box.vault.remove(found.file.file_id)
    clinic.archive.source._packs.drop_bad(found)
    assert clinic.events("pack damaged") == 0
    assert clinic.client.get(URL).status_code == 200


def test_whoever_loses_access_gets_no_more_of_a_pack(clinic: PackedClinic) -> None:
    for number in range(1, 40):
        noisy = bytes((number * n * n // 7) % 256 for n in range(400 * 400 * 2))
        clinic.archive.store(slice_bytes("1.2.1", "1.2.1.1", 20 + number, {"PixelData": noisy}, rows=400), SYNTAX)
    clinic.pack()
    with clinic.client.stream("GET", URL) as answer:
        pieces = answer.iter_raw(65536)
        assert next(pieces)
        with clinic.archive.box.database.read() as tx:
            (key,) = tx.rows("SELECT max(token_key) FROM machine_tokens")[0]
        revoke_token(clinic.accounts, key, TESTER)
        time.sleep(0.05)
        with pytest.raises(httpx.RemoteProtocolError):
            for _ in pieces:
                pass


def test_a_use_is_noted_once_an_hour(clinic: PackedClinic) -> None:
    found = clinic.pack()
    with clinic.archive.box.database.write() as tx:
        queries_packs.note_use(tx, found.file.file_id, 5)
    clinic.client.get(URL)
    noted = clinic.found()
    assert noted is not None
    assert noted.last_used_at > 5
    clinic.client.get(URL)
    again = clinic.found()
    assert again is not None
    assert again.last_used_at == noted.last_used_at


def test_a_pack_whose_file_is_gone_is_dropped(clinic: PackedClinic) -> None:
    clinic.pack()
    clinic.path().unlink()
    time.sleep(OPEN_SECONDS)
    assert read_stream(clinic.client.get(URL).content).files == clinic.archive.stored
    assert (clinic.found(), clinic.events("pack damaged")) == (None, 1)

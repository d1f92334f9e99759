"""STOW-RS: what is called stored is kept and listed; what is not is named with its reason."""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from appliance.accounts import service
from appliance.accounts.roles import Permission, Role
from appliance.accounts.sessions import Stage, start_session
from appliance.accounts.tokens import all_tokens, revoke_token
from appliance.dicom.part10 import read_file_meta
from appliance.errors import OutOfSpace
from appliance.web.dicomweb.store import Bounds
from appliance.web.http.cookies import SESSION_COOKIE
from tests.canary.search import bytes_spellings, search_folder, spellings
from tests.patience import PATIENCE
from tests.web.a_clinic import form_token_of, hashed, somebody
from tests.web.a_dicomweb import TESTER
from tests.web.a_phantom import slice_bytes
from tests.web.a_store import BOUNDARY, RELATED, AStore, failed, related, store, stored

CT = "1.2.840.10008.5.1.4.1.1.2"
MOST_BYTES = 300_000


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> AStore:
    return AStore(tmp_path_factory.mktemp("box"))


@pytest.fixture(scope="module")
def client(box: AStore) -> Iterator[httpx.Client]:
    with box.served() as client:
        yield client


def a_slice(number: int, study: str = "1.2.7", **attributes: object) -> bytes:
    return slice_bytes(study, f"{study}.1", number, attributes)


def outcomes(box: AStore) -> list[str]:
    """Give what became of each file."""
    return [str(how) for (how,) in box.clinic.rows("SELECT outcome FROM arrivals")]


def test_what_is_stored_comes_back_to_the_byte_and_is_laid_to_its_sender(box: AStore, client: httpx.Client) -> None:
    parts = [a_slice(number) for number in range(1, 4)]
    answer = store(client, parts)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/dicom+json"
    assert stored(answer) == ["1.2.7.1.1", "1.2.7.1.2", "1.2.7.1.3"]
    assert answer.json()["00081190"]["Value"] == ["http://box.test/dicomweb/studies/1.2.7"]
    box.take_in()
    url = answer.json()["00081199"]["Value"][1]["00081190"]["Value"][0]
    back = client.get(url, headers={"Accept": "application/dicom"}).content
    assert back[read_file_meta(back).dataset_offset :] == parts[1][read_file_meta(parts[1]).dataset_offset :]
    (token,) = box.clinic.rows("SELECT max(token_key) FROM machine_tokens")[0]
    told = box.clinic.rows("SELECT event, actor_kind, actor_key, number FROM audit_events ORDER BY sequence DESC")
    assert ("storing began", "token", token, None) in told
    assert ("association ended", "token", token, 3) in told
    assert ("study received", "token", token, 3) in told


def test_whatever_of_the_corpus_is_called_stored_is_listed_and_nothing_waits_in_quarantine(
    corpus_files: list[Path], tmp_path: Path
) -> None:
    box = AStore(tmp_path)
    files = [path for path in corpus_files if path.stat().st_size < MOST_BYTES]
    with box.served() as client:
        kept, refused = [], 0
        for begin in range(0, len(files), 40):
            parts = [path.read_bytes() for path in files[begin : begin + 40]]
            answer = store(client, parts)
            assert answer.status_code in {200, 202}
            kept += stored(answer)
            refused += sum(len(answer.json().get(tag, {}).get("Value", [])) for tag in ("00081198", "0008119A"))
        box.take_in()
        assert len(kept) + refused == len(files)
        assert len(kept) > 100
        assert set(outcomes(box)) <= {"new", "duplicate", "version"}
        assert len(outcomes(box)) == len(kept)
        assert box.clinic.rows("SELECT * FROM quarantine") == []


@pytest.mark.parametrize("study", ["", "1.2.8"])
def test_a_request_that_is_stored_in_part_says_which_and_why(client: httpx.Client, study: str) -> None:
    cut = a_slice(5, "1.2.8")
    parts = {
        "1.2.8.1.1": a_slice(1, "1.2.8"),
        "1.2.8.1.2": a_slice(2, "1.2.8", StudyInstanceUID=""),
        "": b"GIF89a" * 100,
        "1.2.8.1.4": a_slice(4, "1.2.8").replace(CT.encode(), CT.encode()[:-1] + b"4", 1),
        "1.2.8.1.5": cut[: read_file_meta(cut).dataset_offset + 30],
        "1.2.8.1.6": a_slice(6, "1.2.8", SOPClassUID="1.2.840.10008.5.1.4.31"),
        "1.2.9.1.7": a_slice(7, "1.2.9"),
    }
    answer = store(client, list(parts.values()), study)
    assert answer.status_code == 202
    others = {"1.2.9.1.7": "C409"} if study else {}
    assert failed(answer) == {
        "1.2.8.1.2": "0117", "": "C000", "1.2.8.1.4": "A900", "1.2.8.1.5": "C000", "1.2.8.1.6": "0122", **others,
    }  # fmt: skip
    assert stored(answer) == [uid for uid in ("1.2.8.1.1", "1.2.9.1.7") if uid not in others]


def test_a_request_of_which_nothing_can_be_stored_is_a_conflict_or_no_such_request(client: httpx.Client) -> None:
    assert store(client, [b"GIF89a"]).status_code == 409
    assert store(client, [a_slice(1)], "1.2.99").status_code == 409
    assert store(client, []).status_code == 400
    bare = client.post("/dicomweb/studies", content=b"nothing at all", headers={"Content-Type": RELATED})
    assert bare.status_code == 400
    assert bare.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("POST", "/dicomweb/studies", {"Content-Type": "application/dicom"}, 415),
        ("POST", "/dicomweb/studies", {"Content-Type": RELATED.replace("dicom", "dicom+json")}, 415),
        ("POST", "/dicomweb/studies", {}, 415),
        ("POST", "/dicomweb/studies", {"Content-Type": "multipart/related; boundary=" + "b" * 300}, 400),
        ("POST", "/dicomweb/studies", {"Content-Type": RELATED, "Accept": "text/html"}, 406),
        ("POST", "/dicomweb/studies/nothing!", {"Content-Type": RELATED}, 400),
        ("POST", "/dicomweb/series", {"Content-Type": RELATED}, 405),
        ("POST", "/series/1/stream", {"Content-Type": RELATED}, 405),
        ("PUT", "/dicomweb/studies", {"Content-Type": RELATED}, 405),
    ],
)
def test_what_is_no_request_to_store_is_refused_before_its_body(
    box: AStore, client: httpx.Client, method: str, path: str, headers: dict[str, str], status: int
) -> None:
    before = box.clinic.rows("SELECT count(*) FROM audit_events WHERE event = 'storing began'")
    answer = client.request(method, path, content=related([a_slice(1)]), headers=headers)
    assert answer.status_code == status
    if status == 405:
        assert ("POST" in answer.headers["allow"]) == (path == "/dicomweb/studies")
    assert box.clinic.rows("SELECT count(*) FROM audit_events WHERE event = 'storing began'") == before


@pytest.mark.parametrize("headers", [b"", b"content-type:application/dicom;transfer-syntax=*\r\nX-Odd: 1\r\n"])
@pytest.mark.parametrize("kind", [
    f"multipart/related;boundary={BOUNDARY}", f"Multipart/Related; type=application/dicom; boundary=\"{BOUNDARY}\"",
])  # fmt: skip
def test_headers_are_taken_as_senders_write_them(client: httpx.Client, kind: str, headers: bytes) -> None:
    body = b"a preamble\r\n" + related([a_slice(1), a_slice(2)], headers) + b"an epilogue"
    answer = client.post("/dicomweb/studies", content=body, headers={"Content-Type": kind})
    assert (answer.status_code, len(stored(answer))) == (200, 2)


@pytest.mark.usefixtures("client")
def test_only_who_may_store_stores(box: AStore) -> None:
    for permission, status in ((Permission.VIEW_IMAGES, 403), (Permission.STORE_IMAGES, 200)):
        with box.client(box.issue(permission)) as other:
            assert store(other, [a_slice(1)]).status_code == status
            assert other.get("/dicomweb/studies").status_code == 403
    with box.client("enamel_none") as stranger:
        assert store(stranger, [a_slice(1)]).status_code == 401


def a_session(box: AStore, role: Role, name: str, *, image_right: bool) -> str:
    with box.clinic.database.write() as tx:
        new = somebody(role, image_right=image_right, user_name=name)
        account = service._insert(tx, box.accounts, new, hashed(new.password), TESTER)
        return start_session(tx, account.account_key, Stage.FULL, "192.0.2.10", box.clinic.clock.now())


@pytest.mark.usefixtures("client")
def test_a_browser_stores_with_the_form_token_of_its_session_and_from_no_other_site(box: AStore) -> None:
    secret = a_session(box, Role.ASSISTANT, "assistant.stores", image_right=True)
    with box.client(Cookie=f"{SESSION_COOKIE}={secret}") as browser:
        token = {"x-form-token": form_token_of(secret)}
        assert store(browser, [a_slice(1, "1.2.70")], headers=token).status_code == 200
        for foreign in ({}, {"x-form-token": form_token_of("another")}, {**token, "sec-fetch-site": "cross-site"},
                        {**token, "origin": "https://elsewhere.test"}):  # fmt: skip
            assert store(browser, [a_slice(2, "1.2.70")], headers=foreign).status_code == 403
    box.take_in()
    told = box.clinic.rows("SELECT event, actor_kind FROM audit_events WHERE actor_kind = 'account' ORDER BY sequence")
    events = ("storing began", "not permitted", "association ended", "study received")
    assert told[-4:] == [(event, "account") for event in events]
    secret = a_session(box, Role.RECEPTION, "reception.stores", image_right=False)
    with box.client(Cookie=f"{SESSION_COOKIE}={secret}") as browser:
        assert store(browser, [a_slice(1)], headers={"x-form-token": form_token_of(secret)}).status_code == 403


def test_the_bounds_of_a_request_are_held_and_what_was_whole_before_is_kept(tmp_path: Path) -> None:
    one = a_slice(1)
    box = AStore(tmp_path, Bounds(request_bytes=400_000, parts=2), largest_part_bytes=100_000)
    with box.served() as client:
        assert store(client, [bytes(400_000)]).status_code == 413, "told by its length"
        body = iter([related([one, a_slice(2), a_slice(3)])])
        unsized = client.post("/dicomweb/studies", content=body, headers={"Content-Type": RELATED})
        assert (unsized.status_code, stored(unsized)) == (202, ["1.2.7.1.1", "1.2.7.1.2"])
        assert unsized.headers["connection"] == "close"
        answer = store(client, [slice_bytes("1.2.7", "1.2.7.1", 4, rows=300), one])
        assert failed(answer) == {"1.2.7.1.4": "A701"}
        assert stored(answer) == ["1.2.7.1.1"]


def test_a_full_disk_is_told_and_an_object_that_it_met_is_not_kept(tmp_path: Path) -> None:
    asked = 0

    def check_space() -> None:
        nonlocal asked
        asked += 1
        if asked > 2:
            raise OutOfSpace("free space is below the reserve")

    box = AStore(tmp_path, check_space=check_space)
    with box.served() as client:
        answer = store(client, [a_slice(1), a_slice(2)])
        assert (answer.status_code, stored(answer), failed(answer)) == (202, ["1.2.7.1.1"], {"1.2.7.1.2": "A700"})
        assert store(client, [a_slice(3)]).status_code == 507
        box.take_in()
        assert outcomes(box) == ["new"]


def raw(box: AStore, token: str) -> socket.socket:
    """Open a connection and say that a body comes in chunks."""
    line = socket.socket(socket.AF_UNIX)
    line.connect(str(box.socket))
    head = (
        f"POST /dicomweb/studies HTTP/1.1\r\nHost: box.test\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: {RELATED}\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    line.sendall(head.encode())
    return line


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def until(found: Callable[[], bool]) -> None:
    last = time.monotonic() + 10 * PATIENCE
    while not found():
        assert time.monotonic() < last
        time.sleep(0.02)


def test_a_request_that_is_cut_keeps_the_objects_that_are_whole(tmp_path: Path) -> None:
    box = AStore(tmp_path)
    with box.served():
        body = related([a_slice(1), a_slice(2)])
        with raw(box, box.issue(Permission.STORE_IMAGES)) as line:
            line.sendall(chunk(body[: len(body) - 300]))
            until(lambda: any(tmp_path.glob("inbox/*/association")))
            time.sleep(0.2)
        until(lambda: any(tmp_path.glob("inbox/*/end")))
        box.take_in()
        assert box.clinic.rows("SELECT sop_instance_uid FROM instances") == [("1.2.7.1.1",)]
        assert box.clinic.rows("SELECT outcome, declared_count FROM associations") == [("aborted", 1)]


def test_whoever_loses_the_right_in_the_middle_stores_no_more(tmp_path: Path) -> None:
    box = AStore(tmp_path)
    with box.served():
        token = box.issue(Permission.STORE_IMAGES)
        body = related([a_slice(1), a_slice(2)])
        with raw(box, token) as line:
            line.sendall(chunk(body[: len(body) // 2 + 100]))
            until(lambda: any(tmp_path.glob("inbox/*/association")))
            time.sleep(0.2)
            revoke_token(box.accounts, all_tokens(box.accounts)[-1].token_key, TESTER)
            line.sendall(chunk(body[len(body) // 2 + 100 :]) + b"0\r\n\r\n")
            answer = b""
            while part := line.recv(65536):
                answer += part
        assert b" 202 " in answer.split(b"\r\n")[0]
        assert f'{{"vr": "US", "Value": [{0x0124}]}}'.encode() in answer
        box.take_in()
        assert box.clinic.rows("SELECT sop_instance_uid FROM instances") == [("1.2.7.1.1",)]


def test_a_sender_that_falls_silent_is_cut_off_and_others_have_their_turn(tmp_path: Path) -> None:
    box = AStore(tmp_path, Bounds(idle_seconds=0.3 * PATIENCE, at_once=1, at_once_each=1))
    with box.served() as client:
        with raw(box, box.issue(Permission.STORE_IMAGES)) as line:
            line.sendall(chunk(related([a_slice(1)])[:500]))
            time.sleep(0.1 * PATIENCE)  # until it has its turn
            busy = store(client, [a_slice(2)])
            assert (busy.status_code, busy.headers["retry-after"]) == (503, "30")
            assert line.recv(100).startswith(b"HTTP/1.1 408")
        assert store(client, [a_slice(2)]).status_code == 200


def test_a_sender_that_never_falls_silent_holds_its_turn_for_so_long_only(tmp_path: Path) -> None:
    box = AStore(tmp_path, Bounds(longest_seconds=1.0, at_once=1, at_once_each=1))
    with box.served() as client:
        with raw(box, box.issue(Permission.STORE_IMAGES)) as line:
            line.settimeout(0.1)
            answer, tries = b"", 0
            while not answer and tries < 50:
                tries += 1
                with suppress(BrokenPipeError):  # it may have answered and gone meanwhile
                    line.sendall(chunk(related([a_slice(1)])[tries - 1 : tries]))
                with suppress(TimeoutError):
                    answer = line.recv(100)
            assert answer.startswith(b"HTTP/1.1 408")
        assert store(client, [a_slice(2)]).status_code == 200


def test_nothing_of_a_patient_is_on_the_disk_in_clear(tmp_path: Path) -> None:
    name, watermark = "Zzyzx^Quillfeather", b"WATERMARK-93716-"
    needles = spellings(name) | bytes_spellings(watermark)
    box = AStore(tmp_path)
    one = slice_bytes("1.2.7", "1.2.7.1", 1, {"PatientName": name, "PixelData": watermark * 32})
    with box.served() as client:
        assert store(client, [one]).status_code == 200
        assert search_folder(tmp_path, needles) == []
        box.take_in()
        assert search_folder(tmp_path, needles) == []
        (tmp_path / "leak").write_bytes(one)
        assert search_folder(tmp_path, needles) == [str(tmp_path / "leak")], "so a leak would be found"


def test_a_record_that_somebody_else_wrote_speaks_for_nobody(tmp_path: Path) -> None:
    box = AStore(tmp_path)
    with box.served() as client:
        assert store(client, [a_slice(1)]).status_code == 200
    with box.clinic.database.write() as tx:
        tx.change("UPDATE web_senders SET record_sha256 = zeroblob(32)")
    box.take_in()
    told = box.clinic.rows("SELECT event, actor_kind FROM audit_events WHERE event = 'study received'")
    assert told == [("study received", "nobody")]

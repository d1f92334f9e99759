"""A canary patient goes through the whole box; its name and its pixels are found nowhere outside ciphertext."""

import os
import re
import resource
import secrets
import signal
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import quote

import httpx
import psutil
import pytest

from tests.canary.search import bytes_spellings, search_bytes, search_folder, search_process, spellings
from tests.faults.raw_scu import RawScu, Refusal, instance
from tests.stories.clinic import ROOT, form_of, until
from tests.stories.running_box import RunningBox

SLICES = 12


@pytest.fixture(scope="module")
def canary() -> tuple[str, bytes]:
    """Draw a name and a pixel watermark that nobody else writes anywhere."""
    return f"Canário^Zilda {secrets.token_hex(6)}", secrets.token_bytes(48)


@pytest.fixture
def cores_are_written() -> Iterator[None]:
    """Let what is started here write core files, as a machine may be set up to, as far as that is ours to say."""
    before = resource.getrlimit(resource.RLIMIT_CORE)
    most = resource.RLIM_INFINITY if os.geteuid() == 0 else before[1]
    resource.setrlimit(resource.RLIMIT_CORE, (most, most))
    yield
    resource.setrlimit(resource.RLIMIT_CORE, before)


@pytest.mark.usefixtures("cores_are_written")
def test_a_canary_is_found_nowhere(tmp_path: Path, free_port_block: int, canary: tuple[str, bytes]) -> None:
    name, watermark = canary
    began = time.time()
    needles = spellings(name) | spellings(name.split("^")[1]) | bytes_spellings(watermark)
    with RunningBox(tmp_path / "data", free_port_block) as box:
        _store_and_break_off(box, name, watermark)
        rows = box.wait_for(SLICES, 30)
        assert len(rows) == SLICES
        assert watermark in box.dataset(rows[0]), "the canary did not come in, so its absence would prove nothing"
        with closing(box.sign_in()) as browser:
            assert name.split("^")[1] in _walk(browser), "the pages did not show the canary"
            with browser.stream("GET", "/events", params={"q": name}) as events:
                assert events.status_code == httpx.codes.OK
        _hang_up(box, _read_as_machine(box, name), name)
        assert _crash_parsers(box), "nothing that reads what came in was running"
        for process in ("staff", "intake", "receiver", "jobs"):
            _crash(box, process)
        family = [psutil.Process(box.process.pid), *psutil.Process(box.process.pid).children(recursive=True)]
        assert len(family) >= 5
        assert {process.rlimit(psutil.RLIMIT_CORE) for process in family} == {(0, 0)}, "a crash would write memory"
        hits = [hit for process in family for hit in search_process(process.pid, needles)]
        hits += search_folder(tmp_path, needles)
    hits += search_folder(tmp_path, needles)
    hits += _recent_temporary_files(began, needles)
    hits += [str(path) for path in ROOT.glob("core*") if _modified(path) >= began]
    assert hits == []


def test_the_search_would_find_a_leak_in_a_box(tmp_path: Path, canary: tuple[str, bytes]) -> None:
    (tmp_path / "data" / "logs").mkdir(parents=True)
    (tmp_path / "data" / "logs" / "intake.log").write_bytes(b"stored " + canary[0].encode("utf-16-le"))
    assert search_folder(tmp_path, spellings(canary[0]))


def _store_and_break_off(box: RunningBox, name: str, watermark: bytes) -> None:
    first = secrets.randbelow(1 << 40)
    with RawScu(box.dicom) as association:
        for number in range(SLICES):
            size = 12_000_000 if number == 0 else 200_000  # one that fits no socket's buffers
            association.store(instance(first + 7 * number, size, name, watermark))
        association.release()
    broken = RawScu(box.dicom)
    broken.break_off(instance(first + 7 * SLICES, 400_000, name, watermark))
    with pytest.raises(Refusal), RawScu(box.dicom) as association:
        association.store(instance(first, 100, name, watermark).with_uid("../../" + "9" * 80))


def _walk(browser: httpx.Client) -> str:
    """Search for the name, open the study and its series; give what was shown."""
    found = browser.post("/studies/search", data={**form_of(browser.get("/studies")), "q": "canario zilda"})
    assert "canario" not in str(found.url).lower()
    shown = found.text
    for link in _links(found.text, r"/studies/[0-9]+"):
        page = browser.get(link)
        page.raise_for_status()
        shown += page.text
    for link in _links(shown, r"/series/[0-9]+/view"):
        browser.get(link).raise_for_status()
        stream = browser.get(link.removesuffix("view") + "stream")
        stream.raise_for_status()
        assert stream.content.startswith(b"ENSTREAM")
    return shown


def _read_as_machine(box: RunningBox, name: str) -> str:
    """Search by name and read metadata and a frame, over DICOMweb; give the study's UID."""
    rows = box.instances(PatientName=name)
    assert len(rows) == SLICES, "a search by the canary's name did not find it"
    study, series, sop = (rows[0][tag]["Value"][0] for tag in ("0020000D", "0020000E", "00080018"))
    metadata = box.dicomweb(f"/studies/{study}/metadata")
    assert name.split("^")[1] in metadata.text, "the metadata did not have the canary"
    frame = f"/studies/{study}/series/{series}/instances/{sop}/frames/1"
    assert box.dicomweb(frame, "multipart/related; type=*/*").status_code == httpx.codes.OK
    return str(study)


def _hang_up(box: RunningBox, study: str, name: str) -> None:
    """Ask with the name in the query, and close the connection in mid-answer or before there is one."""
    web = httpx.URL(box.facts["dicomweb"]["url"])
    for path, read_bytes in ((f"/studies/{study}", 1000), ("/studies", 0), ("/instances", 100)):
        with socket.socket() as plain:
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)  # so that the answer cannot lie in buffers
            plain.connect((web.host, web.port or 443))
            with box.trust.wrap_socket(plain, server_hostname=web.host) as line:
                asked = f"GET {web.path}{path}?PatientName={quote(name)} HTTP/1.1\r\nHost: {web.netloc.decode()}\r\n"
                line.sendall(f"{asked}Authorization: Bearer {box.facts['dicomweb']['token']}\r\n\r\n".encode())
                assert not read_bytes or b" 200 " in line.recv(read_bytes)
    caddy = box.data / "logs" / "caddy.log"
    until(lambda: caddy.read_text().count("aborting with incomplete response") >= 2, 10)  # the events, the study


def _crash(box: RunningBox, name: str) -> None:
    """Let a process of the box end as by a bug of its own, and wait until another one does its duty."""
    crashed = box.child(name)
    assert crashed is not None
    crashed.send_signal(signal.SIGABRT)
    until(lambda: (again := box.child(name)) is not None and again.pid != crashed.pid, 20)


def _crash_parsers(box: RunningBox) -> int:
    """Let everything that parses what came in from elsewhere end as by a bug; give how many there were."""
    crashed = 0
    for each in psutil.Process(box.process.pid).children(recursive=True):
        with suppress(psutil.NoSuchProcess):  # a zombie too
            if any("appliance.sandbox" in word for word in each.cmdline()):
                each.send_signal(signal.SIGABRT)
                crashed += 1
    return crashed


def _links(page: str, pattern: str) -> list[str]:
    found = sorted(set(re.findall(f'href="({pattern})', page)))
    assert found, f"no link like {pattern} was shown"
    return found


def _recent_temporary_files(since: float, needles: set[bytes]) -> list[str]:
    """Search what is new in every temporary folder, but in those of other tests that run beside this one."""
    hits, folders = [], {tempfile.gettempdir(), "/tmp", "/var/tmp", "/dev/shm"}  # noqa: S108  they are searched, not used
    own = f"popen-{os.environ.get('PYTEST_XDIST_WORKER')}"
    for folder in [one for one in folders if not any(Path(one).is_relative_to(other) for other in folders - {one})]:
        for top, below, names in os.walk(folder):
            below[:] = [name for name in below if name == own or not re.fullmatch(r"popen-gw\d+", name)]
            recent = [Path(top) / n for n in names if _modified(Path(top) / n) >= since]
            hits += [hit for path in recent for hit in _search_one(path, needles)]
    return hits


def _modified(path: Path) -> float:
    try:
        return path.lstat().st_mtime
    except OSError:
        return 0.0


def _search_one(path: Path, needles: set[bytes]) -> list[str]:
    try:
        return [str(path)] if path.is_file() and search_bytes(path.read_bytes(), needles) else []
    except OSError:
        return []

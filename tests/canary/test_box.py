"""A canary patient goes through the whole box; its name and its pixels are found nowhere outside ciphertext."""

import os
import secrets
import tempfile
import time
from pathlib import Path

import httpx
import psutil
import pyotp
import pytest

from tests.canary.search import bytes_spellings, search_bytes, search_folder, search_process, spellings
from tests.faults.raw_scu import RawScu, Refusal, instance
from tests.stories.clinic import form_of
from tests.stories.running_box import RunningBox

SLICES = 12


@pytest.fixture(scope="module")
def canary() -> tuple[str, bytes]:
    """Draw a name and a pixel watermark that nobody else writes anywhere."""
    return f"Canário^Zilda {secrets.token_hex(6)}", secrets.token_bytes(48)


@pytest.mark.timeout(180)
def test_a_canary_is_found_nowhere(tmp_path: Path, free_port_block: int, canary: tuple[str, bytes]) -> None:
    name, watermark = canary
    began = time.time()
    needles = spellings(name) | spellings(name.split("^")[1]) | bytes_spellings(watermark)
    with RunningBox(tmp_path / "data", free_port_block) as box:
        _store_and_break_off(box, name, watermark)
        rows = box.wait_for(SLICES, 30)
        assert len(rows) == SLICES
        assert watermark in box.dataset(rows[0]), "the canary did not come in, so its absence would prove nothing"
        assert name.split("^")[1] in _walk(box), "the pages did not show the canary"
        family = [psutil.Process(box.process.pid), *psutil.Process(box.process.pid).children(recursive=True)]
        assert len(family) >= 5
        hits = [hit for process in family for hit in search_process(process.pid, needles)]
        hits += search_folder(tmp_path, needles)
    hits += search_folder(tmp_path, needles)
    hits += _recent_temporary_files(began, needles)
    assert hits == []


def test_the_search_would_find_a_leak_in_a_box(tmp_path: Path, canary: tuple[str, bytes]) -> None:
    (tmp_path / "data" / "logs").mkdir(parents=True)
    (tmp_path / "data" / "logs" / "intake.log").write_bytes(b"stored " + canary[0].encode("utf-16-le"))
    assert search_folder(tmp_path, spellings(canary[0]))


def _store_and_break_off(box: RunningBox, name: str, watermark: bytes) -> None:
    first = secrets.randbelow(1 << 40)
    with RawScu(box.dicom) as association:
        for number in range(SLICES):
            association.store(instance(first + 7 * number, 200_000, name, watermark))
        association.release()
    broken = RawScu(box.dicom)
    broken.break_off(instance(first + 7 * SLICES, 400_000, name, watermark))
    with pytest.raises(Refusal), RawScu(box.dicom) as association:
        association.store(instance(first, 100, name, watermark).with_uid("../../" + "9" * 80))


def _walk(box: RunningBox) -> str:
    """Sign in as the demo's user does, look at the list with a search for the name; give the page."""
    web = box.facts["web"]
    with httpx.Client(base_url=web["url"], verify=box.trust, follow_redirects=True, timeout=30) as browser:
        login = {**form_of(browser.get("/login")), "user_name": web["user"], "password": web["password"]}
        asked = browser.post("/login", data=login)
        browser.post("/login/code", data={**form_of(asked), "code": pyotp.TOTP(web["totp_secret"]).now()})
        page = browser.get("/studies", params={"q": "canario"})
        page.raise_for_status()
        return page.text


def _recent_temporary_files(since: float, needles: set[bytes]) -> list[str]:
    hits = []
    for folder in {tempfile.gettempdir(), "/tmp", "/var/tmp", "/dev/shm"}:  # noqa: S108  they are searched, not used
        for top, _, names in os.walk(folder):
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

"""After a sign-out a browser has nothing of a study, in a real Chromium with a profile on the disk."""

import re
import ssl
from base64 import b64encode
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pydicom import dcmread

from tests.patience import PATIENCE
from tests.stories.clinic import RunningClinic, small_scan, until, written
from tests.stories.walks import faults_of, walk

pytestmark = [pytest.mark.slow, pytest.mark.peer("storescu", "chromium", "node", "npm")]

KEPT = ("Cache", "Code Cache", "IndexedDB", "Local Storage", "Service Worker", "Session Storage")
NOTHING = {"session": 0, "local": 0, "databases": 0, "caches": 0, "workers": 0}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory, module_port_block: int) -> dict[str, Any]:
    """Let a dentist look and sign out, once; what the browser wrote is read afterwards."""
    folder = tmp_path_factory.mktemp("nothing-kept")
    with RunningClinic(folder / "data", module_port_block) as clinic:
        written(folder / "disk", small_scan(0, 12).slices())
        assert clinic.storescu(folder / "disk").returncode == 0
        until(lambda: len(clinic.enamel("studies", "list")) == 1, 30)
        plan = {"profile": str(folder / "profile"), "key": key_of(clinic)}
        answer = dict(walk("nothing_kept.mjs", folder, clinic, plan))
        [study] = clinic.enamel("studies", "list")
        facts = {"study": study, "uid": uid_of(folder / "disk"), "url": clinic.facts["web"]["url"]}
        return answer | facts | {"profile": folder / "profile" / "Default"}


def uid_of(folder: Path) -> str:
    """Give the Study Instance UID of what was sent."""
    return str(dcmread(next(path for path in folder.rglob("*") if path.is_file())).StudyInstanceUID)


def key_of(clinic: RunningClinic) -> str:
    """Give the hash of the box's own public key."""
    place = urlsplit(clinic.facts["web"]["url"])
    certificate = x509.load_pem_x509_certificate(
        ssl.get_server_certificate((str(place.hostname), int(place.port or 443))).encode()
    )
    key = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return b64encode(sha256(key).digest()).decode()


def files_of(profile: Path, folder: str) -> list[bytes]:
    """Give what Chromium wrote below one folder of its profile."""
    return [path.read_bytes() for path in (profile / folder).rglob("*") if path.is_file()]


def test_storage_is_empty_in_every_tab(found: dict[str, Any]) -> None:
    assert [each["session"] > 0 for each in found["before"]] == [True, True], "something was there"
    assert found["before"][0]["local"] == 1
    assert found["after"] == [NOTHING, NOTHING]


def test_the_browser_stays_known_and_waits_for_nothing(found: dict[str, Any]) -> None:
    assert "__Host-enamel-device" in found["cookies"]
    assert "__Host-enamel-session" not in found["cookies"]
    assert found["milliseconds"] < 3000 * PATIENCE


def test_the_cache_on_the_disk_has_files_of_the_release_and_nothing_else(found: dict[str, Any]) -> None:
    address = re.compile(re.escape(found["url"].encode()) + rb"(/[\w./%?=&-]*)")
    paths = {path.decode() for each in files_of(found["profile"], "Cache") for path in address.findall(each)}
    assert [path for path in paths if path.startswith("/static/")], "it caches what it may"
    assert [path for path in paths if not path.startswith("/static/") and path != "/"] == []


def test_nothing_on_the_disk_names_the_patient_or_the_study(found: dict[str, Any]) -> None:
    names = {found["study"]["patient_name"], found["study"]["patient_id"], found["uid"]}
    said = {one.encode(code) for name in names for one in (name, name.split("^")[0]) for code in ("utf-8", "utf-16-le")}
    for folder in KEPT:
        for each in files_of(found["profile"], folder):
            assert [one for one in said if one in each] == [], folder


def test_no_page_broke_its_policy_or_its_script(found: dict[str, Any]) -> None:
    assert faults_of(found) == {"errors": [], "policy": [], "foreign": []}

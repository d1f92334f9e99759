"""A technician, an administrator and a dentist walk through a clinic in a real Chromium, up to the picture."""

import json
import socket
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from appliance.web.http.cookies import DEVICE_COOKIE, FORM_COOKIE, SESSION_COOKIE
from appliance.web.http.headers import HEADERS
from tests.patience import PATIENCE
from tests.stories.clinic import RunningClinic, small_scan, written
from tests.stories.walks import browsing

pytestmark = [pytest.mark.peer("storescu", "chromium", "node", "npm"), pytest.mark.alone]
CALLING = "CBCT_ROOM2"
SLICES = 12
POINTS = (0, 31 * 64 + 32, 20 * 64 + 40, 64 * 64 - 1)
HSTS = "max-age=31536000"
MOST_SCRIPT_BYTES = 60_000


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory, module_port_block: int) -> Iterator[RunningClinic]:
    folder = tmp_path_factory.mktemp("walk")
    with RunningClinic(folder / "data", module_port_block, ("--no-samples",)) as running:
        yield running


@pytest.fixture(scope="module")
def met(clinic: RunningClinic, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Let everybody walk, once, and give what they met."""
    browsing()
    folder = tmp_path_factory.mktemp("plan")
    scan, dicom = small_scan(0, SLICES), clinic.facts["dicom"]
    written(folder / "disk", scan.slices())
    to = [dicom["host"], str(dicom["port"])]
    plan = {
        "facts": clinic.facts,
        "storescu": ["storescu", "-aet", CALLING, "-aec", dicom["ae_title"], "+sd", *to, str(folder / "disk")],
        "calling": CALLING,
        "name": "Alarcón Núñez, María José",
        "typed": "alarcon nunez",
        "slot": SLICES // 2,
        "at": POINTS,
    }
    (folder / "plan.json").write_text(json.dumps(plan))
    command = ["node", str(Path(__file__).parent / "walk.mjs"), str(folder / "plan.json")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def as_administrator(clinic: RunningClinic, met: dict[str, Any]) -> httpx.Client:
    """Go on in the administrator's session, for a code works only once."""
    browser = clinic.browser()
    browser.follow_redirects = False
    browser.headers["cookie"] = f"{SESSION_COOKIE}={met['found']['cookies'][0]['value']}"
    return browser


def spoken(port: int, trust: ssl.SSLContext) -> str | None:
    """Give the version of TLS that the clinic's pages agree to."""
    with (
        socket.create_connection(("localhost", port)) as plain,
        trust.wrap_socket(plain, server_hostname="localhost") as tls,
    ):
        return tls.version()


def test_no_page_breaks_its_policy_fails_or_asks_anything_of_another_host(met: dict[str, Any]) -> None:
    assert met["faults"] == {"policy": [], "foreign": [], "errors": [], "warnings": []}


def test_a_refused_scanner_shows_up_by_itself_and_one_press_lets_it_in(met: dict[str, Any]) -> None:
    found = met["found"]
    assert found["refused"] != 0
    assert found["waiting"] == ["1"]
    assert found["accepted"] == 0


def test_a_scan_appears_in_the_open_list_and_settles_there_without_a_reload(met: dict[str, Any]) -> None:
    found = met["found"]
    assert found["beforeAny"] == ["Ready for the first scan"]
    assert found["samePage"]
    assert found["listedSeconds"] < 3
    assert found["shifted"] == []


def test_it_is_found_by_keyboard_without_its_accents_and_its_name_is_in_no_address(met: dict[str, Any]) -> None:
    found = met["found"]
    filters = ["when", "modality", "device", "state", "sort"]
    assert found["focus"] == ["Search", *filters, "Alarcón Núñez, María José"]
    assert found["below"] == "Alarcón Núñez, María José", "one press of a key goes from the search to what it found"
    assert "alarcon" not in found["address"].lower()
    assert found["study"]["name"] == ["Alarcón Núñez, María José"]
    assert found["study"]["notice"] == ["Keep it on the scanner for now, or on its disc"]
    assert found["study"]["series"] == [f"{SLICES} received, no gaps: compare with the console"]
    assert (found["thumbnail"]["width"], found["thumbnail"]["height"]) == (64, 64)
    assert found["thumbnail"]["darkest"] < 8
    assert found["thumbnail"]["brightest"] > 200


def test_the_viewer_shows_the_phantom_with_its_very_values(met: dict[str, Any]) -> None:
    found, scan = met["found"], small_scan(0, SLICES)
    state = found["state"]
    assert (state["images"], state["loaded"], state["isVolume"]) == (SLICES, SLICES, True)
    assert state["problems"] == [None] * SLICES
    slices = scan.jaw.slices(scan.shape, scan.spacing_mm)
    wanted = [(np.asarray(image).ravel()[list(POINTS)] + 1000).tolist() for image in slices]
    assert found["stored"] in (wanted[SLICES // 2], wanted[SLICES - 1 - SLICES // 2]), "either end may come first"
    assert found["reading"][0].startswith("Grey value")
    assert found["fullScreenName"], "whose picture it is stays in sight"
    assert found["backAt"].startswith("/studies/")


def test_the_sheets_fit_the_screen_and_say_what_buttons_mean_and_what_is_kept(met: dict[str, Any]) -> None:
    sheets = met["found"]["sheets"]
    assert sheets["dates"] == ["17 Mar 1984"], "as on every page"
    assert sheets["keys"] == {"fits": True, "pictures": 13}
    assert not sheets["clears"], "there is nothing to remove"
    assert sheets["list"][-1].startswith("Measurements stay in this tab"), "before somebody relies on it"


def test_little_script_travels_before_the_first_picture(met: dict[str, Any]) -> None:
    travelled = met["found"]["travelled"]
    names = [one["file"] for one in travelled["before"]]
    assert sorted(names) == ["office.js", "viewer.js", "worker.js"], "no file that another one has to ask for first"
    assert sum(one["bytes"] for one in travelled["before"]) <= MOST_SCRIPT_BYTES, travelled["before"]
    assert any(name.startswith("sheets-") for name in travelled["after"]), "fetched before anybody asks for it"


def test_a_lock_empties_every_tab_within_a_second_and_the_way_back_shows_nothing(met: dict[str, Any]) -> None:
    found = met["found"]
    for tab in found["dark"]:
        assert tab["gone"]
        assert tab["seconds"] < PATIENCE
        assert tab["canvases"] == 0
        assert "Alarcón" not in tab["words"]
    assert found["lockWords"] == ["Screen locked"]
    assert found["backwards"]["at"] == "/lock"
    assert "Alarcón" not in found["backwards"]["words"]


def test_the_password_leads_back_to_the_planes_as_hands_had_left_them(met: dict[str, Any]) -> None:
    found = met["found"]
    assert found["lockedAt"].startswith("/lock?back=%2Fseries%2F")
    assert found["cameBack"]
    assert len(found["kept"]["before"]["marks"]) == 1
    assert found["kept"]["after"] == found["kept"]["before"]


def test_every_page_is_isolated_from_other_origins(met: dict[str, Any]) -> None:
    assert (met["found"]["isolatedAtLogin"], met["found"]["isolated"]) == (True, True)


def test_every_page_has_a_title_and_targets_that_a_finger_hits(met: dict[str, Any]) -> None:
    found = met["found"]
    assert {name: small for name, small in found["small"].items() if small} == {}
    assert all(title.endswith(" · Enamel") and len(title) > 9 for title in found["titles"].values()), found["titles"]


def test_cookies_stay_with_this_host_and_out_of_scripts(met: dict[str, Any]) -> None:
    fixed = {"domain": "localhost", "path": "/", "expires": -1, "httpOnly": True, "secure": True, "sameSite": "Strict"}
    for name, cookies in ((FORM_COOKIE, met["found"]["formCookies"]), (SESSION_COOKIE, met["found"]["cookies"])):
        assert name.startswith("__Host-")
        found = [{**cookie, "value": ""} for cookie in cookies if cookie["name"] != DEVICE_COOKIE]
        assert found == [{"name": name, "value": "", **fixed}]
    [known] = [cookie for cookie in met["found"]["cookies"] if cookie["name"] == DEVICE_COOKIE]
    assert known["expires"] > 0, "this browser stays known"
    assert {**known, "value": "", "expires": -1} == {"name": DEVICE_COOKIE, "value": "", **fixed}


def test_pages_come_over_tls_1_3_alone_and_with_exactly_these_headers(
    clinic: RunningClinic, met: dict[str, Any]
) -> None:
    port = int(clinic.facts["web"]["url"].rpartition(":")[2])
    assert spoken(port, clinic.trust) == "TLSv1.3"
    old = clinic.trust
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    with pytest.raises(ssl.SSLError):
        spoken(port, old)
    expected = {name.lower(): value for name, value in HEADERS.items()} | {"strict-transport-security": HSTS}
    usual = {"content-type", "content-length", "set-cookie", "date", "alt-svc", "content-encoding", "vary"}
    with as_administrator(clinic, met) as browser, clinic.browser() as stranger:
        for path in ("/login", "/studies", "/people", "/nothing-here"):
            asking = stranger if path == "/login" else browser
            headers = asking.get(path, headers={"accept": "text/html"}).headers
            assert {name: value for name, value in headers.items() if name not in usual} == expected, path


def test_the_list_comes_at_once(clinic: RunningClinic, met: dict[str, Any]) -> None:
    with as_administrator(clinic, met) as browser:
        fastest = min(browser.get("/studies").elapsed.total_seconds() for _ in range(20))
    assert fastest < 0.05 * PATIENCE

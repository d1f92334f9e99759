"""The screen locks in a real Chromium without the box's word, and what was opened there is not lost by it."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from appliance.accounts.peers.publishing import Publication
from appliance.export.entries import Shelf
from appliance.export.package import Exporter
from appliance.intake.quarantine import Quarantine
from appliance.keys.secret import SecretKey
from appliance.web.http.cookies import SESSION_COOKIE
from appliance.web.staff.app import create_app
from appliance.web.staff.context import StaffContext
from tests.viewer.test_local_files import NAMES, SLICES, scan_of
from tests.viewer.test_storing_files import session_of
from tests.web.a_clinic import PASSWORD
from tests.web.a_laboratory import a_laboratory
from tests.web.a_phantom import slice_bytes
from tests.web.a_server import serving
from tests.web.a_store import AStore, store

pytestmark = [pytest.mark.peer("chromium", "node", "npm")]


@pytest.fixture(scope="module")
def found(drive: Path, tmp_path_factory: pytest.TempPathFactory, module_port_block: int) -> dict[str, Any]:
    """What was seen. The box locks after five minutes, the pages are told to sooner."""
    box, files = AStore(tmp_path_factory.mktemp("box")), tmp_path_factory.mktemp("files")
    for i, slice_ in enumerate(scan_of(*NAMES[0], SLICES)):
        slice_.save_as(files / f"IM{i:04}", enforce_file_format=True)
    with box.served() as client:
        store(client, [slice_bytes("1.2.7", f"1.2.7.{n}", n) for n in (1, 2, 3)])
    box.take_in()
    clinic, port = box.clinic, module_port_block
    quarantine = Quarantine(clinic.database, clinic.keys, clinic.parts.vault, clinic.audit, clinic.clock)
    publication = Publication(clinic.folder / "admission.json", clinic.files)
    exporter = Exporter(Shelf(clinic.database, clinic.keys, clinic.parts.vault), clinic.audit, clinic.clock, "Clinic")
    vault, keys = clinic.parts.vault, clinic.keys
    laboratory = a_laboratory(clinic.database, vault, keys, clinic.audit, clinic.clock, clinic.root)
    context = StaffContext(box.accounts, publication, quarantine, SecretKey.new(), exporter, laboratory)
    pages = create_app(context)
    shots = os.environ.get("ENAMEL_SHOTS", "")
    told = {"cookie": [SESSION_COOKIE, session_of(box)], "password": PASSWORD, "shots": shots}
    with serving(box.application(pages), port=port):
        command = ["node", str(drive), f"http://127.0.0.1:{port}", "locks", str(files)]
        environment = {**os.environ, "ENAMEL_LOCAL": json.dumps(told)}
        done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["faults"] == {"policy": [], "foreign": [], "errors": []}
    return dict(answer["found"])


@pytest.mark.parametrize("page", ["list", "viewer"])
def test_without_a_network_the_page_says_so_and_then_hides_everything(found: dict[str, Any], page: str) -> None:
    seen = found[page]
    assert seen["before"]["page"]
    assert seen["silent"], "that the box cannot be reached is said before"
    assert not seen["away"]["page"]
    assert "The box does not answer" in seen["away"]["veil"]
    assert seen["touched"] == seen["away"], "hands bring nothing back"
    assert seen["back"]["page"], "a box that says that the session is not locked does"


def test_an_answer_that_breaks_off_is_none_and_the_page_says_so(found: dict[str, Any]) -> None:
    seen = found["lines"]
    assert seen["before"] > 0
    assert seen["broken"] == {"told": True, "rows": seen["before"], "busy": "false"}, "what was there stays"
    assert seen["mended"] == {"silent": True, "rows": seen["before"]}
    assert seen["live"] == {"asked": 2, "streams": 1, "silent": True}, "a live list that broke off is asked for again"


def test_a_box_that_says_locked_is_believed_before_its_answer_has_ended(found: dict[str, Any]) -> None:
    assert found["lines"]["locked"]


def test_a_tablet_that_slept_shows_nothing_when_it_is_looked_at(found: dict[str, Any]) -> None:
    assert found["woken"] is False


def test_opened_files_wait_behind_the_lock_and_storing_goes_on_after_it(found: dict[str, Any]) -> None:
    assert not found["locked"]["page"]
    assert "not the password" not in found["asked"]["veil"]
    assert "not the password" in found["wrong"]["veil"]
    assert not found["wrong"]["page"]
    assert found["unlocked"]["page"]
    assert f"All {SLICES} images are stored" in found["stored"]

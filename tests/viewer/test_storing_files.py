"""Files that were opened in a real Chromium are stored in the box by a person's press, and by nothing else."""

import json
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pydicom import dcmread
from pydicom.fileset import FileSet
from pydicom.uid import UID

from appliance.accounts import service
from appliance.accounts.peers.publishing import Publication
from appliance.accounts.roles import Role
from appliance.accounts.sessions import Stage, start_session
from appliance.export.entries import Shelf
from appliance.export.package import Exporter
from appliance.intake.quarantine import Quarantine
from appliance.keys.secret import SecretKey
from appliance.web.http.cookies import SESSION_COOKIE
from appliance.web.staff.app import create_app
from appliance.web.staff.context import StaffContext
from tests.viewer.test_local_files import NAMES, SLICES, scan_of, zipped
from tests.web.a_clinic import hashed, somebody
from tests.web.a_dicomweb import TESTER
from tests.web.a_laboratory import a_laboratory
from tests.web.a_server import serving
from tests.web.a_store import AStore

CT, MR = b"1.2.840.10008.5.1.4.1.1.2\0", b"1.2.840.10008.5.1.4.1.1.4\0"
MANY = 102  # more than go in one request
pytestmark = [pytest.mark.peer("chromium", "node", "npm")]


def session_of(box: AStore) -> str:
    """Sign an assistant in."""
    with box.clinic.database.write() as tx:
        new = somebody(Role.ASSISTANT, image_right=True)
        account = service._insert(tx, box.accounts, new, hashed(new.password), TESTER)
        return start_session(tx, account.account_key, Stage.FULL, "127.0.0.1", box.clinic.clock.now())


@contextmanager
def taking_in(box: AStore) -> Iterator[None]:
    """Let intake work beside, as its process would."""
    stop = threading.Event()
    intake = box.clinic.intake()

    def work() -> None:
        while not stop.wait(0.1):
            intake.step()
        intake.close()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def write_files(folder: Path) -> None:
    """A folder with a sound scan and two files that the box refuses, its ZIP, and a scan of another person."""
    for name in ("scan", "odd", "many"):
        (folder / name).mkdir()
    slices = scan_of(*NAMES[0], SLICES)
    for i, slice_ in enumerate(slices):
        slice_.save_as(folder / "scan" / f"IM{i:04}", enforce_file_format=True)
    zipped(folder / "scan", folder / "scan.zip", 8)
    shutil.copytree(folder / "scan", folder / "odd", dirs_exist_ok=True)
    strange = dcmread(folder / "odd" / "IM0000")
    strange.SOPClassUID = strange.file_meta.MediaStorageSOPClassUID = UID("1.2.840.10008.5.1.4.31")
    strange.SOPInstanceUID = strange.file_meta.MediaStorageSOPInstanceUID = UID("1.2.3.777")
    strange.save_as(folder / "odd" / "worklist")
    whole = (
        (folder / "scan" / "IM0001")
        .read_bytes()
        .replace(b"1.2.840.10008.5.1.4.1.1.2\0", b"1.2.840.10008.5.1.4.1.1.4\0", 1)
    )
    (folder / "odd" / "two-minds").write_bytes(
        whole.replace(slices[1].SOPInstanceUID.encode(), b"1.2.3.778".ljust(len(slices[1].SOPInstanceUID), b"\0"))
    )
    disc = FileSet()
    for slice_ in slices:
        disc.add(slice_)
    disc.write(folder / "swapped")
    for path in (path for path in (folder / "swapped").rglob("IM*") if path.is_file()):
        own = dcmread(path)
        own.PatientName, own.PatientID = "Other^Somebody", "X-9"
        own.save_as(path)
    for i, slice_ in enumerate(scan_of(*NAMES[1], MANY)):
        slice_.save_as(folder / "many" / f"IM{i:04}", enforce_file_format=True)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("files")
    write_files(folder)
    return folder


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> AStore:
    return AStore(tmp_path_factory.mktemp("box"))


@pytest.fixture(scope="module")
def found(drive: Path, box: AStore, files: Path, module_port_block: int) -> dict[str, Any]:
    """What the browser saw and sent."""
    clinic, port = box.clinic, module_port_block
    quarantine = Quarantine(clinic.database, clinic.keys, clinic.parts.vault, clinic.audit, clinic.clock)
    publication = Publication(clinic.folder / "admission.json", clinic.files)
    exporter = Exporter(Shelf(clinic.database, clinic.keys, clinic.parts.vault), clinic.audit, clinic.clock, "Clinic")
    vault, keys = clinic.parts.vault, clinic.keys
    laboratory = a_laboratory(clinic.database, vault, keys, clinic.audit, clinic.clock, clinic.root)
    context = StaffContext(box.accounts, publication, quarantine, SecretKey.new(), exporter, laboratory)
    pages = create_app(context)
    told = {"cookie": [SESSION_COOKIE, session_of(box)], "shots": os.environ.get("ENAMEL_SHOTS", "")}
    with serving(box.application(pages), port=port), taking_in(box):
        command = ["node", str(drive), f"http://127.0.0.1:{port}", "storing", str(files)]
        environment = {**os.environ, "ENAMEL_LOCAL": json.dumps(told)}
        done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["faults"] == {"policy": [], "foreign": [], "errors": []}
    return dict(answer["found"])


def test_the_offer_says_what_of_whom_and_nothing_is_sent_before_the_press(found: dict[str, Any]) -> None:
    said = " ".join(found["asked"])
    for words in ("Prüfung, Änne", "L-12", "2 Jan 1970", "Lower jaw", "9 images in 1 series"):
        assert words in said
    assert found["focused"] == "store-title", "a screen reader begins with the question"
    assert found["before"] == []
    assert found["viewing"] == found["asked"], "the viewing room offers the same"


def test_what_is_stored_is_in_the_box_once_however_often_it_is_sent(found: dict[str, Any], box: AStore) -> None:
    assert found["stored"][0] == found["again"][0] == "All 9 images are stored"
    assert found["named"] == "Stored in the box", "the list says it"
    assert found["once"] == ["POST /dicomweb/studies"]
    assert found["refused"][:3] == [
        "9 of 11 images are stored",
        "odd/worklist: it is of a kind that the box does not keep",
        "odd/two-minds: it says two different things about what it is",
    ]
    assert box.clinic.rows("SELECT patient_name, instance_count FROM studies JOIN patients USING (patient_key)") == [
        (NAMES[0][0], SLICES),
        (NAMES[1][0], MANY),
    ]
    assert box.clinic.rows("SELECT * FROM quarantine") == []


def test_a_disc_that_names_somebody_else_shows_whom_its_files_name_and_is_not_stored_unseen(
    found: dict[str, Any],
) -> None:
    for said in (found["swappedList"], found["swapped"]):
        assert "Other, Somebody" in said
        assert "names somebody else" in said
        assert "Prüfung, Änne · L-12" in said
    assert (found["heldBack"], found["letGo"]) == (True, True)


def test_a_transfer_goes_on_where_it_was_stopped_or_cut(found: dict[str, Any]) -> None:
    assert found["progress"][1].startswith(f"100 of {MANY} images")
    for how, words in (("stopped", "You stopped it"), ("unreached", "could not be reached"), ("locked", "signed out")):
        assert found[how][0] == f"100 of {MANY} images are stored"
        assert words in found[how][1]
    assert found["wentOn"][0] == f"All {MANY} images are stored"
    assert found["requests"] == ["POST /dicomweb/studies"], "only the rest"


def test_the_link_leads_to_the_study(found: dict[str, Any]) -> None:
    assert found["link"].startswith("/studies/uid/2.25.")
    assert "山田 太郎" in found["shown"]
    assert f"{MANY} received" in found["shown"]


def test_whoever_may_not_store_is_offered_nothing_and_no_rule_is_broken(found: dict[str, Any]) -> None:
    assert found["without"] == 0
    assert found["violations"] == []

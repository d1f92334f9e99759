"""Story 1: a scanner pushes a scan, and within seconds somebody who signed in sees it, bit for bit."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from tests.patience import PATIENCE
from tests.stories.clinic import ROOT, RunningClinic, form_of, part_of, small_scan, until, written

pytestmark = pytest.mark.peer("storescu")


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory, module_port_block: int) -> Iterator[RunningClinic]:
    with RunningClinic(tmp_path_factory.mktemp("story") / "data", module_port_block) as running:
        yield running


def listed(clinic: RunningClinic, study: str) -> int:
    """Count a study's instances as DICOMweb lists them."""
    return len(clinic.dicomweb(f"/studies/{study}/instances").json() if found(clinic, study) else [])


def found(clinic: RunningClinic, study: str) -> bool:
    answer = clinic.dicomweb(f"/studies?StudyInstanceUID={study}")
    return answer.status_code == 200 and len(answer.json()) == 1


def test_a_series_sent_by_dcmtk_is_listed_within_two_seconds_and_comes_back_bit_for_bit(
    clinic: RunningClinic, tmp_path: Path
) -> None:
    scan = small_scan()
    sent = written(tmp_path / "disk", scan.slices())
    done = clinic.storescu(tmp_path / "disk")
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("Received Store Response (Success)") + done.stdout.count("(Success)") == len(sent)
    took = until(lambda: listed(clinic, scan.study_instance_uid) == len(sent), 10)
    assert took < 2 * PATIENCE, f"listed after {took:.1f} s"
    for instance in clinic.dicomweb(f"/studies/{scan.study_instance_uid}/instances").json():
        series, sop = (instance[tag]["Value"][0] for tag in ("0020000E", "00080018"))
        path = f"/studies/{scan.study_instance_uid}/series/{series}/instances/{sop}"
        answer = clinic.dicomweb(path, 'multipart/related; type="application/dicom"; transfer-syntax=*')
        assert answer.status_code == 200
        assert part_of(answer).endswith(sent[sop].dataset)


def test_somebody_who_signs_in_with_password_and_code_sees_the_patient_and_nobody_else_does(
    clinic: RunningClinic, tmp_path: Path
) -> None:
    scan = small_scan(1, 3)
    written(tmp_path / "disk", scan.slices())
    assert clinic.storescu(tmp_path / "disk").returncode == 0
    until(lambda: listed(clinic, scan.study_instance_uid) == 3, 10)
    with clinic.browser() as stranger:
        page = stranger.get("/studies")
        assert "EN-1002" not in page.text
        assert 'name="password"' in stranger.get("/login").text
    browser = clinic.sign_in()
    page = browser.get("/studies")
    assert "EN-1002" in page.text
    assert "山田" in page.text
    link = re.search(r'href="(/studies/\d+)"', page.text)
    assert link
    assert browser.get(link[1]).status_code == 200
    for name in ("strict-transport-security", "content-security-policy"):
        assert name in page.headers


def test_a_wrong_password_or_code_gets_nowhere(clinic: RunningClinic) -> None:
    with clinic.browser() as browser:
        form = form_of(browser.get("/login"))
        answer = browser.post("/login", data={**form, "user_name": "dentist", "password": "not the password"})
        assert answer.url.path == "/login"
        assert "EN-100" not in browser.get("/studies").text


def test_a_machine_without_its_token_gets_nothing(clinic: RunningClinic) -> None:
    url = clinic.facts["dicomweb"]["url"] + "/studies"
    for headers in ({}, {"Authorization": "Bearer enamel_wrong"}):
        assert httpx.get(url, headers=headers, verify=clinic.trust).status_code == 401


def test_sending_again_adds_nothing(clinic: RunningClinic, tmp_path: Path) -> None:
    scan = small_scan(2, 4)
    written(tmp_path / "disk", scan.slices())
    for _ in range(2):
        assert clinic.storescu(tmp_path / "disk").returncode == 0
    until(lambda: clinic.enamel("status")["waiting_count"] == 0, 10)
    assert listed(clinic, scan.study_instance_uid) == 4


@pytest.mark.slow
@pytest.mark.parametrize("name", ["receiver", "intake", "staff", "caddy"])
def test_a_process_that_is_killed_is_back_within_five_seconds(clinic: RunningClinic, tmp_path: Path, name: str) -> None:
    before = clinic.enamel("status")["processes"][name]
    os.kill(before, signal.SIGKILL)
    until(lambda: clinic.enamel("status")["processes"].get(name, before) != before, 5)
    scan = small_scan(3, 2, seed=sum(name.encode()))
    written(tmp_path / "disk", scan.slices())
    until(lambda: clinic.storescu(tmp_path / "disk").returncode == 0, 5)
    until(lambda: answers(clinic) and listed(clinic, scan.study_instance_uid) == 2, 10)


def answers(clinic: RunningClinic) -> bool:
    try:
        return clinic.dicomweb("/studies?limit=1").status_code == 200
    except httpx.TransportError:
        return False


def test_the_whole_box_is_what_was_stored(clinic: RunningClinic) -> None:
    report = clinic.enamel("check")
    assert report["faults"] == []
    assert report["files"] >= 20


@pytest.mark.slow
def test_an_unknown_sender_is_refused_until_it_is_approved(tmp_path: Path, free_port_block: int) -> None:
    with RunningClinic(tmp_path / "data", free_port_block, ("--no-samples",)) as clinic:
        scan = small_scan(4, 2)
        written(tmp_path / "disk", scan.slices())
        assert clinic.storescu(tmp_path / "disk", "STRANGER").returncode != 0
        until(lambda: len(clinic.enamel("senders", "list")) == 1, 10)
        sender = clinic.enamel("senders", "list")[0]
        assert sender["calling_ae_title"] == "STRANGER"
        clinic.enamel("senders", "approve", str(sender["sender_key"]))
        until(lambda: clinic.storescu(tmp_path / "disk", "STRANGER").returncode == 0, 5)
        until(lambda: listed(clinic, scan.study_instance_uid) == 2, 10)


@pytest.mark.slow
def test_it_ends_cleanly_and_a_second_start_keeps_data_and_credentials(tmp_path: Path, free_port_block: int) -> None:
    scan = small_scan(5, 2)
    written(tmp_path / "disk", scan.slices())
    with RunningClinic(tmp_path / "data", free_port_block) as clinic:
        first = clinic.facts
        assert clinic.storescu(tmp_path / "disk").returncode == 0
        until(lambda: listed(clinic, scan.study_instance_uid) == 2, 10)
        assert clinic.stop() == 0
        assert not [number for number in first["processes"].values() if psutil.pid_exists(number)]
    with RunningClinic(tmp_path / "data", free_port_block) as clinic:
        for part in ("user", "password", "totp_secret"):
            assert clinic.facts["web"][part] == first["web"][part]
        assert clinic.facts["dicomweb"]["token"] == first["dicomweb"]["token"]
        assert listed(clinic, scan.study_instance_uid) == 2
        assert "EN-1006" in clinic.sign_in("dentist").get("/studies").text


@pytest.mark.slow
def test_nothing_is_left_when_the_supervisor_itself_is_killed(tmp_path: Path, free_port_block: int) -> None:
    with RunningClinic(tmp_path / "data", free_port_block) as clinic:
        numbers = clinic.facts["processes"].values()
        clinic.process.kill()
        clinic.process.wait()
        until(lambda: not any(psutil.pid_exists(number) for number in numbers), 5)


def test_a_port_that_is_taken_is_told(tmp_path: Path, free_port_block: int) -> None:
    with socket.create_server(("127.0.0.1", free_port_block)):
        command = [
            sys.executable,
            "-m",
            "appliance",
            "demo",
            "--json",
            "--no-samples",
            "--data",
            str(tmp_path / "data"),
        ]
        done = subprocess.run(
            [*command, "--ports-from", str(free_port_block)], capture_output=True, text=True, cwd=ROOT, check=False
        )
    assert done.returncode == 20
    assert str(free_port_block) in done.stderr
    assert "Traceback" not in done.stderr

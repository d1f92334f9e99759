"""After the worst day: the machine is gone, a fresh process has a target and two shares, and the stories run again."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.stories.clinic import ROOT, RunningClinic, part_of, small_scan, until, written

pytestmark = [pytest.mark.slow, pytest.mark.peer("restic", "storescu")]


def listed(clinic: RunningClinic, study: str) -> int:
    answer = clinic.dicomweb(f"/studies/{study}/instances")
    return len(answer.json()) if answer.status_code == 200 else 0


def check_bit_for_bit(clinic: RunningClinic, study: str, sent: dict[str, bytes]) -> None:
    instances = clinic.dicomweb(f"/studies/{study}/instances").json()
    assert len(instances) == len(sent)
    for instance in instances:
        series, sop = (instance[tag]["Value"][0] for tag in ("0020000E", "00080018"))
        path = f"/studies/{study}/series/{series}/instances/{sop}"
        answer = clinic.dicomweb(path, 'multipart/related; type="application/dicom"; transfer-syntax=*')
        assert part_of(answer).endswith(sent[sop])


def test_a_clinic_that_lost_its_machine_goes_on_from_a_disk_and_two_shares(
    tmp_path: Path, module_port_block: int
) -> None:
    scan, disk, data = small_scan(), tmp_path / "disk", tmp_path / "data"
    disk.mkdir()
    with RunningClinic(data, module_port_block) as clinic:
        sent = {uid: one.dataset for uid, one in written(tmp_path / "first", scan.slices()).items()}
        assert clinic.storescu(tmp_path / "first").returncode == 0
        until(lambda: listed(clinic, scan.study_instance_uid) == len(sent), 20)
        clinic.enamel("backup", "add", "folder", "--path", str(disk), "--same-disk", "--name", "usb")
        shares = clinic.enamel("kit", "make")["shares"]
        clinic.enamel("backup", "run")
    people = (data / "demo.json").read_bytes()
    shutil.rmtree(data)  # the worst day

    back = tmp_path / "back"
    command = [sys.executable, "-m", "appliance", "restore", "--target", f"folder:{disk}", "--data", str(back)]
    typed = f"{shares[2]}\n{shares[0]}\n"
    done = subprocess.run(
        [*command, "--sealing", "file", "--json"], input=typed, capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["studies"], told["files"], told["missing"]) == (1, len(sent), 0)
    assert not any(share.split()[5] + " " + share.split()[6] in done.stderr for share in shares)

    (back / "demo.json").write_bytes(people)  # who the people are; the box itself knows their passwords
    with RunningClinic(back, module_port_block) as clinic:
        check_bit_for_bit(clinic, scan.study_instance_uid, sent)
        page = clinic.sign_in("dentist").get("/studies")
        assert page.text.count('href="/studies/1"') >= 1
        second = small_scan(1, 3)
        more = {uid: one.dataset for uid, one in written(tmp_path / "second", second.slices()).items()}
        assert clinic.storescu(tmp_path / "second").returncode == 0
        until(lambda: listed(clinic, second.study_instance_uid) == len(more), 20)
        check_bit_for_bit(clinic, second.study_instance_uid, more)
        assert any(row["event"] == "box restored" for row in clinic.enamel("audit", "list"))
        assert clinic.enamel("audit", "verify")["holds"]
        clinic.enamel("backup", "run")  # the target is known, and takes the restored box's next copy

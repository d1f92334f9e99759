"""The process that scanners reach has its own small way in."""

import subprocess
import sys

from tests.dicom_scp.receiver_process import ROOT

ROOMS = ("appliance.archive", "appliance.accounts", "appliance.intake", "appliance.web", "appliance.store.database")
LIBRARIES = ("numpy", "pydicom", "litestar", "sqlcipher3", "uvicorn", "pynetdicom")


def test_the_receiver_loads_no_room_and_no_library_it_does_not_need() -> None:
    script = "import sys, appliance.__main__, appliance.cli.receiver; print(*sys.modules, sep='\\n')"
    said = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = set(said.stdout.split())
    assert "appliance.dicom_scp.receiver.service" in loaded
    assert not loaded & {*ROOMS, *LIBRARIES}


def test_a_receiver_without_settings_says_so() -> None:
    command = [sys.executable, "-m", "appliance", "receiver", "--settings", "absent.toml"]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert said.returncode
    assert "there are no settings" in said.stderr

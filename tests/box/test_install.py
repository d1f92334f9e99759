"""The role turns a bare Debian 12 into a box, and a second time changes nothing."""

import json
import subprocess

import pytest

from tests.box.clinic import enamel
from tests.box.conftest import RECOVERY_FILE, apply_role, play, recovery_paper
from tests.box.machine import Machine

pytestmark = [pytest.mark.slow, pytest.mark.peer("mmdebstrap", "systemd-nspawn", "nsenter", "ip")]


def test_a_second_application_of_the_role_changes_nothing(installed: Machine) -> None:
    recap = apply_role(installed)
    assert recap["changed"] == 0
    assert recap["failed"] == 0


def test_by_default_the_root_is_under_the_passphrase_and_sealed_to_this_machine(installed: Machine) -> None:
    facts = enamel(installed, "keys", "status")
    assert (facts["method"], facts["asks_passphrase"]) == ("systemd-credential", True)
    sealed = json.loads(installed.run("cat", "/var/lib/enamel/keys/root.sealed").stdout)
    assert sealed["host_key"] == "host", "there is no TPM in the container"


def test_the_recovery_code_waits_in_memory_for_its_owner_and_is_on_no_disk(installed: Machine) -> None:
    code = recovery_paper(installed).read_text().strip()
    assert installed.run("stat", "-c", "%a %U", RECOVERY_FILE).stdout == "600 root\n"
    assert installed.run("stat", "-f", "-c", "%T", RECOVERY_FILE).stdout == "tmpfs\n"
    assert on_disk(installed, code) == ""
    planted = installed.disk / "root" / "planted"
    planted.write_text(f"the code is {code}\n")
    assert on_disk(installed, code) == f"{planted}\n"
    planted.unlink()
    installed.run("rm", RECOVERY_FILE)


def on_disk(machine: Machine, text: str) -> str:
    """Name the files of the box's disk, looked at from outside, that hold a text."""
    places = [str(machine.disk / name) for name in ("etc", "home", "opt/enamel/current", "root", "tmp", "var")]
    return subprocess.run(["grep", "-rlaF", text, *places], capture_output=True, text=True, check=False).stdout


def test_nothing_is_installed_that_no_hash_holds(installed: Machine) -> None:
    done = installed.run(*play("-e", "enamel_requirements=/nowhere/requirements.lock"), check=False)
    assert done.returncode != 0
    assert "Nothing is installed without its hash" in done.stdout

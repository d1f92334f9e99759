"""The machine is lost: a new one, a bare Debian, comes up with a role that makes no keys, a disk, and two shares."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.keys.recovery_shares import make_kit
from tests.assembly.a_lost_box import Lost, make_lost
from tests.box import image
from tests.box.clinic import PASSPHRASE, SETTINGS, enamel, listed, unlock, until
from tests.box.conftest import apply_role, share_installer
from tests.box.machine import Machine

pytestmark = [
    pytest.mark.slow,
    pytest.mark.as_root("boots a machine in a container"),
    pytest.mark.peer("mmdebstrap", "systemd-nspawn", "nsenter", "ip", "curl", "restic"),
]
DATA = "/var/lib/enamel"


@pytest.fixture
def lost(tmp_path: Path) -> Lost:
    return make_lost(tmp_path)


@pytest.fixture
def bare(tmp_path: Path, lost: Lost) -> Iterator[Machine]:
    """Give a new machine with what a person brings to it: the installer and the backup disk."""
    disk, shared = tmp_path / "machine", tmp_path / "shared"
    disk.mkdir()
    image.debian(disk)
    share_installer(shared)
    answers = json.loads((shared / "answers.json").read_text())
    (shared / "answers.json").write_text(json.dumps(answers | {"enamel_restore": True}))
    shutil.copytree(lost.disk, shared / "usb")
    machine = Machine(disk, shared, "-back")
    machine.plug_in()
    try:
        machine.boot()
        yield machine
    finally:
        machine.scrap()


def test_a_bare_machine_becomes_the_lost_box_from_a_disk_and_two_shares(bare: Machine, lost: Lost) -> None:
    assert apply_role(bare)["failed"] == 0
    assert bare.run("ls", f"{DATA}/keys").stdout == ""
    shares = make_kit(lost.box.root).shares
    restored = enamel(
        bare, "restore", "--target", "folder:/mnt/shared/usb", "--host-key", "host",
        given=f"{shares[1]}\n{shares[2]}\n{PASSPHRASE}\n",
    )  # fmt: skip
    assert (restored["studies"], restored["files"], restored["missing"]) == (3, 9, 0)
    rights = bare.run("sh", "-c", f"stat -c '%U:%G %a' {DATA}/vault/*/* {DATA}/catalogue/catalogue.db | sort -u").stdout
    assert rights.split("\n")[:2] == ["enamel-intake:enamel-catalogue 660", "enamel-intake:enamel-vault 640"]
    unlock(bare)
    token = enamel(
        bare, "tokens", "add", "look", "--scope", "list-studies", "--scope", "read-studies", given=PASSPHRASE + "\n"
    )["token"]
    until(lambda: len(listed(bare, token, "1.2.9.2")) == 3)
    until(lambda: len(listed(bare, token, "1.2.9.4")) == 1)  # it had waited in the inbox
    found = json.loads(bare.run("enamel", "check", *SETTINGS, "--json", given=PASSPHRASE + "\n").stdout)
    assert (found["faults"], found["files_without_row"]) == ([], 0)
    events = enamel(bare, "audit", "list", given=PASSPHRASE + "\n")
    assert "box restored" in {event["event"] for event in events}
    check_repaired(bare)


def check_repaired(machine: Machine) -> None:
    """Lose a folder of scans and damage another scan: jobs, with its own user's rights, puts both back from a copy."""
    place = "/media/copies"
    machine.run("sh", "-c", f"mkdir {place} && chown enamel-jobs: {place}")
    told(machine, "backup", "add", "folder", "--path", place, "--same-disk")
    enamel(machine, "backup", "run", "--target", "2", given=PASSPHRASE + "\n")
    made = machine.run("find", place, f"{DATA}/backup", "!", "-user", "enamel-jobs").stdout
    assert made == "", "what root makes, jobs cannot use"
    modes = machine.run("sh", "-c", f"stat -c '%U:%G %a' {DATA}/vault {DATA}/vault/* | sort -u").stdout
    assert modes.split("\n") == ["enamel-intake:enamel-vault 2770", "enamel-intake:enamel-vault 3770", ""]
    digests = f"cd {DATA}/vault && sha256sum */* | sort"
    before = machine.run("sh", "-c", digests).stdout
    first, second = sorted({line.split()[1] for line in before.splitlines()})[:2]
    machine.run("sh", "-c", f"rm -r {DATA}/vault/{first[:2]} && truncate -s 9 {DATA}/vault/{second}")
    enamel_check = machine.run("enamel", "check", *SETTINGS, "--json", given=PASSPHRASE + "\n", check=False)
    assert len(json.loads(enamel_check.stdout)["faults"]) >= 2
    repaired = told(machine, "jobs", "run", "repair", "--wait", "120")
    assert (repaired["outcome"], repaired["fault"]) == ("done", None)
    assert machine.run("sh", "-c", digests).stdout == before
    proved = told(machine, "jobs", "run", "restore test", "--wait", "120")
    assert (proved["outcome"], proved["fault"]) == ("done", None)


def told(machine: Machine, *words: str) -> dict[str, object]:
    """Run an operator's command that asks for the passphrase."""
    answer: dict[str, object] = enamel(machine, *words, given=PASSPHRASE + "\n")
    return answer

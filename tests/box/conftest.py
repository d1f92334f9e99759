"""The one box all its tests share: made from nothing, installed by the role."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.box import image
from tests.box.clinic import PASSPHRASE
from tests.box.machine import BOX_ADDRESS, LAN_ADDRESS, Machine

RECOVERY_FILE = "/run/enamel-recovery-code"
SOURCE = "/mnt/shared/source"  # read-only, as a clone that root owns is for everyone else
SOURCES = ("appliance/", "ansible/", "systemd/", "pyproject.toml", "README.md", "LICENSE", *image.LOCKS)


def play(*more: str) -> list[str]:
    """Say how the role is applied inside the box."""
    command = ["ansible-playbook", "-i", "localhost,", "-c", "local", f"{SOURCE}/ansible/box.yml"]
    return ["env", "ANSIBLE_NOCOLOR=1", *command, "-e", "@/mnt/shared/answers.json", *more]


def apply_role(machine: Machine) -> dict[str, int]:
    """Apply the role inside the box; gives its recap: ok, changed, failed ..."""
    told = machine.run(*play()).stdout
    recap = next(line for line in reversed(told.splitlines()) if "changed=" in line)
    return {key: int(value) for key, _equals, value in (part.partition("=") for part in recap.split()[2:])}


def share_installer(folder: Path) -> None:
    """Put everything the installer needs where the box can see it."""
    wheels, source = folder / "wheels", folder / "source"
    wheels.mkdir(parents=True)
    image.wheels(wheels)
    image.copy_committed(source, SOURCES)
    answers = {
        "enamel_package": SOURCE,
        "enamel_wheelhouse": "/mnt/shared/wheels",
        "enamel_names": ["enamel.home.arpa", BOX_ADDRESS],
        "enamel_clinic_networks": [f"{LAN_ADDRESS}/32"],
        "enamel_sealing": "passphrase",
        "enamel_passphrase": PASSPHRASE,
    }
    (folder / "answers.json").write_text(json.dumps(answers))


@pytest.fixture(scope="session")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """Give a running box on which nothing of Enamel is installed yet."""
    folder = tmp_path_factory.mktemp("box")
    disk, shared = folder / "disk", folder / "shared"
    disk.mkdir()
    image.debian(disk)
    share_installer(shared)
    machine = Machine(disk, shared)
    machine.plug_in()
    try:
        machine.boot()
        yield machine
    finally:
        machine.scrap()


@pytest.fixture(scope="session")
def installed(machine: Machine) -> Machine:
    """Give the box with Enamel installed, and its recovery code on paper, as the role asks."""
    assert apply_role(machine)["failed"] == 0
    recovery_paper(machine).write_text(machine.run("cat", RECOVERY_FILE).stdout)
    return machine


def recovery_paper(machine: Machine) -> Path:
    """Say where the operator keeps the recovery code: not on the box."""
    return machine.disk.parent / "recovery-code"

"""The one box all its tests share: made from nothing, installed by the role."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.box import image
from tests.box.clinic import PASSPHRASE
from tests.box.machine import BOX_ADDRESS, LAN_ADDRESS, Machine


def apply_role(machine: Machine) -> dict[str, int]:
    """Apply the role inside the box; gives its recap: ok, changed, failed ..."""
    command = ["ansible-playbook", "-i", "localhost,", "-c", "local", "/mnt/shared/ansible/box.yml"]
    told = machine.run("env", "ANSIBLE_NOCOLOR=1", *command, "-e", "@/mnt/shared/answers.json").stdout
    recap = next(line for line in reversed(told.splitlines()) if "changed=" in line)
    return {key: int(value) for key, _equals, value in (part.partition("=") for part in recap.split()[2:])}


def share_installer(folder: Path) -> None:
    """Put everything the installer needs where the box can see it."""
    wheels = folder / "wheels"
    wheels.mkdir(parents=True)
    package = image.wheels(wheels)
    image.copy_committed(folder, ("ansible/", "systemd/", "requirements.lock"))
    answers = {
        "enamel_package": f"/mnt/shared/wheels/{package.name}",
        "enamel_wheelhouse": "/mnt/shared/wheels",
        "enamel_requirements": "/mnt/shared/requirements.lock",
        "enamel_units": "/mnt/shared/systemd",
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
    """Give the box with Enamel installed."""
    assert apply_role(machine)["failed"] == 0
    return machine

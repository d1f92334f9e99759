"""A box's life: it receives while locked, shows what it keeps once unlocked, and loses nothing to a cut cable.

The tests share one box and run in the order they are written.
"""

import threading
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.box.clinic import (
    KEYRING,
    PASSPHRASE,
    SCANNER,
    Series,
    enamel,
    listed,
    look,
    make_series,
    page,
    retrieved,
    same_scans,
    send,
    unlock,
    until,
)
from tests.box.conftest import recovery_paper
from tests.box.machine import LAN_ADDRESS, Machine

pytestmark = [
    pytest.mark.slow,
    pytest.mark.peer("mmdebstrap", "systemd-nspawn", "nsenter", "ip", "storescu", "curl"),
]
SLICES = 150
SCOPES = ("--scope", "list-studies", "--scope", "read-studies", "--scope", "view-images")
CUT_AFTER = 40


@dataclass
class Scans:
    """What was sent, and what of it the box acknowledged."""

    locked: Series
    open: Series
    acknowledged: dict[str, set[str]]


@pytest.fixture(scope="module")
def scans(tmp_path_factory: pytest.TempPathFactory) -> Scans:
    folder = tmp_path_factory.mktemp("scans")
    return Scans(make_series(folder / "locked", SLICES), make_series(folder / "open", SLICES), {})


@pytest.fixture(scope="module")
def token(installed: Machine) -> str:
    """Give what opens DICOMweb; the operator types the passphrase, the box stays locked."""
    given = PASSPHRASE + "\n"
    enamel(installed, "peers", "add", SCANNER, "--address", LAN_ADDRESS, given=given)
    return str(enamel(installed, "tokens", "issue", "the test", *SCOPES, given=given)["token"])


def send_and_cut(machine: Machine, series: Series) -> set[str]:
    """Pull the plug in the middle of a transfer, and switch the box on again."""
    cut = threading.Event()

    def pull() -> None:
        machine.cut_power()
        cut.set()

    acknowledged = send(machine, series, CUT_AFTER, pull)
    assert cut.is_set()
    assert CUT_AFTER <= len(acknowledged) < SLICES, "the cable was not cut in the middle of it"
    machine.boot()
    return acknowledged


def test_after_its_installation_the_box_is_locked_and_asks_for_the_passphrase(installed: Machine) -> None:
    assert enamel(installed, "status")["locked"] is True
    assert 'type="password"' in page(installed, "/")
    assert installed.run("systemctl", "list-units", "enamel*", "--failed", "--no-legend").stdout == ""


def test_a_locked_box_keeps_what_it_acknowledged_when_its_power_is_cut(
    installed: Machine, scans: Scans, token: str
) -> None:
    assert token
    scans.acknowledged["locked"] = send_and_cut(installed, scans.locked)
    status = enamel(installed, "status")
    assert status["locked"] is True
    assert status["waiting_count"] >= len(scans.acknowledged["locked"])


def test_unlocking_lists_all_that_was_acknowledged_before(
    installed: Machine, scans: Scans, token: str, tmp_path: Path
) -> None:
    unlock(installed)
    wanted = scans.acknowledged["locked"]
    until(lambda: wanted <= listed(installed, token, scans.locked.study))
    assert same_scans(scans.locked, retrieved(installed, token, scans.locked.study, tmp_path), wanted)


def test_an_unlocked_box_keeps_what_it_acknowledged_when_its_power_is_cut(
    installed: Machine, scans: Scans, token: str, tmp_path: Path
) -> None:
    wanted = send_and_cut(installed, scans.open)
    assert enamel(installed, "status")["locked"] is True, "no start opens a box that a passphrase seals"
    unlock(installed)
    until(lambda: wanted <= listed(installed, token, scans.open.study))
    assert same_scans(scans.open, retrieved(installed, token, scans.open.study, tmp_path), wanted)


def test_the_scanner_sends_the_rest_again_and_nothing_is_there_twice(
    installed: Machine, scans: Scans, token: str
) -> None:
    assert send(installed, scans.open) == set(scans.open.files)
    until(lambda: listed(installed, token, scans.open.study) == set(scans.open.files))


def test_locking_takes_the_keys_away_while_receiving_goes_on(installed: Machine, scans: Scans, token: str) -> None:
    assert enamel(installed, "lock")["locked"] is True
    until(lambda: look(installed, "/healthz").get("keys") == "sealed")
    assert installed.run("ls", "/run/enamel/keys").stdout == ""
    assert installed.run("systemctl", "is-active", "enamel-intake.service", check=False).stdout.strip() == "inactive"
    assert send(installed, scans.locked) == set(scans.locked.files)
    unlock(installed)
    until(lambda: listed(installed, token, scans.locked.study) == set(scans.locked.files))


def test_no_name_of_a_patient_is_on_the_disk_or_in_a_log(installed: Machine) -> None:
    places = ["/var/lib/enamel", "/var/log", "/run/log", "/tmp", "/var/tmp", "/root", "/etc"]  # noqa: S108  they are only searched
    found = installed.run("grep", "-rlaE", "CompressedSamples|1CT1", *places, check=False)
    assert found.stdout == ""
    installed.run("sh", "-c", "echo CompressedSamples >/var/lib/enamel/inbox/planted")
    assert "planted" in installed.run("grep", "-rlaE", "CompressedSamples", *places, check=False).stdout
    installed.run("rm", "/var/lib/enamel/inbox/planted")


def test_a_lost_passphrase_is_replaced_by_the_recovery_code_and_a_file_opens_by_itself(installed: Machine) -> None:
    code = recovery_paper(installed).read_text()
    enamel(installed, "keys", "recover", "--sealing", "file", given=code)
    installed.shut_down()
    installed.boot()
    until(lambda: look(installed, "/healthz").get("keys") == "open")
    assert enamel(installed, "accounts", "list", *KEYRING) == []

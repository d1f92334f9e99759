"""What each user of the box may touch, and what the network may reach, tried on the running machine."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.box.clinic import PASSPHRASE, SETTINGS, enamel, until
from tests.box.machine import BOX_ADDRESS, LAN_ADDRESS, Machine

pytestmark = [pytest.mark.slow, pytest.mark.peer("mmdebstrap", "systemd-nspawn", "nsenter", "ip", "curl", "storescp")]

DATA = "/var/lib/enamel"
USERS = ("enamel-receiver", "enamel-intake", "enamel-staff", "enamel-jobs", "enamel-web")
# Who may look into which folder; root apart.
MAY_ENTER = {
    f"{DATA}/keys": set[str](),
    "/run/enamel/keys": set[str](),
    f"{DATA}/inbox": {"enamel-receiver", "enamel-intake", "enamel-staff", "enamel-jobs"},
    f"{DATA}/vault": {"enamel-intake", "enamel-staff", "enamel-jobs"},
    f"{DATA}/settled": {"enamel-intake", "enamel-staff", "enamel-jobs"},
    f"{DATA}/catalogue": {"enamel-intake", "enamel-staff", "enamel-jobs"},
    f"{DATA}/spool/receiver": {"enamel-receiver", "enamel-intake", "enamel-staff", "enamel-jobs"},
    f"{DATA}/spool/locker": {"enamel-intake"},
    f"{DATA}/exchange": {"enamel-receiver", "enamel-intake", "enamel-staff"},
    f"{DATA}/packs": {"enamel-intake", "enamel-staff", "enamel-jobs"},
    f"{DATA}/backup": {"enamel-jobs"},
    f"{DATA}/tls": set(USERS),
    f"{DATA}/tls/web": {"enamel-web"},
    f"{DATA}/tls/dicom": {"enamel-receiver"},
    f"{DATA}/caddy": {"enamel-web"},
}
# Who may read which private key, and the certificate that is for everyone; root apart.
MAY_READ = {
    f"{DATA}/keys/root.sealed": set[str](),
    f"{DATA}/tls/web/web-intermediate-key.pem": set[str](),
    f"{DATA}/tls/web/web-key.pem": {"enamel-web"},
    f"{DATA}/tls/dicom/dicom-key.pem": {"enamel-receiver"},
    f"{DATA}/tls/web-ca.pem": set(USERS),
}
LISTENING = {"*:11112", "*:2762", "*:443"}


def as_user(machine: Machine, user: str, *command: str) -> bool:
    """Whether a command succeeds as this user."""
    return machine.run("runuser", "-u", user, "--", *command, check=False).returncode == 0


@pytest.mark.parametrize("folder", MAY_ENTER)
def test_a_folder_is_entered_by_those_who_must_and_nobody_else(installed: Machine, folder: str) -> None:
    assert {user for user in USERS if as_user(installed, user, "ls", folder)} == MAY_ENTER[folder]
    assert not as_user(installed, "nobody", "ls", folder)


@pytest.mark.parametrize("file", MAY_READ)
def test_a_key_is_read_by_the_one_who_must_and_nobody_else(installed: Machine, file: str) -> None:
    assert {user for user in USERS if as_user(installed, user, "cat", file)} == MAY_READ[file]
    assert not as_user(installed, "nobody", "cat", file)


def test_what_a_process_must_not_have_is_not_even_where_it_looks(installed: Machine) -> None:
    web, dicom, inbox = f"{DATA}/tls/web/web-key.pem", f"{DATA}/tls/dicom/dicom-key.pem", f"{DATA}/inbox"
    assert sees(installed, "receiver", "cat", dicom)
    assert not sees(installed, "receiver", "cat", web)
    assert sees(installed, "web", "cat", web)
    assert not sees(installed, "web", "cat", dicom)
    assert sees(installed, "receiver", "touch", f"{inbox}/.tried")
    assert sees(installed, "receiver", "rm", f"{inbox}/.tried")
    assert sees(installed, "staff", "mkdir", f"{inbox}/.tried"), "what is handed in over DICOMweb goes there"
    assert sees(installed, "staff", "rmdir", f"{inbox}/.tried")
    assert not sees(installed, "staff", "touch", f"{DATA}/vault/.tried"), "its group could, its view is read-only"


def sees(machine: Machine, process: str, *command: str) -> bool:
    """Whether root could do something in the file system as one process sees it."""
    number = main_process(machine, process)
    return machine.run("nsenter", "--target", number, "--mount", "--", *command, check=False).returncode == 0


def main_process(machine: Machine, name: str) -> str:
    return machine.run("systemctl", "show", "-P", "MainPID", f"enamel-{name}.service").stdout.strip()


def test_a_receiver_that_dies_again_and_again_is_there_again(installed: Machine) -> None:
    for _ in range(6):
        before = main_process(installed, "receiver")
        installed.run("kill", "-KILL", before)
        until(lambda before=before: main_process(installed, "receiver") not in {before, "0"}, 15)  # type: ignore[misc]  # of this turn
    until(lambda: installed.run("systemctl", "is-active", "enamel-receiver.service", check=False).stdout == "active\n")


@pytest.mark.parametrize("name", ["receiver", "staff", "locker", "web", "intake", "jobs"])
def test_systemd_itself_says_that_it_never_gives_up_and_never_swaps(installed: Machine, name: str) -> None:
    shown = installed.run(
        "systemctl", "show", f"enamel-{name}.service", "-p", "StartLimitIntervalUSec,MemorySwapMax,Restart"
    )
    assert set(shown.stdout.split()) == {"StartLimitIntervalUSec=0", "MemorySwapMax=0", "Restart=always"}


def test_each_process_runs_as_its_own_user_without_a_capability(installed: Machine) -> None:
    for name, user in (("receiver", "enamel-receiver"), ("staff", "enamel-staff"), ("locker", "root")):
        number = installed.run("systemctl", "show", "-P", "MainPID", f"enamel-{name}.service").stdout.strip()
        assert installed.run("ps", "-o", "user:20=", "-p", number).stdout.strip() == user
        status = installed.run("cat", f"/proc/{number}/status").stdout
        assert "CapEff:\t0000000000000000" in status
        assert "NoNewPrivs:\t1" in status


def test_exactly_these_ports_are_listened_on(installed: Machine) -> None:
    lines = installed.run("ss", "-ltnH").stdout.splitlines()
    found = {line.split()[3].replace("0.0.0.0", "*").replace("[::]", "*") for line in lines}  # noqa: S104  read, not bound
    assert found == LISTENING


def test_the_firewall_lets_nothing_else_in(installed: Machine) -> None:
    started = ["systemd-run", "--quiet", "--unit=stray", "python3", "-m", "http.server", "8080"]
    installed.run(*started)
    try:
        assert not reaches(installed, 8080)
        installed.run("nft", "flush", "ruleset")
        until(lambda: reaches(installed, 8080))  # so it was the wall that stopped it
    finally:
        installed.run("systemctl", "restart", "nftables.service")
        installed.run("systemctl", "stop", "stray.service")


def reaches(machine: Machine, port: int) -> bool:
    """Whether someone on the clinic's network gets an answer from this port."""
    command = ["curl", "--silent", "--max-time", "2", f"http://{BOX_ADDRESS}:{port}/"]
    return subprocess.run(machine.lan_command(command), check=False, capture_output=True).returncode == 0


def test_an_operator_asks_a_device_of_the_clinic_and_no_other_user_gets_out(installed: Machine, tmp_path: Path) -> None:
    added = ["peers", "add", "DEVICE", "--address", LAN_ADDRESS]
    key = enamel(installed, *added, given=f"{PASSPHRASE}\n")["peer_key"]
    command = ["storescp", "-od", str(tmp_path)]
    with (
        subprocess.Popen(installed.lan_command([*command, "104"])) as device,
        subprocess.Popen(installed.lan_command([*command, "8104"])) as elsewhere,
    ):
        try:
            until(lambda: finding(installed, key, 104) == "answered")
            assert finding(installed, key, 8104) == "no answer"
            knock = f"import socket; socket.create_connection(('{LAN_ADDRESS}', 104), 2)"
            assert not as_user(installed, "enamel-staff", "python3", "-c", knock)
            assert installed.run("python3", "-c", knock, check=False).returncode == 0
        finally:
            device.terminate()
            elsewhere.terminate()


def finding(machine: Machine, key: int, port: int) -> str:
    """What an operator on the box hears of a device at this port."""
    words = ["peers", "test", str(key), "--port", str(port), "--timeout", "2", "--json"]
    said = machine.run("enamel", *words, *SETTINGS, check=False, given=f"{PASSPHRASE}\n").stdout
    return str(json.loads(said)["finding"])


def test_only_tls_1_3_is_spoken(installed: Machine) -> None:
    for version, spoken in (("1.2", False), ("1.3", True)):
        limits = ["--tlsv1.2", "--tls-max", version, "--insecure", "--silent", f"https://{BOX_ADDRESS}/healthz"]
        assert (installed.from_the_lan("curl", *limits, check=False).returncode == 0) is spoken

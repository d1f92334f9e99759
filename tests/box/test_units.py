"""The unit files, read as systemd reads them: how exposed each is, what each may write, whose network it sees."""

import configparser
import subprocess
from pathlib import Path

import pytest

UNITS = Path(__file__).parents[2] / "systemd"
SERVICES = sorted(UNITS.glob("*.service"))
# What each process may write, and nothing else.
WRITABLE = {
    "enamel-receiver.service": {"/var/lib/enamel/inbox", "/var/lib/enamel/spool/receiver"},
    "enamel-intake.service": {"/var/lib/enamel"},
    "enamel-staff.service": {"/var/lib/enamel/catalogue", "/var/lib/enamel/exchange", "/var/lib/enamel/inbox"},
    "enamel-jobs.service": {
        "/var/lib/enamel/backup", "/var/lib/enamel/catalogue", "/var/lib/enamel/vault", "/var/lib/enamel/packs",
        "-/media",
    },
    "enamel-web.service": {"/var/lib/enamel/caddy", "/run/enamel"},
    "enamel-locker.service": {
        "/run/enamel/keys", "/var/lib/enamel/keys", "/var/lib/enamel/catalogue", "/var/lib/enamel/exchange",
        "/var/lib/enamel/tls", "/var/lib/enamel/spool/locker",
    },
}  # fmt: skip
USERS = {
    "enamel-receiver.service": "enamel-receiver",
    "enamel-intake.service": "enamel-intake",
    "enamel-staff.service": "enamel-staff",
    "enamel-jobs.service": "enamel-jobs",
    "enamel-web.service": "enamel-web",
    "enamel-locker.service": "root",
}


KEY_HOLDERS = {"enamel-intake", "enamel-staff", "enamel-jobs"}
SOCKETS = {"enamel-dicom.socket", "enamel-dicom-tls.socket", "enamel-locker.socket", "enamel-staff.socket"}


def service(path: Path) -> configparser.SectionProxy:
    """Read a unit's [Service] section; of a key given twice the last counts, which these tests do not ask about."""
    return section(path, "Service")


def section(path: Path, name: str) -> configparser.SectionProxy:
    """Read one section of a unit."""
    parser = configparser.ConfigParser(strict=False, interpolation=None, delimiters=("=",))
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # systemd's keys know upper case
    parser.read(path)
    return parser[name]


def exposure(*arguments: str) -> int:
    """Give the status of systemd's own judgement: 0 while exposure is at most 2.0."""
    command = ["systemd-analyze", "security", "--offline=true", "--threshold=20", "--no-pager", *arguments]
    return subprocess.run(command, check=False, capture_output=True).returncode


@pytest.mark.peer("systemd-analyze")
@pytest.mark.parametrize("path", SERVICES, ids=lambda path: path.name)
def test_a_unit_is_exposed_as_little_as_promised(path: Path) -> None:
    assert exposure(str(path)) == 0


@pytest.mark.peer("systemd-analyze")
def test_a_unit_without_the_shared_confinement_is_found_out(tmp_path: Path) -> None:
    alone = tmp_path / "enamel-receiver.service"
    alone.write_text((UNITS / "enamel-receiver.service").read_text())
    assert exposure(str(alone)) != 0


def test_each_process_has_a_user_of_its_own_and_writes_where_it_must() -> None:
    assert {path.name: service(path)["User"] for path in SERVICES} == USERS
    assert {path.name: set(service(path)["ReadWritePaths"].split()) for path in SERVICES} == WRITABLE


def test_systemd_never_gives_up_on_a_process_however_often_it_dies() -> None:
    shared = UNITS / "enamel-.service.d" / "10-confined.conf"
    assert section(shared, "Unit")["StartLimitIntervalSec"] == "0"
    for path in [*SERVICES, *UNITS.glob("enamel-*.service.d/20-needs.conf")]:
        assert "StartLimit" not in path.read_text(), path
    assert {path.name: (service(path)["Restart"], service(path)["RestartSec"]) for path in SERVICES} == dict.fromkeys(
        USERS, ("always", "2")
    )
    sockets = sorted(UNITS.glob("*.socket"))
    assert {path.name for path in sockets if "\nTriggerLimitIntervalSec=0\n" in path.read_text()} == SOCKETS


def test_nothing_of_a_process_is_swapped_out() -> None:
    assert service(UNITS / "enamel-.service.d" / "10-confined.conf")["MemorySwapMax"] == "0"
    for path in [*SERVICES, *UNITS.glob("enamel-*.service.d/20-needs.conf")]:
        assert "Swap" not in path.read_text(), path
    keys = (UNITS / "run-enamel-keys.mount").read_text()
    assert "Type=ramfs" in keys


def test_no_unit_opens_a_device() -> None:
    shared = service(UNITS / "enamel-.service.d" / "10-confined.conf")
    assert (shared["PrivateDevices"], shared["DevicePolicy"]) == ("yes", "closed")
    for path in [*SERVICES, *UNITS.glob("enamel-*.service.d/20-needs.conf")]:
        assert "Device" not in path.read_text(), "30-tpm.conf of the role does, where there is a TPM"


def test_only_caddy_and_jobs_see_the_network_and_only_caddy_has_a_capability() -> None:
    shared = service(UNITS / "enamel-.service.d" / "10-confined.conf")
    assert (shared["PrivateNetwork"], shared["CapabilityBoundingSet"]) == ("yes", "")
    needs = {path.parent.name: service(path) for path in UNITS.glob("enamel-*.service.d/20-needs.conf")}
    assert {name for name, unit in needs.items() if unit.get("PrivateNetwork") == "no"} == {
        "enamel-web.service.d", "enamel-jobs.service.d",
    }  # fmt: skip
    able = {name: unit["CapabilityBoundingSet"] for name, unit in needs.items() if "CapabilityBoundingSet" in unit}
    assert able == {"enamel-web.service.d": "CAP_NET_BIND_SERVICE"}
    assert not [path for path in SERVICES if service(path).get("CapabilityBoundingSet")]


def test_jobs_may_ask_for_what_starting_a_copy_takes_and_nobody_for_more() -> None:
    needs = {path.parent.name: service(path) for path in UNITS.glob("enamel-*.service.d/20-needs.conf")}
    asked = {name: unit["SystemCallFilter"] for name, unit in needs.items() if "SystemCallFilter" in unit}
    assert asked.pop("enamel-jobs.service.d") == "sched_setscheduler capset"
    assert "capset" not in " ".join(asked.values())


def test_what_faces_scanners_and_browsers_cannot_reach_what_is_stored() -> None:
    for name in ("enamel-receiver.service", "enamel-web.service"):
        hidden = set(service(UNITS / name)["InaccessiblePaths"].split())
        assert {
            "/var/lib/enamel/vault",
            "/var/lib/enamel/packs",
            "/var/lib/enamel/catalogue",
            "/var/lib/enamel/keys",
            "-/run/enamel/keys",
        } <= hidden
        assert "LoadCredential" not in service(UNITS / name)


def test_each_door_sees_its_own_tls_key_and_no_other_process_any() -> None:
    web, dicom = "/var/lib/enamel/tls/web", "/var/lib/enamel/tls/dicom"
    hidden = {path.name: set(service(path).get("InaccessiblePaths", "").split()) & {web, dicom} for path in SERVICES}
    assert hidden == {
        "enamel-receiver.service": {web},
        "enamel-web.service": {dicom},
        "enamel-intake.service": {web, dicom},
        "enamel-staff.service": {web, dicom},
        "enamel-jobs.service": {web, dicom},
        "enamel-locker.service": set(),  # it renews both
    }


@pytest.mark.peer("systemd-sysusers")
def test_groups_share_no_more_than_the_threat_model_says() -> None:
    lines = [line.split() for line in (UNITS / "enamel.sysusers.conf").read_text().splitlines()]
    members = {(user, group) for kind, user, group in (line[:3] for line in lines if line and line[0] == "m")}
    assert {user for user, group in members if group == "enamel-catalogue"} == KEY_HOLDERS
    assert {user for user, group in members if group == "enamel-vault"} == KEY_HOLDERS
    assert {user for user, group in members if group == "enamel-inbox"} == KEY_HOLDERS
    assert {user for user, group in members if group == "enamel-tls-web"} == {"enamel-web"}
    assert {user for user, group in members if group == "enamel-tls-dicom"} == {"enamel-receiver"}

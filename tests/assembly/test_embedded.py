"""The embedded default's own duties: free ports, and a certificate that does not run out."""

import os
import re
import signal
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest
from cryptography.x509 import load_pem_x509_certificate

from appliance.assembly.box import create_box
from appliance.assembly.children import Plan
from appliance.assembly.embedded import PATIENCE_SECONDS, Renewal, embedded_works
from appliance.assembly.folders import Folders
from appliance.assembly.supervisor import Supervisor, Works
from appliance.clock import SystemClock
from appliance.config import ReceiverSettings, Settings, StaffSettings, in_folders
from appliance.errors import NotFound, Unavailable
from appliance.keys.authority import is_due
from tests.assembly.a_calendar import Calendar
from tests.patience import PATIENCE


def settings(folder: Path, port: int = 0) -> Settings:
    receiver = ReceiverSettings(listen="127.0.0.1", port=port, tls_port=0)
    plain = Settings(receiver=receiver, staff=StaffSettings(listen="127.0.0.1", port=0))
    return in_folders(plain, str(folder), str(folder / "run"))


def test_the_web_certificate_is_issued_anew_in_time_while_running(tmp_path: Path) -> None:
    clock = Calendar()
    create_box(settings(tmp_path), None, clock)
    works = embedded_works(settings(tmp_path), tmp_path / "settings.toml", clock)
    renewal = Renewal(Supervisor(works, clock), settings(tmp_path), clock)
    seen = [(tmp_path / "tls" / "web" / "web.pem").read_bytes()]
    for _ in range(30):
        clock.at += timedelta(days=1)
        renewal.each_tick()
        seen.append((tmp_path / "tls" / "web" / "web.pem").read_bytes())
    assert len(set(seen)) == 2


def test_what_issues_certificates_is_renewed_while_unlocked_and_waits_while_locked(tmp_path: Path) -> None:
    clock = Calendar()
    create_box(settings(tmp_path), None, clock)
    supervisor = Supervisor(embedded_works(settings(tmp_path), tmp_path / "settings.toml", clock), clock)
    renewal, tls = Renewal(supervisor, settings(tmp_path), clock), tmp_path / "tls"
    trusted, issuing = (tls / "web-ca.pem").read_bytes(), (tls / "web" / "web-intermediate.pem").read_bytes()
    clock.at += timedelta(days=70)
    renewal.each_tick()
    assert (tls / "web" / "web-intermediate.pem").read_bytes() == issuing, "locked: nobody here holds its authority"
    supervisor.unlock(None)
    seen = {issuing}
    for _ in range(100):
        clock.at += timedelta(days=5)
        renewal.each_tick()
        seen.add((tls / "web" / "web-intermediate.pem").read_bytes())
        for name in ("web/web.pem", "web/web-intermediate.pem", "dicom/dicom.pem"):
            assert not is_due((tls / name).read_bytes(), clock.at, trusted), f"{name} on {clock.at}"
    assert len(seen) == 10
    assert (tls / "web-ca.pem").read_bytes() == trusted


CHAIN = ("web/web.pem", "web/web-intermediate.pem", "dicom/dicom.pem")


def test_what_was_issued_while_the_clock_ran_ahead_is_issued_anew_once_it_is_set_right(tmp_path: Path) -> None:
    clock = Calendar()
    create_box(settings(tmp_path), None, clock)
    supervisor = Supervisor(embedded_works(settings(tmp_path), tmp_path / "settings.toml", clock), clock)
    renewal, tls = Renewal(supervisor, settings(tmp_path), clock), tmp_path / "tls"
    supervisor.unlock(None)
    trusted, before = (tls / "web-ca.pem").read_bytes(), [(tls / name).read_bytes() for name in CHAIN]
    for stepped in (timedelta(days=3650), timedelta()):
        clock.stepped = stepped
        renewal.each_tick()
        for name in CHAIN:
            loaded = load_pem_x509_certificate((tls / name).read_bytes())
            assert loaded.not_valid_before_utc < clock.now() < loaded.not_valid_after_utc, f"{name}, {stepped}"
    assert (tls / "web-ca.pem").read_bytes() == trusted
    assert not set(before) & {(tls / name).read_bytes() for name in CHAIN}


def test_a_clock_that_starts_in_1970_costs_no_certificate(tmp_path: Path) -> None:
    clock = Calendar()
    create_box(settings(tmp_path), None, clock)
    supervisor = Supervisor(embedded_works(settings(tmp_path), tmp_path / "settings.toml", clock), clock)
    supervisor.unlock(None)
    before = [(tmp_path / "tls" / name).read_bytes() for name in CHAIN]
    clock.stepped = datetime(1970, 1, 1, tzinfo=UTC) - clock.at
    renewal = Renewal(supervisor, settings(tmp_path), clock)
    renewal.each_tick()
    clock.stepped = timedelta()
    renewal.each_tick()
    assert [(tmp_path / "tls" / name).read_bytes() for name in CHAIN] == before


def test_a_renewal_that_fails_stops_nothing(tmp_path: Path) -> None:
    clock = Calendar()
    create_box(settings(tmp_path), None, clock)
    works = embedded_works(settings(tmp_path), tmp_path / "settings.toml", clock)
    (tmp_path / "tls" / "web" / "web-intermediate-key.pem").unlink()
    clock.at += timedelta(days=40)
    Renewal(Supervisor(works, clock), settings(tmp_path), clock).each_tick()


def test_a_port_that_is_taken_is_told_before_anything_starts(tmp_path: Path) -> None:
    create_box(settings(tmp_path), None, Calendar())
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(Unavailable, match=str(port)):
            embedded_works(settings(tmp_path, port), tmp_path / "settings.toml", Calendar())


def test_each_process_that_hangs_is_started_anew(short_path: Path, free_ports: Callable[[int], list[int]]) -> None:
    [port], clock = free_ports(1), SystemClock()
    create_box(settings(short_path, port), None, clock)
    works = embedded_works(settings(short_path, port), short_path / "settings.toml", clock)
    supervisor, stopped, seen = Supervisor(impatient(works), clock), dict[str, int](), list[float]()
    niceness = dict[str, int]()
    supervisor.unlock(None)
    deadline = clock.monotonic() + 90 * PATIENCE

    def each_tick() -> None:
        running = supervisor.status().processes
        assert clock.monotonic() < deadline, (stopped, running)
        if (
            not stopped
            and PATIENCE_SECONDS.keys() <= running.keys()
            and all_serve(running["intake"], port, works.folders)
        ):
            seen.append(clock.monotonic())
        if not stopped and seen and clock.monotonic() - seen[0] > 1:  # by now they have told that they serve
            stopped.update({name: running[name] for name in PATIENCE_SECONDS})
            niceness.update({name: psutil.Process(number).nice() for name, number in stopped.items()})
            for number in stopped.values():
                os.kill(number, signal.SIGSTOP)
        if stopped and all(running.get(name, number) != number for name, number in stopped.items()):
            supervisor.stop()

    supervisor.run(each_tick)
    assert not any(psutil.pid_exists(number) for number in stopped.values())
    assert niceness == {name: of_unit(name, "Nice", 0) for name in PATIENCE_SECONDS}, "each gives way as on a box"


def impatient(works: Works) -> Works:
    """Give the same processes, whose silence is believed sooner."""

    def plan(name: str, keyring: bytes | None) -> Plan:
        made = works.plan(name, keyring)
        watchdog = made.watchdog and replace(made.watchdog, patience_seconds=5, start_seconds=30)
        return replace(made, watchdog=watchdog)

    return replace(works, plan=plan)


def all_serve(intake: int, port: int, folders: Folders) -> bool:
    """Say whether the receiver takes connections, staff answers, and intake has given way, the first that it does."""
    with socket.socket() as scanner, socket.socket(socket.AF_UNIX) as caddy:
        caddy.settimeout(1)
        if scanner.connect_ex(("127.0.0.1", port)) or caddy.connect_ex(str(folders.staff_socket)):
            return False
        caddy.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
        with suppress(TimeoutError):
            return caddy.recv(100).startswith(b"HTTP/1.1 200") and psutil.Process(intake).nice() > 0
    return False


def test_the_embedded_default_is_as_patient_as_the_boxs_units() -> None:
    assert {name: of_unit(name, "WatchdogSec", 0) for name in PATIENCE_SECONDS} == PATIENCE_SECONDS


def of_unit(name: str, setting: str, otherwise: int) -> int:
    """Give a number that a process's unit sets."""
    unit = Path(__file__).parents[2] / "systemd" / f"enamel-{name}.service"
    found = re.findall(rf"^{setting}=(\d+)$", unit.read_text(), re.MULTILINE)
    return int(found[0]) if found else otherwise


def test_where_there_is_no_box_nothing_runs(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        embedded_works(settings(tmp_path), tmp_path / "settings.toml", Calendar())

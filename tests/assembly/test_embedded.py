"""The embedded default's own duties: free ports, and a certificate that does not run out."""

import socket
from datetime import timedelta
from pathlib import Path

import pytest

from appliance.assembly.box import create_box
from appliance.assembly.embedded import Renewal, embedded_works
from appliance.assembly.supervisor import Supervisor
from appliance.config import ReceiverSettings, Settings, StaffSettings, in_folders
from appliance.errors import NotFound, Unavailable
from appliance.keys.authority import is_due
from tests.assembly.a_calendar import Calendar


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
            assert not is_due((tls / name).read_bytes(), clock.at), f"{name} on {clock.at}"
    assert len(seen) == 10
    assert (tls / "web-ca.pem").read_bytes() == trusted


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


def test_where_there_is_no_box_nothing_runs(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        embedded_works(settings(tmp_path), tmp_path / "settings.toml", Calendar())

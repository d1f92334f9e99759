"""The embedded default's own duties: free ports, and a certificate that does not run out."""

import socket
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from appliance.assembly.box import create_box
from appliance.assembly.embedded import Renewal, embedded_works
from appliance.assembly.supervisor import Supervisor
from appliance.config import ReceiverSettings, Settings, StaffSettings, in_folders
from appliance.errors import NotFound, Unavailable


@dataclass
class Calendar:
    """A clock that is set."""

    at: datetime = datetime(2026, 3, 1, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.at.timestamp()


def settings(folder: Path, port: int = 0) -> Settings:
    receiver = ReceiverSettings(listen="127.0.0.1", port=port, tls_port=0)
    plain = Settings(receiver=receiver, staff=StaffSettings(listen="127.0.0.1", port=0))
    return in_folders(plain, str(folder), str(folder / "run"))


def test_the_web_certificate_is_issued_anew_in_time_while_running(tmp_path: Path) -> None:
    clock = Calendar()
    create_box(settings(tmp_path), None, clock)
    works = embedded_works(settings(tmp_path), tmp_path / "settings.toml", clock)
    renewal = Renewal(Supervisor(works, clock), settings(tmp_path), clock)
    seen = [(tmp_path / "tls" / "web.pem").read_bytes()]
    for _ in range(30):
        clock.at += timedelta(days=1)
        renewal.each_tick()
        seen.append((tmp_path / "tls" / "web.pem").read_bytes())
    assert len(set(seen)) == 2


def test_a_renewal_that_fails_stops_nothing(tmp_path: Path) -> None:
    clock = Calendar()
    create_box(settings(tmp_path), None, clock)
    works = embedded_works(settings(tmp_path), tmp_path / "settings.toml", clock)
    (tmp_path / "tls" / "web-intermediate-key.pem").unlink()
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

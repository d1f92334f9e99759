"""The record reaches a real syslog server whole and in order, over TLS it trusts, through outages, and names nobody."""

import signal
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from appliance.accounts.roles import Role
from appliance.audit.events import PROCESS, Actor, ActorKind, Event, EventCode, Outcome
from appliance.trail import queries
from appliance.trail.forwarding import BATCH, ForwardingParts, forward
from appliance.trail.syslog import Line, NotTaken, Server, send
from appliance.web.staff.words import person_name
from tests.trail.a_syslog_server import SyslogServer, make_certificates, syslog_server
from tests.web.a_clinic import AClinic
from tests.web.invented import PEOPLE, put_all

pytestmark = pytest.mark.peer("rsyslogd", "openssl")
SCHEMA = Path(__file__).parents[1] / "audit" / "audit_message.rng"


@pytest.fixture
def clinic(tmp_path: Path) -> AClinic:
    clinic = AClinic(tmp_path)
    with clinic.database.write() as tx:
        put_all(tx, clinic.clock.now(), PEOPLE[:3])
        tx.change("INSERT INTO box VALUES (1, zeroblob(16), 'Praxis', 0)")
    return clinic


@pytest.fixture
def server(tmp_path: Path) -> Iterator[SyslogServer]:
    with syslog_server(tmp_path / "syslog") as running:
        yield running


def parts(clinic: AClinic, running: SyslogServer, **more: object) -> ForwardingParts:
    to = Server("127.0.0.1", running.port, str(running.authority), patience_seconds=5)
    whole = ForwardingParts(clinic.database, clinic.clock, to, "Clínica Las Lilas", with_study_uids=True)
    return replace(whole, **more)  # type: ignore[arg-type]  # its own fields


def record(clinic: AClinic, count: int) -> None:
    who = Actor(ActorKind.ACCOUNT, 1)
    with clinic.database.write() as tx:
        for number in range(count):
            event = Event(EventCode.STUDY_OPENED, who, patient_key=1 + number % 3, study_key=1 + number % 3)
            clinic.accounts.audit.record(tx, event)


def sent_up_to(clinic: AClinic, server: SyslogServer) -> int:
    with clinic.database.read() as tx:
        return queries.sent_up_to(tx, f"127.0.0.1:{server.port}")


def test_every_event_arrives_once_in_order_and_none_names_a_patient(clinic: AClinic, server: SyslogServer) -> None:
    clinic.person(Role.DENTIST, display_name="Ana Prueba")
    record(clinic, 2 * BATCH)
    heard: list[int] = []
    assert forward(parts(clinic, server), heard.append) == 2 * BATCH + 1
    assert heard == [BATCH, 2 * BATCH, 2 * BATCH + 1]
    assert forward(parts(clinic, server), heard.append) == 0
    server.stop()
    kept = server.kept()
    assert [number for _priority, number, _text in kept] == list(range(1, 2 * BATCH + 2))
    text = "\n".join(message for _priority, _number, message in kept)
    assert "Ana Prueba" in text
    assert "Study Instance UID" in text
    assert not [one.name for one in PEOPLE[:3] if one.name in text or person_name(one.name) in text]
    assert not [one.patient_id for one in PEOPLE[:3] if one.patient_id in text]


@pytest.mark.peer("xmllint")
def test_what_arrives_keeps_the_standards_schema_and_a_failure_has_its_severity(
    clinic: AClinic, server: SyslogServer, tmp_path: Path
) -> None:
    with clinic.database.write() as tx:
        for code in EventCode:
            clinic.accounts.audit.record(tx, Event(code, PROCESS, study_key=1, patient_key=1))
        clinic.accounts.audit.record(tx, Event(EventCode.BACKUP_MADE, PROCESS, Outcome.FAILURE))
    forward(parts(clinic, server), lambda _sent: None)
    server.stop()
    kept = server.kept()
    assert len(kept) == len(EventCode) + 1
    assert [priority for priority, _number, _text in kept] == [85] * len(EventCode) + [84]
    files = []
    for _priority, number, text in kept:
        files.append(tmp_path / f"{number}.xml")
        files[-1].write_text(text, encoding="utf-8")
    done = subprocess.run(
        ["xmllint", "--noout", "--relaxng", SCHEMA, *files], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[:2000]


def test_studies_are_numbers_of_the_box_where_uids_are_not_told(clinic: AClinic, server: SyslogServer) -> None:
    record(clinic, 1)
    forward(parts(clinic, server, with_study_uids=False), lambda _sent: None)
    server.stop()
    (told,) = server.kept()
    assert 'ParticipantObjectID="2.25.1"' not in told[2]
    assert 'csd-code="study"' in told[2]


def test_after_an_outage_it_goes_on_where_the_server_left_off(clinic: AClinic, server: SyslogServer) -> None:
    record(clinic, 30)
    forward(parts(clinic, server), lambda _sent: None)
    server.stop()
    record(clinic, 20)
    with pytest.raises(NotTaken, match="syslog unreachable"):
        forward(parts(clinic, server), lambda _sent: None)
    assert sent_up_to(clinic, server) == 30
    server.start()
    assert forward(parts(clinic, server), lambda _sent: None) == 20
    server.stop()
    assert [number for _priority, number, _text in server.kept()] == list(range(1, 51))


def test_what_was_on_its_way_when_the_server_was_killed_is_sent_again(clinic: AClinic, server: SyslogServer) -> None:
    record(clinic, BATCH)
    assert server.process is not None
    server.process.send_signal(signal.SIGSTOP)  # it reads nothing; the kernel takes what fits
    with pytest.raises(NotTaken, match="syslog unreachable"):
        forward(parts(clinic, server), lambda _sent: None)
    assert sent_up_to(clinic, server) == 0
    server.kill()
    server.start()
    assert forward(parts(clinic, server), lambda _sent: None) == BATCH
    server.stop()
    assert {number for _priority, number, _text in server.kept()} == set(range(1, BATCH + 1))


def test_a_server_that_nobody_vouches_for_gets_nothing(clinic: AClinic, server: SyslogServer, tmp_path: Path) -> None:
    record(clinic, 3)
    other = tmp_path / "other"
    other.mkdir()
    make_certificates(other)
    strange = Server("127.0.0.1", server.port, str(other / "authority.pem"), patience_seconds=5)
    misnamed = Server("localhost", server.port, str(server.authority), patience_seconds=5)
    for to in (strange, misnamed, Server("127.0.0.1", server.port)):
        with pytest.raises(NotTaken, match="syslog not trusted"):
            forward(parts(clinic, server, server=to), lambda _sent: None)
    absent = Server("127.0.0.1", server.port, str(tmp_path / "none.pem"))
    with pytest.raises(NotTaken, match="syslog certificate unreadable"):
        forward(parts(clinic, server, server=absent), lambda _sent: None)
    server.stop()
    assert server.kept() == []


def test_without_a_server_nothing_is_sent(clinic: AClinic, server: SyslogServer) -> None:
    record(clinic, 3)
    assert forward(parts(clinic, server, server=None), lambda _sent: None) == 0


def test_a_server_that_did_not_read_to_the_end_has_taken_nothing(server: SyslogServer) -> None:
    running = server.process
    assert running is not None

    def lines() -> Iterator[Line]:
        running.send_signal(signal.SIGSTOP)  # after the handshake; what is sent fits into the kernel's buffers
        for number in range(1, 11):
            yield Line(number, datetime(2026, 11, 21, tzinfo=UTC), "<AuditMessage/>", is_failure=False)

    to = Server("127.0.0.1", server.port, str(server.authority), patience_seconds=2)
    with pytest.raises(NotTaken, match="syslog unreachable"):
        send(to, "enamel-1", lines())
    running.send_signal(signal.SIGCONT)

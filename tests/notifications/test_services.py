"""Notices go out by a real mail server and to a service that checks signatures; what cannot work is refused."""

import hashlib
import hmac
import json
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import msgspec
import pytest

from appliance.config import Settings, WebhookSettings, settings_from
from appliance.errors import Unsuitable, WrongKey
from appliance.health.telling import HealthParts, keep_service_secret, service_secret, telling_jobs
from appliance.keys.secret import SecretKey
from appliance.notifications import queries
from appliance.notifications.codes import NoticeCode
from appliance.notifications.mail import MailTeller
from appliance.notifications.queries import Notice
from appliance.notifications.telling import NotTold, Telling, TellingParts, tell_due
from appliance.notifications.webhook import SIGNATURE, WebhookTeller
from appliance.store.runs import RunOutcome
from tests.jobs.a_timetable import Works
from tests.notifications.a_mail_server import PASSWORD, mail_server, make_certificate, refusing_server, with_starttls
from tests.notifications.a_told_box import ALARM, DAY, HOUR, Told


@pytest.fixture
def works(tmp_path: Path) -> Told:
    return Told(tmp_path)


def settings(**mail: object) -> Settings:
    given = {"host": "127.0.0.1", "sender": "box@clinic.example", "recipients": ["owner@clinic.example"], **mail}
    return settings_from({"clinic_name": "Clínica Las Lilas", "mail": given})


def telling(works: Told, *codes: NoticeCode, over: Sequence[NoticeCode] = ()) -> Telling:
    def made(code: NoticeCode) -> Notice:
        return Notice(1, code, None, 3, ALARM, works.clock.now(), works.clock.now())

    return Telling(works.clock.now(), tuple(map(made, codes)), tuple(map(made, over)))


def test_one_recipient_that_is_refused_sends_the_others_no_mail_again_and_again(works: Told) -> None:
    with refusing_server(refused="wrong@clinic.example") as server:
        given = settings(port=server.port, security="none", recipients=["wrong@clinic.example", "a@clinic.example"])
        ways = {"mail": MailTeller(given.mail, "x")}
        parts = TellingParts(works.box.database, works.clock, lambda _: ways)
        works.raised(NoticeCode.RESTORE_TEST_FAILED)
        assert tell_due(parts) == (1, ["mail recipient refused"])
        assert NoticeCode.MAIL_FAILS in {one.code for one in works.open()}
        works.clock.let_pass(timedelta(minutes=10))
        assert tell_due(parts) == (0, [])
        assert server.taken == 1


@pytest.mark.peer("msmtpd")
def test_a_real_mail_server_takes_it_in_the_clinics_language(works: Told, tmp_path: Path) -> None:
    with mail_server(tmp_path / "mail") as server:
        chosen = settings(
            port=server.port, security="none", language="es", recipients=["a@clinic.example", "b@c.example"]
        )
        what = telling(works, NoticeCode.RESTORE_TEST_FAILED, NoticeCode.BACKUP_LATE, over=[NoticeCode.DRILL_DUE])
        MailTeller(chosen.mail, chosen.clinic_name).tell(what)
        (mail,) = server.taken()
    assert (
        mail["Subject"]
        == "Enamel, Clínica Las Lilas: Alarma: Un lugar de copias: la prueba de recuperación falló (y 1 más)"
    )
    assert (mail["To"], mail["Auto-Submitted"]) == ("a@clinic.example, b@c.example", "auto-generated")
    text = mail.get_content()
    for words in (
        "un lugar de copias no tiene una copia completa desde hace 3 días",
        "ya pasó:",
        "nunca escribe sobre pacientes",
    ):
        assert words in text.lower()


@pytest.mark.peer("msmtpd", "socat", "openssl")
def test_a_password_goes_over_tls_whose_certificate_is_checked(works: Told, tmp_path: Path) -> None:
    what = telling(works, NoticeCode.TEST)
    with mail_server(tmp_path / "mail", user="box", tls=True) as server:
        trusted = {
            "port": server.tls_port,
            "security": "tls",
            "user": "box",
            "certificate_file": str(server.certificate),
        }
        MailTeller(settings(**trusted).mail, "x", PASSWORD.encode()).tell(what)
        assert len(server.taken()) == 1
        for changed, password, code in (
            ({}, b"wrong", "mail password refused"),
            ({"certificate_file": ""}, PASSWORD.encode(), "mail server not trusted"),
            ({"certificate_file": str(tmp_path / "none.pem")}, PASSWORD.encode(), "mail certificate unreadable"),
            ({"user": ""}, None, "mail refused"),
        ):
            with pytest.raises(NotTold, match=f"^{code}$"):
                MailTeller(settings(**trusted | changed).mail, "x", password).tell(what)
        starttls = settings(port=server.port, security="starttls").mail
        with pytest.raises(NotTold, match=r"^mail refused$"):
            MailTeller(starttls, "x").tell(what)
        assert len(server.taken()) == 1, "nothing went out that should not have"
    with pytest.raises(NotTold, match=r"^mail server unreachable$"):
        MailTeller(settings(**trusted).mail, "x", PASSWORD.encode()).tell(what)


@pytest.mark.peer("msmtpd", "nginx", "openssl")
def test_a_mail_goes_after_starttls_to_a_server_whose_certificate_is_trusted(works: Told, tmp_path: Path) -> None:
    what = telling(works, NoticeCode.BACKUP_LATE)
    with mail_server(tmp_path / "mail") as behind, with_starttls(behind) as server:
        trusted = settings(port=server.tls_port, certificate_file=str(server.certificate)).mail
        MailTeller(trusted, "x").tell(what)
        assert len(server.taken()) == 1
        stranger = settings(port=server.tls_port).mail
        with pytest.raises(NotTold, match=r"^mail server not trusted$"):
            MailTeller(stranger, "x").tell(what)
        assert len(server.taken()) == 1


@dataclass
class Service:
    """A service of the clinic's choosing: what it got, and what it answers."""

    url: str = ""
    status: int = 204
    got: list[tuple[dict[str, Any], str | None, bytes]] = field(default_factory=list)


@contextmanager
def a_service(certificate: Path | None = None) -> Iterator[Service]:
    """Serve on loopback, over TLS with this certificate where there is one."""
    service = Service()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            service.got.append((json.loads(body), self.headers[SIGNATURE], body))
            self.send_response(service.status)
            self.send_header("Location", "http://127.0.0.1:9/elsewhere")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Print no requests."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    if certificate is not None:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(certificate)
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    scheme = "http" if certificate is None else "https"
    service.url = f"{scheme}://127.0.0.1:{server.server_port}/told?by=enamel"
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_service_gets_codes_and_numbers_signed(works: Told) -> None:
    with a_service() as service:
        WebhookTeller(service.url, "ab" * 16, b"shared").tell(telling(works, NoticeCode.BACKUP_LATE))
        ((told, signature, body),) = service.got
        assert signature == "sha256=" + hmac.new(b"shared", body, hashlib.sha256).hexdigest()
        (notice,) = told["notices"]
        assert (notice["code"], notice["number"], notice["severity"], told["box"]) == (
            "backup late",
            3,
            "alarm",
            "ab" * 16,
        )
        for service.status in (302, 400, 500):
            with pytest.raises(NotTold, match="webhook refused"):
                WebhookTeller(service.url, "ab" * 16).tell(telling(works, NoticeCode.TEST))
        assert len(service.got) == 4, "a redirect is not followed"
    with pytest.raises(NotTold, match="webhook unreachable"):
        WebhookTeller(service.url, "ab" * 16).tell(telling(works, NoticeCode.TEST))


@pytest.mark.peer("openssl")
def test_a_service_that_nobody_vouches_for_gets_nothing(works: Told, tmp_path: Path) -> None:
    make_certificate(tmp_path / "own.pem")
    with a_service(tmp_path / "own.pem") as service:
        with pytest.raises(NotTold, match=r"^webhook not trusted$"):
            WebhookTeller(service.url, "ab" * 16, b"shared").tell(telling(works, NoticeCode.TEST))
        assert service.got == []


@pytest.mark.parametrize(
    ("table", "fault"),
    [
        ({"mail": {"host": "mail.example"}}, "mail: a server needs mail.sender"),
        ({"mail": {"recipients": ["not an address"]}}, "mail.recipients"),
        ({"mail": {"recipients": ["a@b\nBcc: c@d"]}}, "mail.recipients"),
        ({"mail": {"user": "box", "security": "none"}}, "mail.user: signs in over TLS only"),
        ({"webhook": {"url": "http://hook.example/x"}}, "webhook.url"),
        ({"webhook": {"url": "https://user:secret@hook.example/x"}}, "webhook.url"),
        ({"webhook": {"url": "https://hook.example:99999/"}}, "webhook.url"),
        ({"webhook": {"url": "https://hook.example/\r\nX: y"}}, "webhook.url"),
        ({"time_zone": "Nowhere/Town"}, "time_zone"),
        ({"time_zone": "../../etc/passwd"}, "time_zone"),
    ],
)
def test_settings_that_cannot_work_or_would_leak_are_refused(table: dict[str, object], fault: str) -> None:
    with pytest.raises(Unsuitable, match=fault):
        settings_from(table)
    assert settings_from({"webhook": {"url": "https://hook.example/x"}}).webhook.url


def test_a_services_password_is_sealed_and_opens_only_for_its_own_service(works: Told) -> None:
    key, database = SecretKey.new(), works.box.database
    with database.write() as tx:
        keep_service_secret(tx, key, "mail", PASSWORD, works.clock.now())
        assert service_secret(tx, key, "mail") == PASSWORD.encode()
        sealed = queries.find_secret(tx, "mail")
        assert sealed is not None
        assert PASSWORD.encode() not in sealed
        queries.set_secret(tx, "webhook", sealed, works.clock.now())
        with pytest.raises(WrongKey):
            service_secret(tx, key, "webhook")
        keep_service_secret(tx, key, "mail", "", works.clock.now())
        assert service_secret(tx, key, "mail") is None
        for wrong in (("post", "x"), ("mail", "two\nlines"), ("mail", "x" * 2000)):
            with pytest.raises(Unsuitable):
                keep_service_secret(tx, key, *wrong, works.clock.now())


def test_the_job_tells_that_the_clock_was_set_by_the_ways_of_the_settings(tmp_path: Path) -> None:
    works, key = Works(tmp_path, []), SecretKey.new()
    with a_service() as service:
        chosen = msgspec.structs.replace(Settings(), webhook=WebhookSettings(service.url))
        parts = HealthParts(chosen, works.box.database, works.clock, key)
        works.jobs = [*telling_jobs(parts)]
        works.restart()
        works.let_pass(HOUR)
        assert service.got == []
        works.clock.set_by(2 * DAY)
        works.let_pass(HOUR)
    assert [notice["code"] for told, _, _ in service.got for notice in told["notices"]] == ["clock jumped"]
    assert all(run.outcome is RunOutcome.DONE for run in works.runs("tell"))

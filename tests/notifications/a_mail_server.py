"""A real mail server on loopback, msmtpd, which keeps what it takes; socat or nginx before it bring TLS."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer
from threading import Thread

from tests.conftest import ports_nobody_listens_on

PASSWORD = "quiet amber"  # noqa: S105  of a server that this test made


@dataclass(frozen=True)
class MailServer:
    """Where it listens, and what it took.

    Attributes:
        port: Plain.
        tls_port: By TLS from the first byte, or begun after the greeting; 0 for none.
        certificate: To trust for that.
    """

    port: int
    folder: Path
    tls_port: int = 0
    certificate: Path = Path()

    def taken(self) -> list[EmailMessage]:
        """Give the mails it took, the first first."""
        files = sorted(self.folder.glob("mail-*"), key=lambda file: file.stat().st_mtime_ns)
        return [message_from_bytes(file.read_bytes(), policy=default) for file in files]


_NGINX = """
daemon off; pid {folder}/nginx.pid; error_log {folder}/nginx.log; {load}
events {{ worker_connections 64; }}
http {{
  access_log off; client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
  uwsgi_temp_path {folder}; scgi_temp_path {folder};
  server {{ listen 127.0.0.1:{asked}; location / {{
    add_header Auth-Status OK; add_header Auth-Server 127.0.0.1; add_header Auth-Port {behind}; return 204;
  }} }}
}}
mail {{
  server_name mail.home.arpa; auth_http 127.0.0.1:{asked}/; proxy_smtp_auth off; xclient off;
  server {{
    listen 127.0.0.1:{port}; protocol smtp; smtp_auth none; starttls on;
    ssl_certificate {certificate}; ssl_certificate_key {certificate};
  }}
}}
"""
_MAIL_MODULE = Path("/usr/lib/nginx/modules/ngx_mail_module.so")


@contextmanager
def with_starttls(behind: MailServer) -> Iterator[MailServer]:
    """Put nginx before a server: it offers STARTTLS."""
    certificate = behind.folder / "certificate.pem"
    make_certificate(certificate)
    port, asked = ports_nobody_listens_on(2)
    config = behind.folder / "nginx.conf"
    load = f"load_module {_MAIL_MODULE};" if _MAIL_MODULE.exists() else ""
    facts = {"folder": behind.folder, "load": load, "asked": asked, "port": port, "certificate": certificate}
    config.write_text(_NGINX.format(**facts, behind=behind.port))
    with ExitStack() as running:
        _run(running, ["nginx", "-p", str(behind.folder), "-c", str(config)], port)
        yield replace(behind, tls_port=port, certificate=certificate)


@contextmanager
def mail_server(folder: Path, *, user: str = "", tls: bool = False) -> Iterator[MailServer]:
    """Run one; with a user it asks for `PASSWORD`."""
    folder.mkdir(parents=True, exist_ok=True)
    port, tls_port = ports_nobody_listens_on(2)
    keep = f"sh -c 'cat > $(mktemp {folder}/mail-XXXXXX)'"
    command = ["msmtpd", f"--port={port}", f"--command={keep}"]
    command += [f"--auth={user},echo {PASSWORD}"] if user else []
    with ExitStack() as running:
        _run(running, command, port)
        certificate = folder / "certificate.pem"
        if tls:
            make_certificate(certificate)
            listen = f"OPENSSL-LISTEN:{tls_port},bind=127.0.0.1,reuseaddr,fork,cert={certificate},verify=0"
            _run(running, ["socat", listen, f"TCP:127.0.0.1:{port}"], tls_port)
        yield MailServer(port, folder, tls_port if tls else 0, certificate)


@dataclass
class Refusing:
    """A server that refuses one recipient and takes a mail for the others; `taken` counts mails."""

    port: int = 0
    taken: int = 0


@contextmanager
def refusing_server(refused: str) -> Iterator[Refusing]:
    """Run a mail server that knows everybody but one, which msmtpd cannot."""
    told = Refusing()

    class Talk(StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"220 home\r\n")
            while line := self.rfile.readline():
                self.wfile.write(self._answer(line.decode().strip()))

        def _answer(self, line: str) -> bytes:
            if line.upper().startswith("RCPT") and refused in line:
                return b"550 nobody of that name\r\n"
            if line.upper() != "DATA":
                return b"221 bye\r\n" if line.upper() == "QUIT" else b"250 well\r\n"
            self.wfile.write(b"354 go on\r\n")
            while self.rfile.readline() != b".\r\n":
                pass
            told.taken += 1
            return b"250 taken\r\n"

    with ThreadingTCPServer(("127.0.0.1", 0), Talk) as server:
        told.port = server.server_address[1]
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield told
        finally:
            server.shutdown()
            thread.join()


def _run(running: ExitStack, command: list[str], port: int) -> None:
    process = running.enter_context(subprocess.Popen(command, stdout=sys.stderr))
    running.callback(process.terminate)
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except ConnectionRefusedError:
            assert process.poll() is None, "it ended by itself"
            subprocess.run(["sleep", "0.05"], check=True)
        else:
            return
    raise AssertionError("the mail server does not listen")


def make_certificate(file: Path) -> None:
    """Make a certificate for 127.0.0.1, with its key behind it."""
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-days",
        "2",
    ]
    names = ["-subj", "/CN=mail.home.arpa", "-addext", "subjectAltName=IP:127.0.0.1"]
    key, certificate = file.with_suffix(".key"), file.with_suffix(".crt")
    subprocess.run([*command, *names, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    file.write_bytes(certificate.read_bytes() + key.read_bytes())

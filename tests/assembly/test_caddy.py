"""Caddy as configured, with a small server of our own behind it."""

import contextlib
import gzip
import http.client
import json
import os
import re
import socket
import ssl
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingUnixStreamServer

import pytest

from appliance.assembly.caddy import caddy_config, caddy_environment
from appliance.assembly.folders import Folders
from appliance.config import StaffSettings
from tests.patience import PATIENCE

CADDY = Path(sys.executable).with_name("caddy")
pytestmark = pytest.mark.peer("openssl")


class Staff(BaseHTTPRequestHandler):
    """Says who asked; for `/endless` it never stops."""

    def do_GET(self) -> None:
        if self.path.startswith("/endless"):
            self._say_without_end()
            return
        said = f"{self.headers['X-Forwarded-For']} {self.headers['Host']}".encode()
        self.send_response(200)
        if self.path.endswith((".js", "page")):
            said = said * 400
            self.send_header("Content-Type", "text/javascript" if self.path.endswith(".js") else "text/html")
            self.send_header("ETag", '"of-this-release"')
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def _say_without_end(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(1 << 40))
        self.end_headers()
        with contextlib.suppress(OSError):
            while True:
                self.wfile.write(bytes(1 << 16))

    def address_string(self) -> str:
        return "caddy"

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    made = Folders(tmp_path / "data", tmp_path / "run")
    made.create()
    names, tls = "subjectAltName=DNS:localhost,IP:127.0.0.1", made.web_tls
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
         "-subj", "/CN=test", "-addext", names, "-keyout", tls / "web-key.pem", "-out", tls / "web.pem"],
        check=True, capture_output=True,
    )  # fmt: skip
    return made


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def port(folders: Folders) -> Iterator[int]:
    port = free_port()
    with running_caddy(folders, port, caddy_config(StaffSettings(listen="127.0.0.1", port=port), folders)):
        yield port


@contextlib.contextmanager
def running_caddy(folders: Folders, port: int, config: bytes) -> Iterator[Path]:
    """Run Caddy until the block ends; give the file of what it says."""
    file, told = folders.run / "caddy.json", folders.run / "caddy.told"
    file.write_bytes(config)
    environment = caddy_environment({"PATH": os.environ["PATH"]}, folders)
    with (
        told.open("wb") as out,
        subprocess.Popen([CADDY, "run", "--config", file], env=environment, stderr=out) as caddy,
    ):
        deadline = time.monotonic() + 15 * PATIENCE
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield told
        caddy.terminate()


@pytest.fixture
def staff(folders: Folders) -> Iterator[None]:
    with answering(folders):
        yield


@contextlib.contextmanager
def answering(folders: Folders) -> Iterator[None]:
    """Let a staff's server answer until the block ends."""
    server = ThreadingUnixStreamServer(str(folders.staff_socket), Staff)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()


def trusted(folders: Folders) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(folders.web_tls / "web.pem"))


def got(
    folders: Folders, port: int, host: str = "localhost", path: str = "/", **headers: str
) -> tuple[http.client.HTTPResponse, bytes]:
    connection = http.client.HTTPSConnection(host, port, context=trusted(folders), timeout=60)
    connection.request("GET", path, headers=headers)
    response = connection.getresponse()
    return response, response.read()


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
@pytest.mark.usefixtures("staff")
def test_a_browser_reaches_staff_by_each_name_and_staff_learns_its_address(
    folders: Folders, port: int, host: str
) -> None:
    response, said = got(folders, port, host)
    assert response.status == 200
    assert said == f"127.0.0.1 {host}:{port}".encode()
    assert response.headers["Strict-Transport-Security"] == "max-age=31536000"
    assert response.headers["Server"] is None
    assert response.headers["Via"] is None


@pytest.mark.usefixtures("staff")
def test_a_browser_cannot_claim_another_address(folders: Folders, port: int) -> None:
    _, said = got(folders, port, **{"X-Forwarded-For": "192.0.2.9"})
    assert b"192.0.2.9" not in said


@pytest.mark.usefixtures("staff")
def test_files_of_the_release_travel_compressed_and_pages_with_secrets_do_not(folders: Folders, port: int) -> None:
    script, coded = got(folders, port, path="/static/viewer/viewer.js", **{"Accept-Encoding": "gzip, br, zstd"})
    assert script.headers["Content-Encoding"] == "gzip"
    assert script.headers["Vary"] == "Accept-Encoding"
    assert script.headers["ETag"] == '"of-this-release-gzip"'
    plain, whole = got(folders, port, path="/static/viewer/viewer.js")
    assert plain.headers["Content-Encoding"] is None
    assert gzip.decompress(coded) == whole
    page, _ = got(folders, port, path="/page", **{"Accept-Encoding": "gzip, br, zstd"})
    assert page.headers["Content-Encoding"] is None


@pytest.mark.parametrize("name", ["evil.example", "127.0.0.1", "localhost.evil.example"])
def test_another_host_than_the_tls_name_is_misdirected(folders: Folders, port: int, name: str) -> None:
    response, said = got(folders, port, Host=name)
    assert response.status == 421
    assert b"127.0.0.1" not in said


def test_nothing_older_than_tls_1_3_is_spoken(folders: Folders, port: int) -> None:
    context = trusted(folders)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with pytest.raises(ssl.SSLError), socket.create_connection(("127.0.0.1", port), 5) as plain:
        context.wrap_socket(plain, server_hostname="localhost")


def test_http_2_is_offered(folders: Folders, port: int) -> None:
    context = trusted(folders)
    context.set_alpn_protocols(["h2", "http/1.1"])
    with (
        socket.create_connection(("127.0.0.1", port), 5) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as line,
    ):
        assert line.selected_alpn_protocol() == "h2"


def test_while_staff_does_not_answer_a_page_says_to_wait(folders: Folders, port: int) -> None:
    response, said = got(folders, port)
    assert response.status == 503
    assert response.headers["Retry-After"] == "2"
    assert b"Enamel is starting" in said
    assert (response.headers["Server"], response.headers["Strict-Transport-Security"]) == (None, "max-age=31536000")
    assert re.findall(rb"lang=(..)", said) == [b"en", b"es", b"pt"]


def test_what_a_page_is_made_of_waits_until_staff_answers_again(folders: Folders, port: int) -> None:
    with ThreadPoolExecutor(1) as asking:
        answer = asking.submit(got, folders, port, path="/static/base.css")
        with pytest.raises(TimeoutError):
            answer.result(0.5)
        with answering(folders):
            assert answer.result(60)[0].status == 200


def test_while_staff_does_not_answer_dicomweb_is_told_so_as_a_problem(folders: Folders, port: int) -> None:
    response, said = got(folders, port, path="/dicomweb/studies")
    assert (response.status, response.headers["Content-Type"]) == (503, "application/problem+json")
    assert response.headers["Retry-After"] == "2"
    assert (json.loads(said)["status"], response.headers["Server"]) == (503, None)


def test_the_admin_socket_is_this_users_alone_and_nothing_is_written_elsewhere(folders: Folders, port: int) -> None:
    assert port
    assert stat.S_IMODE(folders.caddy_socket.stat().st_mode) == 0o600
    written = {path.relative_to(folders.data).parts[0] for path in folders.data.rglob("*") if path.is_file()}
    assert written <= {"tls", "caddy"}


@pytest.mark.usefixtures("staff")
@pytest.mark.parametrize("filtered", [True, False])
def test_who_hangs_up_in_mid_answer_is_logged_without_what_was_asked_for(folders: Folders, *, filtered: bool) -> None:
    port = free_port()
    config = json.loads(caddy_config(StaffSettings(listen="127.0.0.1", port=port), folders))
    if not filtered:
        del config["logging"]["logs"]["default"]["encoder"]  # so this test would see what it looks for
    with running_caddy(folders, port, json.dumps(config).encode()) as told:
        hang_up(folders, port, "/endless?PatientName=ClientGone")
        deadline = time.monotonic() + 10 * PATIENCE
        while b"aborting with incomplete response" not in told.read_bytes() and time.monotonic() < deadline:
            time.sleep(0.05)
        said = told.read_bytes()
    assert b"aborting with incomplete response" in said
    for secret in (b"ClientGone", b"/endless", b'"127.0.0.1"', b"headers"):
        assert (secret in said) is not filtered


def hang_up(folders: Folders, port: int, path: str) -> None:
    """Ask for something and close the connection after the answer's beginning."""
    connection = http.client.HTTPSConnection("127.0.0.1", port, context=trusted(folders), timeout=60)
    connection.request("GET", path)
    connection.getresponse().read(10)
    connection.close()

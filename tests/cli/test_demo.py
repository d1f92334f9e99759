"""A demonstration whose processes never answer gives up and says whose log to read."""

import socket
import socketserver
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from appliance.assembly.children import Plan
from appliance.assembly.demo import Clinic, Ports, prepare_clinic
from appliance.assembly.embedded import embedded_works
from appliance.assembly.folders import Folders
from appliance.assembly.supervisor import Supervisor
from appliance.cli.demo import Show
from appliance.cli.line import Invocation
from appliance.cli.main import command_parser
from appliance.cli.readiness import silent_processes
from appliance.clock import SystemClock
from appliance.errors import Unavailable
from tests.patience import PATIENCE

ROOT = Path(__file__).parents[2]
ALL_RUN = {"receiver": 1, "intake": 2, "staff": 3, "caddy": 4}


@pytest.fixture
def clinic(tmp_path: Path, free_port_block: int) -> Clinic:
    return prepare_clinic(
        tmp_path / "data", Ports.starting_at(free_port_block), accept_any_peer=False, clock=SystemClock()
    )


def invocation(clinic: Clinic, *words: str) -> Invocation:
    given = command_parser().parse_args(["demo", "--json", "--data", clinic.settings.data_folder, *words])
    return Invocation(given, SystemClock())


def test_processes_that_never_answer_end_it_with_their_names_and_logs(clinic: Clinic) -> None:
    def asleep(name: str, keyring: bytes | None) -> Plan:
        return Plan(name, ("sleep", "600"), {"PATH": "/usr/bin:/bin"}, log_of(clinic, name), keyring)

    works = replace(embedded_works(clinic.settings, clinic.settings_file, SystemClock()), plan=asleep)
    supervisor = Supervisor(works, SystemClock())
    supervisor.unlock(None)
    show = Show(invocation(clinic, "--give-up-after", "1"), clinic, supervisor)
    began = time.monotonic()
    with pytest.raises(Unavailable, match="no answer within 1 s from receiver, whose log is") as told:
        supervisor.run(show.each_tick)
    assert time.monotonic() - began < 5 * PATIENCE
    for name in ("receiver", "caddy"):
        assert str(log_of(clinic, name)) in str(told.value)
        assert log_of(clinic, name).exists()
    assert not supervisor.status().processes


def test_the_command_says_so_and_leaves_no_process(tmp_path: Path, free_port_block: int) -> None:
    command = [sys.executable, "-m", "appliance", "demo", "--no-samples", "--data", str(tmp_path / "data")]
    done = subprocess.run(
        [*command, "--ports-from", str(free_port_block), "--give-up-after", "0"],
        capture_output=True, text=True, cwd=ROOT, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 20
    assert "enamel: no answer within 0 s from" in done.stderr
    assert f"{tmp_path}/data/logs/" in done.stderr
    assert "Traceback" not in done.stderr
    for port in range(free_port_block, free_port_block + 3):
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), 1)


def test_a_process_that_does_not_run_is_named_before_any_is_asked(clinic: Clinic) -> None:
    assert silent_processes(clinic, {"receiver": 1, "caddy": 4}) == ["intake", "staff"]


@pytest.mark.parametrize("says", [b"", b"nonsense\r\n\r\n"])
def test_whatever_answers_in_their_place_is_no_answer(clinic: Clinic, says: bytes) -> None:
    settings = clinic.settings
    with someone_else(settings.receiver.port, says), someone_else(settings.staff.port, says):
        assert silent_processes(clinic, ALL_RUN) == ["receiver", "caddy"]


@pytest.mark.parametrize(
    ("body", "silent"),
    [(b"", ["staff"]), (b"[]", ["staff"]), (b'{"keys": "sealed"}', ["staff"]), (b'{"keys": "open"}', [])],
)
def test_staff_answers_through_caddy_once_it_has_its_keys(clinic: Clinic, body: bytes, silent: list[str]) -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    folder = Folders.of(clinic.settings).web_tls
    tls.load_cert_chain(folder / "web.pem", folder / "web-key.pem")
    with someone_else(clinic.settings.staff.port, answer, tls):
        assert silent_processes(clinic, ALL_RUN) == ["receiver", *silent]


@contextmanager
def someone_else(port: int, says: bytes, tls: ssl.SSLContext | None = None) -> Iterator[None]:
    """Listen on a port, and say the same to whoever comes and asks."""

    class Other(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            line = self.request if tls is None else tls.wrap_socket(self.request, server_side=True)
            line.recv(4096)
            line.sendall(says)
            line.close()

    with socketserver.TCPServer(("127.0.0.1", port), Other, bind_and_activate=False) as server:
        server.allow_reuse_address = True
        server.server_bind()
        server.server_activate()
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


def log_of(clinic: Clinic, name: str) -> Path:
    return Path(clinic.settings.data_folder) / "logs" / f"{name}.log"

"""Sockets and readiness go from a real systemd helper to the service and back."""

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from appliance.assembly.service_manager import ServiceManager, handed_sockets

ROOT = Path(__file__).parents[2]
SERVICE = """
import os
from appliance.assembly.service_manager import handed_sockets
from appliance.config import service_manager_facts
found = handed_sockets(service_manager_facts(), os.getpid())
answer = f"{sorted(found)} {[os.get_inheritable(s.fileno()) for s in found.values()]}".encode()
connection, _address = found["dicom"].accept()
connection.sendall(answer)
"""


@pytest.mark.peer("systemd-socket-activate")
def test_a_service_takes_over_the_sockets_it_is_handed(free_ports: Callable[[int], list[int]]) -> None:
    plain, tls = free_ports(2)
    listen = [f"--listen=127.0.0.1:{plain}", f"--listen=127.0.0.1:{tls}", "--fdname=dicom:dicom-tls"]
    command = ["systemd-socket-activate", *listen, sys.executable, "-c", SERVICE]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL) as service:
        try:
            assert _read_all(plain) == b"['dicom', 'dicom-tls'] [False, False]"
        finally:
            service.kill()


def _read_all(port: int) -> bytes:
    for _ in range(100):
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=20) as caller:
                return caller.recv(1000)
        except ConnectionRefusedError:
            time.sleep(0.1)
    raise AssertionError("nobody listens")


def test_descriptors_meant_for_another_process_are_left_alone() -> None:
    facts = {"LISTEN_PID": str(os.getpid() + 1), "LISTEN_FDS": "2", "LISTEN_FDNAMES": "a:b"}
    assert handed_sockets(facts, os.getpid()) == {}
    assert handed_sockets({}, os.getpid()) == {}


def test_a_service_manager_that_cannot_be_told_stops_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    ServiceManager({"NOTIFY_SOCKET": str(tmp_path / "nowhere")}).ready()
    assert "cannot be told READY=1" in caplog.text


def test_the_service_manager_hears_ready_and_a_fed_watchdog_and_stopping(tmp_path: Path) -> None:
    address = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(address)
        listener.settimeout(20)
        manager = ServiceManager({"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "30000"})
        stop = threading.Event()
        manager.ready()
        attending = threading.Thread(target=manager.attend, args=(stop, lambda: True))
        attending.start()
        heard = [listener.recv(100), listener.recv(100)]
        stop.set()
        attending.join()
        manager.stopping()
        while (last := listener.recv(100)) == b"WATCHDOG=1":
            pass
    assert [*heard, last] == [b"READY=1", b"WATCHDOG=1", b"STOPPING=1"]


def test_a_sick_process_goes_unfed(tmp_path: Path) -> None:
    address = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(address)
        listener.setblocking(False)
        asked, stop = [], threading.Event()

        def healthy() -> bool:
            asked.append(True)
            if len(asked) == 3:
                stop.set()
            return False

        ServiceManager({"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "3000"}).attend(stop, healthy)
        assert len(asked) == 3
        with pytest.raises(BlockingIOError):
            listener.recv(100)


def test_without_a_service_manager_nobody_is_told() -> None:
    stop = threading.Event()
    stop.set()
    manager = ServiceManager({})
    manager.ready()
    manager.attend(stop, lambda: True)
    manager.stopping()

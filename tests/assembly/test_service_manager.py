"""Sockets and readiness go from a real systemd helper to the service and back."""

import asyncio
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from appliance.assembly.service_manager import Pulse, ServiceManager, handed_sockets
from appliance.clock import SystemClock
from appliance.config import ReceiverSettings
from appliance.dicom_scp.receiver.service import Surroundings, serve
from appliance.intake.service import Intake
from appliance.store.files import RealFiles
from appliance.web.event_loop import in_event_loop
from tests.dicom_scp.receiver_process import make_folder, places_of
from tests.intake.a_clinic import Clinic

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
            with socket.create_connection(("127.0.0.1", port), timeout=120) as caller:
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


def test_long_work_feeds_the_watchdog_and_asks_for_time_to_start(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        ServiceManager({"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "60000000"}).works_on()
        assert listener.recv(100).splitlines() == [b"WATCHDOG=1", b"EXTEND_TIMEOUT_USEC=60000000"]


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


class Watchdog:
    """Listens as systemd does to a process that is to be fed every 0.3 s, and fed by `healthy`."""

    def __init__(self, folder: Path, healthy: Callable[[], bool], stop: threading.Event) -> None:
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.listener.bind(str(folder / "notify"))
        manager = ServiceManager({"NOTIFY_SOCKET": str(folder / "notify"), "WATCHDOG_USEC": "300000"})
        self.attending = threading.Thread(target=manager.attend, args=(stop, healthy))
        self.attending.start()

    def is_fed(self) -> bool:
        """Whether food comes within ten patiences, beginning now."""
        self.listener.setblocking(False)
        with suppress(BlockingIOError):
            while self.listener.recv(100):
                pass
        self.listener.settimeout(3)
        try:
            return self.listener.recv(100) == b"WATCHDOG=1"
        except TimeoutError:
            return False


class StickyClock(SystemClock):
    """The machine's clock, which whoever asks it waits for in vain while it sticks."""

    def __init__(self) -> None:
        self.goes = threading.Event()
        self.goes.set()

    def monotonic(self) -> float:
        self.goes.wait()
        return super().monotonic()


def run_receiver(folder: Path, clock: StickyClock, pulse: Pulse, stop: threading.Event) -> None:
    make_folder(folder)
    settings = ReceiverSettings(listen="127.0.0.1", port=0, tls_port=0)
    serve(settings, places_of(folder), Surroundings(clock, RealFiles(), pulse.beat), {}, stop)


def run_intake(folder: Path, clock: StickyClock, pulse: Pulse, stop: threading.Event) -> None:
    Intake(replace(Clinic(folder).parts, clock=clock, on_progress=pulse.beat)).run(stop)


def run_event_loop(_folder: Path, clock: StickyClock, pulse: Pulse, stop: threading.Event) -> None:
    async def go_round() -> None:
        turned = in_event_loop(pulse.beat)
        while not stop.is_set():
            await turned()
            clock.monotonic()
            await asyncio.sleep(0.02)

    asyncio.run(go_round())


@pytest.mark.parametrize("run", [run_receiver, run_intake, run_event_loop])
def test_a_process_whose_loop_stops_goes_unfed_until_it_goes_on(
    tmp_path: Path, run: Callable[[Path, StickyClock, Pulse, threading.Event], None]
) -> None:
    clock, pulse, stop = StickyClock(), Pulse(), threading.Event()
    watchdog = Watchdog(tmp_path, pulse.moved, stop)
    working = threading.Thread(target=run, args=(tmp_path, clock, pulse, stop))
    working.start()
    try:
        assert watchdog.is_fed()
        clock.goes.clear()
        time.sleep(1)  # what was begun before ends
        assert not watchdog.is_fed()
        clock.goes.set()
        assert watchdog.is_fed()
    finally:
        clock.goes.set()
        stop.set()
        working.join()
        watchdog.attending.join()
        watchdog.listener.close()

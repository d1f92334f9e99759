"""Sockets that systemd opened: served as they are, and never to everybody on a network."""

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.clock import SystemClock
from appliance.config import ReceiverSettings
from appliance.dicom_scp.receiver.service import PLAIN_SOCKET, Surroundings, serve
from appliance.dicom_scp.sender import Destination, echo
from appliance.errors import Unsuitable
from appliance.store.files import RealFiles
from tests.dicom_scp.receiver_process import make_folder, places_of

ANYONE = ReceiverSettings(listen="127.0.0.1", port=1, tls_port=0, accept_any_peer=True)
SURROUNDINGS = Surroundings(SystemClock(), RealFiles())


@pytest.fixture
def stop() -> Iterator[threading.Event]:
    stop = threading.Event()
    yield stop
    stop.set()


@pytest.mark.parametrize("address", ["0.0.0.0", "::"])  # noqa: S104  refused, which is the point
def test_every_caller_is_admitted_on_no_socket_that_a_network_reaches(tmp_path: Path, address: str) -> None:
    make_folder(tmp_path)
    stopped = threading.Event()
    stopped.set()  # were it served after all, this would return
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with (
        socket.create_server((address, 0), family=family) as open_to_all,
        pytest.raises(Unsuitable, match="accept_any_peer"),
    ):
        serve(ANYONE, places_of(tmp_path), SURROUNDINGS, {PLAIN_SOCKET: open_to_all}, stopped)


def test_a_loopback_socket_is_served_whatever_port_the_settings_name(tmp_path: Path, stop: threading.Event) -> None:
    make_folder(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as handed:
        port = int(handed.getsockname()[1])
        arguments = (ANYONE, places_of(tmp_path), SURROUNDINGS, {PLAIN_SOCKET: handed}, stop)
        serving = threading.Thread(target=serve, args=arguments)
        serving.start()
        try:
            assert echo(Destination("127.0.0.1", port, "ENAMEL")) == 0
        finally:
            stop.set()
            serving.join()

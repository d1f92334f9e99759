"""A wire's patience, with a clock that is set."""

import socket
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from appliance.dicom_scp.wire import LeastRate, PeerGone, Wire


class SetClock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.seconds, UTC)

    def monotonic(self) -> float:
        return self.seconds


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Give both ends of a connection."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        peer = socket.create_connection(server.getsockname())
        own, _ = server.accept()
    with peer, own:
        yield peer, own


def open_wire(own: socket.socket, clock: SetClock) -> Wire:
    wire = Wire(own, clock, LeastRate(4096, 60))
    wire.set_patience(180)
    return wire


def drip(peer: socket.socket, wire: Wire, clock: SetClock, piece: bytes, every_seconds: float, times: int) -> None:
    for _ in range(times):
        peer.sendall(piece)
        wire.read(len(piece))
        clock.seconds += every_seconds


def test_a_byte_every_179_seconds_is_no_sign_of_life(ends: tuple[socket.socket, socket.socket]) -> None:
    clock, (peer, own) = SetClock(), ends
    with pytest.raises(PeerGone, match="slow"):
        drip(peer, open_wire(own, clock), clock, b"x", 179, 2)


def test_a_slow_sender_that_keeps_the_least_rate_is_served(ends: tuple[socket.socket, socket.socket]) -> None:
    clock, (peer, own) = SetClock(), ends
    drip(peer, open_wire(own, clock), clock, bytes(42 * 1024), 10, 100)


def test_a_sender_just_below_the_least_rate_is_not(ends: tuple[socket.socket, socket.socket]) -> None:
    clock, (peer, own) = SetClock(), ends
    with pytest.raises(PeerGone, match="slow"):
        drip(peer, open_wire(own, clock), clock, bytes(34 * 1024), 10, 20)


def test_between_messages_a_peer_may_rest(ends: tuple[socket.socket, socket.socket]) -> None:
    clock, (peer, own) = SetClock(), ends
    wire = open_wire(own, clock)
    for _ in range(10):
        wire.rest()
        drip(peer, wire, clock, b"one whole message", 170, 1)


def test_a_deadline_is_measured_by_the_clock_it_was_given(ends: tuple[socket.socket, socket.socket]) -> None:
    clock, (peer, own) = SetClock(), ends
    wire = open_wire(own, clock)
    wire.set_deadline(5)
    clock.seconds += 6
    with pytest.raises(PeerGone):
        wire.read(1)
    assert peer.fileno() >= 0

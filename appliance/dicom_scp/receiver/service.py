"""The receiver: two ports, one process, a public key and no other.

serve(...)  accepts until told to stop, then lets what is coming finish, or
            cuts it off after a few seconds.
"""

import selectors
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from ipaddress import IPv6Address, ip_address
from logging import getLogger
from pathlib import Path

from appliance.clock import Clock
from appliance.config import ReceiverSettings
from appliance.dicom_scp.receiver.door import Crowd, Door, Limits, Visitor
from appliance.dicom_scp.receiver.session import Patience, Session
from appliance.dicom_scp.receiver.tls import TlsFiles, TlsIdentity, fingerprint, serial_number
from appliance.dicom_scp.receiver.waiting import Waiting, WaitingRoom
from appliance.dicom_scp.wire import LeastRate, Stream, Wire
from appliance.errors import ApplianceError, Unavailable, Unsuitable
from appliance.inbox.admission import AdmissionFile
from appliance.inbox.association import Transport
from appliance.inbox.public_key import read_public_key
from appliance.inbox.spool import Spool
from appliance.inbox.writer import InboxWriter
from appliance.store.files import FileLayer

log = getLogger(__name__)

BACKLOG = 128
_LOOK_SECONDS = 0.5
_FINISH_SECONDS = 3.0
_CUT_SECONDS = 1.0
_PAUSE_SECONDS = 0.02
_MAXIMUM_THREADS_OPENING = 128
_MAXIMUM_THREADS_OPENING_PER_ADDRESS = 32


PLAIN_SOCKET = "dicom"  # the names that the socket units give
TLS_SOCKET = "dicom-tls"


@dataclass(frozen=True)
class Places:
    """Where the receiver finds and leaves things.

    Attributes:
        inbox: Sealed arrivals.
        inbox_key: The public key file.
        admission: The admission list.
        spool: The receiver's events.
        tls: Certificates and keys for DICOM: `dicom.pem`, `dicom-key.pem`, `dicom-clients.pem`.
    """

    inbox: Path
    inbox_key: Path
    admission: Path
    spool: Path
    tls: Path


@dataclass(frozen=True)
class Surroundings:
    """What gives time and keeps files, so that tests may give faults, and hears that the receiver goes on.

    Attributes:
        clock: The time.
        files: The disk.
        on_turn: Called at each turn of the loop that takes connections, at least every half second.
    """

    clock: Clock
    files: FileLayer
    on_turn: Callable[[], None] = lambda: None


@dataclass(frozen=True)
class Port:
    """A socket that listens, and how one speaks there."""

    stream: socket.socket
    transport: Transport


def serve(
    settings: ReceiverSettings,
    places: Places,
    surroundings: Surroundings,
    handed: Mapping[str, socket.socket],
    stop: threading.Event,
    on_ready: Callable[[], None] = lambda: None,
) -> None:
    """Receive until `stop` is set; returns within five seconds after.

    Args:
        settings: What scanners meet.
        places: The folders and files of the box.
        surroundings: Time and disk.
        handed: Sockets that listen already, by `PLAIN_SOCKET` and `TLS_SOCKET`. With any of them nothing is opened
            here, and the settings' address and ports are not used.
        stop: Set by a signal handler, say.
        on_ready: Called once when connections are taken.

    Raises:
        Unavailable: A port cannot be opened, or there is a TLS port without a usable certificate.
        Unsuitable: Every caller is to be admitted on a socket that more than this machine reaches.
    """
    tls = _tls_identity(settings, places, handed)
    door = _door(settings, places, surroundings)
    least = LeastRate(settings.least_bytes_per_second, settings.least_rate_over_seconds)
    patience = Patience(settings.artim_seconds, settings.idle_seconds, least)
    Receiver(_ports(settings, handed), door, patience, surroundings.clock, tls).run(
        stop, on_ready, surroundings.on_turn
    )


def listen(address: str, port: int, transport: Transport) -> Port:
    """Open a listening socket; port 0 takes any free one.

    Raises:
        OSError: The address cannot be had.
    """
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    stream = socket.create_server((address, port), family=family, backlog=BACKLOG)
    return Port(stream, transport)


class Receiver:
    """Serves peers until told to stop."""

    def __init__(
        self, ports: Sequence[Port], door: Door, patience: Patience, clock: Clock, tls: TlsIdentity | None
    ) -> None:
        """Serve on sockets that listen already.

        Args:
            ports: What to listen on.
            door: Who may come in.
            patience: How long a peer may take.
            clock: The time.
            tls: The box's identity on TLS ports; None if there is no such port.
        """
        self._ports = ports
        self._door = door
        self._patience = patience
        self._clock = clock
        self._tls = tls
        self._opening = {  # apart, so that whoever holds TLS handshakes keeps no plain scanner out
            transport: Crowd(_MAXIMUM_THREADS_OPENING, _MAXIMUM_THREADS_OPENING_PER_ADDRESS) for transport in Transport
        }
        self._sessions: dict[threading.Thread, tuple[Session, Wire]] = {}
        self._lock = threading.Lock()

    def run(self, stop: threading.Event, on_ready: Callable[[], None], on_turn: Callable[[], None]) -> None:
        """Serve until `stop` is set, then end within five seconds; `on_turn` hears of each turn of the loop."""
        with selectors.DefaultSelector() as selector:
            room = WaitingRoom(selector, self._clock, self._patience.artim_seconds)
            for port in self._ports:
                port.stream.setblocking(False)
                selector.register(port.stream, selectors.EVENT_READ, port)
            on_ready()
            while not stop.is_set():
                for key, _ in selector.select(_LOOK_SECONDS):
                    self._look(key.data, room)
                room.close_expired()
                on_turn()
            room.close_all()
        for port in self._ports:
            port.stream.close()
        self._finish()

    def _look(self, what: Port | Waiting, room: WaitingRoom) -> None:
        try:
            if isinstance(what, Port):
                stream, address = what.stream.accept()
                room.add(stream, _plain_address(str(address[0])), what.transport)
            elif what.stream.fileno() >= 0 and room.ready(what):
                threading.Thread(target=self._serve, args=(what,), daemon=True).start()
        except OSError as fault:  # a peer that left already, or no descriptor free
            log.info("a connection could not be taken: %s", type(fault).__name__)
            time.sleep(_PAUSE_SECONDS)

    def _serve(self, waiting: Waiting) -> None:
        opening = self._opening[waiting.transport]
        if not opening.enter(waiting.address):
            waiting.stream.close()
            return
        try:
            session, wire = self._open(waiting)
        except (OSError, ApplianceError) as fault:
            log.info("a connection from %s failed before it began: %s", waiting.address, type(fault).__name__)
            waiting.stream.close()
            return
        finally:
            opening.leave(waiting.address)
        if session.is_open:
            with self._present(session, wire):
                session.serve()

    def _open(self, waiting: Waiting) -> tuple[Session, Wire]:
        stream: Stream = waiting.stream
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, 1)
        stream.settimeout(max(0.1, waiting.deadline - self._clock.monotonic()))
        visitor = Visitor(waiting.address, waiting.transport)
        if waiting.transport is Transport.TLS and self._tls is not None:
            stream = self._tls.context().wrap_socket(waiting.stream, server_side=True)
            visitor = Visitor(waiting.address, waiting.transport, fingerprint(stream), serial_number(stream))
        wire = Wire(stream, self._clock, self._patience.least)
        session = Session(wire, self._door, visitor, self._patience)
        session.open()
        return session, wire

    @contextmanager
    def _present(self, session: Session, wire: Wire) -> Iterator[None]:
        me = threading.current_thread()
        with self._lock:
            self._sessions[me] = (session, wire)
        try:
            yield
        finally:
            with self._lock:
                del self._sessions[me]

    def _finish(self) -> None:
        for session, wire in self._there():
            session.stop_soon()
            if session.is_idle:
                wire.cut()
        self._wait(_FINISH_SECONDS)
        for _, wire in self._there():
            wire.cut()
        self._wait(_CUT_SECONDS)

    def _there(self) -> list[tuple[Session, Wire]]:
        with self._lock:
            return list(self._sessions.values())

    def _wait(self, seconds: float) -> None:
        deadline = self._clock.monotonic() + seconds
        with self._lock:
            threads = list(self._sessions)
        for thread in threads:
            thread.join(max(0.0, deadline - self._clock.monotonic()))


def _plain_address(address: str) -> str:
    found = ip_address(address.partition("%")[0])
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return str(mapped or found)


def _door(settings: ReceiverSettings, places: Places, surroundings: Surroundings) -> Door:
    inbox_key = partial(read_public_key, places.inbox_key)
    clock = surroundings.clock
    spool = Spool(places.spool, clock)
    titles = (settings.ae_title, *settings.ae_title_aliases)
    return Door(
        InboxWriter(places.inbox, inbox_key, surroundings.files, clock),
        AdmissionFile(places.admission, titles, any_peer=settings.accept_any_peer),
        spool,
        Limits(places.inbox, spool, settings.reserve_bytes, settings.maximum_association_bytes),
        Crowd(settings.maximum_associations, settings.maximum_associations_per_peer),
        clock,
    )


def _tls_identity(
    settings: ReceiverSettings, places: Places, handed: Mapping[str, socket.socket]
) -> TlsIdentity | None:
    if not settings.tls_port and TLS_SOCKET not in handed:
        return None
    identity = TlsIdentity(
        TlsFiles(
            places.tls / "dicom.pem",
            places.tls / "dicom-key.pem",
            places.tls / "dicom-clients.pem",
            require_client_certificate=settings.tls_client_certificate == "required",
        )
    )
    identity.context()
    return identity


def _ports(settings: ReceiverSettings, handed: Mapping[str, socket.socket]) -> list[Port]:
    ports = [
        Port(handed[name], transport)
        for name, transport in ((PLAIN_SOCKET, Transport.PLAIN), (TLS_SOCKET, Transport.TLS))
        if name in handed
    ]
    if ports:
        _check_who_reaches(ports, settings)
        return ports
    try:
        ports.append(listen(settings.listen, settings.port, Transport.PLAIN))
        if settings.tls_port:
            ports.append(listen(settings.listen, settings.tls_port, Transport.TLS))
    except OSError as fault:
        raise Unavailable(f"a DICOM port cannot be opened: {fault.strerror}") from fault
    return ports


def _check_who_reaches(ports: Sequence[Port], settings: ReceiverSettings) -> None:
    """Hold `accept_any_peer` to loopback also where somebody else chose the address."""
    if not settings.accept_any_peer:
        return
    for port in ports:
        if not ip_address(str(port.stream.getsockname()[0])).is_loopback:
            raise Unsuitable("receiver.accept_any_peer: the sockets handed over are open to more than this machine")

"""`enamel peers test`: whether a device is there and takes associations from this box, by C-ECHO."""

import ssl
from argparse import ArgumentParser
from pathlib import Path

from appliance.accounts.peers.approval import get_peer, record_tested
from appliance.accounts.peers.queries import Peer
from appliance.assembly.rooms import Rooms
from appliance.audit.events import OPERATOR
from appliance.cli.answers import FOUND_WRONG, Answer
from appliance.cli.line import Command, Invocation
from appliance.dicom_scp.sender import Destination
from appliance.dicom_scp.verification import Finding, verify
from appliance.errors import Unsuitable
from appliance.identifiers import AETitle

_PORT, _TLS_PORT = 104, 2762  # PS3.8 9.1.2 and PS3.15 B.12: what a device has that was told nothing else
_LONGEST_SECONDS = 600.0


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument("peer", metavar="PEER", help="its key, its name or its AE title, as `peers list` shows them")
    parser.add_argument("--address", metavar="HOST", help="where it is (default: the address in its entry)")
    parser.add_argument("--port", type=int, help=f"where it listens (default: {_PORT}, over TLS {_TLS_PORT})")
    parser.add_argument("--called", metavar="AE_TITLE", help="what to call it (default: its own title)")
    parser.add_argument("--tls", type=Path, metavar="CA", help="speak TLS and trust this authority")
    parser.add_argument("--timeout", type=float, default=10.0, metavar="SECONDS", help="how long to wait (default: 10)")


def _test(call: Invocation) -> Answer:
    with call.rooms() as rooms:
        peer = get_peer(rooms.accounts, call.given.peer)
        there = _destination(call, rooms, peer)
        reply = verify(there, call.clock)
        answered = reply.finding is Finding.ANSWERED
        record_tested(rooms.accounts, peer.peer_key, OPERATOR, answered=answered)
    data = {
        "peer_key": peer.peer_key,
        "name": peer.name,
        "host": there.host,
        "port": there.port,
        "tls": there.tls is not None,
        "called_ae_title": there.called_ae_title,
        "calling_ae_title": there.calling_ae_title,
        "answered": answered,
        "finding": reply.finding.value,
        "words": reply.words,
        "status": reply.status,
        "rejection": reply.rejection,
    }
    text = f"{peer.name} ({there.called_ae_title} at {there.host}:{there.port}): {reply.finding}: {reply.words}."
    return Answer(data, text, 0 if answered else FOUND_WRONG)


def _destination(call: Invocation, rooms: Rooms, peer: Peer) -> Destination:
    given = call.given
    host = given.address or peer.address
    if host is None:
        raise Unsuitable("its entry has no address: give one by --address")
    if "/" in host:
        raise Unsuitable("its entry has a whole network: give its address by --address")
    port = given.port if given.port is not None else _PORT if given.tls is None else _TLS_PORT
    if not 0 < port < 1 << 16:
        raise Unsuitable("a port is a number from 1 to 65535")
    if not 0 < given.timeout <= _LONGEST_SECONDS:
        raise Unsuitable(f"the time to wait is at most {_LONGEST_SECONDS:g} seconds")
    called = AETitle.parse(given.called or peer.calling_ae_title).value
    tls = None if given.tls is None else _tls(given.tls, rooms.folders.dicom_tls)
    return Destination(host, port, called, rooms.settings.receiver.ae_title, tls, given.timeout)


def _tls(authority: Path, own: Path) -> ssl.SSLContext:
    """Trust one authority, and show this box's own DICOM certificate where it has one."""
    try:
        context = ssl.create_default_context(cafile=str(authority))
        if (own / "dicom.pem").exists():
            context.load_cert_chain(own / "dicom.pem", own / "dicom-key.pem")
    except OSError as fault:
        raise Unsuitable("a certificate cannot be read: give the authority as PEM") from fault
    return context


COMMANDS = (Command("peers test", _test, _arguments),)

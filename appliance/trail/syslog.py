"""Hands messages to a syslog server over TLS, and says whether it took them.

Guards: the server's certificate is checked before a byte leaves. Messages count as taken only when the server has
closed the connection in order after reading to their end: syslog itself answers nothing. One that a server took and
then lost is beyond what this can tell.

Source: RFC 5424 (message), RFC 5425 (TLS, octet counting), DICOM PS3.15 A.6 (audit messages by syslog).
"""

import socket
import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from appliance.errors import Unavailable

_AUTHPRIV, _NOTICE, _WARNING = 10, 5, 4  # PS3.15 A.6: facility 10, severity 5 or 4
_MESSAGE_ID = "DICOM+RFC3881"  # PS3.15 A.6
_LARGEST_SEQUENCE_ID = 2**31 - 1  # RFC 5424 7.3.1
_CLOSING_BYTES = 4096


class NotTaken(Unavailable):
    """A syslog server did not take what it was sent; the message is a code."""


@dataclass(frozen=True)
class Server:
    """A syslog server.

    Attributes:
        host: Its name, which its certificate has to bear, or its address.
        port: Where it listens.
        certificate_file: An authority to trust besides the machine's own; '' trusts only those.
        patience_seconds: How long it may give no sign.
    """

    host: str
    port: int
    certificate_file: str = ""
    patience_seconds: float = 20.0


@dataclass(frozen=True)
class Line:
    """One message.

    Attributes:
        sequence: Its number, by which a server can tell what came twice.
        at: When what it tells happened.
        text: What it tells.
        is_failure: Whether it did not succeed.
    """

    sequence: int
    at: datetime
    text: str
    is_failure: bool


def framed(line: Line, host_name: str) -> bytes:
    """Write a message as it goes over the wire: its length, a space, itself."""
    priority = 8 * _AUTHPRIV + (_WARNING if line.is_failure else _NOTICE)
    at = line.at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    number = (line.sequence - 1) % _LARGEST_SEQUENCE_ID + 1
    head = f'<{priority}>1 {at} {host_name} enamel - {_MESSAGE_ID} [meta sequenceId="{number}"] '
    message = head.encode("ascii") + b"\xef\xbb\xbf" + line.text.encode()  # RFC 5424 6.4: a mark before UTF-8
    return b"%d %s" % (len(message), message)


def send(server: Server, host_name: str, lines: Iterable[Line]) -> None:
    """Send messages over one connection, and wait until the server has read them and closed it.

    Raises:
        NotTaken: It is not there, is not who it should be, or did not read to the end.
    """
    try:
        context = _context(server.certificate_file)
        with (
            socket.create_connection((server.host, server.port), server.patience_seconds) as plain,
            context.wrap_socket(plain, server_hostname=server.host) as secured,
        ):
            secured.sendall(b"".join(framed(line, host_name) for line in lines))
            _close(secured)
    except ssl.SSLCertVerificationError as fault:
        raise NotTaken("syslog not trusted") from fault
    except OSError as fault:
        raise NotTaken("syslog unreachable") from fault


def _close(secured: ssl.SSLSocket) -> None:
    """End what is sent, and wait for the other side's end.

    Raises:
        OSError: The connection was reset, or the other side goes on after its patience: it has not read all.
    """
    try:
        plain = secured.unwrap()
    except (ssl.SSLEOFError, ssl.SSLZeroReturnError):
        return  # it closed the connection in order, without TLS's own word of it
    while plain.recv(_CLOSING_BYTES):
        pass


def _context(certificate_file: str) -> ssl.SSLContext:
    """Trust the machine's authorities and one of the clinic's; TLS 1.2 at least (RFC 5425 4.2, RFC 9662).

    Raises:
        NotTaken: The clinic's cannot be read.
    """
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        if certificate_file:
            context.load_verify_locations(cafile=certificate_file)
    except (OSError, ssl.SSLError) as fault:
        raise NotTaken("syslog certificate unreadable") from fault
    return context

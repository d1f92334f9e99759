"""Whether the ports that a box is to listen on can be had, told before anything is written or started.

Leaves out: a box that systemd runs, whose ports its socket units open.
"""

import errno
import socket
from collections.abc import Iterator

from appliance.config import Settings
from appliance.errors import Unavailable

_REASONS = {
    errno.EADDRINUSE: "is taken by another program",
    errno.EACCES: "is not allowed to this user",
    errno.EADDRNOTAVAIL: "is at an address that this machine does not have",
}


def check_ports(settings: Settings, advice: str) -> None:
    """Say which ports cannot be had, all of them together.

    Args:
        settings: Where the box is to listen.
        advice: What to do about it, for whoever started this.

    Raises:
        Unavailable: At least one cannot be had.
    """
    faults = [fault for what, address, port in _wanted(settings) if (fault := _fault(what, address, port))]
    if faults:
        raise Unavailable("\n".join([*faults, advice]))


def _wanted(settings: Settings) -> Iterator[tuple[str, str, int]]:
    receiver, staff = settings.receiver, settings.staff
    yield "DICOM", receiver.listen, receiver.port
    yield "DICOM over TLS", receiver.listen, receiver.tls_port
    yield "HTTPS", staff.listen, staff.port


def _fault(what: str, address: str, port: int) -> str:
    """Say why a port cannot be had, '' where it can; 0 is none."""
    if port == 0:
        return ""
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError as error:
            return f"port {port} ({what}) {_REASONS.get(error.errno or 0, f'cannot be had: {error.strerror}')}"
    return ""

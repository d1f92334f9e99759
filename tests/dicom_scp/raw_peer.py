"""A peer that says exactly what a test wants, right or wrong."""

import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager

from appliance.dicom_scp.command import encode_command, us
from appliance.dicom_scp.pdu import AssociateRequest, ProposedContext, UserInformation, encode_associate_request

CT = "1.2.840.10008.5.1.4.1.1.2"
EXPLICIT_LITTLE = "1.2.840.10008.1.2.1"


def request(called: str = "ENAMEL", calling: str = "RAW") -> bytes:
    contexts = (
        ProposedContext(1, CT, (EXPLICIT_LITTLE,)),
        ProposedContext(3, "1.2.840.10008.1.1", ("1.2.840.10008.1.2",)),
    )
    return encode_associate_request(AssociateRequest(called, calling, contexts, UserInformation(16384)))


def pdv(context_id: int, control: int, value: bytes) -> bytes:
    return struct.pack(">LBB", len(value) + 2, context_id, control) + value


def p_data(*values: bytes) -> bytes:
    body = b"".join(values)
    return struct.pack(">BxL", 4, len(body)) + body


def store_command(instance: bytes = b"1.2.3.4", sop_class: str = CT, dataset_type: int = 0) -> bytes:
    elements = {0x0002: sop_class.encode(), 0x0100: us(1), 0x0110: us(7), 0x0700: us(0), 0x0800: us(dataset_type)}
    return encode_command({**elements, 0x1000: instance})


def echo_command() -> bytes:
    return encode_command({0x0002: b"1.2.840.10008.1.1", 0x0100: us(0x30), 0x0110: us(9), 0x0800: us(0x0101)})


class RawPeer:
    """A connection and what comes back on it."""

    def __init__(self, port: int, seconds: float = 10) -> None:
        self.stream = socket.create_connection(("127.0.0.1", port), seconds)

    def say(self, data: bytes) -> None:
        self.stream.sendall(data)

    def hear(self) -> tuple[int, bytes]:
        """Give the next message's type and body; (0, b"") at the end of the connection."""
        head = self._exactly(6)
        return (0, b"") if len(head) < 6 else (head[0], self._exactly(int.from_bytes(head[2:])))

    def status(self) -> int:
        kind, body = self.hear()
        assert kind == 4, (kind, body)
        at = body.index(b"\x00\x00\x00\x09\x02\x00\x00\x00") + 8
        return int.from_bytes(body[at : at + 2], "little")

    def open(self) -> None:
        self.say(request())
        assert self.hear()[0] == 2

    def _exactly(self, count: int) -> bytes:
        found = b""
        while len(found) < count:
            try:
                part = self.stream.recv(count - len(found))
            except ConnectionResetError:
                return b""
            if not part:
                return b""
            found += part
        return found


@contextmanager
def peer(port: int) -> Iterator[RawPeer]:
    made = RawPeer(port)
    try:
        yield made
    finally:
        made.stream.close()

"""A sender made of bytes: it knows at each moment how far it is, and stops wherever a test wants.

It speaks just enough of the upper layer to store: one presentation context,
P-DATA of one value each, the response's status read by its tag. Everything
it sends is made here, so what arrives can be compared with what was sent.
"""

import hashlib
import random
import socket
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

CT_IMAGE_STORAGE = "1.2.840.10008.5.1.4.1.1.2"
EXPLICIT_LITTLE_ENDIAN = "1.2.840.10008.1.2.1"
PDU_BYTES = 16384
_ROOT = "1.2.826.0.1.3680043.10.1599"
_LONG_FORMS = (b"OB", b"OW", b"SQ", b"UN")


class Refusal(Exception):
    """The peer rejected, aborted, closed, or answered something else than Success."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a store listens and what it is called."""

    host: str
    port: int
    ae_title: str


@dataclass(frozen=True, slots=True)
class Context:
    """The one presentation context a sender proposes."""

    sop_class_uid: str
    transfer_syntax_uid: str


CT_UNCOMPRESSED = Context(CT_IMAGE_STORAGE, EXPLICIT_LITTLE_ENDIAN)


@dataclass(frozen=True, slots=True)
class Instance:
    """One instance to send."""

    sop_instance_uid: str
    dataset: bytes

    @property
    def digest(self) -> str:
        """SHA-256 of the dataset bytes, in hexadecimal."""
        return hashlib.sha256(self.dataset).hexdigest()

    def with_uid(self, sop_instance_uid: str) -> "Instance":
        """Give the same dataset under another UID in the command."""
        return Instance(sop_instance_uid, self.dataset)


def element(group: int, number: int, representation: bytes, value: bytes) -> bytes:
    """Encode one element, Explicit VR Little Endian, padded to even length."""
    padding = b"\0" if representation in (b"UI", b"OB", b"OW") else b" "
    value += padding * (len(value) % 2)
    head = struct.pack("<HH2s", group, number, representation)
    if representation in _LONG_FORMS:
        return head + struct.pack("<HI", 0, len(value)) + value
    return head + struct.pack("<H", len(value)) + value


def instance(seed: int, size: int, patient_name: str = "Faultless^Fay", watermark: bytes = b"") -> Instance:
    """Make a CT slice with `size` bytes of noise as pixels, `watermark` in their middle; repeatable by its seed."""
    side = max(2, int((size / 2) ** 0.5))
    uid = f"{_ROOT}.4.{seed}"
    text = [
        (8, 0x05, b"CS", "ISO_IR 192"),
        (8, 0x16, b"UI", CT_IMAGE_STORAGE),
        (8, 0x18, b"UI", uid),
        (8, 0x20, b"DA", "20261121"),
        (8, 0x60, b"CS", "CT"),
        (0x10, 0x10, b"PN", patient_name),
        (0x10, 0x20, b"LO", f"F{seed % 7}"),
        (0x10, 0x30, b"DA", "19700101"),
        (0x20, 0x0D, b"UI", f"{_ROOT}.2.{seed % 7}"),
        (0x20, 0x0E, b"UI", f"{_ROOT}.3.{seed % 7}"),
        (0x20, 0x13, b"IS", str(seed)),
        (0x28, 0x04, b"CS", "MONOCHROME2"),
    ]
    numbers = [(0x10, side), (0x11, side), (0x100, 16), (0x101, 16), (0x102, 15), (0x103, 1)]
    samples = element(0x28, 2, b"US", struct.pack("<H", 1))
    photometric = element(*text[-1][:3], text[-1][3].encode())
    rest = b"".join(element(0x28, number, b"US", struct.pack("<H", value)) for number, value in numbers)
    pixels = random.Random(seed).randbytes(2 * side * side)  # noqa: S311  the noise must be repeatable, nothing is secret
    middle = len(pixels) // 2
    pixels = pixels[:middle] + watermark + pixels[middle + len(watermark) :]
    head = b"".join(element(g, e, vr, value.encode()) for g, e, vr, value in text[:-1])
    return Instance(uid, head + samples + photometric + rest + element(0x7FE0, 0x10, b"OW", pixels))


def _item(kind: int, content: bytes) -> bytes:
    return struct.pack(">BBH", kind, 0, len(content)) + content


def associate_request(called: str, calling: str, context: Context) -> bytes:
    """Encode an A-ASSOCIATE-RQ with one presentation context.

    Source: DICOM PS3.8 9.3.2.
    """
    syntaxes = _item(0x30, context.sop_class_uid.encode()) + _item(0x40, context.transfer_syntax_uid.encode())
    proposed = _item(0x20, b"\x01\0\0\0" + syntaxes)
    user = _item(0x50, _item(0x51, struct.pack(">I", 131072)) + _item(0x52, f"{_ROOT}.1".encode()))
    body = struct.pack(">HH", 1, 0) + called.encode().ljust(16) + calling.encode().ljust(16) + bytes(32)
    body += _item(0x10, b"1.2.840.10008.3.1.1.1") + proposed + user
    return struct.pack(">BBI", 1, 0, len(body)) + body


def _command(message_id: int, sop_class_uid: str, sop_instance_uid: str) -> bytes:
    def implicit(number: int, value: bytes) -> bytes:
        return struct.pack("<HHI", 0, number, len(value)) + value

    def uid(text: str) -> bytes:
        return text.encode() + b"\0" * (len(text) % 2)

    body = implicit(0x0002, uid(sop_class_uid)) + implicit(0x0100, struct.pack("<H", 1))
    body += implicit(0x0110, struct.pack("<H", message_id)) + implicit(0x0700, struct.pack("<H", 0))
    body += implicit(0x0800, struct.pack("<H", 0)) + implicit(0x1000, uid(sop_instance_uid))
    return implicit(0, struct.pack("<I", len(body))) + body


def p_data(content: bytes, control: int) -> bytes:
    """Encode one P-DATA-TF PDU with one value on context 1."""
    return struct.pack(">BBIIBB", 4, 0, len(content) + 6, len(content) + 2, 1, control) + content


class RawScu:
    """One association as a sender; not for use by two threads."""

    def __init__(self, address: Address, calling: str = "FAULTS", context: Context = CT_UNCOMPRESSED) -> None:
        self._context = context
        self._messages = 0
        self._socket = socket.create_connection((address.host, address.port), 10)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.sendall(associate_request(address.ae_title, calling, context))
        kind, body = self._read_pdu()
        at = body.find(b"\x21\0")
        if kind != 2 or at < 0 or body[at + 6] != 0:
            raise Refusal(f"the association was answered by PDU {kind}, {body[:4].hex()}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def store(self, sent: Instance, pause_seconds: float = 0.0) -> None:
        """Send one instance and wait for Success.

        Args:
            pause_seconds: How long to wait after each PDU, for a transfer that takes its time.

        Raises:
            Refusal: Any other answer, or none.
        """
        try:
            for part in self.parts(sent):
                self._socket.sendall(part)
                if pause_seconds:
                    time.sleep(pause_seconds)
            status = self._status()
        except OSError as fault:
            raise Refusal(str(fault)) from fault
        if status != 0:
            raise Refusal(f"status 0x{status:04x}")

    def break_off(self, sent: Instance) -> None:
        """Send half an instance and close the connection."""
        parts = list(self.parts(sent))
        for part in parts[: len(parts) // 2]:
            self._socket.sendall(part)
        self._socket.close()

    def parts(self, sent: Instance) -> Iterator[bytes]:
        """Give the PDUs of one C-STORE in turn."""
        self._messages = self._messages % 65535 + 1
        yield p_data(_command(self._messages, self._context.sop_class_uid, sent.sop_instance_uid), 3)
        room = PDU_BYTES - 6
        for at in range(0, len(sent.dataset), room):
            last = at + room >= len(sent.dataset)
            yield p_data(sent.dataset[at : at + room], 2 if last else 0)

    def ask(self, command: bytes) -> int:
        """Send a command without a dataset; give the status of the response.

        Raises:
            Refusal: Something else than a response came back.
        """
        self._socket.sendall(p_data(command, 3))
        return self._status()

    def release(self) -> None:
        """End the association in order."""
        self._socket.sendall(struct.pack(">BBII", 5, 0, 4, 0))
        self._read_pdu()

    def _status(self) -> int:
        kind, body = self._read_pdu()
        at = body.find(b"\0\0\0\x09\x02\0\0\0")
        if kind != 4 or at < 0:
            raise Refusal(f"PDU {kind} instead of a response")
        return int(struct.unpack_from("<H", body, at + 8)[0])

    def _read_pdu(self) -> tuple[int, bytes]:
        kind, _, length = struct.unpack(">BBI", self._read(6))
        return kind, self._read(length)

    def _read(self, length: int) -> bytes:
        got = b""
        while len(got) < length:
            part = self._socket.recv(length - len(got))
            if not part:
                raise Refusal("the peer closed the connection")
            got += part
        return got

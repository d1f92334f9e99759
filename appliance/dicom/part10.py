"""The head of a Part 10 file: written for arrivals, read within bounds for sending.

Everything is made by hand of bytes, so that the process that faces scanners
needs no DICOM library. Leaves out: anything of the data set itself.

Source: DICOM PS3.10 7.1 (file meta information), PS3.5 7.1.2 (explicit VR).
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from appliance.clock import instant, microseconds
from appliance.errors import Unsuitable
from appliance.identifiers import AssociationId

IMPLEMENTATION_CLASS_UID = "2.25.241288331339583129367421582757712941277"  # PS3.5 B.2: a UUID of our own
IMPLEMENTATION_VERSION_NAME = "ENAMEL"
PRIVATE_CREATOR_UID = "2.25.146948045792650816634637322929378510584"  # what (0002,0102) below means
LARGEST_META_BYTES = 64 * 1024

_PREAMBLE = bytes(128) + b"DICM"
_SHORT = struct.Struct("<HH2sH")
_LONG = struct.Struct("<HH2sHL")
_LONG_VRS = frozenset({b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"})
_ORIGIN = struct.Struct(">16sLQ")
_FILE_META_GROUP = 0x0002


@dataclass(frozen=True)
class ArrivalOrigin:
    """Where in which association an object came from: our private information, (0002,0102).

    Attributes:
        association_id: The association that brought it.
        sequence: Its place among that association's objects, from 1.
        arrived_at: When its command came, to the microsecond.
    """

    association_id: AssociationId
    sequence: int
    arrived_at: datetime

    def encode(self) -> bytes:
        """Give 28 bytes: id, sequence and microseconds since 1970, big endian."""
        return _ORIGIN.pack(self.association_id.value, self.sequence, microseconds(self.arrived_at))

    @classmethod
    def decode(cls, stored: bytes) -> Self:
        """Read what `encode` gave.

        Raises:
            Unsuitable: It has another length or an impossible time.
        """
        if len(stored) != _ORIGIN.size:
            raise Unsuitable("the private information of a file is not ours")
        association_id, sequence, arrived_at = _ORIGIN.unpack(stored)
        try:
            return cls(AssociationId(association_id), sequence, instant(arrived_at))
        except (OverflowError, ValueError, OSError):
            raise Unsuitable("the private information of a file has an impossible time") from None


@dataclass(frozen=True)
class FileMeta:
    """What a file's meta group says.

    Attributes:
        sop_class_uid: (0002,0002), or empty.
        sop_instance_uid: (0002,0003), or empty.
        transfer_syntax_uid: (0002,0010), or empty.
        dataset_offset: Where the data set's bytes begin in the file.
        source_ae_title: (0002,0016), or empty.
        origin: Our own private information, on files that the receiver wrote.
    """

    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    dataset_offset: int
    source_ae_title: str = ""
    origin: ArrivalOrigin | None = None


@dataclass(frozen=True)
class ArrivalNames:
    """The application entities of an arrival, for (0002,0016) to (0002,0018)."""

    calling_ae_title: str
    called_ae_title: str


class FileMetaWriter:
    """Writes the heads of one association's files; what stays equal is made once."""

    def __init__(self, names: ArrivalNames) -> None:
        calling, called = names.calling_ae_title.encode("ascii"), names.called_ae_title.encode("ascii")
        self._before = _element(0x0001, b"OB", b"\x00\x01")
        self._after = b"".join(
            (
                _element(0x0012, b"UI", IMPLEMENTATION_CLASS_UID.encode()),
                _element(0x0013, b"SH", IMPLEMENTATION_VERSION_NAME.encode()),
                _element(0x0016, b"AE", calling),
                _element(0x0017, b"AE", calling),
                _element(0x0018, b"AE", called),
                _element(0x0100, b"UI", PRIVATE_CREATOR_UID.encode()),
            )
        )

    def head(self, sop_class_uid: str, sop_instance_uid: str, transfer_syntax_uid: str, origin: ArrivalOrigin) -> bytes:
        """Give everything before the data set's first byte."""
        group = b"".join(
            (
                self._before,
                _element(0x0002, b"UI", sop_class_uid.encode("ascii")),
                _element(0x0003, b"UI", sop_instance_uid.encode("ascii")),
                _element(0x0010, b"UI", transfer_syntax_uid.encode("ascii")),
                self._after,
                _element(0x0102, b"OB", origin.encode()),
            )
        )
        return _PREAMBLE + _element(0x0000, b"UL", len(group).to_bytes(4, "little")) + group


def plain_head(sop_class_uid: str, sop_instance_uid: str, transfer_syntax_uid: str) -> bytes:
    """Give everything before the data set's first byte of a file that came from nobody: no titles, no origin."""
    group = b"".join(
        (
            _element(0x0001, b"OB", b"\x00\x01"),
            _element(0x0002, b"UI", sop_class_uid.encode("ascii")),
            _element(0x0003, b"UI", sop_instance_uid.encode("ascii")),
            _element(0x0010, b"UI", transfer_syntax_uid.encode("ascii")),
            _element(0x0012, b"UI", IMPLEMENTATION_CLASS_UID.encode()),
            _element(0x0013, b"SH", IMPLEMENTATION_VERSION_NAME.encode()),
        )
    )
    return _PREAMBLE + _element(0x0000, b"UL", len(group).to_bytes(4, "little")) + group


def read_file_meta(head: bytes) -> FileMeta:
    """Read the file meta group.

    Args:
        head: The file's first bytes; 64 KiB are always enough.

    Raises:
        Unsuitable: There is no Part 10 head, it does not end within 64 KiB, or
            an element runs past the end.
    """
    if head[128:132] != b"DICM":
        raise Unsuitable("this is not a Part 10 file")
    values: dict[int, bytes] = {}
    offset = len(_PREAMBLE)
    for element, value, end in _elements(memoryview(head)[:LARGEST_META_BYTES], offset):
        values[element] = value
        offset = end
    ours = values.get(0x0100) == PRIVATE_CREATOR_UID.encode()
    origin = ArrivalOrigin.decode(values.get(0x0102, b"")) if ours else None
    return FileMeta(
        sop_class_uid=_text(values, 0x0002),
        sop_instance_uid=_text(values, 0x0003),
        transfer_syntax_uid=_text(values, 0x0010),
        dataset_offset=offset,
        source_ae_title=_text(values, 0x0016),
        origin=origin,
    )


def _elements(head: memoryview, offset: int) -> Iterator[tuple[int, bytes, int]]:
    declared_end = 0
    while not _is_over(head, offset, declared_end):
        group, element, vr, length = _SHORT.unpack_from(head, offset)
        if group != _FILE_META_GROUP:
            return
        start = offset + 8
        if vr in _LONG_VRS:
            if offset + 12 > len(head):
                raise Unsuitable("the file meta information does not end")
            length, start = _LONG.unpack_from(head, offset)[4], offset + 12
        offset = start + length
        if offset > len(head):
            raise Unsuitable("an element of the file meta information runs past its end")
        if (element, vr, length) == (0, b"UL", 4):  # File Meta Information Group Length, PS3.10 7.1
            declared_end = offset + int.from_bytes(head[start:offset], "little")
        yield element, _stripped(bytes(head[start:offset]), vr), offset


def _is_over(head: memoryview, offset: int, declared_end: int) -> bool:
    """Say whether less than an element's head follows, which is then a data set that is empty or as short."""
    if offset + 8 <= len(head):
        return False
    if offset == declared_end or offset == len(head) < LARGEST_META_BYTES:
        return True
    raise Unsuitable("the file meta information does not end")


def _element(element: int, vr: bytes, value: bytes) -> bytes:
    padded = value if len(value) % 2 == 0 else value + (b"\x00" if vr in {b"UI", b"OB"} else b" ")
    if vr in _LONG_VRS:
        return _LONG.pack(_FILE_META_GROUP, element, vr, 0, len(padded)) + padded
    return _SHORT.pack(_FILE_META_GROUP, element, vr, len(padded)) + padded


def _stripped(value: bytes, vr: bytes) -> bytes:
    return value if vr == b"OB" else value.rstrip(b"\x00 ")


def _text(values: dict[int, bytes], element: int) -> str:
    return values.get(element, b"").decode("ascii", "replace").strip(" ")

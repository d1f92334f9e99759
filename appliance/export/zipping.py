"""A ZIP archive as it is written from front to back, in the memory of one small file: for a browser or a file.

Guards: a file's checksum and length stand before its bytes, so that the plainest program unpacks it; for that a large
one is read twice. Nothing is packed: images hardly get smaller, and the whole length is known before the first byte.
An archive that was cut off has no directory at its end, and no program takes it for whole.

Source: PKWARE APPNOTE 6.3.10, 4.3 to 4.5.
"""

import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from appliance.export.entries import Entry

HELD_BYTES = 4 * 1024 * 1024  # a file up to this is read once and held
_LOCAL = struct.Struct("<LHHHHHLLLHH")  # 4.3.7
_CENTRAL = struct.Struct("<LHHHHHHLLLHHHHHLL")  # 4.3.12
_END_64 = struct.Struct("<LQHHLLQQQQ")  # 4.3.14
_LOCATOR_64 = struct.Struct("<LLQL")  # 4.3.15
_END = struct.Struct("<LHHHHLLH")  # 4.3.16
_FULL, _FULL_COUNT = 0xFFFFFFFF, 0xFFFF
_PLAIN_VERSION, _LONG_VERSION = 20, 45  # 4.4.3
_MADE_BY = 3 << 8 | _LONG_VERSION  # Unix
_RIGHTS = 0o100644 << 16


@dataclass(frozen=True, slots=True)
class _Written:
    name: bytes
    size: int
    checksum: int
    offset: int


def zip_bytes(entries: Sequence[Entry]) -> int:
    """Give the length in bytes of the archive of these entries."""
    offset = 0
    listed = []
    for entry in entries:
        listed.append(_Written(entry.name.encode(), entry.size, 0, offset))
        offset += len(_local(listed[-1], 0)) + entry.size
    return offset + sum(len(_central(one, 0)) for one in listed) + len(_ending(len(listed), 0, offset))


def zip_pieces(entries: Sequence[Entry], made_at: datetime) -> Iterator[bytes]:
    """Give the archive piece by piece.

    Raises:
        Tampered, Unavailable, NotFound: From an entry; what was given so far is no whole archive.
    """
    stamp, offset = _stamp(made_at), 0
    written: list[_Written] = []
    for entry in entries:
        held = list(entry.pieces()) if entry.size <= HELD_BYTES else None
        checksum = 0
        for piece in held if held is not None else entry.pieces():
            checksum = zlib.crc32(piece, checksum)
        one = _Written(entry.name.encode(), entry.size, checksum, offset)
        head = _local(one, stamp)
        yield head
        yield from held if held is not None else entry.pieces()
        written.append(one)
        offset += len(head) + entry.size
    start = offset
    for one in written:
        record = _central(one, stamp)
        yield record
        offset += len(record)
    yield _ending(len(written), offset - start, start)


def _stamp(at: datetime) -> int:
    """Give a time as MS-DOS kept it, 4.4.6: to two seconds, from 1980."""
    date = max(at.year - 1980, 0) << 9 | at.month << 5 | at.day
    return date << 16 | at.hour << 11 | at.minute << 5 | at.second // 2


def _local(one: _Written, stamp: int) -> bytes:
    long = one.size >= _FULL
    size = _FULL if long else one.size
    extra = struct.pack("<HHQQ", 1, 16, one.size, one.size) if long else b""
    head = _LOCAL.pack(
        0x04034B50, _LONG_VERSION if long else _PLAIN_VERSION, 0, 0, stamp & 0xFFFF, stamp >> 16, one.checksum,
        size, size, len(one.name), len(extra),
    )  # fmt: skip
    return head + one.name + extra


def _central(one: _Written, stamp: int) -> bytes:
    long, far = one.size >= _FULL, one.offset >= _FULL
    size, offset = _FULL if long else one.size, _FULL if far else one.offset
    values = [one.size, one.size] * long + [one.offset] * far
    extra = struct.pack(f"<HH{len(values)}Q", 1, 8 * len(values), *values) if values else b""
    version = _LONG_VERSION if values else _PLAIN_VERSION
    head = _CENTRAL.pack(
        0x02014B50, _MADE_BY, version, 0, 0, stamp & 0xFFFF, stamp >> 16, one.checksum,
        size, size, len(one.name), len(extra), 0, 0, 0, _RIGHTS, offset,
    )  # fmt: skip
    return head + one.name + extra


def _ending(count: int, size: int, start: int) -> bytes:
    """Give what stands after the directory; the long form where a number does not fit the short one."""
    longer = b""
    if count >= _FULL_COUNT or start >= _FULL or size >= _FULL:
        end_64 = _END_64.pack(0x06064B50, 44, _MADE_BY, _LONG_VERSION, 0, 0, count, count, size, start)
        longer = end_64 + _LOCATOR_64.pack(0x07064B50, 0, start + size, 1)
    few = min(count, _FULL_COUNT)
    return longer + _END.pack(0x06054B50, 0, 0, few, few, min(size, _FULL), min(start, _FULL), 0)

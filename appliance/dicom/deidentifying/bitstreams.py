"""Finds what lies in a compressed frame beside its picture: comments, application data, what stands behind its end.

Guards: what is found can be overwritten without a change of any decoded value. A stream whose parts are not all known,
or that does not come to its end, is one of which nothing is sure. Leaves out: what somebody hides in tables or in the
coded data themselves. Pictures have one component: application data that say how colours are meant say nothing here.

Source: ISO/IEC 10918-1 B.1 and B.2 (JPEG), 14495-1 C (JPEG-LS), 15444-1 A (JPEG 2000), 15444-15 A (HTJ2K), DICOM PS3.5
G (RLE).
"""

import re
import struct
from collections.abc import Callable, Sequence

Span = tuple[int, int]  # where it begins, and where it has ended
Beside = Callable[[bytes], Sequence[Span] | None]

_SOI, _SOS, _EOI = b"\xff\xd8", 0xDA, 0xD9
_FRAME_HEADERS = frozenset({*range(0xC0, 0xD0), 0xF7}) - {0xC4, 0xC8, 0xCC}  # SOFn and JPEG-LS's SOF55
_TABLES = frozenset({0xC4, 0xCC, 0xDB, 0xDC, 0xDD, 0xF8})  # DHT, DAC, DQT, DNL, DRI, LSE
_APART = frozenset({0xFE, *range(0xE0, 0xF0)})  # COM, APPn
_AFTER_SCAN = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")  # not a stuffed zero, RSTn, fill
_AFTER_LS_SCAN = re.compile(rb"\xff[\x80-\xcf\xd8-\xfe]")  # below 0x80 a bit is stuffed

_SOC, _EOC = b"\xff\x4f", b"\xff\xd9"
_SOT, _SOD, _COM = 0x90, 0x93, 0x64
_MAIN = frozenset({*range(0x50, 0x54), *range(0x55, 0x5A), *range(0x5C, 0x62), 0x63})  # from CAP to CRG
_PART = struct.Struct(">HHHI")  # SOT, Lsot, Isot, Psot

_RLE_HEADER = struct.Struct("<16I")


class _Unsure(Exception):
    """The stream cannot be followed."""


def beside_jpeg(frame: bytes) -> Sequence[Span] | None:
    """Find what is beside the picture of a JPEG stream; None where that is not sure."""
    return _sure(_jpeg, frame, _AFTER_SCAN)


def beside_jpeg_ls(frame: bytes) -> Sequence[Span] | None:
    """Find what is beside the picture of a JPEG-LS stream; None where that is not sure."""
    return _sure(_jpeg, frame, _AFTER_LS_SCAN)


def beside_jpeg_2000(frame: bytes) -> Sequence[Span] | None:
    """Find what is beside the picture of a JPEG 2000 codestream; None where that is not sure."""
    return _sure(_jpeg_2000, frame)


def beside_rle(frame: bytes, pixels: int, segments: int) -> Sequence[Span] | None:
    """Find what is beside the picture of an RLE frame; None where that is not sure.

    Args:
        frame: Its header and segments.
        pixels: How many bytes each segment gives.
        segments: How many there must be.
    """
    return _sure(_rle, frame, pixels, segments)


def _sure(find: Callable[..., list[Span]], frame: bytes, *more: object) -> Sequence[Span] | None:
    try:
        found = find(frame, *more)
    except (_Unsure, IndexError, struct.error):
        return None
    return [(start, end) for start, end in found if frame[start:end].strip(b"\0")]


def _jpeg(frame: bytes, after_scan: re.Pattern[bytes]) -> list[Span]:
    """Go from marker to marker, over each scan's coded data, to the end."""
    if not frame.startswith(_SOI):
        raise _Unsure
    found: list[Span] = []
    at = len(_SOI)
    while (marker := frame[(at := _past_fill(frame, at)) + 1]) != _EOI:
        end = _segment_end(frame, at)
        if marker in _APART:
            found.append((at + 4, end))
        elif marker in _FRAME_HEADERS:
            if frame[at + 9] != 1:
                raise _Unsure
        elif marker == _SOS:
            following = after_scan.search(frame, end)
            end = following.start() if following else len(frame)
        elif marker not in _TABLES:
            raise _Unsure
        at = end
    return [*found, (at + 2, len(frame))]


def _past_fill(frame: bytes, at: int) -> int:
    """Give where a marker's last fill byte stands."""
    if frame[at] != 0xFF:
        raise _Unsure
    while frame[at + 1] == 0xFF:
        at += 1
    return at


def _segment_end(frame: bytes, at: int) -> int:
    (length,) = struct.unpack_from(">H", frame, at + 2)
    if length < 2 or at + 2 + length > len(frame):
        raise _Unsure
    return at + 2 + int(length)


def _jpeg_2000(frame: bytes) -> list[Span]:
    """Go through the main header and from tile-part to tile-part by their lengths, to the end."""
    if not frame.startswith(_SOC):
        raise _Unsure
    found: list[Span] = []
    at = _header_end(frame, len(_SOC), _SOT, found)
    while frame[at : at + 2] != _EOC:
        marker, length, _, part_bytes = _PART.unpack_from(frame, at)
        if (marker, length) != (0xFF00 | _SOT, 10):
            raise _Unsure
        data = _header_end(frame, at + 12, _SOD, found) + 2
        at = at + part_bytes if part_bytes else frame.find(_EOC, data)  # no packet has these two bytes: A.4.2, B.10
        if not data <= at < len(frame):
            raise _Unsure
    return [*found, (at + 2, len(frame))]


def _header_end(frame: bytes, at: int, until: int, found: list[Span]) -> int:
    """Go through a header to the marker that ends it; comments are added to what was found."""
    while True:
        if frame[at] != 0xFF:
            raise _Unsure
        if (marker := frame[at + 1]) == until:
            return at
        end = _segment_end(frame, at)
        if marker == _COM:
            found.append((at + 4, end))
        elif marker not in _MAIN:
            raise _Unsure
        at = end


def _rle(frame: bytes, pixels: int, segments: int) -> list[Span]:
    """Unpack each segment until it has given its pixels, without keeping them."""
    count, *offsets = _RLE_HEADER.unpack_from(frame)
    starts = offsets[:segments]
    if count != segments or len(starts) != segments or starts[0] != _RLE_HEADER.size:
        raise _Unsure
    found = [(4 + 4 * segments, _RLE_HEADER.size)]
    for start, end in zip(starts, [*starts[1:], len(frame)], strict=True):
        if not start < end <= len(frame):
            raise _Unsure
        found.append((_unpacked_end(frame, start, end, pixels), end))
    return found


def _unpacked_end(frame: bytes, at: int, end: int, pixels: int) -> int:
    """Give where a segment's pixels end.

    Source: DICOM PS3.5 G.3.2.
    """
    given = 0
    while given < pixels and at < end:
        control = frame[at]
        if control < 128:
            given, at = given + control + 1, at + control + 2
        elif control > 128:
            given, at = given + 257 - control, at + 2
        else:
            at += 1
    return min(at, end)

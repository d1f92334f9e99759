"""Writes data elements by hand, the impossible ones too."""

import struct
import zlib

CT = b"1.2.840.10008.5.1.4.1.1.2"
EXPLICIT_LITTLE, IMPLICIT_LITTLE, EXPLICIT_BIG = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2", "1.2.840.10008.1.2.2"
DEFLATED, JPEG_BASELINE = "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.4.50"
UNDEFINED = 0xFFFFFFFF
LONG = {b"OB", b"OW", b"SQ", b"UN", b"UT", b"OV"}


def element(tag: int, vr: bytes, value: bytes, length: int | None = None) -> bytes:
    """Give one explicit little endian element, with a length that may lie."""
    value += (b"\0" if vr in {b"UI", b"OB"} else b" ") * (len(value) % 2)
    size = len(value) if length is None else length
    head = struct.pack("<HH2s", tag >> 16, tag & 0xFFFF, vr)
    return head + (struct.pack("<HI", 0, size) if vr in LONG else struct.pack("<H", size)) + value


def implicit(tag: int, value: bytes, length: int | None = None) -> bytes:
    """Give one implicit little endian element."""
    return struct.pack("<HHI", tag >> 16, tag & 0xFFFF, len(value) if length is None else length) + value


def item(value: bytes, length: int | None = None) -> bytes:
    """Give an item of a sequence or of encapsulated pixel data."""
    return implicit(0xFFFEE000, value, length)


ITEM_END, SEQUENCE_END = implicit(0xFFFEE00D, b""), implicit(0xFFFEE0DD, b"")


def number(value: int) -> bytes:
    """Give a US value."""
    return struct.pack("<H", value)


def uids() -> bytes:
    """Give what every instance begins with."""
    return element(0x00080016, b"UI", CT) + element(0x00080018, b"UI", b"1.2.3.4")


def study(name: bytes = b"Doe^Jane") -> bytes:
    """Give the patient, and study and series UIDs."""
    patient = element(0x00100010, b"PN", name) + element(0x00100020, b"LO", b"P1")
    return patient + element(0x0020000D, b"UI", b"1.2.3") + element(0x0020000E, b"UI", b"1.2.3.5")


def image(frames: bytes | None = None, rows: int = 4, columns: int = 4) -> bytes:
    """Give the description of 16-bit pixels."""
    counted = element(0x00280008, b"IS", frames) if frames is not None else b""
    size = element(0x00280010, b"US", number(rows)) + element(0x00280011, b"US", number(columns))
    return element(0x00280002, b"US", number(1)) + counted + size + element(0x00280100, b"US", number(16))


def pixels(value: bytes = bytes(32), length: int | None = None) -> bytes:
    """Give native pixel data."""
    return element(0x7FE00010, b"OW", value, length)


def encapsulated(*fragments: bytes, table: bytes = b"") -> bytes:
    """Give encapsulated pixel data."""
    body = b"".join(item(fragment) for fragment in (table, *fragments))
    return element(0x7FE00010, b"OB", b"", UNDEFINED) + body + SEQUENCE_END


def deflate(dataset: bytes) -> bytes:
    """Deflate a dataset as PS3.5 A.5 says."""
    deflater = zlib.compressobj(wbits=-15)
    return deflater.compress(dataset) + deflater.flush()

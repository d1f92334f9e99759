"""Writes a DICOMDIR: the directory of a medium, by bytes alone, of what a catalogue says.

Guards: records stand in the order of the tree and every offset is counted; text is UTF-8 and says so. A value
that a record may not have (a date of six digits, a modality in small letters) is left empty rather than written.
Leaves out: icons, and records of classes whose required keys stand in the object alone: those are PRIVATE here.

Source: DICOM PS3.3 F.3 to F.5, PS3.10 8.6, PS3.5 7.1.2 (explicit VR).
"""

import re
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from appliance.dicom.part10 import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME

MEDIA_STORAGE_DIRECTORY = "1.2.840.10008.1.3.10"
EXPLICIT_LITTLE = "1.2.840.10008.1.2.1"
PRIVATE_RECORD_UID = "2.25.311043021574403266134113371273041128215"  # PS3.5 B.2: what our PRIVATE records mean: a file
CHARACTER_SET = "ISO_IR 192"
MIME_TYPES = {  # PS3.3 C.24.2: by the SOP class, PS3.4 B.5
    "1.2.840.10008.5.1.4.1.1.104.1": "application/pdf",
    "1.2.840.10008.5.1.4.1.1.104.2": "text/XML",
    "1.2.840.10008.5.1.4.1.1.104.3": "model/stl",
    "1.2.840.10008.5.1.4.1.1.104.4": "model/obj",
    "1.2.840.10008.5.1.4.1.1.104.5": "model/mtl",
}

_PREAMBLE = bytes(128) + b"DICM"
_IN_USE = 0xFFFF  # PS3.3 F.3.2.2
_LONG_VRS = frozenset({"OB", "SQ", "UN", "UT"})
_ITEM = struct.Struct("<HHL")
_HEAD_BYTES = 8
Value = str | int | bytes
_FORMS = {
    "DA": re.compile(r"[0-9]{8}"),
    "TM": re.compile(r"[0-9]{2}([0-9]{2}([0-9]{2}(\.[0-9]{1,6})?)?)?"),
    "CS": re.compile(r"[A-Z0-9_ ]{1,16}"),
    "IS": re.compile(r"[+-]?[0-9]{1,11}"),
    "UI": re.compile(r"[0-9A-Za-z.]{1,64}"),
}
_LONGEST = {"SH": 16, "LO": 64, "PN": 64 * 3 + 2, "ST": 1024}


class RecordType(StrEnum):
    """The kinds of records that are written here, PS3.3 F.5."""

    PATIENT = "PATIENT"
    STUDY = "STUDY"
    SERIES = "SERIES"
    IMAGE = "IMAGE"
    ENCAPSULATED_DOCUMENT = "ENCAP DOC"
    PRIVATE = "PRIVATE"


@dataclass(frozen=True, slots=True)
class ReferencedFile:
    """The file that a record stands for; its parts are at most eight characters each, PS3.10 8.2."""

    parts: Sequence[str]
    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str


@dataclass(slots=True)
class Record:
    """One record, its keys by tag, and those below it."""

    type: RecordType
    keys: Mapping[int, tuple[str, Value]]
    file: ReferencedFile | None = None
    below: list["Record"] = field(default_factory=list)


def leaf_type(sop_class_uid: str, *, has_pixels: bool) -> RecordType:
    """Say which record an instance gets, by what is known without opening it."""
    if has_pixels:
        return RecordType.IMAGE
    return RecordType.ENCAPSULATED_DOCUMENT if sop_class_uid in MIME_TYPES else RecordType.PRIVATE


def encode_directory(roots: Sequence[Record], sop_instance_uid: str, file_set_id: str) -> bytes:
    """Give a whole DICOMDIR.

    Args:
        roots: The patients.
        sop_instance_uid: Of the directory itself.
        file_set_id: At most 16 characters of CS.
    """
    head = _head(sop_instance_uid)
    before = len(head) + len(_file_set(file_set_id, 0, 0)) + _HEAD_BYTES + 4  # and the sequence's own head
    placed = _place(roots, before)
    first, last = (placed[id(roots[0])], placed[id(roots[-1])]) if roots else (0, 0)
    items = b"".join(_items(roots, placed))
    sequence = struct.pack("<HH2sHL", 0x0004, 0x1220, b"SQ", 0, len(items))
    return b"".join((head, _file_set(file_set_id, first, last), sequence, items))


def _place(roots: Sequence[Record], offset: int) -> dict[int, int]:
    """Give each record's offset in the file, by its identity, in the order of the tree."""
    placed: dict[int, int] = {}
    for record in _walk(roots):
        placed[id(record)] = offset
        offset += _HEAD_BYTES + len(_fields(record, 0, 0))
    return placed


def _walk(records: Sequence[Record]) -> Iterator[Record]:
    for record in records:
        yield record
        yield from _walk(record.below)


def _items(siblings: Sequence[Record], placed: Mapping[int, int]) -> Iterator[bytes]:
    for place, record in enumerate(siblings):
        following = placed[id(siblings[place + 1])] if place + 1 < len(siblings) else 0
        lower = placed[id(record.below[0])] if record.below else 0
        content = _fields(record, following, lower)
        yield _ITEM.pack(0xFFFE, 0xE000, len(content)) + content
        yield from _items(record.below, placed)


def _fields(record: Record, following: int, lower: int) -> bytes:
    """Give the elements of one record, in the order of their tags."""
    elements: dict[int, tuple[str, Value]] = {
        0x00041400: ("UL", following),
        0x00041410: ("US", _IN_USE),
        0x00041420: ("UL", lower),
        0x00041430: ("CS", record.type.value),
        0x00080005: ("CS", CHARACTER_SET),
        **record.keys,
    }
    if record.type is RecordType.PRIVATE:
        elements[0x00041432] = ("UI", PRIVATE_RECORD_UID)
    if record.file is not None:
        elements[0x00041500] = ("CS", "\\".join(record.file.parts).encode("ascii"))
        elements[0x00041510] = ("UI", record.file.sop_class_uid)
        elements[0x00041511] = ("UI", record.file.sop_instance_uid)
        elements[0x00041512] = ("UI", record.file.transfer_syntax_uid)
    return b"".join(_element(tag, vr, value) for tag, (vr, value) in sorted(elements.items()))


def _head(sop_instance_uid: str) -> bytes:
    group = b"".join(
        (
            _element(0x00020001, "OB", b"\x00\x01"),
            _element(0x00020002, "UI", MEDIA_STORAGE_DIRECTORY),
            _element(0x00020003, "UI", sop_instance_uid),
            _element(0x00020010, "UI", EXPLICIT_LITTLE),
            _element(0x00020012, "UI", IMPLEMENTATION_CLASS_UID),
            _element(0x00020013, "SH", IMPLEMENTATION_VERSION_NAME),
        )
    )
    return _PREAMBLE + _element(0x00020000, "UL", len(group)) + group


def _file_set(file_set_id: str, first: int, last: int) -> bytes:
    return b"".join(
        (
            _element(0x00041130, "CS", file_set_id),
            _element(0x00041200, "UL", first),
            _element(0x00041202, "UL", last),
            _element(0x00041212, "US", 0),  # no known inconsistencies
        )
    )


def _element(tag: int, vr: str, value: Value) -> bytes:
    group, element = tag >> 16, tag & 0xFFFF
    content = _content(vr, value)
    if vr in _LONG_VRS:
        return struct.pack("<HH2sHL", group, element, vr.encode(), 0, len(content)) + content
    return struct.pack("<HH2sH", group, element, vr.encode(), len(content)) + content


def _content(vr: str, value: Value) -> bytes:
    if isinstance(value, int):
        return value.to_bytes(4 if vr == "UL" else 2, "little")
    content = value if isinstance(value, bytes) else _allowed(vr, value).encode()
    if len(content) % 2:
        content += b"\x00" if vr in {"UI", "OB"} else b" "
    return content


def _allowed(vr: str, text: str) -> str:
    """Give text as its VR may have it: cut where it is too long, nothing where it has another form."""
    text = text.strip(" \0")
    form = _FORMS.get(vr)
    if form is not None:
        return text if form.fullmatch(text) else ""
    if vr == "PN":
        return "=".join(group[:64] for group in text.split("=")[:3])
    return text.replace("\\", "/")[: _LONGEST.get(vr, len(text))]

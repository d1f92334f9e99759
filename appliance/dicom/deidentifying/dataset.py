"""Writes a dataset anew without what says whose it is; of its pixels it says what a copy has of them.

Guards: what is written holds nothing but attributes whose rule says so, each within the walker's bounds. A UID of the
recipient's own needs a key, which no parser has: in its place stands a mark of the same length, and the UIDs are told.
Leaves out: the file's head, and putting the UIDs in.

Source: DICOM PS3.15 E.1 to E.3, PS3.5 7 (encoding), PS3.3 C.12.1.1.1 and C.7.1.1.
"""

import struct
from dataclasses import dataclass, field

from appliance.dicom.attributes import SPECIFIC_CHARACTER_SET, Attributes
from appliance.dicom.deidentifying.copies import NUMBER_DIGITS, Copy, Wish
from appliance.dicom.deidentifying.judging import Refusal, refusal_of
from appliance.dicom.deidentifying.people import People
from appliance.dicom.deidentifying.pixels import Kept, Picture
from appliance.dicom.deidentifying.rules import PROSE, Action, action_for, basic_action
from appliance.dicom.deidentifying.values import even, nothing_of, shifted
from appliance.dicom.deidentifying.vocabulary import cleaned
from appliance.dicom.elements import ITEM, PIXEL_TAGS, UNDEFINED, Element, Elements, Encoding, Walk, Walker
from appliance.dicom.json_model import vr_of
from appliance.dicom.sop_classes import STANDARD_ROOT
from appliance.dicom.source import Source
from appliance.dicom.text import CharacterSet
from appliance.dicom.transfer_syntaxes import DEFLATED, encoding_of

MAX_FETCHED_BYTES = 1024 * 1024  # of one long value, such as a table of grey values
_SOP_CLASS_UID = 0x00080016
_PATIENT_NAME, _PATIENT_ID = 0x00100010, 0x00100020
_IDENTITY_REMOVED, _METHOD, _METHOD_CODES = 0x00120062, 0x00120063, 0x00120064
_TIME_MODIFIED = 0x00280303
_CODES = (
    ("113100", "Basic Application Confidentiality Profile"),
    ("113105", "Clean Descriptors Option"),
    ("113107", "Retain Longitudinal Temporal Information Modified Dates Option"),
    ("113109", "Retain Device Identity Option"),
)  # PS3.16 CID 7050
_LONG = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV"})  # PS3.5 7.1.2


def deidentify(source: Source, dataset_offset: int, transfer_syntax_uid: str, wish: Wish) -> Copy | Refusal:
    """Make the copy of one instance's dataset, or say why there is none.

    Raises:
        Unparsable: The walker cannot follow it.
    """
    if transfer_syntax_uid == DEFLATED:
        return Refusal.FORM
    encoding = encoding_of(transfer_syntax_uid)
    walk = Walker(source, encoding, vr_of, None).walk(dataset_offset)
    if walk.fault is not None:
        return Refusal.UNREADABLE
    top = Attributes(walk.elements, encoding.little)
    refusal = refusal_of(top, top.uid(_SOP_CLASS_UID) or "")
    if refusal is not None:
        return refusal
    pixels = [(tag, one) for tag, one in walk.elements.items() if tag in PIXEL_TAGS]
    if len(pixels) != 1:
        return Refusal.KIND
    tag, element = pixels[0]
    kept = Picture(source, walk, top, element, transfer_syntax_uid).kept()
    if isinstance(kept, Refusal):
        return kept
    writer = _Writer(source, encoding, wish, People.of(walk.elements, top.character_set))
    return Copy(writer.written(walk, tag, kept), element.offset, kept.pixel_bytes, tuple(writer.uids), kept.blanks)


@dataclass(slots=True)
class _Writer:
    """Writes one copy."""

    source: Source
    encoding: Encoding
    wish: Wish
    people: People
    uids: dict[str, int] = field(default_factory=dict)

    def written(self, walk: Walk, pixel_tag: int, kept: Kept) -> bytes:
        """Give the dataset up to its pixels."""
        elements = {tag: one for tag, one in walk.elements.items() if tag not in PIXEL_TAGS}
        characters = Attributes(walk.elements, self.encoding.little).character_set
        written = self._level(elements, characters) | self._told()
        pixels = walk.elements[pixel_tag]
        encapsulated = pixels.length == UNDEFINED
        vr, length = ("OB", UNDEFINED) if encapsulated else (_settled(pixels.vr), kept.pixel_bytes)
        return b"".join(written[each] for each in sorted(written)) + self._header(pixel_tag, vr, length)

    def _told(self) -> dict[int, bytes]:
        """Say whose it is by the pseudonym, and that and how the rest was taken out."""
        items = b"".join(self._item(self._code(value, meaning)) for value, meaning in _CODES)
        texts = {
            _PATIENT_NAME: ("PN", self.wish.pseudonym), _PATIENT_ID: ("LO", self.wish.pseudonym),
            _IDENTITY_REMOVED: ("CS", "YES"), _METHOD: ("LO", "PS3.15 E.2 by Enamel, see the codes"),
            _TIME_MODIFIED: ("CS", "MODIFIED"),
        }  # fmt: skip
        written = {tag: self._element(tag, vr, text.encode("ascii")) for tag, (vr, text) in texts.items()}
        return written | {_METHOD_CODES: self._element(_METHOD_CODES, "SQ", items)}

    def _code(self, value: str, meaning: str) -> bytes:
        parts = ((0x00080100, "SH", value), (0x00080102, "SH", "DCM"), (0x00080104, "LO", meaning))
        return b"".join(self._element(tag, vr, text.encode("ascii")) for tag, vr, text in parts)

    def _level(self, elements: Elements, characters: CharacterSet) -> dict[int, bytes]:
        own = SPECIFIC_CHARACTER_SET in elements
        level = Attributes(elements, self.encoding.little).character_set if own else characters
        written = {}
        for tag, element in elements.items():
            value = self._value(tag, _settled(element.vr), element, level)
            if value is not None:
                written[tag] = self._element(tag, _settled(element.vr), value)
        return written

    def _value(self, tag: int, vr: str, element: Element, characters: CharacterSet) -> bytes | None:
        """Give the value that the copy has, None where it has no such attribute."""
        action = action_for(tag, vr)
        if action is Action.REMOVE or "UN" in (vr, vr_of(tag)):
            return None
        if element.items is not None or vr == "SQ":
            return self._sequence(action, element, characters)
        if action is Action.EMPTY or (action is Action.REPLACE and vr != "UI"):
            return b"" if action is Action.EMPTY else nothing_of(vr)
        raw = self._raw(element)
        return None if raw is None else self._changed(action, tag, vr, raw, characters)

    def _changed(self, action: Action, tag: int, vr: str, raw: bytes, characters: CharacterSet) -> bytes | None:
        if action in (Action.RENAME, Action.REPLACE):
            return self._renamed(raw)
        if action is Action.SHIFT:
            return shifted(vr, raw.decode("latin-1"), self.wish.shift_days).encode("ascii", "ignore")
        text = characters.decode(raw.rstrip(b" \0"))[0] if vr in PROSE or vr in {"CS", "AE", "UR"} else ""
        if action is Action.CLEAN:
            return self._cleaned(tag, vr, text)
        if text and tag != SPECIFIC_CHARACTER_SET and self.people.are_told_in(text):
            return b""
        return raw

    def _cleaned(self, tag: int, vr: str, text: str) -> bytes | None:
        left = "" if self.people.are_told_in(cleaned(text)) else cleaned(text)
        if left:
            return left.encode("ascii")
        basic = basic_action(tag)
        return None if basic is Action.REMOVE else nothing_of(vr) if basic is Action.REPLACE else b""

    def _renamed(self, raw: bytes) -> bytes:
        parts = [part.strip() for part in raw.rstrip(b" \0").decode("latin-1").split("\\")]
        return "\\".join(self._mark(part) for part in parts).encode("latin-1")

    def _mark(self, uid: str) -> str:
        """Give the mark of a UID; one of the standard's own stays."""
        if not uid or uid.startswith(STANDARD_ROOT):
            return uid
        number = self.uids.setdefault(uid, len(self.uids))
        return f"2.25.{self.wish.nonce}{number:0{NUMBER_DIGITS}}"

    def _sequence(self, action: Action, element: Element, characters: CharacterSet) -> bytes:
        """Give the items; of one whose values are replaced or emptied as a whole, none."""
        if action not in (Action.ENTER, Action.KEEP) or element.items is None:
            return b""
        levels = (self._level(item, characters) for item in element.items)
        return b"".join(self._item(b"".join(level[tag] for tag in sorted(level))) for level in levels)

    def _raw(self, element: Element) -> bytes | None:
        """Give a value, fetching a long one; None where it is too long to be one of a picture's."""
        if element.value is not None:
            return element.value
        if not 0 < element.length <= MAX_FETCHED_BYTES:
            return None
        return self.source.read(element.offset, element.length)

    def _item(self, content: bytes) -> bytes:
        order = self.encoding.order
        return struct.pack(order + "HHI", ITEM >> 16, ITEM & 0xFFFF, len(content)) + content

    def _element(self, tag: int, vr: str, value: bytes) -> bytes:
        padded = even(value, vr)
        return self._header(tag, vr, len(padded)) + padded

    def _header(self, tag: int, vr: str, length: int) -> bytes:
        order, group, element = self.encoding.order, tag >> 16, tag & 0xFFFF
        if not self.encoding.explicit:
            return struct.pack(order + "HHI", group, element, length)
        if vr in _LONG:
            return struct.pack(order + "HH2sHI", group, element, vr.encode(), 0, length)
        if length > 0xFFFF:
            return struct.pack(order + "HH2sHI", group, element, b"UN", 0, length)  # PS3.5 6.2.2
        return struct.pack(order + "HH2sH", group, element, vr.encode(), length)


def _settled(vr: str) -> str:
    """Choose where the dictionary leaves a choice; the bytes are the same."""
    return vr if " or " not in vr else "US" if vr.startswith("US") else "OW"

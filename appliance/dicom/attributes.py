"""Reads single attributes, whatever a sender made of them; nothing here fails.

Source: DICOM PS3.5 6.2 (value representations).
"""

import math
import struct
from collections.abc import Sequence

from appliance.dicom.elements import Element, Elements
from appliance.dicom.geometry import Numbers, is_bounded
from appliance.dicom.text import CharacterSet
from appliance.identifiers import is_standard_uid, is_uid

SPECIFIC_CHARACTER_SET = 0x00080005
MAX_TEXT_CHARACTERS = 1024  # far above any VR that we list: PN has 3 x 64
_CONTROLS = dict.fromkeys([*range(32), 127, *range(128, 160)])
_SAFE_INTEGER = 2**53  # what JSON readers keep exact


class Attributes:
    """The attributes of one level of a dataset, decoded on demand."""

    def __init__(self, elements: Elements, little: bool, character_set: CharacterSet | None = None) -> None:
        self.elements = elements
        self._little = little
        self.character_set = character_set or CharacterSet(_terms(elements.get(SPECIFIC_CHARACTER_SET)))
        self.undecodable = False
        self.control_characters = False
        self.over_long = False
        self.odd_uid = False

    def _raw(self, tag: int) -> bytes:
        element = self.elements.get(tag)
        return (element.value or b"") if element else b""

    def text(self, tag: int) -> str:
        """Give a text value without padding and control characters, '' when absent."""
        text, clean = self.character_set.decode(self._raw(tag).rstrip(b" \0"))
        self.undecodable = self.undecodable or not clean
        plain = text.translate(_CONTROLS).strip()
        self.control_characters = self.control_characters or (len(plain) != len(text.strip()))
        self.over_long = self.over_long or len(plain) > MAX_TEXT_CHARACTERS
        return plain[:MAX_TEXT_CHARACTERS]

    def uid(self, tag: int) -> str | None:
        """Give a UID, '' when absent or empty, None when it is none by its syntax."""
        text = self._raw(tag).rstrip(b" \0").decode("latin-1").strip()
        self.odd_uid = self.odd_uid or (bool(text) and not is_standard_uid(text))
        return text if not text or is_uid(text) else None

    def numbers(self, tag: int, count: int) -> Numbers | None:
        """Give `count` decimal values that can be lengths in a patient, or None."""
        parts = self._raw(tag).rstrip(b" \0").split(b"\\")
        values = [_finite(part) for part in parts] if len(parts) == count else []
        kept = tuple(value for value in values if value is not None)
        return kept if is_bounded(kept, count) else None

    def number(self, tag: int) -> float | None:
        """Give one decimal value that can be a length in a patient, the first of several, or None."""
        value = self._first(tag)
        return value if value is not None and is_bounded((value,), 1) else None

    def integer(self, tag: int) -> int | None:
        """Give an integer string's value, the first of several, or None."""
        value = self._first(tag)
        return int(value) if value is not None and abs(value) < _SAFE_INTEGER else None

    def _first(self, tag: int) -> float | None:
        return _finite(self._raw(tag).rstrip(b" \0").split(b"\\")[0])

    def unsigned(self, tag: int) -> int | None:
        """Give a US or UL value, or None."""
        raw = self._raw(tag)
        if len(raw) not in (2, 4):
            return None
        form = ("<" if self._little else ">") + ("H" if len(raw) == 2 else "I")
        return int(struct.unpack(form, raw)[0])

    def items(self, tag: int) -> Sequence["Attributes"]:
        """Give the items of a sequence, none when it is absent."""
        element = self.elements.get(tag)
        found = element.items if element and element.items else []
        return [Attributes(item, self._little, self.character_set) for item in found]


def _terms(element: Element | None) -> list[str]:
    raw = (element.value or b"") if element else b""
    text = raw.rstrip(b" \0").decode("latin-1")
    return text.split("\\") if text else []


def _finite(raw: bytes) -> float | None:
    try:
        value = float(raw)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
